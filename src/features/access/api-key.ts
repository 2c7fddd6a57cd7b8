import { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import { array, sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { isId, newId } from "#core/ids.ts";
import { parseInput } from "./account.ts";
import { actorOf, recordAudit } from "./audit.ts";
import type { Ctx } from "./context.ts";
import { isAtLeast, requireRole, teamRoles } from "./role.ts";
import { createSecretToken, hashSecretToken } from "./secret-token.ts";
import { type Role, type Scope, scopes } from "./visibility.ts";

const dayMs = 24 * 60 * 60 * 1000;
const keyPrefix = "cw_";
/** How stale "last used" may be: it must not turn every API call into a write. */
const lastUsedEveryMs = 5 * 60 * 1000;

/** The least role whose keys may hold a scope: a key can do no more than its maker. */
const leastRole: Record<Scope, Role> = { read: "viewer", export: "viewer", write: "product", import: "advocate", admin: "admin" };

/** What an API key is made of; the form and the API's body derive from it. */
export const newApiKeySchema = z.object({
  name: z.string().trim().min(1, "Name the key after what uses it.").max(80),
  scopes: z
    .array(z.enum(scopes))
    .min(1, "Choose at least one scope.")
    .transform((chosen) => scopes.filter((scope) => chosen.includes(scope))),
  /** Absent for 90 days; null for a key that does not expire. */
  expiresInDays: z.number().int().min(1).max(3650).nullable().default(90),
});

export interface ApiKeyRow {
  id: string;
  name: string;
  prefix: string;
  scopes: Scope[];
  accountId: string;
  accountName: string | null;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

/** What a valid key grants: an account's rights in one community, within the scopes. */
export interface ApiKeyGrant {
  id: string;
  accountId: string;
  communityId: string;
  communitySlug: string;
  scopes: Scope[];
}

/**
 * Makes a key that acts for the caller. The key is in the answer and nowhere else; stored are its hash and its first letters.
 * @throws AppError `forbidden` for a scope beyond the caller's role, and for keys that would make keys
 */
export async function createApiKey(ctx: Ctx, input: z.input<typeof newApiKeySchema>): Promise<{ id: string; key: string; expiresAt: Date | null }> {
  requireRole(ctx, teamRoles);
  const { viewer } = ctx;
  if (viewer.kind !== "account" || viewer.apiKeyId)
    throw new AppError("forbidden", { public: "Sign in to make an API key: it acts for the person who makes it." });
  const wanted = parseInput(newApiKeySchema, input);
  const beyond = wanted.scopes.filter((scope) => !isAtLeast(viewer.role, leastRole[scope]));
  if (beyond.length > 0) throw new AppError("forbidden", { public: `With the role ${viewer.role} a key cannot have: ${beyond.join(", ")}.` });
  const id = newId();
  const { token: key, hash } = createSecretToken(keyPrefix);
  const now = ctx.clock.now();
  const expiresAt = wanted.expiresInDays === null ? null : new Date(now.getTime() + wanted.expiresInDays * dayMs);
  await ctx.db.transaction(async (tx) => {
    await tx.execute(sql`
      INSERT INTO api_key (community_id, id, account_id, name, prefix, key_hash, scopes, created_at, expires_at)
      VALUES (${ctx.community.id}, ${id}, ${viewer.accountId}, ${wanted.name}, ${key.slice(0, keyPrefix.length + 6)}, ${hash},
              ${array(wanted.scopes, "text")}, ${now.toISOString()}, ${expiresAt?.toISOString() ?? null})`);
    await recordAudit(
      { ...ctx, db: tx },
      {
        action: "api_key.created",
        objectKind: "api_key",
        objectId: id,
        detail: { name: wanted.name, scopes: wanted.scopes, expiresAt },
      },
    );
  });
  return { id, key, expiresAt };
}

/** The caller's own keys, newest first; owners and admins see everybody's. */
export async function listApiKeys(ctx: Ctx): Promise<ApiKeyRow[]> {
  requireRole(ctx, teamRoles, { scope: "read" });
  return ctx.db.rows<ApiKeyRow>(sql`
    SELECT k.id, k.name, k.prefix, k.scopes, k.account_id AS "accountId", u.name AS "accountName", k.created_at AS "createdAt",
           k.expires_at AS "expiresAt", k.last_used_at AS "lastUsedAt", k.revoked_at AS "revokedAt"
    FROM api_key k LEFT JOIN auth_user u ON u.id = k.account_id
    WHERE k.community_id = ${ctx.community.id} ${ownOnly(ctx)} ORDER BY k.id DESC LIMIT 500`);
}

/**
 * Makes a key worthless at once. One's own, or as owner or admin anybody's; a key may revoke itself.
 * @throws AppError `not_found` when there is no such key that still works
 */
export async function revokeApiKey(ctx: Ctx, input: { apiKeyId: string }): Promise<void> {
  const { viewer } = ctx;
  const isItself = viewer.kind === "account" && viewer.apiKeyId === input.apiKeyId;
  if (!isItself) requireRole(ctx, teamRoles);
  await ctx.db.transaction(async (tx) => {
    const revoked = isId(input.apiKeyId)
      ? await tx.execute(sql`
          UPDATE api_key k SET revoked_at = ${ctx.clock.now().toISOString()}
          WHERE k.community_id = ${ctx.community.id} AND k.id = ${input.apiKeyId} AND k.revoked_at IS NULL ${ownOnly(ctx)}`)
      : 0;
    if (revoked === 0) throw new AppError("not_found", { public: "There is no such key that still works." });
    await recordAudit({ ...ctx, db: tx }, { action: "api_key.revoked", objectKind: "api_key", objectId: input.apiKeyId });
  });
}

function ownOnly(ctx: Ctx) {
  const { viewer } = ctx;
  const seesAll = viewer.kind === "system" || (viewer.kind === "account" && isAtLeast(viewer.role, "admin"));
  return seesAll ? sql`` : sql`AND k.account_id = ${viewer.kind === "account" ? viewer.accountId : actorOf(viewer)}`;
}

/**
 * What a key grants, or undefined when it is unknown, expired or revoked. The role is looked up when the community
 * is opened, so a key loses what its maker loses.
 */
export async function findViewerByApiKey(core: CoreContext, input: { key: string }): Promise<ApiKeyGrant | undefined> {
  if (!input.key.startsWith(keyPrefix)) return undefined;
  const now = core.clock.now();
  const row = await core.db.first<ApiKeyGrant & { lastUsedAt: Date | null }>(sql`
    SELECT k.id, k.account_id AS "accountId", k.community_id AS "communityId", c.slug AS "communitySlug", k.scopes, k.last_used_at AS "lastUsedAt"
    FROM api_key k JOIN community c ON c.id = k.community_id
    WHERE k.key_hash = ${hashSecretToken(input.key)} AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ${now.toISOString()})`);
  if (!row) return undefined;
  const { lastUsedAt, ...grant } = row;
  if (!lastUsedAt || now.getTime() - lastUsedAt.getTime() > lastUsedEveryMs) {
    await core.db.execute(sql`UPDATE api_key SET last_used_at = ${now.toISOString()} WHERE community_id = ${grant.communityId} AND id = ${grant.id}`);
  }
  return grant;
}
