import { type SQL, sql } from "#core/database/database.ts";
import { decodeCursor, type Page, toPage } from "#core/page.ts";
import { proseLimit } from "#core/text/prose.ts";
import { type Ctx, visibleTo } from "../access/index.ts";
import type { SignalKind } from "./text-rules.ts";

export const signalStates = ["suggested", "confirmed", "dismissed"] as const;
export type SignalState = (typeof signalStates)[number];

/** A signal with who said it, where, and why it was taken. */
export interface SignalRow {
  id: string;
  kind: SignalKind;
  state: SignalState;
  quote: string;
  /** The words around the quote; null when the original was edited since and no longer holds it. */
  context: { before: string; after: string } | null;
  author: { memberId: string; identityId: string; name: string; avatarUrl: string | null } | null;
  /** What the source shows in place of an author: `ghost`, `[deleted]`. */
  unattributed: string | null;
  thread: { id: string; title: string; ref: string | null } | null;
  activityId: string;
  channel: { id: string; name: string };
  source: { id: string; name: string };
  url: string | null;
  occurredAt: Date;
  rule: string;
  reason: string;
  confidence: number;
  /** Who decided last and when; null while it is only suggested. */
  decided: { by: string; at: Date } | null;
}

export interface SignalFilter {
  kind?: SignalKind;
  state?: SignalState;
  /** Words of the quote, case aside. */
  q?: string;
  sourceId?: string;
  threadId?: string;
  /** A member's id: only what its identities said. */
  memberId?: string;
  from?: Date;
  /** Exclusive. */
  to?: Date;
}

const contextChars = 240;

/** Signals, the newest first, each with the words around it. */
export async function listSignals(ctx: Ctx, input: SignalFilter & { after?: string; limit: number }): Promise<Page<SignalRow>> {
  const conditions = filterOf(ctx, input);
  if (input.after) {
    const [occurredAt, id] = decodeCursor(input.after, ["time", "id"]);
    conditions.push(sql`(s.occurred_at, s.id) < (${occurredAt}::timestamptz, ${id}::uuid)`);
  }
  const rows = await readRows(ctx, sql`${sql.join(conditions, sql` AND `)} ORDER BY s.occurred_at DESC, s.id DESC LIMIT ${input.limit + 1}`);
  return toPage(rows, input.limit, (row) => [row.occurredAt.toISOString(), row.id]);
}

/** One signal, or undefined when there is none that the viewer may see. */
export async function getSignal(ctx: Ctx, input: { signalId: string }): Promise<SignalRow | undefined> {
  const conditions = filterOf(ctx, {});
  const [row] = await readRows(ctx, sql`${sql.join(conditions, sql` AND `)} AND s.id = ${input.signalId}`);
  return row;
}

export interface SignalCount {
  kind: SignalKind;
  state: SignalState;
  n: number;
  /** Distinct members behind them: one loud person is one. */
  people: number;
}

/** How many signals there are of each kind and state, and from how many people. */
export function signalCounts(ctx: Ctx, input: Omit<SignalFilter, "kind" | "state"> = {}): Promise<SignalCount[]> {
  return ctx.db.rows<SignalCount>(sql`
    SELECT p.kind, p.state, sum(p.n)::bigint AS n, count(DISTINCT i.member_id) AS people
    FROM (
      SELECT s.kind, s.state, s.identity_id, count(*) AS n FROM signal s
      WHERE ${sql.join(filterOf(ctx, input), sql` AND `)} GROUP BY s.kind, s.state, s.identity_id
    ) p
    LEFT JOIN identity i ON i.community_id = ${ctx.community.id} AND i.id = p.identity_id
    GROUP BY p.kind, p.state ORDER BY p.kind, p.state`);
}

/**
 * How many signals wait for triage, for a menu: beyond the limit it is only «more than that», and costs no more.
 * @param limit where counting stops
 */
export async function countToTriageUpTo(ctx: Ctx, limit: number): Promise<number> {
  const row = await ctx.db.first<{ n: number }>(sql`
    SELECT count(*) AS n FROM (SELECT FROM signal s WHERE ${sql.join(filterOf(ctx, { state: "suggested" }), sql` AND `)} LIMIT ${limit}) counted`);
  return row?.n ?? 0;
}

function filterOf(ctx: Ctx, filter: SignalFilter): SQL[] {
  const conditions: SQL[] = [visibleTo(ctx, "s"), sql`s.withdrawn_at IS NULL`];
  if (filter.kind) conditions.push(sql`s.kind = ${filter.kind}`);
  if (filter.state) conditions.push(sql`s.state = ${filter.state}`);
  if (filter.q) conditions.push(sql`s.quote ILIKE ${`%${filter.q.replace(/[\\%_]/g, "\\$&")}%`}`);
  if (filter.sourceId) conditions.push(sql`s.source_id = ${filter.sourceId}`);
  if (filter.threadId) conditions.push(sql`s.thread_id = ${filter.threadId}`);
  if (filter.memberId) {
    conditions.push(sql`s.identity_id IN (SELECT id FROM identity WHERE community_id = ${ctx.community.id} AND member_id = ${filter.memberId})`);
  }
  if (filter.from) conditions.push(sql`s.occurred_at >= ${filter.from}`);
  if (filter.to) conditions.push(sql`s.occurred_at < ${filter.to}`);
  return conditions;
}

interface StoredRow extends Omit<SignalRow, "context" | "decided"> {
  decided: { by: string; at: string } | null;
  quoteStart: number;
  quoteEnd: number;
  body: string | null;
}

/** The activity is asked as well: its visibility may have been tightened a moment ago. */
async function readRows(ctx: Ctx, where: SQL): Promise<SignalRow[]> {
  const rows = await ctx.db.rows<StoredRow>(sql`
    WITH page AS MATERIALIZED (
      SELECT s.*, a.channel_id, a.unattributed, a.url, left(a.body, ${proseLimit}) AS body
      FROM signal s JOIN activity a ON a.community_id = s.community_id AND a.id = s.activity_id
      WHERE ${visibleTo(ctx, "a")} AND ${where}
    )
    SELECT s.id, s.kind, s.state, s.quote, s.quote_start AS "quoteStart", s.quote_end AS "quoteEnd", s.body, s.unattributed,
      CASE WHEN i.id IS NOT NULL THEN json_build_object('memberId', i.member_id, 'identityId', i.id,
        'name', coalesce(m.display_name, i.display_name, i.login, i.external_id), 'avatarUrl', i.avatar_url) END AS author,
      CASE WHEN t.id IS NOT NULL THEN json_build_object('id', t.id, 'title', t.title, 'ref', t.ref) END AS thread,
      s.activity_id AS "activityId", json_build_object('id', ch.id, 'name', ch.name) AS channel,
      json_build_object('id', src.id, 'name', src.name) AS source, coalesce(s.url, t.url) AS url, s.occurred_at AS "occurredAt",
      s.rule, s.reason, s.confidence, d.decided
    FROM page s
    JOIN channel ch ON ch.community_id = s.community_id AND ch.id = s.channel_id
    JOIN source src ON src.community_id = s.community_id AND src.id = s.source_id
    LEFT JOIN thread t ON t.community_id = s.community_id AND t.id = s.thread_id
    LEFT JOIN identity i ON i.community_id = s.community_id AND i.id = s.identity_id
    LEFT JOIN member m ON m.community_id = s.community_id AND m.id = i.member_id
    LEFT JOIN LATERAL (
      SELECT json_build_object('by', coalesce(u.name, d.author), 'at', d.at) AS decided
      FROM signal_decision d LEFT JOIN auth_user u ON u.id = d.author
      WHERE d.community_id = s.community_id AND (d.signal_id = s.id OR d.other_signal_id = s.id) AND d.undone_at IS NULL
      ORDER BY d.id DESC LIMIT 1
    ) d ON s.state <> 'suggested'
    ORDER BY s.occurred_at DESC, s.id DESC`);
  return rows.map(({ body, quoteStart, quoteEnd, decided, ...row }) => ({
    ...row,
    context: contextOf(body, row.quote, quoteStart, quoteEnd),
    decided: decided && { by: decided.by, at: new Date(decided.at) },
  }));
}

function contextOf(body: string | null, quote: string, start: number, end: number): SignalRow["context"] {
  if (end === 0) return { before: "", after: "" };
  if (body === null || body.slice(start, end) !== quote) return null;
  return { before: body.slice(Math.max(0, start - contextChars), start), after: body.slice(end, end + contextChars) };
}
