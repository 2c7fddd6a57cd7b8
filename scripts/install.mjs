// The ground under every npm script: plain JavaScript that runs on whatever Node ≥ 20 started it, before anything is
// installed. It brings node_modules in step with package-lock.json and hands over to the Node that the project pins.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** The Node that the project pins; there once `ensureInstalled` has returned. */
export const pinnedNode = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");

/**
 * How Node runs Causeway. What is read and written passes through memory in short-lived pieces: in a young generation of
 * twice the usual size fewer of them are copied before they die. Imports are faster for it and take more memory.
 */
const nodeFlags = JSON.parse(readFileSync(new URL("./node-flags.json", import.meta.url), "utf8"));

/**
 * Installs exactly what package-lock.json says, when node_modules differs from it; otherwise does nothing.
 * Ends the process with a message when that cannot be done.
 */
export function ensureInstalled() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20)
    stop(`Causeway needs Node 20 or newer to start; this is ${process.version}. Get it from https://nodejs.org or your system's packages.`);

  const reason = staleBecause();
  if (!reason) return;
  process.stderr.write(`Installing the exact packages of package-lock.json (${reason}) …\n`);
  const started = Date.now();
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    // Standard output belongs to the command that was asked for; NODE_ENV=production would leave out the build tools.
    stdio: ["ignore", 2, 2],
    env: { ...process.env, NODE_ENV: "" },
    shell: process.platform === "win32",
  });
  if (npm.error) stop(`npm could not be started (${npm.error.message}). Install npm 9 or newer and try again.`);
  if (npm.status !== 0) stop("npm ci failed; its own words are above. Check the network and the free space, then try again.");
  const left = staleBecause();
  if (left) stop(`After npm ci, still: ${left}. Does an .npmrc set ignore-scripts or omit? Then run: npm ci --include=dev --foreground-scripts`);
  process.stderr.write(`Installed in ${Math.round((Date.now() - started) / 1000)} s.\n`);
}

/** Why node_modules must be made anew, or undefined when it is as package-lock.json says. */
function staleBecause() {
  const wanted = readLock("package-lock.json");
  if (!wanted) stop("package-lock.json is missing or broken: restore it with git.");
  // npm writes this copy of what it has installed as the last step of each install.
  const installed = readLock(join("node_modules", ".package-lock.json"));
  if (!installed) return "nothing is installed yet";
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "" || entry.link) continue;
    const there = installed[path];
    if (!there && (entry.optional || entry.peer)) continue;
    if (there?.version !== entry.version) return `${path.replace(/^.*node_modules\//, "")} ${entry.version} is missing`;
  }
  return existsSync(pinnedNode) ? undefined : "the pinned Node is missing";
}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), "utf8")).packages;
  } catch {
    return undefined;
  }
}

function stop(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/**
 * Runs a script under the pinned Node with this process's terminal, passing on the signals that ask for an end.
 * @param {string[]} args the script, relative to the project's root, and its arguments
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options] by default the caller's folder and environment
 * @returns {Promise<number>} the exit code
 */
export function runPinned(args, options = {}) {
  const [script = "", ...rest] = args;
  const child = spawn(pinnedNode, [...nodeFlags, join(root, script), ...rest], {
    cwd: options.cwd ?? process.cwd(),
    env: options.env ?? process.env,
    stdio: "inherit",
  });
  // A terminal sends Ctrl-C to both; a supervisor signals only this process.
  const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const pass = (signal) => {
    if (signal !== "SIGINT" || !atTerminal) child.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, pass);
  return new Promise((settle, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => settle(code ?? 128 + (constants.signals[signal] ?? 1)));
  });
}
