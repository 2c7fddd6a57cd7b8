import { sql } from "#core/database/database.ts";
import { bucketDays, todayOf } from "./days.ts";
import { defineMetric } from "./define-metric.ts";
import { countExcluded, firstDays, pageMembers } from "./people.ts";

export const newcomers = defineMetric({
  id: "newcomers",
  version: 1,
  title: "Newcomers",
  unit: "people",
  definition: "People whose first activity that we know of lies in the span. With a source chosen: their first activity in that source.",
  exclusions: "Bots and our own team. Who was active before our record begins looks new in its first days.",
  serves: "Whether newcomers find us, and whom to welcome.",

  async run(ctx, params) {
    const points = await ctx.db.rows<{ day: string; n: number }>(sql`
      SELECT b.bucket AS day, count(*) AS n
      FROM ${firstDays(ctx, params)} f JOIN ${bucketDays(params, todayOf(ctx))} AS b(day, bucket) ON b.day = f.first_day
      GROUP BY b.bucket`);
    const total = points.reduce((sum, { n }) => sum + n, 0);
    return {
      value: total,
      n: total,
      excluded: await countExcluded(ctx, params),
      points: points.map(({ day, n }) => ({ day, value: n, n })),
      emptyBucket: 0,
    };
  },

  rows(ctx, params) {
    return pageMembers(ctx, {
      ...params,
      members: sql`SELECT f.member_id, f.first_at AS at, 'first seen ' || f.first_day AS value FROM ${firstDays(ctx, params)} f
                   WHERE f.first_day BETWEEN ${params.from} AND ${params.to}`,
    });
  },
});
