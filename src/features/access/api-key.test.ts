import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { auditOf, createTeamMember } from "#tests/access-fixtures.ts";
import { createCtx } from "#tests/factories.ts";
import {
  type Ctx,
  changeRole,
  createApiKey,
  findViewerByApiKey,
  listApiKeys,
  openCommunity,
  type Role,
  requireRole,
  requireScope,
  revokeApiKey,
  type Scope,
  viewerLevel,
} from "./index.ts";

async function openWithKey(ctx: Ctx, key: string): Promise<Ctx | undefined> {
  const apiKey = await findViewerByApiKey(ctx, { key });
  return apiKey && openCommunity(ctx, { slug: ctx.community.slug, account: { id: apiKey.accountId }, apiKey });
}

test("a key is shown once, stored as a hash, and opens its community as its maker", async () => {
  const base = await createCtx();
  const { ctx, accountId } = await createTeamMember(base, "advocate");
  const { id, key } = await createApiKey(ctx, { name: "export script", scopes: ["export"] });
  expect(key).toMatch(/^cw_[\w-]{43}$/);
  const stored = await ctx.db.rows<{ row: string }>(sql`SELECT k::text AS row FROM api_key k WHERE id = ${id}`);
  expect(stored.some(({ row }) => row.includes(key))).toBe(false);
  expect(await listApiKeys(ctx)).toMatchObject([{ id, prefix: key.slice(0, 9), scopes: ["export"], accountId }]);
  expect((await openWithKey(ctx, key))?.viewer).toEqual({ kind: "account", accountId, role: "advocate", apiKeyId: id, scopes: ["export"] });
  expect(await findViewerByApiKey(ctx, { key: `${key}x` })).toBeUndefined();
});

test("a key stops when it expires, is revoked, or its maker has left or opens another community", async () => {
  const ctx = await createCtx();
  const owner = await createTeamMember(ctx, "owner");
  const maker = await createTeamMember(ctx, "advocate");
  const short = await createApiKey(maker.ctx, { name: "a", scopes: ["read"], expiresInDays: 1 });
  const long = await createApiKey(maker.ctx, { name: "b", scopes: ["read"], expiresInDays: null });
  const foreign = await createCtx();
  await createTeamMember(foreign, "owner");
  const grant = await findViewerByApiKey(ctx, { key: long.key });
  expect(await openCommunity(foreign, { slug: foreign.community.slug, account: { id: maker.accountId }, apiKey: grant })).toBeUndefined();

  ctx.clock.set("2026-11-26T12:00:00Z");
  expect(await openWithKey(ctx, short.key)).toBeUndefined();
  await revokeApiKey(owner.ctx, { apiKeyId: long.id });
  expect(await openWithKey(ctx, long.key)).toBeUndefined();
  await expect(revokeApiKey(owner.ctx, { apiKeyId: long.id })).rejects.toMatchObject({ code: "not_found" });
  expect((await auditOf(ctx)).map((entry) => entry.action)).toEqual(["api_key.created", "api_key.created", "api_key.revoked"]);
});

test("a key loses what its maker loses", async () => {
  const ctx = await createCtx();
  const maker = await createTeamMember(ctx, "admin");
  const { key } = await createApiKey(maker.ctx, { name: "a", scopes: ["admin"] });
  const before = await openWithKey(ctx, key);
  expect(before && viewerLevel(before.viewer)).toBe("restricted");
  await changeRole(ctx, { accountId: maker.accountId, role: "viewer" });
  const after = await openWithKey(ctx, key);
  expect(after && viewerLevel(after.viewer)).toBe("team");
  expect(() => after && requireRole(after, ["owner", "admin"])).toThrow(expect.objectContaining({ code: "forbidden" }));
});

test.each<[Role, Scope, boolean]>([
  ["owner", "admin", true],
  ["admin", "admin", true],
  ["advocate", "admin", false],
  ["advocate", "import", true],
  ["product", "write", true],
  ["product", "import", false],
  ["viewer", "export", true],
  ["viewer", "write", false],
  ["developer", "read", false],
])("as %s, a key with the scope %s: %s", async (role, scope, allowed) => {
  const { ctx } = await createTeamMember(await createCtx(), role);
  const made = createApiKey(ctx, { name: "k", scopes: [scope] });
  if (allowed) await expect(made).resolves.toMatchObject({ key: expect.any(String) });
  else await expect(made).rejects.toMatchObject({ code: "forbidden" });
});

test.each<[Scope, Scope[]]>([
  ["read", ["read"]],
  ["write", ["read", "write"]],
  ["import", ["import"]],
  ["export", ["read", "export"]],
  ["admin", ["read", "write", "import", "export", "admin"]],
])("a key with %s may %j and nothing else", async (scope, may) => {
  const base = await createCtx();
  const { ctx } = await createTeamMember(base, "owner");
  const { key } = await createApiKey(ctx, { name: "k", scopes: [scope] });
  const opened = await openWithKey(ctx, key);
  if (!opened) throw new Error("the key works");
  for (const wanted of ["read", "write", "import", "export", "admin"] as const) {
    const attempt = () => requireScope(opened, wanted);
    if (may.includes(wanted)) expect(attempt).not.toThrow();
    else expect(attempt).toThrow(expect.objectContaining({ code: "forbidden" }));
  }
  expect(viewerLevel(opened.viewer)).toBe(may.includes("read") ? "restricted" : "public");
});

test("a key makes no keys, and nobody sees or revokes another's without running the community", async () => {
  const ctx = await createCtx();
  const one = await createTeamMember(ctx, "admin");
  const other = await createTeamMember(ctx, "viewer");
  const { id, key } = await createApiKey(one.ctx, { name: "a", scopes: ["admin"] });
  const opened = await openWithKey(ctx, key);
  await expect(opened && createApiKey(opened, { name: "b", scopes: ["read"] })).rejects.toMatchObject({ code: "forbidden" });
  expect(await listApiKeys(other.ctx)).toEqual([]);
  await expect(revokeApiKey(other.ctx, { apiKeyId: id })).rejects.toMatchObject({ code: "not_found" });
  const { id: viewersKey } = await createApiKey(other.ctx, { name: "c", scopes: ["read"] });
  await revokeApiKey(other.ctx, { apiKeyId: viewersKey });
});

test("use is noted at most every five minutes", async () => {
  const ctx = await createCtx();
  const maker = await createTeamMember(ctx, "viewer");
  const { key } = await createApiKey(maker.ctx, { name: "a", scopes: ["read"] });
  const lastUsed = async () => (await listApiKeys(maker.ctx))[0]?.lastUsedAt?.toISOString();
  await findViewerByApiKey(ctx, { key });
  ctx.clock.set("2026-11-25T12:04:00Z");
  await findViewerByApiKey(ctx, { key });
  expect(await lastUsed()).toBe("2026-11-25T12:00:00.000Z");
  ctx.clock.set("2026-11-25T12:06:00Z");
  await findViewerByApiKey(ctx, { key });
  expect(await lastUsed()).toBe("2026-11-25T12:06:00.000Z");
});
