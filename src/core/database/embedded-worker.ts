import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { btree_gin } from "@electric-sql/pglite/contrib/btree_gin";
import { pg_trgm } from "@electric-sql/pglite/contrib/pg_trgm";
import { serveEmbedded } from "./embedded-server.ts";
import { ThreadStream } from "./thread-stream.ts";

/** What the main thread hands over; paths are absolute, `dataDir` undefined means in memory. */
export interface EmbeddedWorkerInput {
  dataDir?: string;
  socketPath: string;
  /** Silence inside a transaction after which it is rolled back, in milliseconds. */
  idleTransactionMs: number;
}

/** What the thread says: that it serves, that a transaction was cut, that it has ended. */
export type EmbeddedWorkerMessage = "ready" | "idle-transaction" | "waiting" | "closed";

/** What it is told: that the process it runs in connects. */
export interface ConnectRequest {
  port: MessagePort;
}

/** What it is told: end now, or end when the last client of another process has left, but after `graceMs` at the latest. */
export interface CloseRequest {
  close: true;
  graceMs: number;
}

// PostgreSQL looks for files that need not be there, at each page by which an index grows, and PGlite finds out by an error that it
// catches. To note where each was thrown, through the stack of the database itself, costs several times the look.
Error.stackTraceLimit = 0;

const input = workerData as EmbeddedWorkerInput;
const say = (message: EmbeddedWorkerMessage) => parentPort?.postMessage(message);

if (input.dataDir) mkdirSync(input.dataDir, { recursive: true, mode: 0o700 });
const socketDir = dirname(input.socketPath);
mkdirSync(socketDir, { recursive: true, mode: 0o700 });
// Before the socket exists, so that nobody else can reach it even for a moment.
chmodSync(socketDir, 0o700);
rmSync(input.socketPath, { force: true });

const database = await PGlite.create({
  ...(input.dataDir ? { dataDir: input.dataDir } : {}),
  extensions: { pg_trgm, btree_gin },
  relaxedDurability: false,
  // Nobody replicates from this database: the log needs only what a recovery after a crash reads, and writes go faster. Its files
  // need not be written full of zeros before they are written.
  postgresqlconf: ["wal_level=minimal", "max_wal_senders=0", "wal_init_zero=off"],
});
const server = await serveEmbedded({
  database,
  socketPath: input.socketPath,
  idleTransactionMs: input.idleTransactionMs,
  onIdleTransaction: () => say("idle-transaction"),
});

parentPort?.on("message", async (request: ConnectRequest | CloseRequest) => {
  if ("port" in request) {
    server.accept(new ThreadStream(request.port));
    return;
  }
  const { graceMs } = request;
  const began = Date.now();
  let told = false;
  while (server.connections() > 0 && Date.now() < began + graceMs) {
    await new Promise((settle) => setTimeout(settle, 20));
    // Our own process's connections take a moment to close; what is left after that is somebody else's.
    if (!told && Date.now() - began > 1000 && server.connections() > 0) {
      told = true;
      say("waiting");
    }
  }
  await server.stop();
  await database.close();
  rmSync(input.socketPath, { force: true });
  say("closed");
  process.exit(0);
});
say("ready");
