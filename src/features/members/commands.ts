import { array, sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { actorOf, type Ctx, editorRoles, recordAudit, requireRole } from "../access/index.ts";
import { wakeReaders } from "./consumer.ts";
import { rebuildMembers } from "./rebuild-members.ts";
import { requireVisibleIdentities } from "./visible-identity.ts";

interface Link {
  id: string;
  a: string;
  b: string;
  state: "accepted" | "suggested" | "never";
  rule: string;
  author: string;
}

/** What a decision about a link led to. */
export interface LinkOutcome {
  linkId: string;
  state: "accepted" | "suggested" | "never";
  /** Whether the two identities are one member now. */
  joined: boolean;
  memberIds: [string, string];
}

/**
 * Says that two linked identities are one person: the link counts from now on, whatever was decided before.
 * @throws AppError `not_found`, `forbidden`
 */
export function acceptLink(ctx: Ctx, input: { linkId: string }): Promise<LinkOutcome> {
  return decide(ctx, input.linkId, "accepted");
}

/**
 * Says that two linked identities are different people: no rule will join them again, not even by way of a third.
 * @throws AppError `not_found`, `forbidden`
 */
export function rejectLink(ctx: Ctx, input: { linkId: string }): Promise<LinkOutcome> {
  return decide(ctx, input.linkId, "never");
}

/**
 * Takes a link back, at any age: the members are exactly those without it. It stays as a suggestion, and no rule
 * draws the pair again on its own. Where another chain of links still joins the two, `joined` says so.
 * @throws AppError `not_found`, `forbidden`
 */
export function removeLink(ctx: Ctx, input: { linkId: string }): Promise<LinkOutcome> {
  return decide(ctx, input.linkId, "suggested");
}

/**
 * Joins two identities by hand. Doing it twice is the same as once.
 * @param input.reason why, in the words of whoever does it; it is the link's evidence
 * @throws AppError `invalid_input` when it is one and the same identity; `not_found`, `forbidden`
 */
export async function linkIdentities(ctx: Ctx, input: { identityIds: [string, string]; reason: string }): Promise<LinkOutcome> {
  requireRole(ctx, editorRoles);
  const [a = "", b = ""] = [...input.identityIds].sort();
  if (a === b) throw new AppError("invalid_input", { public: "An identity cannot be linked with itself. Choose two." });
  return ctx.db.transaction(async (tx) => {
    const inTx: Ctx = { ...ctx, db: tx };
    await requireVisibleIdentities(inTx, [a, b]);
    const row = await tx.first<{ id: string }>(sql`
      INSERT INTO identity_link AS l (community_id, id, identity_a, identity_b, state, rule, evidence, strength, author, created_at, changed_at)
      VALUES (${ctx.community.id}, ${newId()}, ${a}, ${b}, 'suggested', 'by-hand', ${input.reason}, 1, ${actorOf(ctx.viewer)}, ${ctx.clock.now()}, ${ctx.clock.now()})
      ON CONFLICT (community_id, identity_a, identity_b, rule) DO UPDATE SET evidence = excluded.evidence
      RETURNING id`);
    return decide(inTx, row?.id ?? "", "accepted");
  });
}

async function decide(ctx: Ctx, linkId: string, state: Link["state"]): Promise<LinkOutcome> {
  requireRole(ctx, editorRoles);
  return ctx.db.transaction(async (tx) => {
    const inTx: Ctx = { ...ctx, db: tx };
    const link = await requireLink(inTx, linkId);
    await requireVisibleIdentities(inTx, [link.a, link.b]);
    if (link.state !== state || link.author === "rule") {
      await tx.execute(sql`
        UPDATE identity_link SET state = ${state}, author = ${actorOf(ctx.viewer)}, changed_at = ${ctx.clock.now()}
        WHERE community_id = ${ctx.community.id} AND id = ${linkId}`);
      await recordAudit(inTx, {
        action: state === "accepted" ? "link.accepted" : state === "never" ? "link.rejected" : "link.removed",
        objectKind: "identity_link",
        objectId: linkId,
        detail: { identities: [link.a, link.b], rule: link.rule, before: link.state },
      });
    }
    if (state === "accepted") await withdrawNever(inTx, link);
    const rebuilt = await rebuildMembers(inTx, [link.a, link.b]);
    await wakeReaders(inTx, rebuilt);
    const [memberA, memberB] = await membersOf(inTx, link);
    return { linkId, state, joined: memberA === memberB, memberIds: [memberA, memberB] };
  });
}

/** The last word counts: who accepts a link of a pair takes back an earlier `never` on another link of it. */
async function withdrawNever(ctx: Ctx, link: Link): Promise<void> {
  await ctx.db.execute(sql`
    UPDATE identity_link SET state = 'suggested', changed_at = ${ctx.clock.now()}
    WHERE community_id = ${ctx.community.id} AND identity_a = ${link.a} AND identity_b = ${link.b} AND id <> ${link.id} AND state = 'never'`);
}

async function requireLink(ctx: Ctx, linkId: string): Promise<Link> {
  const link = await ctx.db.first<Link>(sql`
    SELECT id, identity_a AS a, identity_b AS b, state, rule, author FROM identity_link
    WHERE community_id = ${ctx.community.id} AND id::text = ${linkId} FOR UPDATE`);
  if (!link) throw new AppError("not_found", { public: "There is no such link. It may have gone with one of its identities." });
  return link;
}

async function membersOf(ctx: Ctx, link: Link): Promise<[string, string]> {
  const rows = await ctx.db.rows<{ id: string; memberId: string }>(sql`
    SELECT id, member_id AS "memberId" FROM identity WHERE community_id = ${ctx.community.id} AND id IN (${link.a}, ${link.b})`);
  const at = new Map(rows.map((row) => [row.id, row.memberId]));
  return [at.get(link.a) ?? link.a, at.get(link.b) ?? link.b];
}

/**
 * Marks identities as team or bot, or as an ordinary person again. A mark set by hand stays: no rule and no import
 * changes it.
 * @param input.memberId all identities of this member …
 * @param input.identityIds … or exactly these
 * @param input.reason shown beside the mark
 * @returns how many identities changed
 * @throws AppError `not_found`, `forbidden`, `invalid_input`
 */
export async function setIdentityKind(
  ctx: Ctx,
  input: { memberId?: string; identityIds?: string[]; kind: "human" | "team" | "bot"; reason: string },
): Promise<{ changed: number }> {
  requireRole(ctx, editorRoles);
  return ctx.db.transaction(async (tx) => {
    const inTx: Ctx = { ...ctx, db: tx };
    const ids = input.identityIds ?? (await identitiesOf(inTx, input.memberId));
    if (ids.length === 0) throw new AppError("not_found", { public: "There is no such member, or you may not see it." });
    await requireVisibleIdentities(inTx, ids);
    const changed = await tx.rows<{ id: string; before: string }>(sql`
      UPDATE identity i SET kind = ${input.kind}, kind_reason = ${input.reason}, kind_locked = true
      FROM identity before
      WHERE i.community_id = ${ctx.community.id} AND i.id = ANY(${array(ids, "uuid")})
        AND before.community_id = i.community_id AND before.id = i.id
        AND (i.kind, i.kind_reason, i.kind_locked) IS DISTINCT FROM (${input.kind}::text, ${input.reason}::text, true)
      RETURNING i.id, before.kind AS before`);
    await tx.execute(sql`
      UPDATE kind_suggestion SET decided_at = ${ctx.clock.now()}
      WHERE community_id = ${ctx.community.id} AND identity_id = ANY(${array(ids, "uuid")}) AND decided_at IS NULL`);
    for (const { id, before } of changed) {
      await recordAudit(inTx, {
        action: "identity.marked",
        objectKind: "identity",
        objectId: id,
        detail: { before, after: input.kind, reason: input.reason },
      });
    }
    const rebuilt = await rebuildMembers(inTx, ids);
    const marked = changed.filter(({ before }) => before !== input.kind).map(({ id }) => id);
    await wakeReaders(inTx, { moved: rebuilt.moved, marked: [...marked, ...rebuilt.marked] });
    return { changed: changed.length };
  });
}

async function identitiesOf(ctx: Ctx, memberId: string | undefined): Promise<string[]> {
  const rows = await ctx.db.rows<{ id: string }>(sql`
    SELECT mate.id FROM identity i JOIN identity mate ON mate.community_id = i.community_id AND mate.member_id = i.member_id
    WHERE i.community_id = ${ctx.community.id} AND i.id::text = ${memberId ?? ""}`);
  return rows.map(({ id }) => id);
}
