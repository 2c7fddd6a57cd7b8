import { sql } from "#core/database/database.ts";
import { decodeCursor, type Page, toPage } from "#core/page.ts";
import { type Ctx, requireRole, teamRoles, visibleTo } from "../access/index.ts";

export interface SuggestedEnd {
  identityId: string;
  memberId: string;
  name: string;
  platform: string;
  /** The login, address or number by which its platform knows it. */
  handle: string;
  avatarUrl: string | null;
}

export interface SuggestedLink {
  id: string;
  a: SuggestedEnd;
  b: SuggestedEnd;
  rule: string;
  evidence: string;
  strength: number;
  createdAt: Date;
}

/**
 * Pairs of members that a rule holds for one person, the strongest first. What a person took apart is not asked again.
 * @throws AppError `forbidden` for everybody outside the team
 */
export async function listSuggestedLinks(ctx: Ctx, input: { after?: string; limit?: number } = {}): Promise<Page<SuggestedLink>> {
  requireRole(ctx, teamRoles, { scope: "read" });
  const limit = input.limit ?? 50;
  const [strength, cursorId] = input.after ? decodeCursor(input.after, ["text", "id"]) : [];
  const end = (i: "a" | "b") =>
    sql.raw(`json_build_object('identityId', ${i}.id, 'memberId', ${i}.member_id, 'name', m${i}.display_name, 'platform', ${i}.platform,
      'handle', coalesce(${i}.login, ${i}.external_id), 'avatarUrl', ${i}.avatar_url)`);
  const rows = await ctx.db.rows<SuggestedLink & { key: string }>(sql`
    SELECT l.id, ${end("a")} AS a, ${end("b")} AS b, l.rule, l.evidence, l.strength, l.created_at AS "createdAt", l.strength::text AS key
    FROM identity_link l
    JOIN identity a ON a.community_id = l.community_id AND a.id = l.identity_a
    JOIN identity b ON b.community_id = l.community_id AND b.id = l.identity_b
    JOIN member ma ON ma.community_id = a.community_id AND ma.id = a.member_id
    JOIN member mb ON mb.community_id = b.community_id AND mb.id = b.member_id
    WHERE l.community_id = ${ctx.community.id} AND l.state = 'suggested' AND l.author = 'rule' AND a.member_id <> b.member_id
      AND ${visibleTo(ctx, "ma")} AND ${visibleTo(ctx, "mb")}
      AND NOT EXISTS (SELECT FROM identity_link d WHERE d.community_id = l.community_id AND d.identity_a = l.identity_a AND d.identity_b = l.identity_b
                      AND d.author <> 'rule' AND d.state <> 'accepted')
      ${input.after ? sql`AND (l.strength, l.id) < (${strength}::text::real, ${cursorId}::uuid)` : sql``}
    ORDER BY l.strength DESC, l.id DESC LIMIT ${limit + 1}`);
  const page = toPage(rows, limit, (row) => [row.key, row.id]);
  return { rows: page.rows.map(({ key: _, ...row }) => row), next: page.next };
}

export interface SuggestedKind {
  identityId: string;
  memberId: string;
  name: string;
  platform: string;
  handle: string;
  kind: "bot";
  reason: string;
}

/**
 * Identities that look like bots and members that mix a bot with a person: for somebody to decide.
 * @throws AppError `forbidden` for everybody outside the team
 */
export async function listSuggestedKinds(ctx: Ctx, input: { limit?: number } = {}): Promise<SuggestedKind[]> {
  requireRole(ctx, teamRoles, { scope: "read" });
  return ctx.db.rows<SuggestedKind>(sql`
    SELECT i.id AS "identityId", i.member_id AS "memberId", m.display_name AS name, i.platform, coalesce(i.login, i.external_id) AS handle, 'bot' AS kind, s.reason
    FROM (
      SELECT k.identity_id, k.reason, k.created_at FROM kind_suggestion k
      WHERE k.community_id = ${ctx.community.id} AND k.decided_at IS NULL
      UNION ALL
      SELECT b.id, 'This bot’s identity is linked with a person’s. Take the link back, or mark the person as a bot.', b.created_at
      FROM member x JOIN identity b ON b.community_id = x.community_id AND b.member_id = x.id AND b.kind = 'bot'
      WHERE x.community_id = ${ctx.community.id} AND x.mixed
    ) s
    JOIN identity i ON i.community_id = ${ctx.community.id} AND i.id = s.identity_id
    JOIN member m ON m.community_id = i.community_id AND m.id = i.member_id
    WHERE ${visibleTo(ctx, "m")}
    ORDER BY s.created_at DESC, i.id LIMIT ${input.limit ?? 50}`);
}
