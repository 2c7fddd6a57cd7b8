import { sql } from "#core/database/database.ts";
import { bucketDays, todayOf } from "./days.ts";
import { defineMetric } from "./define-metric.ts";
import { activeDays, countExcluded, pageMembers } from "./people.ts";

export const activeMembers = defineMetric({
  id: "active-members",
  version: 1,
  title: "Active members",
  unit: "people",
  definition:
    "People of the community who did at least one thing in the span: asked, answered, wrote, reviewed, committed. One person counts once, whatever accounts they use.",
  exclusions: "Bots and our own team. Activity without a known author is counted, but is nobody.",
  serves: "Whether the community grows or shrinks, and whether what we did last season reached anybody.",

  async run(ctx, params) {
    const rows = await ctx.db.rows<{ day: string | null; n: number }>(sql`
      WITH active AS (
        SELECT DISTINCT b.bucket, a.member_id
        FROM (SELECT d.day, i.member_id FROM ${activeDays(ctx, params)} AND i.kind = 'human') a
        JOIN ${bucketDays(params, todayOf(ctx), "date")} AS b(day, bucket) ON b.day = a.day
      )
      SELECT bucket AS day, count(*) AS n FROM active GROUP BY bucket
      UNION ALL SELECT NULL, count(DISTINCT member_id) FROM active`);
    const total = rows.find(({ day }) => day === null)?.n ?? 0;
    return {
      value: total,
      n: total,
      excluded: await countExcluded(ctx, params),
      points: rows.flatMap(({ day, n }) => (day === null ? [] : [{ day, value: n, n }])),
      emptyBucket: 0,
    };
  },

  rows(ctx, params) {
    return pageMembers(ctx, {
      ...params,
      members: sql`
        SELECT i.member_id, max(d.day)::timestamp AT TIME ZONE 'UTC' AS at,
               count(DISTINCT d.day) || CASE WHEN count(DISTINCT d.day) = 1 THEN ' active day, ' ELSE ' active days, ' END
               || sum(d.count) || CASE WHEN sum(d.count) = 1 THEN ' activity' ELSE ' activities' END AS value
        FROM ${activeDays(ctx, params)} AND i.kind = 'human' GROUP BY i.member_id`,
    });
  },
});
