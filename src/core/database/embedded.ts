import { createHash } from "node:crypto";
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { AppError } from "../errors.ts";
import type { EmbeddedWorkerInput } from "./embedded-worker.ts";

/** A unix socket's path may hold about 100 bytes; deeper data folders get their socket in the temporary folder. */
const socketPathBytesMax = 96;

export interface EmbeddedDatabase {
  /** The folder that holds the socket; PostgreSQL clients take it as `host`. */
  socketDir: string;
  /** Whether this process runs the database, or another one that was found running. */
  owner: boolean;
  close(): Promise<void>;
}

/** Where the socket of a data folder's database lives, absolute. */
export function embeddedSocketDir(dataDir: string): string {
  const inside = join(resolve(dataDir), "run");
  if (Buffer.byteLength(join(inside, ".s.PGSQL.5432")) <= socketPathBytesMax) return inside;
  const key = createHash("sha256").update(resolve(dataDir)).digest("hex").slice(0, 12);
  return join(tmpdir(), `causeway-${process.getuid?.() ?? 0}-${key}`);
}

/**
 * Starts the embedded database of a data folder in a worker thread and serves it on a private unix socket,
 * or joins the one that another process serves already.
 * @param options.dataDir the data folder; it holds `database/`, `run/` and `database.lock`
 * @param options.exclusive refuse to join a running one (a second server on the same folder)
 * @throws AppError `conflict` when exclusive and the folder is in use; `internal` when the database cannot start
 */
export async function startEmbedded(options: { dataDir: string; exclusive?: boolean }): Promise<EmbeddedDatabase> {
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const socketDir = embeddedSocketDir(dataDir);
  const lockPath = join(dataDir, "database.lock");

  const holder = takeLock(lockPath);
  if (holder !== undefined) {
    if (options.exclusive) {
      throw new AppError("conflict", {
        public: `The data folder ${dataDir} is in use by another Causeway (process ${holder}). Stop that one, or set CAUSEWAY_DATA_DIR to another folder.`,
      });
    }
    return { socketDir, owner: false, close: async () => {} };
  }

  const worker = await startWorker({ dataDir: join(dataDir, "database"), socketPath: join(socketDir, ".s.PGSQL.5432") }).catch((error) => {
    rmSync(lockPath, { force: true });
    throw new AppError("internal", {
      public: `The embedded database in ${dataDir} could not start. Check the folder's free space and permissions; if it was damaged, restore it from a backup.`,
      cause: error,
    });
  });
  chmodSync(socketDir, 0o700);
  return {
    socketDir,
    owner: true,
    close: async () => {
      await closeWorker(worker);
      rmSync(lockPath, { force: true });
    },
  };
}

/** An in-memory database for tests, on a socket in the temporary folder. */
export async function startInMemory(): Promise<EmbeddedDatabase> {
  const socketDir = join(tmpdir(), `causeway-test-${process.pid}-${Date.now().toString(36)}`);
  const worker = await startWorker({ socketPath: join(socketDir, ".s.PGSQL.5432") });
  return {
    socketDir,
    owner: true,
    close: async () => {
      await closeWorker(worker);
      rmSync(socketDir, { recursive: true, force: true });
    },
  };
}

/** Returns the process id that holds the lock, or undefined when it is ours now. */
function takeLock(path: string): number | undefined {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    // Written aside and linked into place, so that nobody ever reads a lock without its owner in it.
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, String(process.pid), { mode: 0o600 });
    try {
      linkSync(draft, path);
      return undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      rmSync(draft, { force: true });
    }
    const holder = existsSync(path) ? Number(readFileSync(path, "utf8")) : Number.NaN;
    if (Number.isInteger(holder) && holder !== process.pid && isRunning(holder)) return holder;
    // The process that left this lock is gone (a crash or a power cut): the lock is stale.
    rmSync(path, { force: true });
  }
  return undefined;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function startWorker(input: EmbeddedWorkerInput): Promise<Worker> {
  return new Promise((settle, reject) => {
    const worker = new Worker(new URL("./embedded-worker.ts", import.meta.url), { workerData: input, execArgv: [] });
    worker.once("message", () => settle(worker));
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the database thread ended with code ${code}`)));
  });
}

function closeWorker(worker: Worker): Promise<void> {
  return new Promise((settle) => {
    worker.removeAllListeners("exit");
    worker.once("exit", () => settle());
    worker.postMessage("close");
  });
}
