import { array, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";
import { type Edge, findComponents } from "./components.ts";
import { settleKinds } from "./settle-kinds.ts";
import { writeMembers } from "./write-members.ts";

/** An identity with what its member's row is made of. */
export interface PlacedIdentity {
  id: string;
  memberId: string;
  platform: string;
  externalId: string;
  displayName: string | null;
  login: string | null;
  email: string | null;
  avatarUrl: string | null;
  kind: string;
  kindReason: string | null;
  kindLocked: boolean;
}

export interface Rebuilt {
  /** Identities that belong to another member now. */
  moved: string[];
  /** Identities whose kind the rules changed. */
  marked: string[];
}

/**
 * Recomputes the members around these identities: their components, kinds and rows. Everything derives from
 * identities, links and counts, so a second call changes nothing.
 */
export async function rebuildMembers(ctx: Ctx, identityIds: readonly string[]): Promise<Rebuilt> {
  if (identityIds.length === 0) return { moved: [], marked: [] };
  const identities = await loadNeighbourhood(ctx, identityIds);
  const ids = identities.map(({ id }) => id);
  const there = new Set(ids);
  await forgetGone(
    ctx,
    identityIds.filter((id) => !there.has(id)),
  );
  const components = findComponents(ids, await loadEdges(ctx, ids));

  const moves = identities.filter(({ id, memberId }) => components.get(id) !== memberId);
  const former = new Set(identities.map(({ memberId }) => memberId));
  for (const identity of identities) identity.memberId = components.get(identity.id) ?? identity.id;
  if (moves.length > 0) {
    await ctx.db.execute(sql`
      UPDATE identity i SET member_id = n.member_id
      FROM unnest(${array(
        moves.map(({ id }) => id),
        "uuid",
      )}, ${array(
        moves.map(({ memberId }) => memberId),
        "uuid",
      )}) AS n(id, member_id)
      WHERE i.community_id = ${ctx.community.id} AND i.id = n.id`);
  }

  const members = Map.groupBy(identities, ({ memberId }) => memberId);
  const marked = await settleKinds(ctx, members);
  const gone = [...former].filter((id) => !members.has(id));
  if (gone.length > 0) {
    await ctx.db.execute(sql`DELETE FROM member WHERE community_id = ${ctx.community.id} AND id = ANY(${array(gone, "uuid")})`);
  }
  await writeMembers(ctx, members);
  return { moved: moves.map(({ id }) => id), marked };
}

/** What is kept of identities that exist no more, where no foreign key takes it with them. */
async function forgetGone(ctx: Ctx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const gone = array(ids, "uuid");
  await ctx.db.execute(sql`DELETE FROM member_day WHERE community_id = ${ctx.community.id} AND identity_id = ANY(${gone})`);
  // A member is called as its first identity; where others of it are left, they get another one.
  await ctx.db.execute(sql`DELETE FROM member WHERE community_id = ${ctx.community.id} AND id = ANY(${gone})`);
}

/**
 * The given identities, all that share a member with them, and all that accepted links lead to from there. Members
 * are components already, so a step leads from member to member and few steps reach everything.
 */
async function loadNeighbourhood(ctx: Ctx, identityIds: readonly string[]): Promise<PlacedIdentity[]> {
  const communityId = ctx.community.id;
  const near = new Set<string>();
  for (let step = [...identityIds]; step.length > 0; ) {
    for (const id of step) near.add(id);
    const from = array(step, "uuid");
    const found = await ctx.db.rows<{ id: string }>(sql`
      SELECT mate.id
      FROM (SELECT DISTINCT i.member_id FROM identity i WHERE i.community_id = ${communityId} AND i.id = ANY(${from})) own
      JOIN identity mate ON mate.community_id = ${communityId} AND mate.member_id = own.member_id
      UNION
      SELECT l.identity_b FROM identity_link l WHERE l.community_id = ${communityId} AND l.identity_a = ANY(${from}) AND l.state = 'accepted'
      UNION
      SELECT l.identity_a FROM identity_link l WHERE l.community_id = ${communityId} AND l.identity_b = ANY(${from}) AND l.state = 'accepted'`);
    step = found.map(({ id }) => id).filter((id) => !near.has(id));
  }
  return ctx.db.rows<PlacedIdentity>(sql`
    SELECT i.id, i.member_id AS "memberId", i.platform, i.external_id AS "externalId", i.display_name AS "displayName", i.login, i.email,
           i.avatar_url AS "avatarUrl", i.kind, i.kind_reason AS "kindReason", i.kind_locked AS "kindLocked"
    FROM identity i WHERE i.community_id = ${communityId} AND i.id = ANY(${array([...near], "uuid")})`);
}

function loadEdges(ctx: Ctx, identityIds: readonly string[]): Promise<Edge[]> {
  return ctx.db.rows<Edge>(sql`
    SELECT l.identity_a AS a, l.identity_b AS b, l.state, l.author <> 'rule' AS "byHand", l.strength, l.rule
    FROM identity_link l
    WHERE l.community_id = ${ctx.community.id} AND l.identity_a = ANY(${array(identityIds, "uuid")}) AND l.state <> 'suggested'`);
}
