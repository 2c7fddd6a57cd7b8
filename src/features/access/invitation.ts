import { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import { sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { isId, newId } from "#core/ids.ts";
import { type Page, toPage } from "#core/page.ts";
import { type Account, findAccount, insertAccount, type NewAccount, parseInput } from "./account.ts";
import { decodeIdCursor, recordAudit } from "./audit.ts";
import { type CommunityDetail, communityColumns, insertMembership } from "./community.ts";
import type { CommunityRef, Ctx } from "./context.ts";
import { adminRoles, isAtLeast, parseRole, requireRole } from "./role.ts";
import { createSecretToken, hashSecretToken } from "./secret-token.ts";
import { type Role, roles } from "./visibility.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** What an invitation is made of. */
export const newInvitationSchema = z.object({
  role: z.enum(roles),
  note: z.string().trim().max(200).default(""),
  expiresInDays: z.number().int().min(1).max(90).default(7),
});

export interface InvitationRow {
  id: string;
  role: Role;
  note: string;
  createdAt: Date;
  expiresAt: Date;
  state: "open" | "accepted" | "expired" | "revoked";
  createdByName: string | null;
  acceptedByName: string | null;
}

/** Why an invitation link does not work. */
export type InvitationRefusal = "unknown" | "expired" | "used" | "revoked";

interface Stored {
  id: string;
  role: string;
  expiresAt: Date;
  acceptedAt: Date | null;
  revokedAt: Date | null;
}

/**
 * Makes a link that lets its holder join with a role. The token is in the answer and nowhere else.
 * @throws AppError `forbidden` for everybody but owners and admins, and for admins who invite an owner
 */
export async function createInvitation(
  ctx: Ctx,
  input: z.input<typeof newInvitationSchema>,
): Promise<{ id: string; token: string; expiresAt: Date }> {
  requireRole(ctx, adminRoles);
  const { role, note, expiresInDays } = parseInput(newInvitationSchema, input);
  const { viewer } = ctx;
  if (viewer.kind === "account" && !isAtLeast(viewer.role, role)) {
    throw new AppError("forbidden", { public: "Only owners may invite owners." });
  }
  const id = newId();
  const { token, hash } = createSecretToken();
  const now = ctx.clock.now();
  const expiresAt = new Date(now.getTime() + expiresInDays * dayMs);
  await ctx.db.transaction(async (tx) => {
    await tx.execute(sql`
      INSERT INTO invitation (community_id, id, role, note, token_hash, created_by, created_at, expires_at)
      VALUES (${ctx.community.id}, ${id}, ${role}, ${note}, ${hash}, ${viewer.kind === "account" ? viewer.accountId : viewer.kind},
              ${now.toISOString()}, ${expiresAt.toISOString()})`);
    await recordAudit(
      { ...ctx, db: tx },
      { action: "invitation.created", objectKind: "invitation", objectId: id, detail: { role, note, expiresAt } },
    );
  });
  return { id, token, expiresAt };
}

/**
 * The invitations of a community, newest first, with what became of each.
 * @throws AppError `forbidden` for everybody but owners and admins
 */
export async function listInvitations(ctx: Ctx, input: { openOnly?: boolean; after?: string; limit: number }): Promise<Page<InvitationRow>> {
  requireRole(ctx, adminRoles, { scope: "read" });
  const now = ctx.clock.now().toISOString();
  const open = input.openOnly ? sql`AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > ${now}` : sql``;
  const after = input.after ? sql`AND i.id < ${decodeIdCursor(input.after)}::uuid` : sql``;
  const rows = await ctx.db.rows<InvitationRow>(sql`
    SELECT i.id, i.role, i.note, i.created_at AS "createdAt", i.expires_at AS "expiresAt",
           CASE WHEN i.accepted_at IS NOT NULL THEN 'accepted' WHEN i.revoked_at IS NOT NULL THEN 'revoked'
                WHEN i.expires_at <= ${now} THEN 'expired' ELSE 'open' END AS state,
           c.name AS "createdByName", a.name AS "acceptedByName"
    FROM invitation i
    LEFT JOIN auth_user c ON c.id = i.created_by
    LEFT JOIN auth_user a ON a.id = i.accepted_by
    WHERE i.community_id = ${ctx.community.id} ${open} ${after}
    ORDER BY i.id DESC LIMIT ${input.limit + 1}`);
  return toPage(rows, input.limit, (row) => [row.id]);
}

/**
 * Makes an open invitation worthless.
 * @throws AppError `forbidden`, or `not_found` when it is not open (any more)
 */
export async function revokeInvitation(ctx: Ctx, input: { invitationId: string }): Promise<void> {
  requireRole(ctx, adminRoles);
  await ctx.db.transaction(async (tx) => {
    const revoked = isId(input.invitationId)
      ? await tx.execute(sql`
          UPDATE invitation SET revoked_at = ${ctx.clock.now().toISOString()}
          WHERE community_id = ${ctx.community.id} AND id = ${input.invitationId} AND accepted_at IS NULL AND revoked_at IS NULL`)
      : 0;
    if (revoked === 0) throw new AppError("not_found", { public: "This invitation is not open any more." });
    await recordAudit({ ...ctx, db: tx }, { action: "invitation.revoked", objectKind: "invitation", objectId: input.invitationId });
  });
}

/** What a link invites to, without using it up: for the page that asks whether to accept. */
export async function readInvitation(
  core: CoreContext,
  token: string,
): Promise<{ ok: true; community: CommunityRef; role: Role; expiresAt: Date } | { ok: false; reason: InvitationRefusal }> {
  const found = await findByToken(core, token, false);
  const reason = refusal(core, found);
  if (reason !== undefined || !found) return { ok: false, reason: reason ?? "unknown" };
  return { ok: true, community: found, role: parseRole(found.invitation.role), expiresAt: found.invitation.expiresAt };
}

/**
 * Takes an invitation up, with a new account or as the account that is signed in. A role held already is only ever
 * raised by it. One account per link: of two at the same moment, the first wins.
 * @param input.accountId who is signed in; or `newAccount`, for somebody who has none
 * @throws AppError `invalid_input` or `conflict` for what is wrong with a new account; the link then stays good
 */
export async function acceptInvitation(
  core: CoreContext,
  input: { token: string } & ({ accountId: string } | { newAccount: NewAccount }),
): Promise<{ ok: true; account: Account; community: CommunityRef; role: Role } | { ok: false; reason: InvitationRefusal }> {
  return core.db.transaction(async (tx) => {
    const inTx = { ...core, db: tx };
    const found = await findByToken(inTx, input.token, true);
    const reason = refusal(core, found);
    if (reason !== undefined || !found) return { ok: false, reason: reason ?? "unknown" };
    const { invitation, ...community } = found;
    const account = "newAccount" in input ? await insertAccount(inTx, input.newAccount) : await findAccount(inTx, input);
    if (!account) throw new AppError("unauthenticated", { public: "Sign in to accept the invitation." });

    const offered = parseRole(invitation.role);
    const held = await tx.first<{ role: string }>(sql`
      SELECT role FROM membership WHERE community_id = ${community.id} AND account_id = ${account.id}`);
    const role = held && isAtLeast(parseRole(held.role), offered) ? parseRole(held.role) : offered;
    const ctx: Ctx = { ...inTx, community, viewer: { kind: "account", accountId: account.id, role } };
    await insertMembership(ctx, { accountId: account.id, role });
    await tx.execute(sql`
      UPDATE invitation SET accepted_at = ${core.clock.now().toISOString()}, accepted_by = ${account.id}
      WHERE community_id = ${community.id} AND id = ${invitation.id}`);
    await recordAudit(ctx, {
      action: "invitation.accepted",
      objectKind: "invitation",
      objectId: invitation.id,
      detail: { role, accountId: account.id },
    });
    return { ok: true, account, community, role };
  });
}

async function findByToken(core: CoreContext, token: string, lock: boolean): Promise<(CommunityDetail & { invitation: Stored }) | undefined> {
  const row = await core.db.first<Stored & { communityId: string }>(sql`
    SELECT i.community_id AS "communityId", i.id, i.role, i.expires_at AS "expiresAt", i.accepted_at AS "acceptedAt", i.revoked_at AS "revokedAt"
    FROM invitation i WHERE i.token_hash = ${hashSecretToken(token)} ${lock ? sql`FOR UPDATE` : sql``}`);
  if (!row) return undefined;
  const community = await core.db.first<CommunityDetail>(sql`SELECT ${communityColumns} FROM community c WHERE c.id = ${row.communityId}`);
  return community && { ...community, invitation: row };
}

function refusal(core: CoreContext, found: { invitation: Stored } | undefined): InvitationRefusal | undefined {
  if (!found) return "unknown";
  if (found.invitation.acceptedAt) return "used";
  if (found.invitation.revokedAt) return "revoked";
  return found.invitation.expiresAt <= core.clock.now() ? "expired" : undefined;
}
