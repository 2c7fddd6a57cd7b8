import { expect, test } from "vitest";
import { createTeamMember } from "#tests/access-fixtures.ts";
import { as, createCtx } from "#tests/factories.ts";
import { listAudit, recordAudit } from "./index.ts";

test("the log pages from the newest, each entry once, and names who acted", async () => {
  const base = await createCtx();
  const { ctx } = await createTeamMember(base, "admin");
  for (let n = 0; n < 5; n += 1) await recordAudit(ctx, { action: "probe.done", objectKind: "probe", objectId: String(n) });
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const page = await listAudit(ctx, { after, limit: 2 });
    seen.push(...page.rows.map((row) => row.objectId));
    expect(page.rows[0]?.actorName).toBe(`admin of ${ctx.community.slug}`);
    after = page.next ?? undefined;
  } while (after);
  expect(seen).toEqual(["4", "3", "2", "1", "0"]);
});

test("filters by actor, action, object and time hold together", async () => {
  const ctx = await createCtx();
  await recordAudit(ctx, { action: "signal.dismissed", objectKind: "signal", objectId: "s1" });
  ctx.clock.set("2026-11-26T00:00:00Z");
  await recordAudit(as(ctx, "owner"), { action: "team.removed", objectKind: "account", objectId: "a1" });
  await recordAudit(as(ctx, "owner"), { action: "team.role_changed", objectKind: "account", objectId: "a2" });
  const ids = async (filter: object) => (await listAudit(ctx, { limit: 10, ...filter })).rows.map((row) => row.objectId);
  expect(await ids({ actor: "system" })).toEqual(["s1"]);
  expect(await ids({ action: "team." })).toEqual(["a2", "a1"]);
  expect(await ids({ action: "team.removed" })).toEqual(["a1"]);
  expect(await ids({ objectKind: "account", objectId: "a2" })).toEqual(["a2"]);
  expect(await ids({ to: new Date("2026-11-26T00:00:00Z") })).toEqual(["s1"]);
  expect(await ids({ from: new Date("2026-11-26T00:00:00Z"), action: "signal." })).toEqual([]);
});

test("owners and admins read the log of their own community, nobody else does", async () => {
  const ctx = await createCtx();
  await recordAudit(ctx, { action: "probe.done", objectKind: "probe", objectId: "1" });
  for (const role of ["advocate", "product", "viewer", "developer"] as const) {
    await expect(listAudit(as(ctx, role), { limit: 10 })).rejects.toMatchObject({ code: "forbidden" });
  }
  await expect(listAudit(as(ctx, "anonymous"), { limit: 10 })).rejects.toMatchObject({ code: "unauthenticated" });
  expect((await listAudit(as(await createCtx(), "owner"), { limit: 10 })).rows).toEqual([]);
  expect((await listAudit(as(ctx, "admin"), { limit: 10 })).rows).toHaveLength(1);
});

test.each(["nonsense", Buffer.from('["no id"]').toString("base64url")])("the typed cursor %s is refused", async (after) => {
  const ctx = await createCtx();
  await expect(listAudit(ctx, { after, limit: 10 })).rejects.toMatchObject({ code: "invalid_input" });
});
