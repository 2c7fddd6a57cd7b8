import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const isolated = {
  // biome-ignore lint/style/noProcessEnv: git is found as the machine has it.
  PATH: process.env.PATH,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
};

/** A repository whose clock and people do not depend on the machine, written without a work tree. */
export interface ScratchRepository {
  folder: string;
  git(args: string[], options?: { input?: string; env?: Record<string, string> }): string;
  /** Adds a commit to a branch and returns its hash. */
  commit(message: string, options?: { branch?: string; author?: string; parents?: string[]; files?: Record<string, string> }): string;
}

/** Makes an empty bare repository `tide.git` in a folder of its own. */
export async function makeScratchRepository(): Promise<ScratchRepository> {
  const folder = join(await mkdtemp(join(tmpdir(), "causeway-remote-")), "tide.git");
  let seconds = 1_767_600_000;
  execFileSync("git", ["init", "-q", "--bare", "-b", "main", folder], { env: isolated });
  const git: ScratchRepository["git"] = (args, { input, env } = {}) =>
    execFileSync("git", ["-C", folder, ...args], {
      encoding: "utf8",
      input: input ?? "",
      stdio: ["pipe", "pipe", "pipe"],
      env: {
        ...isolated,
        GIT_AUTHOR_NAME: "Mara",
        GIT_AUTHOR_EMAIL: "mara@example.org",
        GIT_COMMITTER_NAME: "Mara",
        GIT_COMMITTER_EMAIL: "mara@example.org",
        GIT_AUTHOR_DATE: `${seconds} +0100`,
        GIT_COMMITTER_DATE: `${seconds} +0100`,
        ...env,
      },
    }).trim();
  git(["config", "uploadpack.allowFilter", "true"]);
  const tip = (branch: string) => {
    try {
      return [git(["rev-parse", "--verify", "-q", `refs/heads/${branch}`])];
    } catch {
      return [];
    }
  };
  return {
    folder,
    git,
    commit(message, { branch = "main", author = "Mara <mara@example.org>", parents = tip(branch), files = {} } = {}) {
      seconds += 60;
      const entries = Object.entries(files).map(([name, text]) => `100644 blob ${git(["hash-object", "-w", "--stdin"], { input: text })}\t${name}`);
      const tree = git(["mktree"], { input: entries.map((entry) => `${entry}\n`).join("") });
      const [, name = "", email = ""] = /^(.*) <(.*)>$/.exec(author) ?? [];
      const hash = git(["commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent])], {
        input: message,
        env: { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email },
      });
      git(["update-ref", `refs/heads/${branch}`, hash]);
      return hash;
    },
  };
}

/** A server of git's smart HTTP protocol, by git's own `git-http-backend`. */
export interface GitServer {
  url: string;
  requests: { path: string; headers: IncomingMessage["headers"] }[];
  /** Answers in place of git while it is set; true when it has answered. */
  intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
  close(): Promise<void>;
}

/** Serves the repository as `<url>/tide.git`. */
export async function serveRepository(repository: ScratchRepository): Promise<GitServer> {
  const root = join(repository.folder, "..");
  const backend = join(execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(), "git-http-backend");
  const serving: GitServer = { url: "", requests: [], close: async () => undefined };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    serving.requests.push({ path: `${url.pathname}${url.search}`, headers: request.headers });
    if (serving.intercept?.(request, response)) return;
    const child = spawn(backend, {
      env: {
        ...isolated,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: "1",
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers["content-type"] ?? "",
        HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
        GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      },
      stdio: ["pipe", "pipe", "ignore"],
    });
    request.pipe(child.stdin);
    answerFrom(child.stdout, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  serving.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  serving.close = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await rm(root, { recursive: true, force: true });
  };
  return serving;
}

/** Serves the repository by git's own protocol as `<url>/tide.git`. */
export async function serveByDaemon(repository: ScratchRepository): Promise<{ url: string; close(): Promise<void> }> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  const args = [
    "daemon",
    "--verbose",
    "--listen=127.0.0.1",
    `--port=${port}`,
    "--export-all",
    "--reuseaddr",
    `--base-path=${join(repository.folder, "..")}`,
  ];
  const daemon = spawn("git", args, { env: isolated, stdio: ["ignore", "ignore", "pipe"] });
  await new Promise<void>((resolve, reject) => {
    daemon.stderr.on("data", (text: Buffer) => text.includes("Ready to rumble") && resolve());
    daemon.once("error", reject);
    daemon.once("exit", (code) => reject(new Error(`git daemon ended with ${code}`)));
  });
  const ended = new Promise<void>((resolve) => daemon.once("close", () => resolve()));
  return {
    url: `git://127.0.0.1:${port}`,
    close: async () => {
      daemon.kill();
      await ended;
    },
  };
}

/** A CGI answer: headers, an empty line, the body. */
function answerFrom(output: NodeJS.ReadableStream, response: ServerResponse): void {
  let head: Buffer | undefined = Buffer.alloc(0);
  output.on("data", (chunk: Buffer) => {
    if (head === undefined) return void response.write(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end === -1) return;
    const lines = head.toString("latin1", 0, end).split("\r\n");
    const status = Number(/^Status: (\d+)/m.exec(lines.join("\n"))?.[1] ?? 200);
    response.writeHead(
      status,
      Object.fromEntries(lines.filter((line) => !line.startsWith("Status:")).map((line) => line.split(/: (.*)/s).slice(0, 2))),
    );
    response.write(head.subarray(end + 4));
    head = undefined;
  });
  output.on("end", () => response.end());
}
