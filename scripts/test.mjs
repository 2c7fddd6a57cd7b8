// npm test: installs what is missing, then runs everything (see test-runs.ts). `npm test -- src/core` runs a part.
import { ensureInstalled, root, runPinned } from "./install.mjs";

ensureInstalled();
process.exitCode = await runPinned(["scripts/test-runs.ts", ...process.argv.slice(2)], { cwd: root });
