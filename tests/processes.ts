import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

export const root = join(import.meta.dirname, "..");

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

export interface Process {
  /** What it said so far. */
  said(): { out: string; err: string };
  ended: Promise<Ended>;
  /** Ctrl-C. */
  interrupt(): Promise<Ended>;
  kill(): Promise<unknown>;
}

/** Runs one of the project's own programs under this Node, with none of this machine's settings. */
export function startProcess(parameters: string[], env: Record<string, string> = {}): Process {
  const { PATH = "", HOME = "", TMPDIR = "/tmp" } = process.env;
  const child: ChildProcess = spawn(process.execPath, parameters, {
    cwd: root,
    env: { PATH, HOME, TMPDIR, NODE_ENV: "production", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (err += text));
  const ended = new Promise<Ended>((settle) => child.once("close", (code) => settle({ code, out, err })));
  const signal = (name: NodeJS.Signals) => {
    child.kill(name);
    return ended;
  };
  return { said: () => ({ out, err }), ended, interrupt: () => signal("SIGINT"), kill: () => signal("SIGKILL") };
}

export function runCli(parameters: string[], env: Record<string, string>): Promise<Ended> {
  return startProcess(["--disable-warning=ExperimentalWarning", "src/cli/index.ts", ...parameters], env).ended;
}

/**
 * Starts the server and waits until it says that it is ready.
 * @throws Error with all it said, when it ends instead
 */
export async function startServerProcess(env: Record<string, string>): Promise<Process & { url: string }> {
  const server = startProcess(["--disable-warning=ExperimentalWarning", "src/server.ts"], env);
  let isOver = false;
  void server.ended.then(() => {
    isOver = true;
  });
  for (;;) {
    const url = /Causeway is ready\s+(\S+)/.exec(server.said().out)?.[1];
    if (url) return { ...server, url };
    if (isOver) throw new Error(`The server ended while it started:\n${server.said().out}${server.said().err}`);
    await new Promise((settle) => setTimeout(settle, 50));
  }
}

/** Writes an archive of a repository that never was: each thread with nine comments. */
export async function writeArchive(path: string, threads: number): Promise<void> {
  const at = (n: number) => new Date(Date.UTC(2025, 0, 1) + n * 61_000).toISOString().replace(".000", "");
  const issues = Array.from({ length: threads }, (_, index) => ({
    number: index + 1,
    id: `I_${index + 1}`,
    title: `Thread ${index + 1}: does it survive?`,
    url: `https://github.com/example/tide/issues/${index + 1}`,
    state: "OPEN",
    author: `user${index % 97}`,
    authorAssociation: "NONE",
    assignees: [],
    labels: [],
    body: `It fails at step ${index}. How do I go on?`,
    createdAt: at(index * 20),
    updatedAt: at(index * 20 + 19),
    closedAt: null,
    comments: Array.from({ length: 9 }, (__, n) => ({
      author: `user${(index + n * 7) % 131}`,
      authorAssociation: "NONE",
      body: `Comment ${n} on ${index}: it works here.`,
      createdAt: at(index * 20 + n + 1),
      updatedAt: at(index * 20 + n + 1),
    })),
  }));
  await writeFile(path, JSON.stringify({ magic: "E!vIA5L86J2I", timestamp: at(0), repo: "example/large", labels: [], issues, pulls: [] }));
}
