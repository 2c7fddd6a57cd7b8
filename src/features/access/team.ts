import type { CoreContext } from "#core/context.ts";
import { sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { type Account, findAccountByEmail } from "./account.ts";
import { recordAudit } from "./audit.ts";
import { insertMembership, openAsSystem } from "./community.ts";
import type { Ctx } from "./context.ts";
import { adminRoles, isAtLeast, parseRole, requireRole, teamRoles } from "./role.ts";
import { openCommunity } from "./viewer.ts";
import { type Role, roles } from "./visibility.ts";

export interface TeamMember {
  accountId: string;
  name: string;
  email: string;
  image: string | null;
  role: Role;
  twoFactorEnabled: boolean;
  joinedAt: Date;
  lastSeenAt: Date | null;
}

/**
 * Everybody with a place in the Studio, owners first.
 * @throws AppError `forbidden` for developers and visitors
 */
export async function listTeam(ctx: Ctx): Promise<TeamMember[]> {
  requireRole(ctx, teamRoles, { scope: "read" });
  const rows = await ctx.db.rows<TeamMember>(sql`
    SELECT m.account_id AS "accountId", u.name, u.email, u.image, m.role, u.two_factor_enabled AS "twoFactorEnabled",
           m.created_at AS "joinedAt", s.at AS "lastSeenAt"
    FROM membership m
    JOIN auth_user u ON u.id = m.account_id
    LEFT JOIN LATERAL (SELECT max(updated_at) AS at FROM auth_session WHERE user_id = m.account_id) s ON true
    WHERE m.community_id = ${ctx.community.id} AND m.role <> 'developer'
    ORDER BY m.created_at, m.account_id`);
  return rows.sort((a, b) => roles.indexOf(a.role) - roles.indexOf(b.role));
}

/**
 * Gives somebody another role. Admins may do so below themselves; only owners make and unmake owners.
 * @throws AppError `forbidden`, `not_found`, or `conflict` when it would leave the community without an owner
 */
export async function changeRole(ctx: Ctx, input: { accountId: string; role: Role }): Promise<void> {
  requireRole(ctx, adminRoles);
  const role = parseRole(input.role);
  await ctx.db.transaction(async (tx) => {
    const inTx = { ...ctx, db: tx };
    const before = await roleOf(inTx, input.accountId);
    if (before === role) return;
    guardOwners(ctx, [before, role]);
    if (before === "owner") await protectLastOwner(inTx);
    await insertMembership(inTx, { accountId: input.accountId, role });
    await recordAudit(inTx, { action: "team.role_changed", objectKind: "account", objectId: input.accountId, detail: { before, after: role } });
  });
}

/**
 * Takes somebody out of the community, and their API keys with them. Everybody may take themselves out.
 * @throws AppError `forbidden`, `not_found`, or `conflict` for the last owner
 */
export async function removeFromTeam(ctx: Ctx, input: { accountId: string }): Promise<void> {
  const isSelf = ctx.viewer.kind === "account" && ctx.viewer.accountId === input.accountId && !ctx.viewer.apiKeyId;
  if (!isSelf) requireRole(ctx, adminRoles);
  await ctx.db.transaction(async (tx) => {
    const inTx = { ...ctx, db: tx };
    const role = await roleOf(inTx, input.accountId);
    if (!isSelf) guardOwners(ctx, [role]);
    if (role === "owner") await protectLastOwner(inTx);
    await tx.execute(sql`DELETE FROM membership WHERE community_id = ${ctx.community.id} AND account_id = ${input.accountId}`);
    await tx.execute(sql`
      UPDATE api_key SET revoked_at = ${ctx.clock.now().toISOString()}
      WHERE community_id = ${ctx.community.id} AND account_id = ${input.accountId} AND revoked_at IS NULL`);
    await recordAudit(inTx, { action: "team.removed", objectKind: "account", objectId: input.accountId, detail: { role } });
  });
}

/**
 * Gives an account a role by its address: for the machine's own command line, when nobody can sign in any more.
 * @throws AppError `not_found` when there is no such community or account
 */
export async function grantRole(core: CoreContext, input: { slug: string; email: string; role: Role }): Promise<void> {
  await core.db.transaction(async (tx) => {
    const ctx = await openAsSystem({ ...core, db: tx }, { slug: input.slug });
    if (!ctx) throw new AppError("not_found", { public: `There is no community “${input.slug}”.` });
    const account = await findAccountByEmail(ctx, { email: input.email });
    if (!account) throw new AppError("not_found", { public: `There is no account with the address ${input.email}.` });
    const role = parseRole(input.role);
    await insertMembership(ctx, { accountId: account.id, role });
    await recordAudit(ctx, { action: "team.role_changed", objectKind: "account", objectId: account.id, detail: { after: role } });
  });
}

/**
 * Reads a role under the community's lock: two owners who step down at once must not both succeed. The lock is the
 * community's row, in the mode that leaves ingests (which only refer to the row) alone.
 */
async function roleOf(ctx: Ctx, accountId: string): Promise<Role> {
  await ctx.db.execute(sql`SELECT 1 FROM community WHERE id = ${ctx.community.id} FOR NO KEY UPDATE`);
  const row = await ctx.db.first<{ role: string }>(sql`
    SELECT role FROM membership WHERE community_id = ${ctx.community.id} AND account_id = ${accountId}`);
  if (!row) throw new AppError("not_found", { public: "This person is not in the community." });
  return parseRole(row.role);
}

function guardOwners(ctx: Ctx, touched: readonly Role[]): void {
  const { viewer } = ctx;
  if (viewer.kind === "account" && touched.some((role) => !isAtLeast(viewer.role, role))) {
    throw new AppError("forbidden", { public: "Only owners may make, change or remove owners." });
  }
}

async function protectLastOwner(ctx: Ctx): Promise<void> {
  const owners = await ctx.db.rows(sql`
    SELECT 1 FROM membership WHERE community_id = ${ctx.community.id} AND role = 'owner' LIMIT 2`);
  if (owners.length < 2) {
    throw new AppError("conflict", { public: "This is the last owner. Make somebody else an owner first." });
  }
}

/**
 * Lets somebody with a proven address into an open community as a developer: the portal's role, without the Studio.
 * Who has a role already keeps it.
 * @throws AppError `forbidden` while the address is unproven, `not_found` for a closed or unknown community
 */
export async function joinCommunity(core: CoreContext, input: { slug: string; account: Account }): Promise<void> {
  if (!input.account.emailVerified)
    throw new AppError("forbidden", { public: "Sign in by the link in a mail once, so that we know the address is yours." });
  await core.db.transaction(async (tx) => {
    const ctx = await openCommunity({ ...core, db: tx }, { slug: input.slug, account: input.account });
    if (!ctx) throw new AppError("not_found", { public: "There is no such community." });
    if (ctx.viewer.kind === "account") return;
    const viewer = { kind: "account", accountId: input.account.id, role: "developer" } as const;
    await insertMembership(ctx, viewer);
    await recordAudit(
      { ...ctx, viewer },
      { action: "team.joined", objectKind: "account", objectId: input.account.id, detail: { role: "developer" } },
    );
  });
}
