// Builds the pages when their sources differ from what the last build was made of.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { pinnedNode, root } from "./install.mjs";

const stampFile = join(root, "build", "stamp");
// Pages take types and pure functions from the floors below them.
const sources = [
  "src/web",
  "src/core",
  "src/features",
  "public",
  "react-router.config.ts",
  "vite.config.ts",
  "package.json",
  "package-lock.json",
  "scripts/build.mjs",
];
const packable = /\.(js|css|html|svg|json|txt|xml|webmanifest|ico)$/;

/** Builds when needed. Ends the process with the builder's own words when that fails. */
export function ensureBuilt() {
  const wanted = hashSources();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === wanted) return;
  process.stderr.write("Building the pages …\n");
  const started = Date.now();
  rmSync(stampFile, { force: true });
  const builder = join(root, "node_modules", "@react-router", "dev", "bin.cjs");
  const build = spawnSync(pinnedNode, ["--disable-warning=ExperimentalWarning", builder, "build"], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 64_000_000,
    env: { ...process.env, NODE_ENV: "production" },
  });
  if (build.status !== 0) {
    process.stderr.write(`${build.stdout}${build.stderr}\nThe pages could not be built; the reason stands above.\n`);
    process.exit(1);
  }
  pack(join(root, "build", "client"));
  // Last, so that a build that was cut off is made again.
  writeFileSync(stampFile, wanted);
  process.stderr.write(`Built in ${Math.round((Date.now() - started) / 1000)} s.\n`);
}

function hashSources() {
  const hash = createHash("sha256");
  for (const source of sources) {
    for (const file of filesIn(join(root, source))) hash.update(file.slice(root.length)).update("\0").update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex");
}

function filesIn(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return [];
  if (found.isFile()) return /\.test\.tsx?$/.test(path) ? [] : [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesIn(join(path, name)));
}

/** Packs each file once, so that serving it costs nothing. */
function pack(folder) {
  for (const file of filesIn(folder)) {
    if (!packable.test(file)) continue;
    const plain = readFileSync(file);
    if (plain.length < 1024) continue;
    writeFileSync(`${file}.br`, brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }));
    writeFileSync(`${file}.gz`, gzipSync(plain, { level: 9 }));
  }
}
