// npm run bench: what this machine is, then the measurements of bench/index.ts. It prints figures and judges nothing.
import { readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, release, totalmem, type } from "node:os";
import { ensureBuilt } from "./build.mjs";
import { ensureInstalled, root, runPinned } from "./install.mjs";

ensureInstalled();
// The pages that are measured are those that are served.
ensureBuilt();
const { version } = JSON.parse(readFileSync(new URL("../node_modules/node/package.json", import.meta.url), "utf8"));
const processor = cpus()[0]?.model.trim() || "unknown processor";
process.stderr.write(
  `Machine: ${processor}, ${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(1)} GiB of memory, ${type()} ${release()} ${arch()}, Node ${version}\n\n`,
);
process.exitCode = await runPinned(["bench/index.ts", ...process.argv.slice(2)], { cwd: root });
