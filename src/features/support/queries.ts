import { type SQL, sql } from "#core/database/database.ts";
import { decodeCursor, type Page, toPage } from "#core/page.ts";
import { type Ctx, visibleTo } from "../access/index.ts";
import { wordKinds } from "./thread-facts.ts";

/** A thread whose asker waits for us. */
export interface WaitingRow {
  id: string;
  ref: string | null;
  title: string;
  url: string | null;
  kind: string;
  channel: { id: string; name: string };
  source: { id: string; name: string };
  asker: { memberId: string; identityId: string; name: string; avatarUrl: string | null } | null;
  question: "unanswered" | "answered";
  reason: string;
  waitingSince: Date;
  openedAt: Date;
  /** Whether somebody answered before and the asker came back. */
  askedAgain: boolean;
  /** The words that wait: of the opening, or of the asker's return. At most 400 characters. */
  excerpt: string;
}

/**
 * Threads that wait on us, those that wait longest first.
 * @param input.sort `latest` begins with those who asked last
 * @param input.from only those waiting since this moment or later: an archive's old questions wait for ever
 */
export async function listWaiting(
  ctx: Ctx,
  input: { sourceId?: string; from?: Date; sort?: "longest" | "latest"; after?: string; limit: number },
): Promise<Page<WaitingRow>> {
  const latest = input.sort === "latest";
  const conditions: SQL[] = [visibleTo(ctx, "t"), sql`t.waiting_since IS NOT NULL AND t.deleted_at IS NULL`];
  if (input.sourceId) conditions.push(sql`t.source_id = ${input.sourceId}`);
  if (input.from) conditions.push(sql`t.waiting_since >= ${input.from}`);
  if (input.after) {
    const [since, id] = decodeCursor(input.after, ["time", "id"]);
    conditions.push(sql`(t.waiting_since, t.id) ${latest ? sql`<` : sql`>`} (${since}::timestamptz, ${id}::uuid)`);
  }
  const order = latest ? sql`t.waiting_since DESC, t.id DESC` : sql`t.waiting_since, t.id`;
  const rows = await ctx.db.rows<WaitingRow>(sql`
    WITH page AS MATERIALIZED (
      SELECT * FROM thread t WHERE ${sql.join(conditions, sql` AND `)} ORDER BY ${order} LIMIT ${input.limit + 1}
    )
    SELECT t.id, t.ref, t.title, t.url, t.kind,
      json_build_object('id', ch.id, 'name', ch.name) AS channel, json_build_object('id', s.id, 'name', s.name) AS source,
      CASE WHEN i.id IS NOT NULL THEN json_build_object('memberId', i.member_id, 'identityId', i.id,
        'name', coalesce(m.display_name, i.display_name, i.login, i.external_id), 'avatarUrl', i.avatar_url) END AS asker,
      t.question, t.question_reason AS reason, t.waiting_since AS "waitingSince", t.opened_at AS "openedAt",
      t.waiting_since > t.opened_at AND t.first_response_at IS NOT NULL AS "askedAgain", coalesce(left(w.body, 400), '') AS excerpt
    FROM page t
    JOIN channel ch ON ch.community_id = t.community_id AND ch.id = t.channel_id
    JOIN source s ON s.community_id = t.community_id AND s.id = t.source_id
    LEFT JOIN identity i ON i.community_id = t.community_id AND i.id = t.opener_id
    LEFT JOIN member m ON m.community_id = t.community_id AND m.id = i.member_id
    LEFT JOIN LATERAL (
      SELECT a.body FROM activity a
      WHERE a.thread_id = t.id AND a.occurred_at >= t.waiting_since AND a.deleted_at IS NULL AND a.kind IN (${wordKindList})
        AND ${visibleTo(ctx, "a")}
      ORDER BY a.occurred_at, a.id LIMIT 1
    ) w ON true
    ORDER BY ${order}`);
  return toPage(rows, input.limit, (row) => [row.waitingSince.toISOString(), row.id]);
}

const wordKindList = sql.join(
  wordKinds.map((kind) => sql`${kind}`),
  sql`, `,
);

export interface QuestionCounts {
  unanswered: number;
  answered: number;
  solved: number;
  /** Open questions whose asker waits for a word of ours. */
  waiting: number;
  /** Since when the one that waits longest does. */
  longestSince: Date | null;
}

/** How many threads ask, by how they stand. */
export async function questionCounts(ctx: Ctx, input: { sourceId?: string } = {}): Promise<QuestionCounts> {
  const those = sql`${visibleTo(ctx, "t")} AND t.deleted_at IS NULL AND ${input.sourceId ? sql`t.source_id = ${input.sourceId}` : sql`true`}`;
  // Two counts, each from an index of its own: one over all threads would read the whole table.
  const states = await ctx.db.rows<{ question: "unanswered" | "answered" | "solved"; n: number }>(sql`
    SELECT t.question, count(*) AS n FROM thread t WHERE ${those} AND t.question <> 'none' GROUP BY t.question`);
  const waiting = await ctx.db.first<{ n: number; since: Date | null }>(sql`
    SELECT count(*) AS n, min(t.waiting_since) AS since FROM thread t WHERE ${those} AND t.waiting_since IS NOT NULL`);
  const count = (state: string) => states.find((row) => row.question === state)?.n ?? 0;
  return {
    unanswered: count("unanswered"),
    answered: count("answered"),
    solved: count("solved"),
    waiting: waiting?.n ?? 0,
    longestSince: waiting?.since ?? null,
  };
}

/**
 * How many threads wait, for a menu: beyond the limit it is only «more than that», and costs no more.
 * @param limit where counting stops
 */
export async function countWaitingUpTo(ctx: Ctx, limit: number): Promise<number> {
  // In order, so that the index of waiting threads is walked: where many wait, the planner would rather read the table from
  // wherever the last reader stopped, and now and then that is where hardly any do.
  const row = await ctx.db.first<{ n: number }>(sql`
    SELECT count(*) AS n FROM (
      SELECT FROM thread t WHERE ${visibleTo(ctx, "t")} AND t.waiting_since IS NOT NULL AND t.deleted_at IS NULL
      ORDER BY t.waiting_since DESC LIMIT ${limit}
    ) counted`);
  return row?.n ?? 0;
}

/** One thread as the survival estimate of the time to a first response takes it. */
export interface FirstResponseRow {
  threadId: string;
  title: string;
  ref: string | null;
  openedAt: Date;
  /** Hours from the opening to the first response, or to where watching ended. */
  hours: number;
  /** False where nobody had answered when watching ended (now, or the closing): the row is censored, not left out. */
  responded: boolean;
  by: "team" | "peer" | null;
}

/**
 * The rows of the time to a first response: every question opened in the span, answered or not.
 * @param input.from first moment of opening, inclusive
 * @param input.to last moment of opening, exclusive
 * @param input.threads `all` takes issues and pull requests too, not questions alone
 */
export function firstResponseTimes(
  ctx: Ctx,
  input: { from: Date; to: Date; sourceId?: string; threads?: "questions" | "all" },
): Promise<FirstResponseRow[]> {
  return ctx.db.rows<FirstResponseRow>(sql`
    SELECT t.id AS "threadId", t.title, t.ref, t.opened_at AS "openedAt",
      (extract(epoch FROM greatest(coalesce(t.first_response_at, t.closed_at, ${ctx.clock.now()}), t.opened_at) - t.opened_at) / 3600)::float8 AS hours,
      t.first_response_at IS NOT NULL AS responded, t.first_response_by AS by
    FROM thread t LEFT JOIN identity i ON i.community_id = t.community_id AND i.id = t.opener_id
    WHERE ${visibleTo(ctx, "t")} AND t.deleted_at IS NULL AND t.opened_at >= ${input.from} AND t.opened_at < ${input.to}
      AND (i.kind IS NULL OR i.kind = 'human')
      AND ${input.threads === "all" ? sql`true` : sql`t.question <> 'none'`}
      AND ${input.sourceId ? sql`t.source_id = ${input.sourceId}` : sql`true`}
    ORDER BY t.opened_at, t.id`);
}
