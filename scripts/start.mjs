// npm start: brings a checkout to a running server, doing only what is not done yet: install, build the pages, serve.
// Plain JavaScript for whatever Node ≥ 20 started it. `--dev` serves pages from source, `--build` stops after building.
import { ensureBuilt } from "./build.mjs";
import { ensureInstalled, root, runPinned } from "./install.mjs";

const args = process.argv.slice(2);
const buildOnly = args.includes("--build");
ensureInstalled();
if (!args.includes("--dev")) ensureBuilt();
if (!buildOnly)
  process.exitCode = await runPinned(["src/server.ts", ...args], {
    cwd: root,
    env: { NODE_ENV: args.includes("--dev") ? "development" : "production", ...process.env },
  });
