import { rmSync } from "node:fs";
import { openRuntime } from "#app/runtime.ts";
import { sql } from "#core/database/database.ts";
import { type Founded, foundCommunity } from "./found-community.ts";
import { measureDerive } from "./measure-derive.ts";
import { measureGenerator, measureIngest, measureReimport } from "./measure-ingest.ts";
import { measurePages, measurePortal } from "./measure-pages.ts";
import { measureReads } from "./measure-reads.ts";
import type { CaseInput, CaseResult } from "./result.ts";

/**
 * One run in a process of its own, so that its memory is its own: the parent sets the data folder and the database in
 * the environment, sends the input and gets the result.
 */
async function runCase(input: CaseInput): Promise<CaseResult> {
  const wants = (stage: CaseInput["stages"][number]) => input.stages.includes(stage);
  const generate = wants("generate") ? measureGenerator(input) : undefined;
  const { founded, ...stored } = await fill(input);
  const result: CaseResult = { database: input.database, size: input.size, ...(generate ? { generate } : {}), ...stored };
  if (!wants("read") && !wants("pages") && !wants("portal")) return result;

  // Loaded late: measuring the ingest needs neither pages nor API.
  const { startServer } = await import("#app/server.ts");
  const server = await startServer({ role: "web", host: "127.0.0.1", port: "0" });
  try {
    if (wants("read")) result.read = await measureReads(server.runtime, founded);
    if (server.url === undefined) throw new Error("the web server has no address");
    if (wants("pages")) result.pages = await measurePages(server.url, founded);
    if (wants("portal")) result.portal = await measurePortal(server.url);
  } finally {
    await server.stop();
  }
  return result;
}

async function fill(input: CaseInput): Promise<Omit<CaseResult, "database" | "size"> & { founded: Founded }> {
  const wants = (stage: CaseInput["stages"][number]) => input.stages.includes(stage);
  const runtime = await openRuntime({ exclusive: true, unlimitedStatements: true });
  try {
    const founded = await foundCommunity(runtime);
    const { loaded, ...ingested } = await measureIngest(founded.ctxOf(runtime), input);
    const needsDerived = wants("derive") || wants("read") || wants("pages") || wants("portal");
    const derive = needsDerived ? await measureDerive(founded.ctxOf(runtime), loaded.counts.new.activities) : undefined;
    const reimport = wants("reimport")
      ? await measureReimport(founded.ctxOf(runtime), { ...input, firstSeconds: ingested.ingest.seconds })
      : undefined;
    const size = await runtime.db.first<{ bytes: number }>(sql`SELECT pg_database_size(current_database()) AS bytes`);
    return {
      founded,
      ...loaded.counts.new,
      ...ingested,
      ...(derive ? { derive } : {}),
      ...(reimport ? { reimport } : {}),
      databaseMb: Math.round((size?.bytes ?? 0) / 1e6),
    };
  } finally {
    await runtime.close();
  }
}

// Whether the result is delivered or the parent was stopped: nothing is left to do.
process.once("disconnect", () => process.exit());

process.once("message", (input: CaseInput) => {
  runCase(input).then(
    (result) => process.send?.({ result }, () => process.disconnect()),
    (error: unknown) => {
      process.stderr.write(`\n${error instanceof Error ? error.stack : String(error)}\n`);
      if (process.env.CAUSEWAY_DATA_DIR) rmSync(process.env.CAUSEWAY_DATA_DIR, { recursive: true, force: true });
      process.exit(1);
    },
  );
});
