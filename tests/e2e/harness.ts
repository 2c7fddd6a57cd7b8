import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, vi } from "vitest";

export const root = join(import.meta.dirname, "..", "..");
const startMs = 150_000;
const stopMs = 60_000;

/** A server under test: the real program, a folder of its own, a port of its own. */
export interface ServerUnderTest {
  url: string;
  dataDir: string;
  /** The one-time link of its first start. */
  setupLink: string;
  /** Everything it said so far, for the report of a failure. */
  said(): string;
  /** Runs a command of the CLI beside it, on the same data folder. */
  cli(...args: string[]): Promise<string>;
  /** Ctrl-C, and the assertion that it then ends cleanly. */
  stop(): Promise<void>;
}

/** Installs and builds what is stale, as `npm start` does, and nothing else. */
export function ensurePagesBuilt(): void {
  const build = spawnSync(process.execPath, [join(root, "scripts", "start.mjs"), "--build"], { cwd: root, encoding: "utf8" });
  if (build.status !== 0) throw new Error(`The pages could not be built:\n${build.stdout}${build.stderr}`);
}

/** Starts the server on an empty data folder with the embedded database, and waits until it says that it is ready. */
export async function startServerUnderTest(): Promise<ServerUnderTest> {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-e2e-"));
  const port = await findFreePort();
  const env = environment({ CAUSEWAY_DATA_DIR: dataDir, PORT: String(port), CAUSEWAY_OUTBOUND_ALLOW: "127.0.0.1" });
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", join(root, "src", "server.ts")], { cwd: dataDir, env });
  // Whatever ends this process before `stop` does must not leave a server behind.
  process.once("exit", () => child.kill("SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const url = `http://localhost:${port}`;
  const isReady = async () => {
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode} while it started:\n${output}`);
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    return answer?.ok === true && output.includes("Ctrl-C stops it.");
  };
  await vi.waitUntil(isReady, { timeout: startMs, interval: 200 });
  return {
    url,
    dataDir,
    setupLink: /http\S+\/setup\/\S+/.exec(output)?.[0] ?? "",
    said: () => output,
    cli: (...args) => runCli(args, env, dataDir),
    async stop() {
      const code = await interrupt(child);
      rmSync(dataDir, { recursive: true, force: true });
      expect(code, `the exit code after Ctrl-C; it said:\n${output.slice(-3000)}`).toBe(0);
      expect(errorsIn(output), "errors in the server's log").toEqual([]);
    },
  };
}

function interrupt(child: ChildProcess): Promise<number | string | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((settle) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), stopMs);
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      settle(code ?? signal);
    });
    child.kill("SIGINT");
  });
}

/** Lines of the log at level error and above. */
function errorsIn(output: string): string[] {
  return output.split("\n").filter((line) => /"level":("(error|fatal)"|[56]0)/.test(line));
}

function runCli(args: string[], env: NodeJS.ProcessEnv, cwd: string): Promise<string> {
  const command = ["--disable-warning=ExperimentalWarning", join(root, "src", "cli", "index.ts"), ...args];
  return new Promise((settle, reject) => {
    execFile(process.execPath, command, { env, cwd, maxBuffer: 256_000_000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`causeway ${args.join(" ")} failed:\n${stderr}`));
      else settle(stdout);
    });
  });
}

/** The environment of whoever runs the tests, without anything that would point Causeway elsewhere. */
function environment(more: Record<string, string>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(CAUSEWAY_|DATABASE_URL|TEST_DATABASE_URL|PUBLIC_URL|HOST$|PORT$|NODE_ENV|VITEST)/.test(name),
  );
  // One address signs in and calls the API here, far oftener than a person would.
  return { ...Object.fromEntries(kept), NODE_ENV: "production", CAUSEWAY_SIGN_IN_ATTEMPTS: "200", CAUSEWAY_API_REQUESTS: "20000", ...more };
}

function findFreePort(): Promise<number> {
  return new Promise((settle, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (address && typeof address === "object" ? settle(address.port) : reject(new Error("no port"))));
    });
  });
}
