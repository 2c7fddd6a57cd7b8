import { sql } from "#core/database/database.ts";
import { type Ctx, visibleTo } from "#features/access/index.ts";
import type { MetricParams } from "./define-metric.ts";

/** The days that one source answers for. */
export interface CoveredSpan {
  sourceId: string;
  name: string;
  from: string;
  to: string;
}

/**
 * From when to when the sources answer for what happened. A file answers from its first to its last activity, a live
 * source up to its last successful pull; what lies outside is unknown, and unknown is not zero.
 */
export function coveredSpans(ctx: Ctx, input: { sourceId?: string }): Promise<CoveredSpan[]> {
  return ctx.db.rows<CoveredSpan>(sql`
    SELECT s.id AS "sourceId", s.name, held.first AS "from", greatest(held.last, pulled.last) AS "to"
    FROM source s
    JOIN (
      SELECT d.source_id, min(d.day) AS first, max(d.day) AS last FROM activity_day d WHERE ${visibleTo(ctx, "d")} GROUP BY d.source_id
    ) held ON held.source_id = s.id
    LEFT JOIN LATERAL (
      SELECT to_char(max(x.finished_at) AT TIME ZONE ${ctx.community.timeZone}, 'YYYY-MM-DD') AS last FROM sync x
      WHERE x.community_id = s.community_id AND x.source_id = s.id AND x.state = 'done' AND x.trigger IN ('schedule', 'manual', 'webhook')
    ) pulled ON true
    WHERE s.community_id = ${ctx.community.id} ${input.sourceId ? sql`AND s.id = ${input.sourceId}` : sql``}
    ORDER BY s.name, s.id`);
}

/** Whether some source covers any of these days. */
export function isCovered(spans: readonly CoveredSpan[], days: { from: string; to: string }): boolean {
  return spans.some(({ from, to }) => from <= days.to && to >= days.from);
}

/** Says in words what of a span is not covered; undefined when all of it is. */
export function describeCoverage(spans: readonly CoveredSpan[], params: MetricParams): string | undefined {
  const near = spans.filter((span) => isCovered([span], params));
  if (near.length === 0) return spans.length === 0 ? "No source holds anything yet." : "No source covers any day of this span.";
  const short = near.flatMap(({ name, from, to }) => {
    const parts = [...(from > params.from ? [`from ${from}`] : []), ...(to < params.to ? [`to ${to}`] : [])];
    return parts.length > 0 ? [`${name} only ${parts.join(" ")}`] : [];
  });
  const absent = spans.length - near.length;
  if (absent > 0) short.push(`${absent} ${absent === 1 ? "source covers" : "sources cover"} none of it`);
  return short.length > 0
    ? `Not all sources cover the whole span: ${short.slice(0, 4).join("; ")}${short.length > 4 ? `; and ${short.length - 4} more` : ""}.`
    : undefined;
}
