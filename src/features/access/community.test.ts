import fc from "fast-check";
import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { auditOf, createTeamMember, openOwnDatabase } from "#tests/access-fixtures.ts";
import { as, createCtx } from "#tests/factories.ts";
import {
  canonicalTimeZone,
  changeCommunity,
  createCommunity,
  ensureCommunity,
  newCommunitySchema,
  openCommunity,
  proposeSlug,
  runsInstallation,
} from "./index.ts";

const unique = (word: string) => `${word}-${newId().slice(-12)}`;

test.each(["studio", "api", "sign-in", "-a", "a-", "a b", "ä", "a".repeat(49), ""])("the slug %j is refused", (slug) => {
  expect(newCommunitySchema.safeParse({ name: "A", slug }).success).toBe(false);
});

test.each(["+02:00", "Mars/Base", "", "'; DROP TABLE community; --"])("%j is no time zone", (zone) => {
  expect(canonicalTimeZone(zone)).toBeUndefined();
});

test("a time zone is kept in its usual spelling", () => {
  expect(canonicalTimeZone("europe/berlin")).toBe("Europe/Berlin");
  expect(canonicalTimeZone("UTC")).toBe("UTC");
});

test("a proposed slug is empty or one that is accepted, unless it is reserved", () => {
  expect(proposeSlug("Pi-hole & Freunde für Köln")).toBe("pi-hole-freunde-fur-koln");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (name) => {
      const slug = proposeSlug(name);
      return slug === "" || /^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/.test(slug);
    }),
  );
});

test("who founds a community owns it; a slug is given once", async () => {
  const { ctx, accountId } = await createTeamMember(await createCtx(), "admin");
  const slug = unique("tide");
  const community = await createCommunity(ctx, { accountId, name: "Tide", slug });
  const opened = await openCommunity(ctx, { slug, account: { id: accountId } });
  expect(opened?.viewer).toMatchObject({ kind: "account", role: "owner" });
  expect(opened && (await auditOf(opened))).toMatchObject([{ actor: accountId, action: "community.created", objectId: community.id }]);
  await expect(createCommunity(ctx, { accountId, name: "Other", slug })).rejects.toMatchObject({ code: "conflict", issues: [{ path: "slug" }] });
});

test("who runs no community here founds none", async () => {
  const { ctx, accountId } = await createTeamMember(await createCtx(), "advocate");
  await expect(createCommunity(ctx, { accountId, name: "Mine", slug: unique("mine") })).rejects.toMatchObject({ code: "forbidden" });
});

test("commands that start together found one community", async () => {
  const core = await createCtx();
  const slug = unique("race");
  const opened = await Promise.all([1, 2, 3].map(() => ensureCommunity(core, { slug, name: "Race" })));
  expect(new Set(opened.map((ctx) => ctx.community.id)).size).toBe(1);
  expect(opened[0]?.viewer).toEqual({ kind: "system" });
});

test("a change is audited with before and after, and only admins make it", async () => {
  const ctx = await createCtx();
  await expect(changeCommunity(as(ctx, "advocate"), { name: "New" })).rejects.toMatchObject({ code: "forbidden" });
  await changeCommunity(as(ctx, "admin"), { name: "New", portalOpen: false });
  expect(await auditOf(ctx)).toMatchObject([
    { action: "community.changed", detail: { before: { name: ctx.community.name, portalOpen: true }, after: { name: "New", portalOpen: false } } },
  ]);
});

test("a closed portal and an unknown community look the same to visitors", async () => {
  const ctx = await createCtx();
  const { slug } = ctx.community;
  expect((await openCommunity(ctx, { slug, account: null }))?.viewer).toEqual({ kind: "anonymous" });
  expect((await openCommunity(ctx, { slug, account: { id: "nobody-here" } }))?.viewer).toEqual({ kind: "anonymous" });
  const { accountId } = await createTeamMember(ctx, "developer");
  await changeCommunity(ctx, { portalOpen: false });
  expect(await openCommunity(ctx, { slug, account: null })).toBeUndefined();
  expect(await openCommunity(ctx, { slug: unique("none"), account: null })).toBeUndefined();
  expect((await openCommunity(ctx, { slug, account: { id: accountId } }))?.viewer).toMatchObject({ role: "developer" });
});

test("the installation is run by who runs every community; a key opens its own community alone", async () => {
  const { core, close } = await openOwnDatabase();
  try {
    const first = await ensureCommunity(core, { slug: "first" });
    const { accountId, ctx } = await createTeamMember(first, "admin");
    const viewer = await createTeamMember(first, "viewer");
    const key: typeof ctx = { ...ctx, viewer: { kind: "account", accountId, role: "admin", apiKeyId: newId(), scopes: ["admin"] } };
    const verdicts = () => Promise.all([first, ctx, key, viewer.ctx, as(first, "anonymous")].map(runsInstallation));
    expect(await verdicts()).toEqual([true, true, true, false, false]);
    await createCommunity(ctx, { accountId, name: "Second", slug: "second" });
    expect(await verdicts()).toEqual([true, true, false, false, false]);
    const another = (await createTeamMember(await ensureCommunity(core, { slug: "third" }), "owner")).accountId;
    await core.db.execute(
      sql`DELETE FROM membership m USING community c WHERE c.slug = 'third' AND m.community_id = c.id AND m.account_id <> ${another}`,
    );
    expect(await verdicts()).toEqual([true, false, false, false, false]);
  } finally {
    await close();
  }
});
