import { array, sql } from "#core/database/database.ts";
import { type Ctx, visibilities, visibilityRank } from "../access/index.ts";
import type { PlacedIdentity } from "./rebuild-members.ts";

interface Activity {
  identityId: string;
  visibility: number;
  count: number;
  firstAt: Date;
  lastAt: Date;
}

interface MemberRow {
  id: string;
  displayName: string;
  avatarUrl: string | null;
  kind: string;
  mixed: boolean;
  visibility: number;
  /** Per level, cumulative. */
  counts: number[];
  first: (Date | null)[];
  last: (Date | null)[];
  identityCount: number;
  text: string;
}

/** Writes the rows of members from their identities and counts; rows that would stay the same are left untouched. */
export async function writeMembers(ctx: Ctx, members: ReadonlyMap<string, PlacedIdentity[]>): Promise<void> {
  const ids = [...members.values()].flat().map(({ id }) => id);
  if (ids.length === 0) return;
  const activity = Map.groupBy(
    await ctx.db.rows<Activity>(sql`
      SELECT identity_id AS "identityId", visibility, sum(count)::int AS count, min(first_at) AS "firstAt", max(last_at) AS "lastAt"
      FROM identity_activity WHERE community_id = ${ctx.community.id} AND identity_id = ANY(${array(ids, "uuid")})
      GROUP BY identity_id, visibility`),
    ({ identityId }) => identityId,
  );
  const rows = [...members].map(([id, identities]) => describeMember(id, identities, activity));
  const level = <T>(pick: (row: MemberRow) => T[], at: number) => rows.map((row) => pick(row)[at]);
  const counts = visibilities.map((_, at) =>
    array(
      level((row) => row.counts, at),
      "integer",
    ),
  );
  const firsts = visibilities.map((_, at) =>
    array(
      level((row) => row.first, at),
      "timestamptz",
    ),
  );
  const lasts = visibilities.map((_, at) =>
    array(
      level((row) => row.last, at),
      "timestamptz",
    ),
  );
  await ctx.db.execute(sql`
    INSERT INTO member AS m (community_id, id, display_name, avatar_url, kind, mixed, visibility, identity_count, activity_counts, first_activity_at, last_activity_at)
    SELECT ${ctx.community.id}, id, name, avatar, kind, mixed, visibility, identities, ARRAY[c1, c2, c3, c4], ARRAY[f1, f2, f3, f4], ARRAY[l1, l2, l3, l4]
    FROM unnest(${array(
      rows.map((r) => r.id),
      "uuid",
    )}, ${array(
      rows.map((r) => r.displayName),
      "text",
    )}, ${array(
      rows.map((r) => r.avatarUrl),
      "text",
    )},
                ${array(
                  rows.map((r) => r.kind),
                  "text",
                )}, ${array(
                  rows.map((r) => r.mixed),
                  "boolean",
                )}, ${array(
                  rows.map((r) => r.visibility),
                  "smallint",
                )},
                ${array(
                  rows.map((r) => r.identityCount),
                  "integer",
                )}, ${sql.join([...counts, ...firsts, ...lasts], sql`, `)})
      AS n(id, name, avatar, kind, mixed, visibility, identities, c1, c2, c3, c4, f1, f2, f3, f4, l1, l2, l3, l4)
    ON CONFLICT (community_id, id) DO UPDATE SET
      display_name = excluded.display_name, avatar_url = excluded.avatar_url, kind = excluded.kind, mixed = excluded.mixed, visibility = excluded.visibility,
      identity_count = excluded.identity_count, activity_counts = excluded.activity_counts,
      first_activity_at = excluded.first_activity_at, last_activity_at = excluded.last_activity_at
    WHERE (m.display_name, m.avatar_url, m.kind, m.mixed, m.visibility, m.identity_count, m.activity_counts, m.first_activity_at, m.last_activity_at)
      IS DISTINCT FROM (excluded.display_name, excluded.avatar_url, excluded.kind, excluded.mixed, excluded.visibility, excluded.identity_count,
                        excluded.activity_counts, excluded.first_activity_at, excluded.last_activity_at)`);
  await ctx.db.execute(sql`
    INSERT INTO member_text AS t (community_id, member_id, text)
    SELECT ${ctx.community.id}, * FROM unnest(${array(
      rows.map((r) => r.id),
      "uuid",
    )}, ${array(
      rows.map((r) => r.text),
      "text",
    )})
    ON CONFLICT (community_id, member_id) DO UPDATE SET text = excluded.text WHERE t.text <> excluded.text`);
}

function describeMember(id: string, identities: readonly PlacedIdentity[], activity: ReadonlyMap<string, Activity[]>): MemberRow {
  const own = identities.flatMap((identity) => activity.get(identity.id) ?? []);
  const seenBy = visibilities.map((_, rank) => own.filter(({ visibility }) => visibility <= rank));
  // Who did nothing anybody saw is known to the team alone.
  const visibility = own.length > 0 ? Math.min(...own.map((part) => part.visibility)) : visibilityRank("team");
  const [shown] = [...identities].sort(
    (x, y) =>
      Number(named(y)) - Number(named(x)) ||
      openness(x, activity) - openness(y, activity) ||
      busyness(y, activity) - busyness(x, activity) ||
      (x.id < y.id ? -1 : 1),
  );
  const kinds = new Set(identities.map(({ kind }) => kind));
  return {
    id,
    displayName: shown ? nameOf(shown) : id,
    avatarUrl: shown?.avatarUrl ?? identities.find(({ avatarUrl }) => avatarUrl !== null)?.avatarUrl ?? null,
    kind: kinds.has("team") ? "team" : kinds.has("human") ? "human" : "bot",
    mixed: kinds.has("bot") && kinds.size > 1,
    visibility,
    counts: seenBy.map((parts) => parts.reduce((sum, { count }) => sum + count, 0)),
    first: seenBy.map((parts) => parts.reduce<Date | null>((best, { firstAt }) => (best === null || firstAt < best ? firstAt : best), null)),
    last: seenBy.map((parts) => parts.reduce<Date | null>((best, { lastAt }) => (best === null || lastAt > best ? lastAt : best), null)),
    identityCount: identities.length,
    text: [...new Set(identities.flatMap(wordsOf))].sort().join("\n").toLowerCase(),
  };
}

function named(identity: PlacedIdentity): boolean {
  return identity.displayName !== null && identity.displayName.trim() !== "" && !identity.displayName.includes("@");
}

function openness(identity: PlacedIdentity, activity: ReadonlyMap<string, Activity[]>): number {
  return Math.min(...(activity.get(identity.id) ?? []).map(({ visibility }) => visibility), visibilities.length);
}

function busyness(identity: PlacedIdentity, activity: ReadonlyMap<string, Activity[]>): number {
  return (activity.get(identity.id) ?? []).reduce((sum, { count }) => sum + count, 0);
}

/** The name to show. Of an address only the part before the @, since names stand on pages that others see. */
function nameOf(identity: PlacedIdentity): string {
  const name = identity.displayName?.trim() || identity.login || identity.externalId.replace(/^(?:login|id):/, "");
  return name.replace(/@.*$/s, "") || name;
}

function wordsOf(identity: PlacedIdentity): string[] {
  const id = identity.platform === "email" ? identity.externalId : identity.externalId.replace(/^(?:login|id):/, "");
  return [identity.displayName, identity.login, identity.email, id].filter((word) => word !== null && word !== "").map(String);
}
