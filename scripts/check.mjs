// npm run check: everything that can be said about the project without running it (see check/index.ts).
import { ensureInstalled, root, runPinned } from "./install.mjs";

ensureInstalled();
process.exitCode = await runPinned(["scripts/check/index.ts", ...process.argv.slice(2)], { cwd: root });
