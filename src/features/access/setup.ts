import type { CoreContext } from "#core/context.ts";
import { sql } from "#core/database/database.ts";
import { type Account, insertAccount, type NewAccount, newAccountSchema, parseInput } from "./account.ts";
import { recordAudit } from "./audit.ts";
import { type CommunityDetail, communityColumns, insertCommunity, insertMembership, type NewCommunity, newCommunitySchema } from "./community.ts";
import type { Ctx } from "./context.ts";
import { createSecretToken, hashSecretToken } from "./secret-token.ts";

const lifetimeMs = 24 * 60 * 60 * 1000;

/** Why a set-up link does not work. */
export type SetupRefusal = "unknown" | "expired" | "done";
export type SetupState = { ok: true; expiresAt: Date } | { ok: false; reason: SetupRefusal };

/** Whether anybody owns a community here. Before that, the set-up link is the only way in. */
export async function hasOwner(core: CoreContext): Promise<boolean> {
  return (await core.db.first(sql`SELECT 1 FROM membership WHERE role = 'owner' LIMIT 1`)) !== undefined;
}

/**
 * Makes the one-time link's token, for a day. An earlier one stops working: who starts the server holds the link.
 * @returns undefined once there is an owner
 */
export async function createSetupToken(core: CoreContext): Promise<{ token: string; expiresAt: Date } | undefined> {
  if (await hasOwner(core)) return undefined;
  const { token, hash } = createSecretToken();
  const now = core.clock.now();
  const expiresAt = new Date(now.getTime() + lifetimeMs);
  await core.db.execute(sql`
    INSERT INTO setup_token (id, token_hash, created_at, expires_at)
    VALUES ('first-owner', ${hash}, ${now.toISOString()}, ${expiresAt.toISOString()})
    ON CONFLICT (id) DO UPDATE SET token_hash = EXCLUDED.token_hash, created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at`);
  return { token, expiresAt };
}

/** Whether a set-up link still works, without using it up. */
export async function readSetup(core: CoreContext, token: string): Promise<SetupState> {
  const row = await core.db.first<{ expiresAt: Date }>(sql`
    SELECT expires_at AS "expiresAt" FROM setup_token WHERE token_hash = ${hashSecretToken(token)}`);
  return stateOf(core, row);
}

async function stateOf(core: CoreContext, row: { expiresAt: Date } | undefined): Promise<SetupState> {
  if (await hasOwner(core)) return { ok: false, reason: "done" };
  if (!row) return { ok: false, reason: "unknown" };
  if (row.expiresAt <= core.clock.now()) return { ok: false, reason: "expired" };
  return { ok: true, expiresAt: row.expiresAt };
}

/**
 * Makes the first owner and the first community, all or nothing, and uses the link up. A community that the CLI
 * founded before, under this slug or another, goes to the owner too.
 * @returns the new account, to be signed in with its password; or why the link does not work
 * @throws AppError `invalid_input` or `conflict` for what is wrong with the fields; the link then stays good
 */
export async function completeSetup(
  core: CoreContext,
  input: { token: string; owner: NewAccount; community: NewCommunity },
): Promise<{ ok: true; account: Account; community: CommunityDetail } | { ok: false; reason: SetupRefusal }> {
  const fields = {
    owner: parseInput(newAccountSchema, input.owner),
    community: parseInput(newCommunitySchema, input.community),
  };
  return core.db.transaction(async (tx) => {
    const inTx = { ...core, db: tx };
    // Whoever comes second waits for this row here, and finds it gone.
    const row = await tx.first<{ expiresAt: Date }>(sql`
      SELECT expires_at AS "expiresAt" FROM setup_token WHERE token_hash = ${hashSecretToken(input.token)} FOR UPDATE`);
    const state = await stateOf(inTx, row);
    if (!state.ok) return state;
    await tx.execute(sql`DELETE FROM setup_token`);

    const account = await insertAccount(inTx, fields.owner);
    const adopted = await tx.rows<CommunityDetail>(sql`SELECT ${communityColumns} FROM community c`);
    const named = adopted.find((found) => found.slug === fields.community.slug);
    const community = named ? await rename(inTx, named, fields.community) : await insertCommunity(inTx, fields.community);
    for (const owned of [community, ...adopted.filter((found) => found.id !== community.id)]) {
      const ctx: Ctx = { ...inTx, community: owned, viewer: { kind: "account", accountId: account.id, role: "owner" } };
      await insertMembership(ctx, { accountId: account.id, role: "owner" });
      await recordAudit(ctx, { action: "setup.completed", objectKind: "account", objectId: account.id, detail: { role: "owner" } });
    }
    return { ok: true, account, community };
  });
}

async function rename(core: CoreContext, found: CommunityDetail, to: { name: string; timeZone: string }): Promise<CommunityDetail> {
  await core.db.execute(sql`UPDATE community SET name = ${to.name}, time_zone = ${to.timeZone} WHERE id = ${found.id}`);
  return { ...found, ...to };
}
