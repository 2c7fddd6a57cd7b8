import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { auditOf, createTeamMember } from "#tests/access-fixtures.ts";
import { as, createCtx } from "#tests/factories.ts";
import { changeRole, createApiKey, findAccount, findViewerByApiKey, grantRole, joinCommunity, listTeam, removeFromTeam } from "./index.ts";
import { adminRoles, editorRoles, requireRole, teamRoles } from "./role.ts";
import { type Role, roles } from "./visibility.ts";

test("each role passes exactly where it is named, visitors nowhere, the process everywhere", async () => {
  const ctx = await createCtx();
  for (const allowed of [adminRoles, editorRoles, teamRoles] as const) {
    for (const role of roles) {
      const passes = () => requireRole(as(ctx, role), allowed);
      if (allowed.some((each) => each === role)) expect(passes).not.toThrow();
      else expect(passes).toThrow(expect.objectContaining({ code: "forbidden" }));
    }
    expect(() => requireRole(as(ctx, "anonymous"), allowed)).toThrow(expect.objectContaining({ code: "unauthenticated" }));
    expect(() => requireRole(ctx, allowed)).not.toThrow();
  }
});

// Who may give whom which role: rows are who acts, then the role before and after.
test.each<[Role, Role, Role, boolean]>([
  ["owner", "admin", "owner", true],
  ["owner", "owner", "admin", true],
  ["admin", "advocate", "admin", true],
  ["admin", "admin", "viewer", true],
  ["admin", "admin", "owner", false],
  ["admin", "owner", "viewer", false],
  ["advocate", "viewer", "advocate", false],
  ["developer", "developer", "owner", false],
])("as %s, %s to %s: %s", async (actor, before, after, allowed) => {
  const ctx = await createCtx();
  await createTeamMember(ctx, "owner");
  const acting = await createTeamMember(ctx, actor);
  const target = await createTeamMember(ctx, before);
  const change = changeRole(acting.ctx, { accountId: target.accountId, role: after });
  if (allowed) await change;
  else await expect(change).rejects.toMatchObject({ code: "forbidden" });
  const team = await listTeam(ctx);
  const now = team.find((member) => member.accountId === target.accountId)?.role;
  expect(now ?? "developer").toBe(allowed ? after : before);
  expect(await auditOf(ctx)).toHaveLength(allowed ? 1 : 0);
});

test("the last owner can neither step down nor leave nor be removed", async () => {
  const ctx = await createCtx();
  const { ctx: owner, accountId } = await createTeamMember(ctx, "owner");
  await expect(changeRole(owner, { accountId, role: "admin" })).rejects.toMatchObject({ code: "conflict" });
  await expect(removeFromTeam(owner, { accountId })).rejects.toMatchObject({ code: "conflict" });
  await expect(removeFromTeam(ctx, { accountId })).rejects.toMatchObject({ code: "conflict" });
});

test("of two owners who step down at once, one stays", async () => {
  const ctx = await createCtx();
  const both = [await createTeamMember(ctx, "owner"), await createTeamMember(ctx, "owner")];
  const results = await Promise.allSettled(both.map(({ ctx: owner, accountId }) => changeRole(owner, { accountId, role: "viewer" })));
  expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
  expect((await listTeam(ctx)).filter((member) => member.role === "owner")).toHaveLength(1);
});

test("who leaves the team takes their keys along", async () => {
  const ctx = await createCtx();
  const { ctx: viewer, accountId } = await createTeamMember(ctx, "viewer");
  const { key } = await createApiKey(viewer, { name: "sheet", scopes: ["read"] });
  await expect(removeFromTeam(as(ctx, "product"), { accountId })).rejects.toMatchObject({ code: "forbidden" });
  await removeFromTeam(viewer, { accountId });
  expect(await findViewerByApiKey(ctx, { key })).toBeUndefined();
  expect((await auditOf(ctx)).map((entry) => entry.action)).toEqual(["api_key.created", "team.removed"]);
});

test("a change whose audit entry cannot be written does not happen", async () => {
  const ctx = await createCtx();
  await createTeamMember(ctx, "owner");
  const { accountId } = await createTeamMember(ctx, "viewer");
  const noTime = { ...ctx, clock: { now: () => new Date(Number.NaN) } };
  await expect(changeRole(noTime, { accountId, role: "admin" })).rejects.toThrow();
  expect((await listTeam(ctx)).find((member) => member.accountId === accountId)?.role).toBe("viewer");
  expect(await auditOf(ctx)).toEqual([]);
});

test("somebody with a proven address joins an open community as a developer and stays out of the team list", async () => {
  const ctx = await createCtx();
  const stranger = await createTeamMember(await createCtx(), "developer");
  const account = await findAccount(ctx, stranger);
  if (!account) throw new Error("the account is there");
  const { slug } = ctx.community;
  await expect(joinCommunity(ctx, { slug, account })).rejects.toMatchObject({ code: "forbidden" });
  await joinCommunity(ctx, { slug, account: { ...account, emailVerified: true } });
  await joinCommunity(ctx, { slug, account: { ...account, emailVerified: true } });
  expect(await auditOf(ctx)).toMatchObject([{ action: "team.joined", actor: account.id }]);
  expect(await listTeam(ctx)).toEqual([]);
});

test("the command line can give a role back to somebody", async () => {
  const ctx = await createCtx();
  const { accountId } = await createTeamMember(ctx, "viewer");
  const account = await findAccount(ctx, { accountId });
  await grantRole(ctx, { slug: ctx.community.slug, email: account?.email.toUpperCase() ?? "", role: "owner" });
  expect(await listTeam(ctx)).toMatchObject([{ accountId, role: "owner" }]);
  await expect(grantRole(ctx, { slug: ctx.community.slug, email: "nobody@example.org", role: "owner" })).rejects.toMatchObject({ code: "not_found" });
});

test("removing an account takes its memberships along", async () => {
  const ctx = await createCtx();
  const { accountId } = await createTeamMember(ctx, "viewer");
  await ctx.db.execute(sql`DELETE FROM auth_user WHERE id = ${accountId}`);
  expect(await listTeam(ctx)).toEqual([]);
});
