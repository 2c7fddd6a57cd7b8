import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sql } from "#core/database/database.ts";
import { as, createCtx } from "#tests/factories.ts";
import { groupsOf, peopleRows } from "#tests/people-rows.ts";
import {
  acceptLink,
  getMember,
  linkIdentities,
  listMembers,
  listSuggestedKinds,
  listSuggestedLinks,
  rejectLink,
  removeLink,
  setIdentityKind,
} from "./index.ts";

describe("links", () => {
  it("accepted, removed and rejected in any order give the components of what is accepted at the end", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    const ids: string[] = [];
    for (let at = 0; at < 6; at += 1) ids.push(await rows.identity({ externalId: `p${at}@acme.dev` }));
    const links: { id: string; a: number; b: number }[] = [];
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [0, 2],
      [2, 3],
      [4, 5],
      [3, 4],
    ] as const)
      links.push({ id: await rows.link(ids[a] ?? "", ids[b] ?? "", { state: "suggested" }), a, b });
    await rows.derive();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(links.length - 1), fc.boolean()), { maxLength: 12 }), async (steps) => {
        for (const link of links) await removeLink(ctx, { linkId: link.id });
        const accepted = new Set<number>();
        for (const [at, accept] of steps) {
          const linkId = links[at]?.id ?? "";
          await (accept ? acceptLink : removeLink)(ctx, { linkId });
          if (accept) accepted.add(at);
          else accepted.delete(at);
        }
        const group = ids.map((_, at) => at);
        for (let round = 0; round < ids.length; round += 1) {
          for (const at of accepted) {
            const { a, b } = links[at] ?? { a: 0, b: 0 };
            const low = Math.min(group[a] ?? 0, group[b] ?? 0);
            group[a] = low;
            group[b] = low;
          }
        }
        const expected = [...Map.groupBy(ids.keys(), (at) => group[at]).values()].map((members) => members.map((at) => ids[at] ?? ""));
        expect(await groupsOf(ctx, ids)).toEqual(expected);
      }),
      { numRuns: 12 },
    );
  });

  it("removed at any age restore the two members as they were, and no rule draws them again", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    const mail = await rows.identity({ externalId: "ada@acme.dev", name: "Ada" });
    const hub = await rows.identity({ platform: "github", externalId: "17", login: "ada-l", name: "Ada L" });
    await rows.activity({ by: mail, at: "2026-03-01T10:00:00Z" });
    await rows.activity({ by: hub, at: "2026-03-04T10:00:00Z" });
    await rows.derive();
    const plain = sql`SELECT id, display_name, kind, activity_counts, first_activity_at, last_activity_at, identity_count FROM member WHERE community_id = ${ctx.community.id} ORDER BY id`;
    const before = await ctx.db.rows(plain);
    await ctx.db.execute(
      sql`UPDATE identity SET email = 'ada@acme.dev', email_verified = true WHERE community_id = ${ctx.community.id} AND id = ${hub}`,
    );
    await rows.derive();
    const joined = await getMember(ctx, { memberId: hub });
    expect(joined).toMatchObject({ id: mail, activityCount: 2 });
    const outcome = await removeLink(ctx, { linkId: joined?.links[0]?.id ?? "" });
    expect(outcome).toMatchObject({ joined: false, state: "suggested" });
    expect(await ctx.db.rows(plain)).toEqual(before);
    await rows.derive();
    expect(await ctx.db.rows(plain)).toEqual(before);
    expect((await listSuggestedLinks(ctx)).rows).toEqual([]);
  });

  it("marked never hold against every rule, also by way of a third", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    const mail = await rows.identity({ externalId: "team@acme.dev" });
    const shared = await rows.identity({ externalId: "ada@acme.dev" });
    const one = await rows.identity({ platform: "github", externalId: "1", email: "ada@acme.dev", verified: true });
    const two = await rows.identity({ platform: "discord", externalId: "2", email: "ada@acme.dev", verified: true });
    const drawn = await linkIdentities(ctx, { identityIds: [one, two], reason: "a guess" });
    await rejectLink(ctx, { linkId: drawn.linkId });
    await rows.derive();
    const groups = await groupsOf(ctx, [mail, shared, one, two]);
    expect(groups.some((group) => group.includes(one) && group.includes(two))).toBe(false);
    const held = [...((await getMember(ctx, { memberId: one }))?.links ?? []), ...((await getMember(ctx, { memberId: two }))?.links ?? [])];
    expect(held.filter(({ heldBack }) => heldBack).length).toBeGreaterThan(0);
    await acceptLink(ctx, { linkId: drawn.linkId });
    expect(await groupsOf(ctx, [shared, one, two])).toEqual([[shared, one, two]]);
  });

  it("are decided by editors alone, once, and each decision is in the audit log and wakes the readers", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    const [a, b] = [await rows.identity({ externalId: "a@acme.dev" }), await rows.identity({ externalId: "b@acme.dev" })];
    const thread = await rows.thread({ openedAt: "2026-03-01T10:00:00Z", opener: a });
    await rows.activity({ by: b, at: "2026-03-01T11:00:00Z", thread });
    const linkId = await rows.link(a, b, { state: "suggested" });
    await rows.derive();
    await expect(acceptLink(as(ctx, "viewer"), { linkId })).rejects.toMatchObject({ code: "forbidden" });
    const advocate = as(ctx, "advocate");
    expect(await acceptLink(advocate, { linkId })).toMatchObject({ joined: true });
    expect(await acceptLink(advocate, { linkId })).toMatchObject({ joined: true });
    const audit = await ctx.db.rows(sql`SELECT actor, action, object_id FROM audit_entry WHERE community_id = ${ctx.community.id}`);
    expect(audit).toEqual([{ actor: "test-advocate", action: "link.accepted", object_id: linkId }]);
    const woken = await ctx.db.rows<{ threads: string[] }>(
      sql`SELECT threads::text[] AS threads FROM outbox WHERE community_id = ${ctx.community.id}`,
    );
    expect(woken).toEqual([{ threads: [thread] }]);
  });
});

describe("kinds", () => {
  it("mark certain bots, only suggest likely ones, and keep what was set by hand", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    const app = await rows.identity({ platform: "github", externalId: "1", login: "renovate[bot]" });
    const likely = await rows.identity({ platform: "github", externalId: "2", login: "acme-bot" });
    const abbott = await rows.identity({ platform: "github", externalId: "3", login: "talbot", name: "Jane Abbott" });
    for (const by of [app, likely, abbott]) await rows.activity({ by, at: "2026-03-01T10:00:00Z" });
    await rows.derive();
    expect((await listMembers(ctx, { kind: "bot", limit: 10 })).rows.map(({ id }) => id)).toEqual([app]);
    expect((await listSuggestedKinds(ctx)).map(({ identityId }) => identityId)).toEqual([likely]);
    await setIdentityKind(ctx, { identityIds: [likely], kind: "human", reason: "Met him in Lyon." });
    await setIdentityKind(ctx, { memberId: app, kind: "human", reason: "A person's joke." });
    await rows.derive();
    expect(await listSuggestedKinds(ctx)).toEqual([]);
    expect((await listMembers(ctx, { kind: "bot", limit: 10 })).rows).toEqual([]);
    expect(await setIdentityKind(ctx, { memberId: app, kind: "human", reason: "A person's joke." })).toEqual({ changed: 0 });
  });

  it("let a team mark cover the whole person, and take it back with the link", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    const staff = await rows.identity({ externalId: "ada@acme.dev" });
    const home = await rows.identity({ platform: "github", externalId: "1", login: "ada" });
    const linkId = await rows.link(staff, home);
    await rows.derive();
    await setIdentityKind(ctx, { identityIds: [staff], kind: "team", reason: "Works here." });
    const kinds = () => ctx.db.rows(sql`SELECT kind FROM identity WHERE community_id = ${ctx.community.id} ORDER BY id`);
    expect(await kinds()).toEqual([{ kind: "team" }, { kind: "team" }]);
    await removeLink(ctx, { linkId });
    expect(await kinds()).toEqual([{ kind: "team" }, { kind: "human" }]);
  });

  it("keep somebody human who is linked with a bot, and ask", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    const person = await rows.identity({ externalId: "ada@acme.dev", name: "Ada" });
    const bot = await rows.identity({ platform: "github", externalId: "1", login: "ada[bot]" });
    await rows.link(person, bot);
    await rows.derive();
    expect(await getMember(ctx, { memberId: bot })).toMatchObject({ kind: "human", mixed: true });
    expect((await listSuggestedKinds(ctx)).map(({ identityId }) => identityId)).toEqual([bot]);
  });
});
