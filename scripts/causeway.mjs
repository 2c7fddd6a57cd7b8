#!/usr/bin/env node
// The command line, from any folder and on any Node ≥ 20: installs when needed (told on standard error), then hands over
// to the pinned Node. Settings and the data folder are the project's; paths in arguments are the caller's.
import { ensureInstalled, root, runPinned } from "./install.mjs";

ensureInstalled();
// npm runs scripts in the project's folder and says in INIT_CWD where the caller stands.
const callerDir = process.env.npm_lifecycle_event ? (process.env.INIT_CWD ?? process.cwd()) : process.cwd();
process.exitCode = await runPinned(["src/cli/index.ts", "--from", callerDir, ...process.argv.slice(2)], {
  cwd: root,
  env: { NODE_ENV: "production", ...process.env },
});
