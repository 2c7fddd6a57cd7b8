import { json, type SQL, sql } from "#core/database/database.ts";
import { type Ctx, viewerLevel, visibilityRank } from "#features/access/index.ts";
import { coverSources, describeCoverage, isCovered } from "./coverage.ts";
import { bucketsOf, checkSpan, todayOf } from "./days.ts";
import type { Metric, MetricFigures, MetricParams, MetricPoint, MetricValue } from "./define-metric.ts";

/** While things change, a figure is computed at most this often. */
const restlessSeconds = 60;
/** Also when nothing changes: waiting times grow by themselves. */
const restfulSeconds = 3600;
/** Consumers follow an ingest; a figure computed so soon after a change may not hold all of it. */
const settlingSeconds = 120;
const keptDays = 7;
/** Of the shape of what is kept: raising it leaves older figures unread. */
const shape = 2;

/** A figure with the moment at which it was computed. */
export interface MetricReading {
  metric: Metric;
  params: MetricParams;
  value: MetricValue;
  asOf: Date;
}

/**
 * A metric's figure, from the cache while that is fresh enough: at most a minute old while data comes in, else at
 * most an hour and never older than the last change. `asOf` says how old it is.
 * @param input.maxAgeSeconds asks for a fresher one; 0 computes it now
 * @param input.allowStale takes what is held at once, however old, and has it computed anew behind the reader's back
 * @throws AppError `invalid_input`
 */
export async function readFigure(
  ctx: Ctx,
  metric: Metric,
  input: { params: MetricParams; maxAgeSeconds?: number; allowStale?: boolean },
): Promise<MetricReading> {
  checkSpan(input.params);
  const { from, to, sourceId } = input.params;
  const params: MetricParams = sourceId ? { from, to, sourceId } : { from, to };
  const { value, asOf } = await readKept<MetricValue>(ctx, {
    ...input,
    name: metric.id,
    version: metric.version * 1000 + shape,
    params,
    compute: () => computeMetric(ctx, metric, params),
  });
  return { metric, params, value, asOf };
}

export interface KeptReading<T> {
  /** What is kept, with the version of its shape: another version is another thing. */
  name: string;
  version: number;
  params: object;
  compute: () => Promise<T>;
  maxAgeSeconds?: number;
  allowStale?: boolean;
}

/**
 * Anything that is costly to count, kept as JSON like a metric's figure and by the same rules of freshness, apart for
 * viewers who see less.
 */
export async function readKept<T>(ctx: Ctx, input: KeptReading<T>): Promise<{ value: T; asOf: Date }> {
  const now = ctx.clock.now();
  const change = await lastChange(ctx);
  const place = sql`community_id = ${ctx.community.id} AND metric = ${input.name} AND version = ${input.version}
    AND params = ${JSON.stringify(input.params)} AND level = ${visibilityRank(viewerLevel(ctx.viewer))}`;
  const held = await ctx.db.first<{ value: T; computedAt: Date; settled: boolean }>(
    sql`SELECT value, computed_at AS "computedAt", settled FROM metric_snapshot WHERE ${place}`,
  );
  if (held) {
    const ageSeconds = (now.getTime() - held.computedAt.getTime()) / 1000;
    const unchanged = held.settled && (change.at === null || held.computedAt.getTime() - change.at.getTime() >= settlingSeconds * 1000);
    const isFresh =
      ageSeconds >= 0 && ageSeconds < Math.min(input.maxAgeSeconds ?? Number.POSITIVE_INFINITY, unchanged ? restfulSeconds : restlessSeconds);
    if (!isFresh && input.allowStale) {
      refresh(ctx, { ...input, place, pending: change.pending }).catch((error: unknown) =>
        ctx.log.warn({ err: error, figure: input.name }, "a figure could not be computed anew; the older one stays"),
      );
    }
    if (isFresh || input.allowStale) return { value: held.value, asOf: held.computedAt };
  }
  return { value: await computeAndKeep(ctx, { ...input, pending: change.pending }), asOf: now };
}

/** Computes a figure anew unless somebody else is at it: a hundred readers of a stale figure cost one computation. */
async function refresh<T>(ctx: Ctx, input: KeptReading<T> & { place: SQL; pending: boolean }): Promise<void> {
  const now = ctx.clock.now();
  const claimed = await ctx.db.execute(sql`
    UPDATE metric_snapshot SET refreshing_at = ${now}
    WHERE ${input.place} AND (refreshing_at IS NULL OR refreshing_at < ${now}::timestamptz - make_interval(secs => ${restlessSeconds}))`);
  if (claimed > 0) await computeAndKeep(ctx, input);
}

async function computeAndKeep<T>(ctx: Ctx, input: KeptReading<T> & { pending: boolean }): Promise<T> {
  const now = ctx.clock.now();
  const value = await input.compute();
  await ctx.db.execute(sql`
    INSERT INTO metric_snapshot (community_id, metric, version, params, level, value, computed_at, settled)
    VALUES (${ctx.community.id}, ${input.name}, ${input.version}, ${JSON.stringify(input.params)}, ${visibilityRank(viewerLevel(ctx.viewer))},
            ${json(value)}, ${now}, ${!input.pending})
    ON CONFLICT (community_id, metric, version, params, level) DO UPDATE
      SET value = excluded.value, computed_at = excluded.computed_at, settled = excluded.settled`);
  await ctx.db.execute(sql`
    DELETE FROM metric_snapshot WHERE community_id = ${ctx.community.id} AND computed_at < ${now}::timestamptz - make_interval(days => ${keptDays})`);
  return value;
}

async function computeMetric(ctx: Ctx, metric: Metric, params: MetricParams): Promise<MetricValue> {
  const { sources, figures: all } = await ctx.db.transaction(async (tx) => {
    // Distinct people of a year fit into memory; with the server's default they would be sorted on disk.
    await tx.execute(sql`SET LOCAL work_mem = '64MB'`);
    const inTx: Ctx = { ...ctx, db: tx };
    return { sources: await coverSources(inTx, params), figures: await metric.run(inTx, params) };
  });
  const { emptyBucket, points, ...figures } = all;
  const coverage = describeCoverage(sources, params);
  const covered = isCovered(sources, params);
  return {
    ...figures,
    ...(!covered && figures.n === 0 ? { value: null, note: coverage.coverage ?? "No source covers any day of this span." } : {}),
    ...coverage,
    points: fillBuckets(
      { points, emptyBucket },
      bucketsOf(params, todayOf(ctx)).map((bucket) => ({ ...bucket, covered: isCovered(sources, { from: bucket.day, to: bucket.last }) })),
    ),
  };
}

function fillBuckets(
  figures: Pick<MetricFigures, "points" | "emptyBucket">,
  buckets: readonly { day: string; partial: boolean; covered: boolean }[],
): MetricPoint[] {
  const bySeries = Map.groupBy(figures.points, ({ series }) => series);
  if (bySeries.size === 0) bySeries.set(undefined, []);
  return [...bySeries]
    .sort(([x = ""], [y = ""]) => (x < y ? -1 : 1))
    .flatMap(([series, points]) => {
      const byDay = new Map(points.map((point) => [point.day, point]));
      return buckets.map(({ day, partial, covered }) => {
        const found = byDay.get(day);
        return {
          day,
          value: found ? found.value : covered ? figures.emptyBucket : null,
          n: found?.n ?? 0,
          ...(series !== undefined && { series }),
          ...(partial && { partial }),
          ...(!covered && { uncovered: true }),
        };
      });
    });
}

/** When what we hold last changed, and whether something is still being derived from it. */
async function lastChange(ctx: Ctx): Promise<{ at: Date | null; pending: boolean }> {
  const communityId = ctx.community.id;
  const row = await ctx.db.first<{ at: Date | null; pending: boolean }>(sql`
    SELECT greatest(
             (SELECT max(coalesce(s.finished_at, s.heartbeat_at, s.started_at)) FROM sync s WHERE s.community_id = ${communityId}),
             (SELECT e.at FROM audit_entry e WHERE e.community_id = ${communityId} ORDER BY e.id DESC LIMIT 1),
             (SELECT o.created_at FROM outbox o WHERE o.community_id = ${communityId} ORDER BY o.id DESC LIMIT 1)
           ) AS at,
           EXISTS (SELECT FROM outbox o WHERE o.community_id = ${communityId}) AS pending`);
  return row ?? { at: null, pending: false };
}
