import { setTimeout as sleep } from "node:timers/promises";
import { importUploadJob } from "#app/background/import-upload.ts";
import { openRuntime } from "#app/runtime.ts";
import { startWorker } from "#app/worker.ts";
import { findConnector } from "#connectors/index.ts";
import { openAsSystem } from "#features/access/index.ts";
import { getSync, queueImport } from "#features/ledger/index.ts";
import { foundCommunity } from "./found-community.ts";
import { watchMemory } from "./watch-memory.ts";

/** What a process took, in MB. */
export interface SourcesReport {
  seconds: number;
  idleMb: number;
  peakMb: number;
  heapMb: number;
}

const slug = "lantern";

/** Holds the embedded database until it is told to stop. */
async function holdDatabase(): Promise<void> {
  const runtime = await openRuntime({ exclusive: true, unlimitedStatements: true });
  await foundCommunity(runtime);
  const idle = Math.round(process.memoryUsage().rss / 1e6);
  const memory = watchMemory();
  process.send?.({ kind: "ready" });
  process.once("message", () => {
    const [peak] = memory.stop();
    process.send?.({ kind: "report", report: { seconds: 0, idleMb: idle, peakMb: peak?.rss ?? 0, heapMb: peak?.heap ?? 0 } }, () => {
      void runtime.close().finally(() => process.exit());
    });
  });
}

/** Runs the jobs of the product, and all of these imports at once. */
async function importAll(uploads: readonly { connector: string; path: string; records: number }[]): Promise<void> {
  const runtime = await openRuntime({ unlimitedStatements: true });
  const ctx = await openAsSystem(runtime, { slug });
  if (!ctx) throw new Error("the community was not founded");
  await startWorker(runtime);
  await sleep(3_000);
  const idle = Math.round(process.memoryUsage().rss / 1e6);
  const memory = watchMemory();
  const started = performance.now();
  const queued = await Promise.all(
    uploads.map(async ({ connector: id, path, records }) => {
      const connector = findConnector(id);
      if (!connector) throw new Error(`there is no connector ${id}`);
      const { syncId } = await queueImport(ctx, { connector, path, settings: {} });
      await runtime.jobs.send(importUploadJob, { communityId: ctx.community.id, syncId, connector: id, path, fileName: path, settings: {} });
      return { syncId, records, id };
    }),
  );
  for (const { syncId, records, id } of queued) {
    for (let done = false; !done; await sleep(500)) {
      const run = await getSync(ctx, { syncId });
      if (run?.state === "failed") throw new Error(`${id}: ${run.error?.message}`);
      done = run?.state === "done";
      if (done && run?.counts.new?.activities !== records)
        throw new Error(`${id}: ${records} messages became ${run?.counts.new?.activities} activities`);
    }
  }
  const seconds = (performance.now() - started) / 1000;
  const [peak] = memory.stop();
  process.send?.({ kind: "report", report: { seconds, idleMb: idle, peakMb: peak?.rss ?? 0, heapMb: peak?.heap ?? 0 } }, () => process.exit());
}

if (process.argv[2] === "database") await holdDatabase();
else process.once("message", ({ uploads }: { uploads: Parameters<typeof importAll>[0] }) => void importAll(uploads).catch(fail));

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}
