import { array, type SQL, sql } from "#core/database/database.ts";
import { decodeCursor, type Page, toPage } from "#core/page.ts";
import { type Ctx, type Visibility, visibilityOf, visibleTo } from "../access/index.ts";

/** A person as lists show them. */
export interface PersonRef {
  memberId: string;
  identityId: string;
  name: string;
  login: string | null;
  avatarUrl: string | null;
  kind: "human" | "bot" | "team";
}

export type QuestionState = "none" | "unanswered" | "answered" | "solved";

export interface ThreadRow {
  id: string;
  kind: string;
  ref: string | null;
  title: string;
  url: string | null;
  state: "open" | "closed";
  stateReason: string | null;
  labels: string[];
  channel: { id: string; name: string; kind: string };
  source: { id: string; name: string; connector: string };
  visibility: Visibility;
  opener: PersonRef | null;
  openedAt: Date;
  lastActivityAt: Date;
  closedAt: Date | null;
  activityCount: number;
  participantCount: number;
  question: QuestionState;
  questionReason: string | null;
  waitingSince: Date | null;
  firstResponseAt: Date | null;
  firstResponseBy: "team" | "peer" | null;
}

export interface ThreadFilters {
  kind?: string;
  sourceId?: string;
  channelId?: string;
  question?: QuestionState;
  waiting?: boolean;
  state?: "open" | "closed";
  label?: string;
  /** Words or part of a word in the title. */
  q?: string;
  openerMemberId?: string;
}

export type ThreadSort = "recent" | "waiting" | "opened";

/** A person as JSON in a select list, or null: the alias is an identity's, joined by LEFT JOIN. */
export function personJson(alias: string): SQL {
  const i = sql.raw(alias);
  return sql`CASE WHEN ${i}.id IS NULL THEN NULL ELSE jsonb_build_object('memberId', ${i}.member_id, 'identityId', ${i}.id,
    'name', COALESCE(${i}.display_name, ${i}.login, ${i}.external_id), 'login', ${i}.login, 'avatarUrl', ${i}.avatar_url, 'kind', ${i}.kind) END`;
}

const threadColumns = sql`
  t.id, t.kind, t.ref, t.title, t.url, t.state, t.state_reason AS "stateReason", t.labels, t.visibility AS rank,
  jsonb_build_object('id', c.id, 'name', c.name, 'kind', c.kind) AS channel,
  jsonb_build_object('id', s.id, 'name', s.name, 'connector', s.connector) AS source,
  ${personJson("i")} AS opener, t.opened_at AS "openedAt", t.last_activity_at AS "lastActivityAt", t.closed_at AS "closedAt",
  t.activity_count AS "activityCount", t.participant_count AS "participantCount", t.question, t.question_reason AS "questionReason",
  t.waiting_since AS "waitingSince", t.first_response_at AS "firstResponseAt", t.first_response_by AS "firstResponseBy"`;

const threadJoins = sql`
  JOIN channel c ON c.community_id = t.community_id AND c.id = t.channel_id
  JOIN source s ON s.community_id = t.community_id AND s.id = t.source_id
  LEFT JOIN identity i ON i.community_id = t.community_id AND i.id = t.opener_id`;

type StoredThread = Omit<ThreadRow, "visibility"> & { rank: number };

const toThread = ({ rank, ...row }: StoredThread): ThreadRow => ({ ...row, visibility: visibilityOf(rank) });

const sorts: Record<ThreadSort, { column: SQL; order: SQL; compare: SQL; key: (row: ThreadRow) => string | null }> = {
  recent: { column: sql`t.last_activity_at`, order: sql`DESC`, compare: sql`<`, key: (row) => row.lastActivityAt.toISOString() },
  opened: { column: sql`t.opened_at`, order: sql`DESC`, compare: sql`<`, key: (row) => row.openedAt.toISOString() },
  waiting: { column: sql`t.waiting_since`, order: sql`ASC`, compare: sql`>`, key: (row) => row.waitingSince?.toISOString() ?? null },
};

/**
 * Threads that the viewer may see, by filter, one page at a time.
 * @param input.sort `waiting` lists only threads that wait, the longest first
 * @param input.limit rows a page, at most 200
 */
export async function listThreads(ctx: Ctx, input: ThreadFilters & { sort?: ThreadSort; after?: string; limit?: number }): Promise<Page<ThreadRow>> {
  const limit = Math.min(input.limit ?? 50, 200);
  const sort = sorts[input.sort ?? "recent"];
  const conditions = filterThreads(ctx, input);
  if (input.sort === "waiting") conditions.push(sql`t.waiting_since IS NOT NULL`);
  if (input.after) {
    const [at, id] = decodeCursor(input.after, ["time", "id"]);
    conditions.push(sql`(${sort.column}, t.id) ${sort.compare} (${at}::timestamptz, ${id}::uuid)`);
  }
  // The page is cut first and joined then, so that the joins meet a page and not the table.
  const rows = await ctx.db.rows<StoredThread>(sql`
    WITH page AS MATERIALIZED (
      SELECT t.* FROM thread t WHERE ${sql.join(conditions, sql` AND `)}
      ORDER BY ${sort.column} ${sort.order}, t.id ${sort.order} LIMIT ${limit + 1}
    )
    SELECT ${threadColumns} FROM page t ${threadJoins} ORDER BY ${sort.column} ${sort.order}, t.id ${sort.order}`);
  return toPage(rows.map(toThread), limit, (row) => [sort.key(row), row.id]);
}

/** How many threads a filter matches. */
export async function countThreads(ctx: Ctx, input: ThreadFilters): Promise<number> {
  const row = await ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM thread t WHERE ${sql.join(filterThreads(ctx, input), sql` AND `)}`);
  return row?.n ?? 0;
}

function filterThreads(ctx: Ctx, input: ThreadFilters): SQL[] {
  const conditions = [visibleTo(ctx, "t"), sql`t.deleted_at IS NULL`];
  if (input.kind) conditions.push(sql`t.kind = ${input.kind}`);
  if (input.sourceId) conditions.push(sql`t.source_id = ${input.sourceId}`);
  if (input.channelId) conditions.push(sql`t.channel_id = ${input.channelId}`);
  if (input.question) conditions.push(sql`t.question = ${input.question}`);
  if (input.waiting !== undefined) conditions.push(input.waiting ? sql`t.waiting_since IS NOT NULL` : sql`t.waiting_since IS NULL`);
  if (input.state) conditions.push(sql`t.state = ${input.state}`);
  if (input.label) conditions.push(sql`t.labels @> ${array([input.label], "text")}`);
  if (input.q) {
    const pattern = `%${input.q.replace(/[\\%_]/g, "\\$&")}%`;
    conditions.push(sql`t.id IN (SELECT n.thread_id FROM search_title n WHERE ${visibleTo(ctx, "n")} AND n.title ILIKE ${pattern})`);
  }
  if (input.openerMemberId) {
    conditions.push(
      sql`t.opener_id IN (SELECT o.id FROM identity o WHERE o.community_id = ${ctx.community.id} AND o.member_id = ${input.openerMemberId})`,
    );
  }
  return conditions;
}

/** A thread, or undefined where there is none that the viewer may see: both look the same from outside. */
export async function getThread(ctx: Ctx, input: { threadId: string }): Promise<ThreadRow | undefined> {
  const row = await ctx.db.first<StoredThread>(sql`
    SELECT ${threadColumns} FROM thread t ${threadJoins} WHERE ${visibleTo(ctx, "t")} AND t.deleted_at IS NULL AND t.id = ${input.threadId}`);
  return row && toThread(row);
}

/** Threads by id in the order given, those the viewer may see. */
export async function getThreads(ctx: Ctx, input: { threadIds: readonly string[] }): Promise<ThreadRow[]> {
  if (input.threadIds.length === 0) return [];
  const rows = await ctx.db.rows<StoredThread>(sql`
    SELECT ${threadColumns} FROM unnest(${array(input.threadIds, "uuid")}) WITH ORDINALITY AS given(id, place)
    JOIN thread t ON t.id = given.id ${threadJoins} WHERE ${visibleTo(ctx, "t")} AND t.deleted_at IS NULL ORDER BY given.place`);
  return rows.map(toThread);
}

/** What a thread list can be filtered by: kinds, labels and channels that occur, the most frequent first. */
export async function threadFacets(
  ctx: Ctx,
): Promise<{ kinds: string[]; channels: { id: string; name: string }[]; sources: { id: string; name: string }[] }> {
  const kinds = await ctx.db.rows<{ kind: string }>(sql`
    WITH RECURSIVE k AS (
      (SELECT kind FROM thread t WHERE ${visibleTo(ctx, "t")} ORDER BY kind LIMIT 1)
      UNION ALL
      SELECT (SELECT t.kind FROM thread t WHERE ${visibleTo(ctx, "t")} AND t.kind > k.kind ORDER BY t.kind LIMIT 1) FROM k WHERE k.kind IS NOT NULL
    ) SELECT kind FROM k WHERE kind IS NOT NULL`);
  const channels = await ctx.db.rows<{ id: string; name: string }>(
    sql`SELECT c.id, c.name FROM channel c WHERE ${visibleTo(ctx, "c")} ORDER BY c.name LIMIT 500`,
  );
  const sources = await ctx.db.rows<{ id: string; name: string }>(sql`
    SELECT s.id, s.name FROM source s WHERE s.community_id = ${ctx.community.id}
      AND EXISTS (SELECT FROM channel c WHERE c.source_id = s.id AND ${visibleTo(ctx, "c")}) ORDER BY s.name`);
  return { kinds: kinds.map((row) => row.kind), channels, sources };
}
