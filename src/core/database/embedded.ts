import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MessageChannel, Worker } from "node:worker_threads";
import type { PoolConfig } from "pg";
import { AppError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { CloseRequest, ConnectRequest, EmbeddedWorkerInput, EmbeddedWorkerMessage } from "./embedded-worker.ts";
import { type FolderLock, isFolderLock, type LockHolder, takeFolderLock } from "./folder-lock.ts";
import { ThreadStream } from "./thread-stream.ts";

/** A unix socket's path may hold about 100 bytes; deeper data folders get their socket in the temporary folder. */
const socketPathBytesMax = 96;
/** How long a database that another process is just starting may take: the very first start makes its files. */
const joinWaitMs = 60_000;
const idleTransactionMs = 120_000;

export interface CloseEmbedded {
  /** How long clients of other processes may go on, in milliseconds; by default until they are done. */
  graceMs?: number;
  /** Told when others are still connected and the close waits for them. */
  onWaiting?: () => void;
}

export interface EmbeddedDatabase {
  /** The folder that holds the socket; PostgreSQL clients take it as `host`. */
  socketDir: string;
  /** How this process reaches it: straight when it runs the database itself, else by the socket. */
  connection: PoolConfig;
  /** Whether this process runs the database, or another one that was found running. */
  owner: boolean;
  /** Close this process's own connections first. */
  close(options?: CloseEmbedded): Promise<void>;
}

/** Where the socket of a data folder's database lives, absolute. */
export function embeddedSocketDir(dataDir: string): string {
  const inside = join(resolve(dataDir), "run");
  if (Buffer.byteLength(join(inside, socketName)) <= socketPathBytesMax) return inside;
  const key = createHash("sha256").update(resolve(dataDir)).digest("hex").slice(0, 12);
  return join(tmpdir(), `causeway-${process.getuid?.() ?? 0}-${key}`);
}

const socketName = ".s.PGSQL.5432";

/**
 * Starts the embedded database of a data folder in a worker thread and serves it on a private unix socket,
 * or joins the one that another process serves already, waiting while that one is still starting.
 * @param options.dataDir the data folder; it holds `database/`, `run/` and `database.lock`
 * @param options.exclusive refuse to join a running one (a second server on the same folder)
 * @throws AppError `conflict` when exclusive and the folder is in use; `busy` when the other process does not answer;
 *   `internal` when the database cannot start
 */
export async function startEmbedded(options: { dataDir: string; exclusive?: boolean; log?: Logger }): Promise<EmbeddedDatabase> {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const socketDir = embeddedSocketDir(dataDir);
  const socketPath = join(socketDir, socketName);
  const giveUpAt = Date.now() + joinWaitMs;

  for (;;) {
    const lock = takeFolderLock(join(dataDir, "database.lock"));
    if (isFolderLock(lock)) return own({ dataDir, socketDir, lock, ...(options.log ? { log: options.log } : {}) });
    if (options.exclusive) throw inUse(dataDir, lock);
    if (await accepts(socketPath)) return { socketDir, connection: bySocket(socketDir), owner: false, close: async () => {} };
    if (Date.now() > giveUpAt) {
      throw new AppError("busy", {
        public: `Another Causeway (process ${lock.pid}, ${lock.program}) holds the data folder ${dataDir}, but its database does not answer. Stop that process and try again.`,
      });
    }
    await sleep(100);
  }
}

/** An in-memory database for tests, on a socket in the temporary folder. */
export async function startInMemory(): Promise<EmbeddedDatabase> {
  const socketDir = join(tmpdir(), `causeway-test-${process.pid}-${Date.now().toString(36)}`);
  const worker = await startWorker({ socketPath: join(socketDir, socketName), idleTransactionMs });
  return {
    socketDir,
    connection: straight(worker, socketDir),
    owner: true,
    close: async () => {
      await closeWorker(worker, { graceMs: 0 });
      rmSync(socketDir, { recursive: true, force: true });
    },
  };
}

async function own(input: { dataDir: string; socketDir: string; lock: FolderLock; log?: Logger }): Promise<EmbeddedDatabase> {
  const { dataDir, socketDir, lock, log } = input;
  let worker: Worker;
  try {
    refuseForeignFolder(socketDir);
    worker = await startWorker({ dataDir: join(dataDir, "database"), socketPath: join(socketDir, socketName), idleTransactionMs });
  } catch (error) {
    lock.release();
    if (error instanceof AppError) throw error;
    throw new AppError("internal", {
      public: `The embedded database in ${dataDir} could not start: ${error instanceof Error ? error.message : String(error)}. Check the folder's free space and permissions; if it was damaged, restore it from a backup.`,
      cause: error,
    });
  }
  worker.on("message", (message: EmbeddedWorkerMessage) => {
    if (message === "idle-transaction") log?.error({ idleTransactionMs }, "a transaction was left open without a word and was rolled back");
  });
  worker.on("error", (error) => log?.fatal({ err: error }, "the embedded database broke down; restart the process"));
  return {
    socketDir,
    connection: straight(worker, socketDir),
    owner: true,
    close: async (options = {}) => {
      await closeWorker(worker, options);
      lock.release();
      // Beside the data folder it is nobody's but ours; a later start makes it again.
      if (!socketDir.startsWith(dataDir)) rmSync(socketDir, { recursive: true, force: true });
    },
  };
}

const bySocket = (socketDir: string): PoolConfig => ({ host: socketDir, user: "postgres", database: "postgres" });

function straight(worker: Worker, socketDir: string): PoolConfig {
  const connect = () => {
    const { port1, port2 } = new MessageChannel();
    const stream = new ThreadStream(port1);
    if (worker.threadId === -1) stream.destroy(new Error("the embedded database has ended"));
    else worker.postMessage({ port: port2 } satisfies ConnectRequest, [port2]);
    return stream;
  };
  return { ...bySocket(socketDir), stream: connect };
}

/** In the shared temporary folder somebody else may have made ours first, to listen in. */
function refuseForeignFolder(socketDir: string): void {
  if (!existsSync(socketDir)) return;
  const found = lstatSync(socketDir);
  if (!found.isDirectory() || (process.getuid && found.uid !== process.getuid())) {
    throw new AppError("forbidden", {
      public: `${socketDir} belongs to somebody else. Remove it, or set CAUSEWAY_DATA_DIR to a folder with a shorter path.`,
    });
  }
}

function inUse(dataDir: string, holder: LockHolder): AppError {
  return new AppError("conflict", {
    public: `The data folder ${dataDir} is in use by another Causeway (process ${holder.pid}, ${holder.program}). Stop that one, or set CAUSEWAY_DATA_DIR to another folder.`,
  });
}

function accepts(socketPath: string): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.destroy();
      settle(true);
    });
    socket.once("error", () => settle(false));
  });
}

function startWorker(input: EmbeddedWorkerInput): Promise<Worker> {
  return new Promise((settle, reject) => {
    // Its own streams: what PostgreSQL prints while it starts or recovers is no part of our output.
    const worker = new Worker(new URL("./embedded-worker.ts", import.meta.url), { workerData: input, execArgv: [], stdout: true, stderr: true });
    let noise = "";
    worker.stderr.on("data", (chunk) => {
      noise = (noise + String(chunk)).slice(-2000);
    });
    worker.stdout.resume();
    worker.once("message", () => settle(worker));
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the database thread ended with code ${code} ${noise}`.trim())));
  });
}

function closeWorker(worker: Worker, { graceMs = Number.POSITIVE_INFINITY, onWaiting }: CloseEmbedded): Promise<void> {
  return new Promise((settle) => {
    worker.removeAllListeners("exit");
    worker.once("exit", () => settle());
    worker.on("message", (message: EmbeddedWorkerMessage) => {
      if (message === "waiting") onWaiting?.();
    });
    worker.postMessage({ close: true, graceMs } satisfies CloseRequest);
  });
}
