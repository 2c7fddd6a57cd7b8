import { type SQL, sql } from "#core/database/database.ts";
import { decodeCursor, type Page, toPage } from "#core/page.ts";
import { type Ctx, viewerLevel, visibilityRank, visibleTo } from "../access/index.ts";

export type MemberKind = "human" | "team" | "bot";

/** A member in a list. Counts and dates are those of what the viewer may see. */
export interface MemberRow {
  id: string;
  displayName: string;
  avatarUrl: string | null;
  kind: MemberKind;
  /** Holds a bot's and a person's identity: somebody should look. */
  mixed: boolean;
  activityCount: number;
  firstActivityAt: Date | null;
  lastActivityAt: Date | null;
  identityCount: number;
  /** The namespaces of its identities: `github`, `email` … */
  platforms: string[];
}

export type MemberSort = "recent" | "first" | "activities" | "name";

export interface ListMembersInput {
  /** A part of a name, login or address; of an address only for the team. */
  q?: string;
  kind?: MemberKind;
  /** Active at or after this moment. */
  activeSince?: Date;
  /** Seen for the first time at or after this moment. */
  newSince?: Date;
  /** Also those of whom the viewer sees no activity, such as people known from a list of users alone. */
  includeSilent?: boolean;
  sort?: MemberSort;
  after?: string;
  limit: number;
}

/** The viewer's entry in the cumulative arrays of `member`, as SQL that the indexes on them match. */
export function seenBy(ctx: Ctx, column: "activity_counts" | "first_activity_at" | "last_activity_at", alias = "m"): SQL {
  return sql.raw(`${alias}.${column}[${visibilityRank(viewerLevel(ctx.viewer)) + 1}]`);
}

/** Whether the viewer works in the Studio, where addresses are shown. */
export function isTeam(ctx: Ctx): boolean {
  return visibilityRank(viewerLevel(ctx.viewer)) >= visibilityRank("team");
}

/** Members by the latest activity, the first one, the number of activities, or the name. */
export async function listMembers(ctx: Ctx, input: ListMembersInput): Promise<Page<MemberRow>> {
  const sort = input.sort ?? "recent";
  const last = seenBy(ctx, "last_activity_at");
  const first = seenBy(ctx, "first_activity_at");
  const count = seenBy(ctx, "activity_counts");
  const where = [visibleTo(ctx, "m")];
  if (input.kind) where.push(sql`m.kind = ${input.kind}`);
  if (!input.includeSilent) where.push(sql`${last} IS NOT NULL`);
  // Who is new since then is active since then, too: said aloud, so that either index can serve.
  if (input.newSince) where.push(sql`${first} >= ${input.newSince} AND ${last} >= ${input.newSince}`);
  if (input.activeSince) where.push(sql`${last} >= ${input.activeSince}`);
  if (input.q?.trim()) where.push(matches(ctx, input.q.trim().toLowerCase()));

  const epoch = sql`'epoch'::timestamptz`;
  const key = { recent: last, first, activities: count, name: sql`lower(m.display_name)` }[sort];
  // Silent members have no date to sort by; coalescing only when they are asked for keeps the index in use otherwise.
  const order = input.includeSilent && (sort === "recent" || sort === "first") ? sql`coalesce(${key}, ${epoch})` : key;
  if (input.after) {
    const [value, id] = decodeCursor(input.after, [sort === "activities" ? "number" : sort === "name" ? "text" : "time", "id"]);
    const typed = sort === "activities" ? sql`${value}::integer` : sort === "name" ? sql`${value}::text` : sql`${value}::timestamptz`;
    where.push(sort === "name" ? sql`(${order}, m.id) > (${typed}, ${id}::uuid)` : sql`(${order}, m.id) < (${typed}, ${id}::uuid)`);
  }
  const direction = sort === "name" ? sql`ASC` : sql`DESC`;
  const rows = await ctx.db.rows<MemberRow & { sortKey: string }>(sql`
    WITH page AS (
      SELECT m.*, ${order} AS sort_value, (${order})::text AS sort_key FROM member m
      WHERE ${sql.join(where, sql` AND `)} ORDER BY ${order} ${direction}, m.id ${direction} LIMIT ${input.limit + 1}
    )
    SELECT m.id, m.display_name AS "displayName", m.avatar_url AS "avatarUrl", m.kind, m.mixed, ${count} AS "activityCount",
           ${first} AS "firstActivityAt", ${last} AS "lastActivityAt", m.identity_count AS "identityCount", m.sort_key AS "sortKey",
           ARRAY(SELECT DISTINCT i.platform FROM identity i WHERE i.community_id = m.community_id AND i.member_id = m.id ORDER BY 1) AS platforms
    FROM page m ORDER BY m.sort_value ${direction}, m.id ${direction}`);
  const page = toPage(rows, input.limit, (row) => [sort === "activities" ? Number(row.sortKey) : row.sortKey, row.id]);
  return { rows: page.rows.map(({ sortKey: _, ...row }) => row), next: page.next };
}

function matches(ctx: Ctx, q: string): SQL {
  const pattern = `%${q.replace(/[\\%_]/g, "\\$&")}%`;
  if (!isTeam(ctx)) return sql`lower(m.display_name) LIKE ${pattern}`;
  return sql`m.id IN (SELECT t.member_id FROM member_text t WHERE t.community_id = ${ctx.community.id} AND t.text LIKE ${pattern})`;
}
