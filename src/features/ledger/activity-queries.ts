import { array, type SQL, sql } from "#core/database/database.ts";
import { decodeCursor, type Page, toPage } from "#core/page.ts";
import { type Ctx, type Visibility, visibilityOf, visibleTo } from "../access/index.ts";
import { type PersonRef, personJson } from "./thread-queries.ts";

export interface ActivityRow {
  id: string;
  kind: string;
  externalId: string;
  thread: { id: string; title: string; ref: string | null } | null;
  channel: { id: string; name: string };
  source: { id: string; name: string };
  author: PersonRef | null;
  /** What the source shows instead of a person; null when there is an author. */
  unattributed: string | null;
  occurredAt: Date;
  editedAt: Date | null;
  deletedAt: Date | null;
  title: string | null;
  body: string | null;
  url: string | null;
  visibility: Visibility;
  attributes: Record<string, unknown> | null;
}

type StoredActivity = Omit<ActivityRow, "visibility"> & { rank: number };

const toActivity = ({ rank, ...row }: StoredActivity): ActivityRow => ({ ...row, visibility: visibilityOf(rank) });

const activityColumns = sql`
  a.id, a.kind, a.external_id AS "externalId", a.visibility AS rank,
  CASE WHEN t.id IS NULL THEN NULL ELSE jsonb_build_object('id', t.id, 'title', t.title, 'ref', t.ref) END AS thread,
  jsonb_build_object('id', c.id, 'name', c.name) AS channel, jsonb_build_object('id', s.id, 'name', s.name) AS source,
  ${personJson("i")} AS author, a.unattributed, a.occurred_at AS "occurredAt", a.edited_at AS "editedAt", a.deleted_at AS "deletedAt",
  a.title, a.body, a.url, a.attributes`;

const activityJoins = sql`
  JOIN channel c ON c.community_id = a.community_id AND c.id = a.channel_id
  JOIN source s ON s.community_id = a.community_id AND s.id = a.source_id
  LEFT JOIN thread t ON t.community_id = a.community_id AND t.id = a.thread_id
  LEFT JOIN identity i ON i.community_id = a.community_id AND i.id = a.identity_id`;

/** A thread's conversation, oldest first. Deleted ones stay as marks without words. */
export async function listThreadActivities(ctx: Ctx, input: { threadId: string; after?: string; limit?: number }): Promise<Page<ActivityRow>> {
  return pageOf(ctx, { conditions: [sql`a.thread_id = ${input.threadId}`], newestFirst: false, ...input });
}

export interface ActivityFilters {
  identityIds?: readonly string[];
  kind?: string;
  sourceId?: string;
  channelId?: string;
  /** Inclusive. */
  from?: Date;
  /** Exclusive. */
  to?: Date;
  unattributed?: boolean;
}

/** Activities by filter, newest first: a member's timeline, the rows behind a figure. */
export async function listActivities(ctx: Ctx, input: ActivityFilters & { after?: string; limit?: number }): Promise<Page<ActivityRow>> {
  const conditions: SQL[] = [sql`a.deleted_at IS NULL`];
  if (input.identityIds) conditions.push(sql`a.identity_id = ANY(${array(input.identityIds, "uuid")})`);
  if (input.kind) conditions.push(sql`a.kind = ${input.kind}`);
  if (input.sourceId) conditions.push(sql`a.source_id = ${input.sourceId}`);
  if (input.channelId) conditions.push(sql`a.channel_id = ${input.channelId}`);
  if (input.from) conditions.push(sql`a.occurred_at >= ${input.from}`);
  if (input.to) conditions.push(sql`a.occurred_at < ${input.to}`);
  if (input.unattributed) conditions.push(sql`a.identity_id IS NULL`);
  return pageOf(ctx, { conditions, newestFirst: true, ...input });
}

async function pageOf(ctx: Ctx, input: { conditions: SQL[]; newestFirst: boolean; after?: string; limit?: number }): Promise<Page<ActivityRow>> {
  const limit = Math.min(input.limit ?? 50, 200);
  const conditions = [visibleTo(ctx, "a"), ...input.conditions];
  const order = input.newestFirst ? sql`DESC` : sql`ASC`;
  if (input.after) {
    const [at, id] = decodeCursor(input.after, ["time", "id"]);
    conditions.push(sql`(a.occurred_at, a.id) ${input.newestFirst ? sql`<` : sql`>`} (${at}::timestamptz, ${id}::uuid)`);
  }
  const rows = await ctx.db.rows<StoredActivity>(sql`
    WITH page AS MATERIALIZED (
      SELECT a.* FROM activity a WHERE ${sql.join(conditions, sql` AND `)} ORDER BY a.occurred_at ${order}, a.id ${order} LIMIT ${limit + 1}
    )
    SELECT ${activityColumns} FROM page a ${activityJoins} ORDER BY a.occurred_at ${order}, a.id ${order}`);
  return toPage(rows.map(toActivity), limit, (row) => [row.occurredAt.toISOString(), row.id]);
}

/** How many activities the viewer may see, by kind. */
export async function countActivitiesByKind(ctx: Ctx, input: { sourceId?: string } = {}): Promise<Record<string, number>> {
  const rows = await ctx.db.rows<{ kind: string; n: number }>(sql`
    SELECT a.kind, sum(a.count) AS n FROM activity_day a
    WHERE ${visibleTo(ctx, "a")} ${input.sourceId ? sql`AND a.source_id = ${input.sourceId}` : sql``} GROUP BY a.kind ORDER BY n DESC`);
  return Object.fromEntries(rows.map((row) => [row.kind, row.n]));
}

export interface DayCount {
  day: string;
  sourceId: string;
  kind: string;
  authorKind: "human" | "team" | "bot" | "unattributed";
  count: number;
}

/** Activities per day, source, kind and kind of author: what charts are drawn from. */
export async function countActivitiesByDay(ctx: Ctx, input: { from: string; to: string; sourceId?: string }): Promise<DayCount[]> {
  return ctx.db.rows<DayCount>(sql`
    SELECT a.day, a.source_id AS "sourceId", a.kind, a.author_kind AS "authorKind", sum(a.count) AS count
    FROM activity_day a WHERE ${visibleTo(ctx, "a")} AND a.day >= ${input.from} AND a.day <= ${input.to}
      ${input.sourceId ? sql`AND a.source_id = ${input.sourceId}` : sql``}
    GROUP BY 1, 2, 3, 4 ORDER BY 1`);
}
