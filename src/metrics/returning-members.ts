import { sql } from "#core/database/database.ts";
import { addDays, bucketDays, daysBetween, todayOf } from "./days.ts";
import { defineMetric, type MetricParams } from "./define-metric.ts";
import { activeDays, countExcluded, firstDays, pageMembers } from "./people.ts";

export const returningMembers = defineMetric({
  id: "returning-members",
  version: 1,
  title: "Returning members",
  unit: "people",
  definition:
    "People active in the span who had been seen before it began. Active members are exactly the newcomers and the returning. In a chart each bucket is its own span.",
  exclusions: "Bots and our own team.",
  serves: "Whether people stay: a community of newcomers alone is a queue.",

  async run(ctx, params) {
    const before = previousSpan(params);
    const rows = await ctx.db.rows<{ day: string; n: number }>(sql`
      WITH active AS MATERIALIZED (
        SELECT DISTINCT b.bucket, x.member_id FROM (SELECT d.day, i.member_id FROM ${activeDays(ctx, params)} AND i.kind = 'human') x
        JOIN ${bucketDays(params, todayOf(ctx), "date")} AS b(day, bucket) ON b.day = x.day
      ), known AS MATERIALIZED (
        SELECT a.bucket, a.member_id, f.first_day FROM active a JOIN ${firstDays(ctx, params)} f ON f.member_id = a.member_id
      ), earlier AS (SELECT DISTINCT i.member_id FROM ${activeDays(ctx, before)} AND i.kind = 'human'),
      current AS (SELECT DISTINCT member_id FROM active)
      SELECT bucket AS day, count(*) AS n FROM known WHERE first_day < bucket GROUP BY bucket
      UNION ALL SELECT 'total', count(DISTINCT member_id) FROM known WHERE first_day < ${params.from}
      UNION ALL SELECT 'previous', count(*) FROM earlier
      UNION ALL SELECT 'kept', count(*) FROM earlier JOIN current USING (member_id)`);
    const figure = (name: string) => rows.find(({ day }) => day === name)?.n ?? 0;
    const [total, previous, kept] = [figure("total"), figure("previous"), figure("kept")];
    const points = rows.filter(({ day }) => /^\d/.test(day));
    return {
      value: total,
      n: total,
      excluded: await countExcluded(ctx, params),
      points: points.map(({ day, n }) => ({ day, value: n, n })),
      emptyBucket: 0,
      parts: [
        {
          label: `Of those active from ${before.from} to ${before.to}, active again`,
          value: previous === 0 ? null : (100 * kept) / previous,
          n: previous,
          unit: "percent",
        },
      ],
    };
  },

  rows(ctx, params) {
    return pageMembers(ctx, {
      ...params,
      members: sql`
        SELECT a.member_id, a.last::timestamp AT TIME ZONE 'UTC' AS at, 'first seen ' || f.first_day AS value
        FROM (SELECT i.member_id, max(d.day) AS last FROM ${activeDays(ctx, params)} AND i.kind = 'human' GROUP BY i.member_id) a
        JOIN ${firstDays(ctx, params)} f ON f.member_id = a.member_id AND f.first_day < ${params.from}`,
    });
  },
});

/** The span of the same length right before. */
function previousSpan(params: MetricParams): MetricParams {
  return { ...params, from: addDays(params.from, -daysBetween(params.from, params.to)), to: addDays(params.from, -1) };
}
