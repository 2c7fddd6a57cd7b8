import { type SQL, sql } from "#core/database/database.ts";
import { decodeCursor, type Page, toPage } from "#core/page.ts";
import { type Ctx, visibleTo } from "#features/access/index.ts";
import { spanMoments } from "./days.ts";
import type { MetricParams, MetricRow } from "./define-metric.ts";

/** Questions opened in a span, as the body of a FROM clause: `t` is the thread, `o` who opened it (may be null). */
export function questionsIn(ctx: Ctx, params: MetricParams): SQL {
  const span = spanMoments(ctx, params);
  return sql`thread t LEFT JOIN identity o ON o.community_id = t.community_id AND o.id = t.opener_id
    WHERE ${visibleTo(ctx, "t")} AND t.deleted_at IS NULL AND t.question <> 'none' AND t.opened_at >= ${span.from} AND t.opened_at < ${span.to}
      ${params.sourceId ? sql`AND t.source_id = ${params.sourceId}` : sql``}`;
}

/** Those that the community asked: not bots, not the team; who cannot be named any more still asked. */
export const askedByCommunity = sql`AND coalesce(o.kind, 'human') = 'human'`;

/** The day on which a question was opened, in the community's time zone. */
export function openedDay(ctx: Ctx): SQL {
  return sql`to_char(t.opened_at AT TIME ZONE ${ctx.community.timeZone}, 'YYYY-MM-DD')`;
}

/** How many questions of the span were asked by bots and by the team. */
export async function countExcludedQuestions(ctx: Ctx, params: MetricParams): Promise<{ what: string; n: number }[]> {
  const row = await ctx.db.first<{ bots: number; team: number }>(sql`
    SELECT count(*) FILTER (WHERE o.kind = 'bot') AS bots, count(*) FILTER (WHERE o.kind = 'team') AS team FROM ${questionsIn(ctx, params)}`);
  return [
    { what: "questions opened by bots", n: row?.bots ?? 0 },
    { what: "questions opened by the team", n: row?.team ?? 0 },
  ];
}

/**
 * A page of the questions behind a figure, the latest first.
 * @param input.value what the row says, as SQL text over `t`
 */
export async function pageQuestions(
  ctx: Ctx,
  input: MetricParams & { value: SQL; where?: SQL; after?: string; limit: number },
): Promise<Page<MetricRow>> {
  const [at, id] = input.after ? decodeCursor(input.after, ["time", "id"]) : [];
  const rows = await ctx.db.rows<MetricRow & { key: string }>(sql`
    SELECT 'thread' AS kind, t.id, t.title, t.opened_at AS at, t.opened_at::text AS key, ${input.value} AS value
    FROM ${questionsIn(ctx, input)} ${askedByCommunity} ${input.where ?? sql``}
      ${input.after ? sql`AND (t.opened_at, t.id) < (${at}::text::timestamptz, ${id}::uuid)` : sql``}
    ORDER BY t.opened_at DESC, t.id DESC LIMIT ${input.limit + 1}`);
  const page = toPage(rows, input.limit, (row) => [row.key, row.id]);
  return { rows: page.rows.map(({ key: _, ...row }) => row), next: page.next };
}
