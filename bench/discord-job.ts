import { discord } from "#connectors/discord/index.ts";
import { systemClock } from "#core/clock.ts";
import type { CoreContext } from "#core/context.ts";
import { createLogger } from "#core/log.ts";

/** What a process of its own is to do with an export. */
export interface DiscordJob {
  path: string;
  /** Read and normalise only, or store into the database that the environment names. */
  store: boolean;
}

export interface DiscordJobResult {
  seconds: number;
  /** Storing without the check beforehand is not offered: both passes count. */
  activities: number;
  warnings: number;
  idleMb: number;
  peakMb: number;
}

async function run(job: DiscordJob): Promise<DiscordJobResult> {
  return job.store ? await store(job.path) : await parse(job.path);
}

/** Checks the file, reads it and normalises every record, and keeps none. */
async function parse(path: string): Promise<DiscordJobResult> {
  const { identifyFile, importFile } = discord;
  if (!identifyFile || !importFile) throw new Error("Discord takes files");
  const settings = discord.settings.parse({});
  const ctx = { clock: systemClock, log: createLogger({ level: "silent" }) } as CoreContext; // reading a file needs no database
  const input = { path, head: Buffer.alloc(0), settings, signal: new AbortController().signal };
  const idle = process.memoryUsage().rss;
  const started = performance.now();
  const { noted } = await identifyFile(ctx, input);
  let activities = 0;
  let warnings = 0;
  for await (const chunk of importFile(ctx, { ...input, noted })) {
    for (const record of chunk.records) activities += discord.normalize(record, settings).activities.length;
    warnings += (chunk.warnings?.length ?? 0) + (chunk.rejected?.length ?? 0);
  }
  return { seconds: (performance.now() - started) / 1000, activities, warnings, ...memory(idle) };
}

async function store(path: string): Promise<DiscordJobResult> {
  const { openRuntime } = await import("#app/runtime.ts");
  const { runImport } = await import("#features/ledger/index.ts");
  const { foundCommunity } = await import("./found-community.ts");
  const runtime = await openRuntime({ exclusive: true, unlimitedStatements: true });
  try {
    const founded = await foundCommunity(runtime);
    const idle = process.memoryUsage().rss;
    const started = performance.now();
    const outcome = await runImport(founded.ctxOf(runtime), { connector: discord, path });
    const seconds = (performance.now() - started) / 1000;
    return { seconds, activities: outcome.counts.new.activities, warnings: outcome.rejected, ...memory(idle) };
  } finally {
    await runtime.close();
  }
}

function memory(idle: number): Pick<DiscordJobResult, "idleMb" | "peakMb"> {
  // maxRSS is in kilobytes.
  return { idleMb: Math.round(idle / 1e6), peakMb: Math.round((process.resourceUsage().maxRSS * 1024) / 1e6) };
}

process.once("message", (job: DiscordJob) => {
  run(job).then(
    (result) => process.send?.({ result }, () => process.disconnect()),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
});
