import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { btree_gin } from "@electric-sql/pglite/contrib/btree_gin";
import { pg_trgm } from "@electric-sql/pglite/contrib/pg_trgm";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";

/** What the main thread hands over; paths are absolute, `dataDir` undefined means in memory. */
export interface EmbeddedWorkerInput {
  dataDir?: string;
  socketPath: string;
}

const input = workerData as EmbeddedWorkerInput;

if (input.dataDir) mkdirSync(input.dataDir, { recursive: true, mode: 0o700 });
mkdirSync(dirname(input.socketPath), { recursive: true, mode: 0o700 });
rmSync(input.socketPath, { force: true });

const database = await PGlite.create({
  ...(input.dataDir ? { dataDir: input.dataDir } : {}),
  extensions: { pg_trgm, btree_gin },
  relaxedDurability: false,
});
const server = new PGLiteSocketServer({ db: database, path: input.socketPath, maxConnections: 64 });
await server.start();

parentPort?.on("message", async (message: unknown) => {
  if (message !== "close") return;
  await server.stop();
  await database.close();
  parentPort?.postMessage("closed");
  process.exit(0);
});
parentPort?.postMessage("ready");
