import { recordAt, setStage } from "#connectors/sample/generate.ts";
import { type LoadedSample, loadSample } from "#connectors/sample/load.ts";
import { parts, sampleSettings, worldOf } from "#connectors/sample/settings.ts";
import { threadCount } from "#connectors/sample/sizes.ts";
import { sql } from "#core/database/database.ts";
import type { Ctx } from "#features/access/index.ts";
import type { CaseInput, CaseResult } from "./result.ts";
import { say } from "./say.ts";
import { watchMemory } from "./watch-memory.ts";

/** The generator alone: how much of the ingest is not the ledger's. */
export function measureGenerator({ size, seed }: CaseInput): NonNullable<CaseResult["generate"]> {
  const world = worldOf(sampleSettings.parse({ activities: Math.min(size, 200_000), seed }), new Date());
  const started = performance.now();
  const stage = setStage(world);
  let activities = 0;
  for (const part of parts) {
    for (let index = 0; index < threadCount(world, part); index += 1) activities += recordAt(stage, part, index).payload.entries.length;
  }
  const seconds = (performance.now() - started) / 1000;
  return { seconds, perSecond: Math.round(activities / seconds) };
}

/** From the generator to committed rows. */
export async function measureIngest(ctx: Ctx, { size, seed }: CaseInput): Promise<Pick<CaseResult, "ingest" | "memory"> & { loaded: LoadedSample }> {
  const memory = watchMemory();
  let tenth = 1;
  const started = performance.now();
  const loaded = await loadSample(ctx, {
    activities: size,
    seed,
    onProgress: ({ done, total, ratePerSecond, counts }) => {
      say(
        `ingest ${counts.new.activities.toLocaleString("en")} activities, ${ratePerSecond.toLocaleString("en")}/s, ${Math.round((100 * done) / total)} %`,
      );
      for (; tenth < 10 && done / total >= tenth / 10; tenth += 1) memory.next();
    },
  });
  const seconds = (performance.now() - started) / 1000;
  const peaks = memory.stop();
  return {
    loaded,
    ingest: { seconds, perSecond: Math.round(loaded.counts.new.activities / seconds) },
    memory: { rssPerTenth: peaks.map(({ rss }) => rss), heapPerTenth: peaks.map(({ heap }) => heap) },
  };
}

/** All records again, from the first on: every one is held already. */
export async function measureReimport(
  ctx: Ctx,
  { size, seed, firstSeconds }: CaseInput & { firstSeconds: number },
): Promise<NonNullable<CaseResult["reimport"]>> {
  // The history's end is part of the cursor, so only the place is taken back.
  await ctx.db.execute(sql`UPDATE stream SET cursor = jsonb_set(cursor, '{next}', '0') WHERE community_id = ${ctx.community.id}`);
  const started = performance.now();
  const loaded = await loadSample(ctx, {
    activities: size,
    seed,
    onProgress: ({ done, total }) => say(`re-import ${Math.round((100 * done) / total)} %`),
  });
  const seconds = (performance.now() - started) / 1000;
  const { new: fresh, changed } = loaded.counts;
  if (fresh.activities + changed.activities > 0) throw new Error("a second import of the same records changed something");
  return { seconds, timesFaster: firstSeconds / seconds };
}
