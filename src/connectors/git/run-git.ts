import { spawn } from "node:child_process";
import { AppError } from "#core/errors.ts";

/**
 * Settings that a repository's own configuration must not decide: it may come from strangers. No signature program,
 * no pager, no file watcher, no hooks, no network for missing objects, and no refusal because another user owns the folder.
 */
const safety = [
  "-c",
  "safe.directory=*",
  "-c",
  "log.showSignature=false",
  "-c",
  "core.fsmonitor=false",
  "-c",
  "core.hooksPath=/dev/null",
  "-c",
  "core.commitGraph=false",
  "-c",
  "i18n.logOutputEncoding=UTF-8",
  "--no-pager",
];

function environment(place: GitPlace): NodeJS.ProcessEnv {
  // biome-ignore lint/style/noProcessEnv: of our own environment git gets the way to its program and nothing else.
  const { PATH, SystemRoot } = process.env;
  return {
    PATH,
    SystemRoot,
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_OPTIONAL_LOCKS: "0",
    // Without it git would look for a repository in the folders above and import that one.
    GIT_CEILING_DIRECTORIES: place.ceiling,
    ...(place.network ?? { GIT_NO_LAZY_FETCH: "1", GIT_ALLOW_PROTOCOL: "none" }),
  };
}

/** Where git runs: the folder, and the folder above which it must not look for a repository. */
export interface GitPlace {
  folder: string;
  ceiling: string;
  signal: AbortSignal;
  /** Environment that opens the way to one remote; without it there is none. */
  network?: Record<string, string>;
}

/** What git said when it failed. */
export class GitFailure extends Error {
  readonly complaint: string;
  readonly code: number | null;

  constructor(input: { complaint: string; code: number | null; cause?: Error }) {
    super(wordsOf(input.complaint) || `git ended with code ${input.code}`, input.cause && { cause: input.cause });
    this.name = "GitFailure";
    this.complaint = input.complaint;
    this.code = input.code;
  }

  /** Git itself could not be started. */
  get isMissing(): boolean {
    return this.cause !== undefined;
  }
}

/**
 * Runs git without a shell and yields its output as it comes.
 * @param input what git reads from its standard input
 * @throws GitFailure when it fails
 */
export async function* spawnGit(place: GitPlace, args: readonly string[], input?: string): AsyncGenerator<Buffer> {
  place.signal.throwIfAborted();
  const child = spawn("git", [...safety, ...args], {
    cwd: place.folder,
    env: environment(place),
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
    // Of a fetch the programs that it started must end as well, so it leads a group of its own.
    detached: place.network !== undefined,
  });
  const stop = () => {
    if (place.network === undefined || child.pid === undefined) child.kill();
    else stopGroup(child.pid);
  };
  place.signal.addEventListener("abort", stop, { once: true });
  let complaint = "";
  child.stderr.setEncoding("utf8");
  child.stderr.on("data", (text: string) => {
    if (complaint.length < 4000) complaint += text;
  });
  // Git may end before it has read all of it.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  const ended = new Promise<{ code: number | null; error?: Error }>((resolve) => {
    child.once("error", (error) => resolve({ code: null, error }));
    child.once("close", (code) => resolve({ code }));
  });
  let finished = false;
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    finished = true;
  } finally {
    if (!finished) stop();
    place.signal.removeEventListener("abort", stop);
  }
  const { code, error } = await ended;
  if (place.signal.aborted) throw place.signal.reason;
  if (error || code !== 0) throw new GitFailure({ complaint, code, ...(error && { cause: error }) });
}

function stopGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGTERM");
  } catch {
    // It has ended already.
  }
}

function wordsOf(complaint: string): string {
  const words = complaint.split("\n").find((line) => /^(?:fatal|error):/.test(line)) ?? complaint.split("\n")[0] ?? "";
  // Some of it may be the remote's own words.
  return words
    .replace(/^(?:fatal|error): /, "")
    .replace(/\p{Cc}+/gu, " ")
    .slice(0, 300);
}

/**
 * Runs git in a repository that somebody brought in.
 * @throws AppError `unreadable_file` with git's own words when it fails
 */
export async function* streamGit(place: GitPlace, args: readonly string[], input?: string): AsyncGenerator<Buffer> {
  try {
    yield* spawnGit(place, args, input);
  } catch (error) {
    throw error instanceof GitFailure ? unreadable(place, error) : error;
  }
}

/** That git is not there, said in words; undefined for any other failure. */
export function gitMissing(failure: GitFailure): AppError | undefined {
  if (!failure.isMissing) return undefined;
  return new AppError("unreadable_file", {
    public: "git is not installed, and reading a repository needs it. Install git (for example: apt install git) and import again.",
    cause: failure,
  });
}

function unreadable(place: GitPlace, failure: GitFailure): AppError {
  const missing = gitMissing(failure);
  if (missing) return missing;
  if (failure.message.includes("not a git repository")) {
    return new AppError("unreadable_file", {
      public: `${place.folder} is not a git repository. Give the folder of a clone, its .git folder, or a bare repository.`,
      internal: failure.complaint,
    });
  }
  return new AppError("unreadable_file", {
    public: `git cannot read ${place.folder}: ${failure.message}. Run "git fsck" there, or clone it again; nothing was stored.`,
    internal: failure.complaint,
  });
}

/** Runs git and returns its output as text. For short answers only. */
export async function askGit(place: GitPlace, args: readonly string[], input?: string): Promise<string> {
  return collect(streamGit(place, args, input));
}

/** All of an output as text. */
export async function collect(output: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const chunk of output) parts.push(chunk);
  return Buffer.concat(parts).toString("utf8");
}
