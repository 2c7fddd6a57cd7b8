import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "#core/clock.ts";
import type { CoreContext } from "#core/context.ts";
import { createLogger } from "#core/log.ts";
import { matrix } from "../src/connectors/matrix/index.ts";
import { writeMatrixExport } from "./exports.ts";
import { watchMemory } from "./watch-memory.ts";

const usage = `Usage: node bench/matrix-stream.ts [options]

Writes a made-up room as Element exports it into a temporary folder and reads it as an import does, without storing: checked to
its end, read and normalised message by message. Prints time and the peak of memory above idle.

  --messages N     messages, to which edits and reactions come (default 200000)
  --limit N        fails when memory rises by more, in MB (default 150)
  --help
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      messages: { type: "string", default: "200000" },
      limit: { type: "string", default: "150" },
      read: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const messages = Number(values.messages);
  if (values.read !== undefined) return readRoom(values.read, { messages, limit: Number(values.limit) });
  const folder = mkdtempSync(join(tmpdir(), "causeway-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "room.json");
  await writeMatrixExport(path, messages);
  process.stdout.write(`${messages.toLocaleString("en")} messages, ${(statSync(path).size / 1e6).toFixed(0)} MB\n`);

  // In a process of its own, so that what the writing took is none of its memory.
  const child = fork(fileURLToPath(import.meta.url), ["--read", path, "--messages", String(messages), "--limit", values.limit]);
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) process.exitCode = 1;
}

async function readRoom(path: string, { messages, limit }: { messages: number; limit: number }): Promise<void> {
  const { identifyFile, importFile } = matrix;
  if (!identifyFile || !importFile) throw new Error("Matrix takes files");
  const idle = Math.round(process.memoryUsage().rss / 1e6);
  const memory = watchMemory();
  const ctx = { clock: systemClock, log: createLogger({ level: "silent" }) } as CoreContext; // Reading needs no database.
  const settings = matrix.settings.parse({});
  const input = { path, head: Buffer.alloc(0), settings, signal: new AbortController().signal };
  const seconds: number[] = [];
  let started = performance.now();
  const end = () => {
    seconds.push((performance.now() - started) / 1000);
    started = performance.now();
    memory.next();
  };
  await identifyFile(ctx, input);
  end();
  let read = 0;
  for await (const chunk of importFile(ctx, input)) {
    for (const record of chunk.records) read += matrix.normalize(record, settings).activities.length;
  }
  end();
  const peaks = memory.stop();
  for (const [i, stage] of ["checked to its end", "read and normalised"].entries()) {
    const [took = 0, peak = 0] = [seconds[i], peaks[i]?.rss];
    process.stdout.write(
      `${stage.padEnd(24)} ${took.toFixed(1).padStart(6)} s ${Math.round(messages / took)
        .toLocaleString("en")
        .padStart(10)} messages/s   peak ${peak} MB, ${peak - idle} above idle, heap ${peaks[i]?.heap}\n`,
    );
  }
  const above = Math.max(...peaks.map(({ rss }) => rss)) - idle;
  if (read !== messages) throw new Error(`${read} of ${messages} messages came out`);
  if (above > limit) throw new Error(`memory rose by ${above} MB, more than ${limit}`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
