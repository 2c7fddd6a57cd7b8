import { sql } from "#core/database/database.ts";
import { bucketDays, todayOf } from "./days.ts";
import { defineMetric } from "./define-metric.ts";
import { askedByCommunity, countExcludedQuestions, openedDay, pageQuestions, questionsIn } from "./questions.ts";

const unanswered = sql`t.question = 'unanswered'`;

export const shareUnanswered = defineMetric({
  id: "share-unanswered",
  version: 1,
  title: "Share unanswered",
  unit: "percent",
  definition:
    "Of the questions opened in the span, the share that no human other than the asker has answered to this day, and that nobody marked as solved.",
  exclusions: "Questions opened by bots and by our own team. Replies by bots and by the asker are no answers.",
  serves: "Where help is missing; the list behind it is the work.",

  async run(ctx, params) {
    const rows = await ctx.db.rows<{ day: string; n: number; open: number }>(sql`
      SELECT b.bucket AS day, count(*) AS n, count(*) FILTER (WHERE q.open) AS open
      FROM (SELECT ${openedDay(ctx)} AS day, ${unanswered} AS open FROM ${questionsIn(ctx, params)} ${askedByCommunity}) q
      JOIN ${bucketDays(params, todayOf(ctx))} AS b(day, bucket) ON b.day = q.day
      GROUP BY b.bucket`);
    const n = rows.reduce((sum, row) => sum + row.n, 0);
    const open = rows.reduce((sum, row) => sum + row.open, 0);
    return {
      value: n === 0 ? null : (100 * open) / n,
      n,
      ...(n === 0 && { note: "No questions were opened in this span." }),
      excluded: await countExcludedQuestions(ctx, params),
      points: rows.map((row) => ({ day: row.day, value: (100 * row.open) / row.n, n: row.n })),
      emptyBucket: null,
      parts: [
        { label: "Unanswered", value: open, n, unit: "threads" },
        { label: "Answered or solved", value: n - open, n, unit: "threads" },
      ],
    };
  },

  rows(ctx, params) {
    return pageQuestions(ctx, {
      ...params,
      where: sql`AND ${unanswered}`,
      value: sql`CASE WHEN t.state = 'closed' THEN 'closed without an answer' ELSE 'waiting' END`,
    });
  },
});
