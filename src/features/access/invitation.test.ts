import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { auditOf, createTeamMember } from "#tests/access-fixtures.ts";
import { as, createCtx } from "#tests/factories.ts";
import { acceptInvitation, createInvitation, listInvitations, openCommunity, readInvitation, revokeInvitation } from "./index.ts";

const newAccount = () => ({ name: "Bo Berg", email: `${newId()}@example.org`, password: "harbour lantern 42" });

test("a newcomer accepts by link, once, with the role that the link names", async () => {
  const ctx = await createCtx();
  const { token } = await createInvitation(as(ctx, "admin"), { role: "advocate", note: "Bo, from support" });
  expect(await readInvitation(ctx, token)).toMatchObject({ ok: true, role: "advocate", community: { id: ctx.community.id } });
  const accepted = await acceptInvitation(ctx, { token, newAccount: newAccount() });
  if (!accepted.ok) throw new Error(accepted.reason);
  expect((await openCommunity(ctx, { slug: ctx.community.slug, account: accepted.account }))?.viewer).toMatchObject({ role: "advocate" });
  expect(await acceptInvitation(ctx, { token, newAccount: newAccount() })).toEqual({ ok: false, reason: "used" });
  expect((await auditOf(ctx)).map((entry) => [entry.action, entry.actor])).toEqual([
    ["invitation.created", "test-admin"],
    ["invitation.accepted", accepted.account.id],
  ]);
  const stored = await ctx.db.rows<{ row: string }>(sql`SELECT i::text AS row FROM invitation i WHERE community_id = ${ctx.community.id}`);
  expect(stored.some(({ row }) => row.includes(token))).toBe(false);
});

test("of two who take one link at the same moment, one gets in", async () => {
  const ctx = await createCtx();
  const { token } = await createInvitation(ctx, { role: "viewer" });
  const results = await Promise.all([1, 2].map(() => acceptInvitation(ctx, { token, newAccount: newAccount() })));
  expect(results.filter((result) => result.ok)).toHaveLength(1);
  expect(await ctx.db.rows(sql`SELECT 1 FROM membership WHERE community_id = ${ctx.community.id}`)).toHaveLength(1);
});

test("an account that is signed in accepts, and never loses rights by it", async () => {
  const ctx = await createCtx();
  const advocate = await createTeamMember(ctx, "advocate");
  const lower = await createInvitation(ctx, { role: "viewer" });
  expect(await acceptInvitation(ctx, { token: lower.token, accountId: advocate.accountId })).toMatchObject({ ok: true, role: "advocate" });
  const higher = await createInvitation(ctx, { role: "admin" });
  expect(await acceptInvitation(ctx, { token: higher.token, accountId: advocate.accountId })).toMatchObject({ ok: true, role: "admin" });
});

test("an expired, revoked or made-up link lets nobody in", async () => {
  const ctx = await createCtx();
  const old = await createInvitation(ctx, { role: "viewer", expiresInDays: 1 });
  const withdrawn = await createInvitation(ctx, { role: "viewer" });
  await revokeInvitation(ctx, { invitationId: withdrawn.id });
  ctx.clock.set("2026-11-26T12:00:00Z");
  expect(await acceptInvitation(ctx, { token: old.token, newAccount: newAccount() })).toEqual({ ok: false, reason: "expired" });
  expect(await acceptInvitation(ctx, { token: withdrawn.token, newAccount: newAccount() })).toEqual({ ok: false, reason: "revoked" });
  expect(await acceptInvitation(ctx, { token: "made-up", newAccount: newAccount() })).toEqual({ ok: false, reason: "unknown" });
  const { rows } = await listInvitations(ctx, { limit: 10 });
  expect(rows.map((row) => row.state)).toEqual(["revoked", "expired"]);
  await expect(revokeInvitation(ctx, { invitationId: withdrawn.id })).rejects.toMatchObject({ code: "not_found" });
});

test("a weak password or a taken address leaves the link good", async () => {
  const ctx = await createCtx();
  const { token } = await createInvitation(ctx, { role: "viewer" });
  await expect(acceptInvitation(ctx, { token, newAccount: { ...newAccount(), password: "password1234" } })).rejects.toMatchObject({
    code: "invalid_input",
  });
  const taken = newAccount();
  const other = await createInvitation(ctx, { role: "viewer" });
  await acceptInvitation(ctx, { token: other.token, newAccount: taken });
  await expect(acceptInvitation(ctx, { token, newAccount: taken })).rejects.toMatchObject({ code: "conflict" });
  expect(await readInvitation(ctx, token)).toMatchObject({ ok: true });
});

test("admins invite up to admin, owners anybody, others nobody; another community's invitations are out of reach", async () => {
  const ctx = await createCtx();
  await expect(createInvitation(as(ctx, "admin"), { role: "owner" })).rejects.toMatchObject({ code: "forbidden" });
  await expect(createInvitation(as(ctx, "advocate"), { role: "viewer" })).rejects.toMatchObject({ code: "forbidden" });
  const { id } = await createInvitation(as(ctx, "owner"), { role: "owner" });
  const foreign = await createCtx();
  await expect(revokeInvitation(as(foreign, "owner"), { invitationId: id })).rejects.toMatchObject({ code: "not_found" });
  expect((await listInvitations(as(foreign, "owner"), { limit: 10 })).rows).toEqual([]);
});
