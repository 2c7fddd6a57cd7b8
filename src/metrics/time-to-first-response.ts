import { sql } from "#core/database/database.ts";
import { bucketDays, todayOf } from "./days.ts";
import { defineMetric, type MetricPart } from "./define-metric.ts";
import { happenedCurve, survivalCurve, timeUntil, type Waiting } from "./kaplan-meier.ts";
import { askedByCommunity, countExcludedQuestions, openedDay, pageQuestions, questionsIn } from "./questions.ts";

/** How a question's wait ended: by whom it was answered first, or not at all so far. */
type Outcome = "team" | "peer" | "waiting";
type Wait = { hours: number; outcome: Outcome };

export const timeToFirstResponse = defineMetric({
  id: "time-to-first-response",
  version: 1,
  title: "Time to first response",
  unit: "hours",
  definition:
    "After how many hours half of the questions opened in the span have had a reply by a human other than the asker. Questions still waiting count as waiting at least so long (Kaplan–Meier), so that the figure does not look better the more we leave unanswered.",
  exclusions: "Questions opened by bots and by our own team. Replies by bots and by the asker, and reactions, are no responses.",
  serves: "Whether people wait for us too long, and whether peers or the team answer first.",

  async run(ctx, params) {
    const rows = await ctx.db.rows<{ day: string; outcome: Outcome; hours: number[] }>(sql`
      SELECT b.bucket AS day, q.outcome, json_agg(q.hours) AS hours
      FROM (
        SELECT ${openedDay(ctx)} AS day,
               CASE WHEN t.first_response_at IS NULL THEN 'waiting' WHEN t.first_response_by = 'team' THEN 'team' ELSE 'peer' END AS outcome,
               round(extract(epoch FROM greatest(coalesce(t.first_response_at, t.closed_at, ${ctx.clock.now()}::timestamptz) - t.opened_at, '0')) / 3600, 3)::float8 AS hours
        FROM ${questionsIn(ctx, params)} ${askedByCommunity}
      ) q
      JOIN ${bucketDays(params, todayOf(ctx))} AS b(day, bucket) ON b.day = q.day
      GROUP BY b.bucket, q.outcome`);
    const waits = (of: typeof rows): Wait[] => of.flatMap(({ outcome, hours }) => hours.map((each) => ({ hours: each, outcome })));
    const all = waits(rows);
    const curve = survivalCurve(asWaitings(all));
    const median = timeUntil(curve, 0.5);
    return {
      value: median,
      n: curve.n,
      ...(median === null && { note: describeMissing(curve.n, curve.events) }),
      excluded: await countExcludedQuestions(ctx, params),
      points: [...Map.groupBy(rows, ({ day }) => day)].map(([day, of]) => {
        const bucket = survivalCurve(asWaitings(waits(of)));
        return { day, value: timeUntil(bucket, 0.5), n: bucket.n };
      }),
      emptyBucket: null,
      parts: describeParts(all),
      curve: happenedCurve(curve),
    };
  },

  rows(ctx, params) {
    return pageQuestions(ctx, {
      ...params,
      value: sql`CASE WHEN t.first_response_at IS NULL
        THEN CASE WHEN t.closed_at IS NULL THEN 'still waiting' ELSE 'closed without a response' END
        ELSE round(extract(epoch FROM greatest(t.first_response_at - t.opened_at, '0')) / 3600, 1) || ' hours, ' ||
             CASE WHEN t.first_response_by = 'team' THEN 'by the team' ELSE 'by a peer' END END`,
    });
  },
});

function asWaitings(waits: readonly Wait[], by?: Outcome): Waiting[] {
  return waits.map(({ hours, outcome }) => ({ hours, happened: by === undefined ? outcome !== "waiting" : outcome === by }));
}

function describeMissing(n: number, answered: number): string {
  if (n === 0) return "No questions were opened in this span.";
  return `Fewer than half of the ${n} questions have been answered for certain (${answered} so far), so nobody can say yet when half of them will be.`;
}

function describeParts(waits: readonly Wait[]): MetricPart[] {
  const n = waits.length;
  const curve = survivalCurve(asWaitings(waits));
  const count = (of: Outcome) => waits.filter(({ outcome }) => outcome === of).length;
  const share = (of: Outcome) => (n === 0 ? null : (100 * count(of)) / n);
  return [
    { label: "A quarter answered within", value: timeUntil(curve, 0.25), n, unit: "hours" },
    { label: "Three quarters answered within", value: timeUntil(curve, 0.75), n, unit: "hours" },
    { label: "Answered first by the team", value: share("team"), n: count("team"), unit: "percent" },
    { label: "Answered first by peers", value: share("peer"), n: count("peer"), unit: "percent" },
    { label: "Without a response so far", value: share("waiting"), n: count("waiting"), unit: "percent" },
    // Where the other side was faster we only know that this side had not answered by then: censored at that time.
    {
      label: "Half answered by the team within (peers’ earlier answers censored)",
      value: timeUntil(survivalCurve(asWaitings(waits, "team")), 0.5),
      n: count("team"),
      unit: "hours",
    },
    {
      label: "Half answered by peers within (the team’s earlier answers censored)",
      value: timeUntil(survivalCurve(asWaitings(waits, "peer")), 0.5),
      n: count("peer"),
      unit: "hours",
    },
  ];
}
