import { spawn } from "node:child_process";
import { AppError } from "#core/errors.ts";

/**
 * Settings that a repository's own configuration must not decide: it may come from strangers. No signature program,
 * no pager, no file watcher, no network for missing objects, and no refusal because another user owns the folder.
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

function environment(ceiling: string): NodeJS.ProcessEnv {
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
    GIT_NO_LAZY_FETCH: "1",
    GIT_ALLOW_PROTOCOL: "none",
    // Without it git would look for a repository in the folders above and import that one.
    GIT_CEILING_DIRECTORIES: ceiling,
  };
}

/** Where git runs: the folder, and the folder above which it must not look for a repository. */
export interface GitPlace {
  folder: string;
  ceiling: string;
  signal: AbortSignal;
}

/**
 * Runs git without a shell and yields its output as it comes.
 * @throws AppError `unreadable_file` with git's own words when it fails
 */
export async function* streamGit(place: GitPlace, args: readonly string[]): AsyncGenerator<Buffer> {
  const child = spawn("git", [...safety, ...args], {
    cwd: place.folder,
    env: environment(place.ceiling),
    stdio: ["ignore", "pipe", "pipe"],
    signal: place.signal,
    windowsHide: true,
  });
  let complaint = "";
  child.stderr.setEncoding("utf8");
  child.stderr.on("data", (text: string) => {
    if (complaint.length < 4000) complaint += text;
  });
  const ended = new Promise<{ code: number | null; error?: Error }>((resolve) => {
    child.once("error", (error) => resolve({ code: null, error }));
    child.once("close", (code) => resolve({ code }));
  });
  let finished = false;
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    finished = true;
  } finally {
    if (!finished) child.kill();
  }
  const { code, error } = await ended;
  if (place.signal.aborted) throw place.signal.reason;
  if (error) {
    throw new AppError("unreadable_file", {
      public: "git is not installed, and reading a repository needs it. Install git (for example: apt install git) and import again.",
      cause: error,
    });
  }
  if (code !== 0) {
    const words = complaint.split("\n").find((line) => /^(?:fatal|error):/.test(line)) ?? complaint.split("\n")[0] ?? "";
    if (words.includes("not a git repository")) {
      throw new AppError("unreadable_file", {
        public: `${place.folder} is not a git repository. Give the folder of a clone, its .git folder, or a bare repository.`,
        internal: complaint,
      });
    }
    throw new AppError("unreadable_file", {
      public: `git cannot read ${place.folder}: ${words.replace(/^(?:fatal|error): /, "") || `it ended with code ${code}`}. Run "git fsck" there, or clone it again; nothing was stored.`,
      internal: complaint,
    });
  }
}

/** Runs git and returns its output as text. For short answers only. */
export async function askGit(place: GitPlace, args: readonly string[]): Promise<string> {
  const parts: Buffer[] = [];
  for await (const chunk of streamGit(place, args)) parts.push(chunk);
  return Buffer.concat(parts).toString("utf8");
}
