import { type ChildProcess, fork } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import nodeFlags from "../scripts/node-flags.json" with { type: "json" };
import { type MadeExport, writeExports } from "./exports.ts";
import type { SourcesReport } from "./sources-process.ts";

const usage = `Usage: node bench/several-sources.ts [options]

Writes four made-up exports of different kinds and brings in one, two and four of them at once through the job queue, on the
embedded database. The database runs in a process of its own, so that the memory of the process that imports is its own.
Prints how far that rises above what it takes at rest.

  --records N      messages in each export (default 100000)
  --at-once LIST   how many at once, with commas between them (default 1,2,4)
  --kinds LIST     only these, such as matrix,mbox
  --help
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      records: { type: "string", default: "100000" },
      "at-once": { type: "string", default: "1,2,4" },
      kinds: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "causeway-bench-sources-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  process.stderr.write(`${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, Node ${process.version}\n`);
  const kinds = values.kinds?.split(",");
  const made = (await writeExports(folder, Number(values.records))).filter(({ connector }) => kinds?.includes(connector) ?? true);
  for (const { connector, path, records } of made) {
    process.stderr.write(`${connector}: ${records.toLocaleString("en")} messages, ${(statSync(path).size / 1e6).toFixed(0)} MB\n`);
  }
  process.stdout.write("at once                                   s   idle MB   peak MB   above idle   heap peak   database process\n");
  for (const n of values["at-once"].split(",").map(Number)) {
    const exports = made.slice(0, n);
    const { importer, database } = await measure(folder, exports);
    const cells = [
      importer.seconds.toFixed(0),
      importer.idleMb,
      importer.peakMb,
      importer.peakMb - importer.idleMb,
      importer.heapMb,
      database.peakMb,
    ];
    const widths = [4, 10, 10, 13, 12, 19];
    const names = `${exports.length}: ${exports.map(({ connector }) => connector).join(", ")}`;
    process.stdout.write(`${names.padEnd(39)}${cells.map((cell, i) => String(cell).padStart(widths[i] ?? 8)).join("")}\n`);
  }
}

async function measure(folder: string, exports: readonly MadeExport[]): Promise<{ importer: SourcesReport; database: SourcesReport }> {
  const dataDir = mkdtempSync(join(folder, "data-"));
  const uploads = exports.map(({ connector, path, records }) => {
    // As an upload lies: in a folder of its own, which is removed with it.
    const own = join(dataDir, `upload-${connector}`);
    mkdirSync(own);
    linkSync(path, join(own, basename(path)));
    return { connector, path: join(own, basename(path)), records };
  });
  const { DATABASE_URL: _unused, ...inherited } = process.env;
  const env = { ...inherited, CAUSEWAY_DATA_DIR: dataDir, CAUSEWAY_LOG_LEVEL: "error", NODE_ENV: "production" };
  const start = (role: "database" | "importer") =>
    fork(fileURLToPath(new URL("./sources-process.ts", import.meta.url)), [role], { env, execArgv: nodeFlags });
  const host = start("database");
  await answerOf(host, "ready");
  const worker = start("importer");
  worker.send({ uploads });
  const importer = await answerOf(worker, "report");
  host.send("stop");
  const database = await answerOf(host, "report");
  rmSync(dataDir, { recursive: true, force: true });
  if (!importer || !database) throw new Error("a process gave no report");
  return { importer, database };
}

function answerOf(child: ChildProcess, kind: "ready" | "report"): Promise<SourcesReport | undefined> {
  return new Promise((settle, reject) => {
    child.on("message", (message: { kind: string; report?: SourcesReport }) => {
      if (message.kind === kind) settle(message.report);
    });
    child.once("exit", (code) => reject(new Error(`a process ended with code ${code}`)));
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
