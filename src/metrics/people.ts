import { type SQL, sql } from "#core/database/database.ts";
import { decodeCursor, type Page, toPage } from "#core/page.ts";
import { type Ctx, visibleTo } from "#features/access/index.ts";
import type { MetricParams, MetricRow } from "./define-metric.ts";

/**
 * Who was active on which days of a span, as the body of a FROM clause: `d` is the day's row, `i` the identity.
 * Bots and the team are told by `i.kind`.
 */
export function activeDays(ctx: Ctx, params: MetricParams): SQL {
  return sql`member_day d JOIN identity i ON i.community_id = d.community_id AND i.id = d.identity_id
    WHERE ${visibleTo(ctx, "d")} AND d.day BETWEEN ${params.from}::date AND ${params.to}::date ${params.sourceId ? sql`AND d.source_id = ${params.sourceId}` : sql``}`;
}

/**
 * When each member was first seen, as a subquery with `member_id` and `first_day`: anywhere, or in the one source
 * that is asked for.
 */
export function firstDays(ctx: Ctx, params: MetricParams): SQL {
  return sql`(
    SELECT i.member_id, min(t.first_at) AS first_at, to_char(min(t.first_at) AT TIME ZONE ${ctx.community.timeZone}, 'YYYY-MM-DD') AS first_day
    FROM identity_activity t JOIN identity i ON i.community_id = t.community_id AND i.id = t.identity_id
    WHERE ${visibleTo(ctx, "t")} AND i.kind = 'human' ${params.sourceId ? sql`AND t.source_id = ${params.sourceId}` : sql``}
    GROUP BY i.member_id)`;
}

/** How many bots and team members were active, and how much nobody can be named for. */
export async function countExcluded(ctx: Ctx, params: MetricParams): Promise<{ what: string; n: number }[]> {
  const people = await ctx.db.rows<{ kind: string; n: number }>(sql`
    SELECT k.kind, count(*) AS n FROM (SELECT DISTINCT i.kind, i.member_id FROM ${activeDays(ctx, params)} AND i.kind <> 'human') k GROUP BY k.kind`);
  const unnamed = await ctx.db.first<{ n: number }>(sql`
    SELECT coalesce(sum(d.count), 0)::int AS n FROM activity_day d
    WHERE ${visibleTo(ctx, "d")} AND d.author_kind = 'unattributed' AND d.day BETWEEN ${params.from} AND ${params.to}
      ${params.sourceId ? sql`AND d.source_id = ${params.sourceId}` : sql``}`);
  const of = (kind: string) => people.find((row) => row.kind === kind)?.n ?? 0;
  return [
    { what: "bots", n: of("bot") },
    { what: "team members", n: of("team") },
    { what: "activities without a known author", n: unnamed?.n ?? 0 },
  ];
}

/**
 * A page of members behind a figure.
 * @param input.members a query with `member_id`, `at` (timestamptz to sort by) and `value` (text)
 */
export async function pageMembers(ctx: Ctx, input: { members: SQL; after?: string; limit: number }): Promise<Page<MetricRow>> {
  const [at, id] = input.after ? decodeCursor(input.after, ["time", "id"]) : [];
  const rows = await ctx.db.rows<MetricRow & { key: string }>(sql`
    WITH page AS (
      SELECT p.member_id, p.at, p.value FROM (${input.members}) p
      ${input.after ? sql`WHERE (p.at, p.member_id) < (${at}::text::timestamptz, ${id}::uuid)` : sql``}
      ORDER BY p.at DESC, p.member_id DESC LIMIT ${input.limit + 1}
    )
    SELECT 'member' AS kind, p.member_id AS id, m.display_name AS title, p.at, p.at::text AS key, p.value
    FROM page p JOIN member m ON m.community_id = ${ctx.community.id} AND m.id = p.member_id
    ORDER BY p.at DESC, p.member_id DESC`);
  const page = toPage(rows, input.limit, (row) => [row.key, row.id]);
  return { rows: page.rows.map(({ key: _, ...row }) => row), next: page.next };
}
