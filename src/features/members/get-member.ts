import { array, sql } from "#core/database/database.ts";
import { isId } from "#core/ids.ts";
import { type Ctx, visibleTo } from "../access/index.ts";
import { isTeam, type MemberKind, type MemberRow, seenBy } from "./list-members.ts";

export interface MemberIdentity {
  id: string;
  platform: string;
  externalId: string;
  displayName: string | null;
  login: string | null;
  /** For the team only. */
  email: string | null;
  emailVerified: boolean;
  avatarUrl: string | null;
  url: string | null;
  kind: MemberKind;
  kindReason: string | null;
  kindLocked: boolean;
  activityCount: number;
  /** Names it had, newest first; addresses and signatures for the team only. */
  labels: { kind: string; value: string; firstSeenAt: Date | null; replacedAt: Date | null }[];
}

export interface MemberLink {
  id: string;
  identityA: string;
  identityB: string;
  /** The identity at the other end when it belongs to another member. */
  other: { memberId: string; identityId: string; name: string; platform: string } | null;
  state: "accepted" | "suggested" | "never";
  /** An accepted link that does not join, because it would bring two together that somebody marked `never`. */
  heldBack: boolean;
  rule: string;
  evidence: string;
  strength: number;
  /** `rule`, or who decided: an account's id, `system`, or an API key. */
  author: string;
  createdAt: Date;
  changedAt: Date;
}

export interface MemberDetail extends MemberRow {
  identities: MemberIdentity[];
  /** All links that touch its identities; for the team only. */
  links: MemberLink[];
  counts: { kind: string; sourceId: string; sourceName: string; count: number }[];
  /** Days with activity during the last 371 days (53 weeks), oldest first. */
  days: { day: string; count: number }[];
}

/**
 * A member with its identities and the links between them.
 * @param input.memberId the member's id, or that of any of its identities: old addresses lead to where it went
 * @returns undefined when there is none, or none that the viewer may see
 */
export async function getMember(ctx: Ctx, input: { memberId: string }): Promise<MemberDetail | undefined> {
  if (!isId(input.memberId)) return undefined;
  const row = await ctx.db.first<Omit<MemberRow, "platforms">>(sql`
    SELECT m.id, m.display_name AS "displayName", m.avatar_url AS "avatarUrl", m.kind, m.mixed, ${seenBy(ctx, "activity_counts")} AS "activityCount",
           ${seenBy(ctx, "first_activity_at")} AS "firstActivityAt", ${seenBy(ctx, "last_activity_at")} AS "lastActivityAt", m.identity_count AS "identityCount"
    FROM identity i JOIN member m ON m.community_id = i.community_id AND m.id = i.member_id
    WHERE i.community_id = ${ctx.community.id} AND i.id = ${input.memberId} AND ${visibleTo(ctx, "m")}`);
  if (!row) return undefined;
  const identities = await loadIdentities(ctx, row.id);
  const ids = identities.map(({ id }) => id);
  const [links, counts, days] = await Promise.all([isTeam(ctx) ? loadLinks(ctx, row.id, ids) : [], loadCounts(ctx, ids), loadDays(ctx, ids)]);
  return { ...row, platforms: [...new Set(identities.map(({ platform }) => platform))].sort(), identities, links, counts, days };
}

async function loadIdentities(ctx: Ctx, memberId: string): Promise<MemberIdentity[]> {
  const team = isTeam(ctx);
  const rows = await ctx.db.rows<MemberIdentity>(sql`
    SELECT i.id, i.platform, i.external_id AS "externalId", i.display_name AS "displayName", i.login, i.email, i.email_verified AS "emailVerified",
           i.avatar_url AS "avatarUrl", i.url, i.kind, i.kind_reason AS "kindReason", i.kind_locked AS "kindLocked",
           coalesce((SELECT sum(t.count)::int FROM identity_activity t
                     WHERE t.identity_id = i.id AND ${visibleTo(ctx, "t")}), 0) AS "activityCount",
           coalesce((SELECT json_agg(json_build_object('kind', l.kind, 'value', l.value, 'firstSeenAt', l.first_seen_at, 'replacedAt', (SELECT min(n.first_seen_at) FROM identity_label n WHERE n.community_id = l.community_id AND n.identity_id = l.identity_id AND n.kind = l.kind AND n.first_seen_at > l.first_seen_at))
                                     ORDER BY l.first_seen_at DESC NULLS LAST, l.value)
                     FROM identity_label l WHERE l.community_id = i.community_id AND l.identity_id = i.id), '[]') AS labels
    FROM identity i WHERE i.community_id = ${ctx.community.id} AND i.member_id = ${memberId}
    ORDER BY "activityCount" DESC, i.id`);
  return rows
    .filter((identity) => team || identity.activityCount > 0)
    .map((identity) => ({
      ...identity,
      ...(team ? {} : { email: null, externalId: identity.platform === "email" ? "" : identity.externalId, kindReason: null }),
      labels: identity.labels
        .filter(({ kind }) => team || kind === "name" || kind === "login")
        .map((label) => ({ ...label, firstSeenAt: toDate(label.firstSeenAt), replacedAt: toDate(label.replacedAt) })),
    }));
}

/** JSON has no dates: those inside an aggregate arrive as texts. */
function toDate(value: Date | string | null): Date | null {
  return value === null ? null : new Date(value);
}

function loadLinks(ctx: Ctx, memberId: string, identityIds: string[]): Promise<MemberLink[]> {
  const ids = array(identityIds, "uuid");
  return ctx.db.rows<MemberLink>(sql`
    SELECT l.id, l.identity_a AS "identityA", l.identity_b AS "identityB", l.state, l.rule, l.evidence, l.strength, l.author,
           l.created_at AS "createdAt", l.changed_at AS "changedAt", l.state = 'accepted' AND a.member_id <> b.member_id AS "heldBack",
           CASE WHEN o.identity_id IS NULL THEN NULL
                ELSE json_build_object('memberId', o.member_id, 'identityId', o.identity_id, 'name', m.display_name, 'platform', o.platform) END AS other
    FROM identity_link l
    JOIN identity a ON a.community_id = l.community_id AND a.id = l.identity_a
    JOIN identity b ON b.community_id = l.community_id AND b.id = l.identity_b
    LEFT JOIN LATERAL (
      SELECT a.id AS identity_id, a.member_id, a.platform WHERE a.member_id <> ${memberId}
      UNION ALL SELECT b.id, b.member_id, b.platform WHERE b.member_id <> ${memberId}
    ) o ON true
    LEFT JOIN member m ON m.community_id = l.community_id AND m.id = o.member_id
    WHERE l.community_id = ${ctx.community.id}
      AND (o.identity_id IS NULL OR ${visibleTo(ctx, "m")})
      AND l.id IN (SELECT x.id FROM identity_link x WHERE x.community_id = ${ctx.community.id} AND x.identity_a = ANY(${ids})
                   UNION SELECT x.id FROM identity_link x WHERE x.community_id = ${ctx.community.id} AND x.identity_b = ANY(${ids}))
    ORDER BY l.state, l.strength DESC, l.id`);
}

function loadCounts(ctx: Ctx, identityIds: string[]): Promise<MemberDetail["counts"]> {
  return ctx.db.rows(sql`
    SELECT n.kind, n.source_id AS "sourceId", s.name AS "sourceName", n.count
    FROM (SELECT a.kind, a.source_id, count(*) AS count FROM activity a
          WHERE a.identity_id = ANY(${array(identityIds, "uuid")}) AND a.deleted_at IS NULL AND ${visibleTo(ctx, "a")}
          GROUP BY a.kind, a.source_id) n
    JOIN source s ON s.community_id = ${ctx.community.id} AND s.id = n.source_id
    ORDER BY n.count DESC, n.kind`);
}

function loadDays(ctx: Ctx, identityIds: string[]): Promise<MemberDetail["days"]> {
  return ctx.db.rows(sql`
    SELECT d.day::text AS day, sum(d.count)::int AS count FROM member_day d
    WHERE d.identity_id = ANY(${array(identityIds, "uuid")}) AND ${visibleTo(ctx, "d")}
      AND d.day > ((${ctx.clock.now()}::timestamptz AT TIME ZONE ${ctx.community.timeZone})::date - 371)
    GROUP BY d.day ORDER BY d.day`);
}
