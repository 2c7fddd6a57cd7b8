import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { array, sql } from "#core/database/database.ts";
import type { Ctx } from "#features/access/index.ts";
import { as, createCtx } from "#tests/factories.ts";
import { groupsOf, peopleRows } from "#tests/people-rows.ts";
import {
  acceptLink,
  getMember,
  linkIdentities,
  listMembers,
  listSuggestedKinds,
  listSuggestedLinks,
  newFaces,
  rejectLink,
  removeLink,
  setIdentityKind,
} from "./index.ts";

async function snapshot(ctx: Ctx) {
  const communityId = ctx.community.id;
  return {
    member: await ctx.db.rows(sql`SELECT xmin::text, * FROM member WHERE community_id = ${communityId} ORDER BY id`),
    days: await ctx.db.rows(
      sql`SELECT xmin::text, * FROM member_day WHERE community_id = ${communityId} ORDER BY identity_id, day, source_id, visibility`,
    ),
    totals: await ctx.db.rows(
      sql`SELECT xmin::text, * FROM identity_activity WHERE community_id = ${communityId} ORDER BY identity_id, source_id, visibility`,
    ),
    links: await ctx.db.rows(sql`SELECT xmin::text, * FROM identity_link WHERE community_id = ${communityId} ORDER BY id`),
    identities: await ctx.db.rows(sql`SELECT xmin::text, * FROM identity WHERE community_id = ${communityId} ORDER BY id`),
  };
}

describe("the members consumer", () => {
  it("joins the address and the account whose platform vouches for it, and says why", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    const mail = await rows.identity({ externalId: "ada@acme.dev", name: "Ada Byron" });
    const hub = await rows.identity({ platform: "github", externalId: "17", login: "ada", email: "Ada@acme.dev", verified: true });
    const stranger = await rows.identity({ platform: "slack:T1", externalId: "U1", name: "Ada Byron", email: "ada@acme.dev", verified: false });
    await rows.derive();
    expect(await groupsOf(ctx, [mail, hub, stranger])).toEqual([[mail, hub], [stranger]]);
    const found = await getMember(ctx, { memberId: hub });
    expect(found).toMatchObject({ id: mail, displayName: "Ada Byron", identityCount: 2, platforms: ["email", "github"] });
    expect(found?.links).toMatchObject([{ state: "accepted", rule: "verified-email", author: "rule", heldBack: false }]);
    expect(found?.links[0]?.evidence).toContain("ada@acme.dev");
  });

  it("draws nothing from placeholders and only suggests role addresses and addresses that many share", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    for (const [at, address] of ["noreply@acme.dev", "me@localhost", "support@acme.dev"].entries()) {
      await rows.identity({ externalId: address });
      await rows.identity({ platform: "github", externalId: `${at}`, email: address, verified: true });
    }
    const crowd = [];
    for (let at = 0; at < 30; at += 1)
      crowd.push(await rows.identity({ platform: `slack:T${at}`, externalId: "U1", email: "shared@acme.dev", verified: true }));
    await rows.derive();
    const all = await ctx.db.rows<{ state: string; evidence: string }>(
      sql`SELECT state, evidence FROM identity_link WHERE community_id = ${ctx.community.id}`,
    );
    expect(all.every(({ state }) => state === "suggested")).toBe(true);
    expect(all.filter(({ evidence }) => evidence.includes("support@"))).toHaveLength(1);
    expect(all.filter(({ evidence }) => evidence.includes("shared@"))).toHaveLength(12);
    expect(await groupsOf(ctx, crowd)).toHaveLength(30);
  });

  it("joins GitHub's private address by the number in it, and only suggests by the login", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    const renamed = await rows.identity({ platform: "github", externalId: "id:583231", login: "new-name" });
    const byLogin = await rows.identity({ platform: "github", externalId: "login:new-name", login: "new-name" });
    await rows.derive();
    const address = await rows.identity({ externalId: "583231+old-name@users.noreply.github.com" });
    await rows.derive();
    expect(await groupsOf(ctx, [renamed, byLogin, address])).toEqual([[renamed, address], [byLogin]]);
    const suggested = await listSuggestedLinks(ctx);
    expect(suggested.rows).toMatchObject([{ rule: "same-login", a: { identityId: renamed, handle: "new-name" }, b: { identityId: byLogin } }]);
  });

  it("changes nothing when it hears the same again", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    const ada = await rows.identity({ externalId: "ada@acme.dev", name: "Ada" });
    const hub = await rows.identity({ platform: "github", externalId: "17", login: "ada", email: "ada@acme.dev", verified: true });
    await rows.identity({ platform: "github", externalId: "18", login: "renovate[bot]" });
    await rows.identity({ platform: "github", externalId: "19", login: "acme-bot" });
    await rows.activity({ by: ada, at: "2026-03-01T10:00:00Z" });
    await rows.activity({ by: hub, at: "2026-03-02T10:00:00Z", visibility: 3 });
    await rows.derive();
    const before = await snapshot(ctx);
    await rows.derive();
    expect(await snapshot(ctx)).toEqual(before);
  });

  it("counts per viewer and dates by the community's days", async () => {
    const ctx = await createCtx({ timeZone: "Pacific/Auckland" });
    const rows = await peopleRows(ctx);
    const ada = await rows.identity({ externalId: "ada@acme.dev", name: "Ada" });
    const eve = await rows.identity({ externalId: "eve@acme.dev", name: "Eve" });
    await rows.activity({ by: ada, at: "2026-10-01T11:30:00Z" });
    await rows.activity({ by: ada, at: "2026-10-05T10:00:00Z", visibility: 3 });
    await rows.activity({ by: eve, at: "2026-10-05T10:00:00Z", visibility: 3 });
    await rows.derive();
    const open = await listMembers(as(ctx, "viewer"), { limit: 10 });
    expect(open.rows).toMatchObject([{ id: ada, activityCount: 1, lastActivityAt: new Date("2026-10-01T11:30:00Z") }]);
    expect(await getMember(as(ctx, "viewer"), { memberId: eve })).toBeUndefined();
    expect((await listMembers(as(ctx, "advocate"), { limit: 10 })).rows.map(({ activityCount }) => activityCount)).toEqual([1, 2]);
    expect((await getMember(as(ctx, "viewer"), { memberId: ada }))?.days).toEqual([{ day: "2026-10-02", count: 1 }]);
    expect((await getMember(as(ctx, "advocate"), { memberId: ada }))?.days).toHaveLength(2);
  });

  it("follows edits: moved, deleted and closed activities", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    const ada = await rows.identity({ externalId: "ada@acme.dev" });
    const bob = await rows.identity({ externalId: "bob@acme.dev" });
    const first = await rows.activity({ by: ada, at: "2026-03-01T10:00:00Z" });
    const second = await rows.activity({ by: ada, at: "2026-03-02T10:00:00Z" });
    await rows.derive();
    await ctx.db.execute(
      sql`UPDATE activity SET occurred_at = '2026-03-05T10:00:00Z', identity_id = ${bob} WHERE community_id = ${ctx.community.id} AND id = ${first}`,
    );
    await ctx.db.execute(sql`UPDATE activity SET visibility = 3 WHERE community_id = ${ctx.community.id} AND id = ${second}`);
    await rows.derive();
    const all = await ctx.db.rows(
      sql`SELECT identity_id AS id, day::text, visibility, count FROM member_day WHERE community_id = ${ctx.community.id} ORDER BY day`,
    );
    expect(all).toEqual([
      { id: ada, day: "2026-03-02", visibility: 3, count: 1 },
      { id: bob, day: "2026-03-05", visibility: 0, count: 1 },
    ]);
    await ctx.db.execute(sql`UPDATE activity SET deleted_at = now() WHERE community_id = ${ctx.community.id}`);
    await rows.derive();
    expect((await listMembers(ctx, { limit: 10 })).rows).toEqual([]);
    expect((await listMembers(ctx, { limit: 10, includeSilent: true })).rows).toHaveLength(2);
  });

  it("counts a large identity by its changed days exactly as from scratch", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    const ada = await rows.identity({ externalId: "ada@acme.dev" });
    const many = async (from: string, n: number) =>
      ctx.db.execute(sql`
        INSERT INTO activity (community_id, id, source_id, kind, external_id, channel_id, identity_id, visibility, occurred_at, content_hash)
        SELECT ${ctx.community.id}, gen_random_uuid(), ${rows.sourceId}, 'comment', ${from}::text || g, ${rows.channelId}, ${ada}, g % 2, ${from}::timestamptz + g * interval '3 hours', 0
        FROM generate_series(1, ${n}::int) g`);
    await many("2026-01-01", 700);
    await rows.derive();
    await many("2025-12-25", 100);
    await rows.derive();
    await ctx.db.execute(sql`UPDATE activity SET deleted_at = now() WHERE community_id = ${ctx.community.id} AND occurred_at < '2025-12-27'`);
    await rows.derive();
    const totals = sql`SELECT visibility, count, first_at, last_at FROM identity_activity WHERE community_id = ${ctx.community.id} ORDER BY visibility`;
    expect(await ctx.db.rows(totals)).toEqual(
      await ctx.db.rows(sql`SELECT visibility, count(*)::int AS count, min(occurred_at) AS first_at, max(occurred_at) AS last_at FROM activity
                            WHERE community_id = ${ctx.community.id} AND deleted_at IS NULL GROUP BY visibility ORDER BY visibility`),
    );
    expect(
      await ctx.db.rows(sql`SELECT day::text, visibility, count FROM member_day WHERE community_id = ${ctx.community.id} ORDER BY day, visibility`),
    ).toEqual(
      await ctx.db.rows(sql`SELECT (occurred_at AT TIME ZONE 'UTC')::date::text AS day, visibility, count(*)::int AS count FROM activity
                            WHERE community_id = ${ctx.community.id} AND deleted_at IS NULL GROUP BY 1, 2 ORDER BY 1, 2`),
    );
  });
});

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
      { numRuns: 25 },
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

describe("lists", () => {
  it("page through every order without gap or repeat, and find by any name", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    for (let at = 0; at < 7; at += 1) {
      const id = await rows.identity({ platform: "github", externalId: `${at}`, login: `dev_${at}`, name: `Dev ${at % 3}` });
      for (let n = 0; n <= at % 4; n += 1) await rows.activity({ by: id, at: `2026-03-0${1 + (at % 3)}T10:0${n}:00Z` });
    }
    await rows.derive();
    for (const sort of ["recent", "first", "activities", "name"] as const) {
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await listMembers(ctx, { sort, limit: 3, after });
        seen.push(...page.rows.map(({ id }) => id));
        after = page.next ?? undefined;
      } while (after);
      expect(new Set(seen).size, sort).toBe(7);
      expect(seen, sort).toHaveLength(7);
    }
    expect((await listMembers(ctx, { q: "DEV_3", limit: 10 })).rows.map(({ displayName }) => displayName)).toEqual(["Dev 0"]);
    expect((await listMembers(ctx, { newSince: new Date("2026-03-03T00:00:00Z"), limit: 10 })).rows).toHaveLength(2);
  });

  it("show addresses to the team alone", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    const ada = await rows.identity({ externalId: "ada@acme.dev" });
    await rows.activity({ by: ada, at: "2026-03-01T10:00:00Z" });
    await rows.derive();
    const outside = as(ctx, "anonymous");
    expect(JSON.stringify(await getMember(outside, { memberId: ada }))).not.toContain("acme.dev");
    expect((await listMembers(outside, { q: "acme", limit: 10 })).rows).toEqual([]);
    expect((await listMembers(ctx, { q: "acme", limit: 10 })).rows).toHaveLength(1);
  });

  it("tell who is new, what they did first, and whether another human answered", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    const [ada, bob, app] = [
      await rows.identity({ externalId: "ada@acme.dev", name: "Ada" }),
      await rows.identity({ externalId: "bob@acme.dev", name: "Bob" }),
      await rows.identity({ platform: "github", externalId: "1", login: "helper[bot]" }),
    ];
    await rows.activity({ by: bob, at: "2025-01-01T10:00:00Z" });
    const thread = await rows.thread({ openedAt: "2026-03-01T10:00:00Z", opener: ada, title: "How do I start?" });
    await rows.activity({ by: ada, at: "2026-03-01T10:00:00Z", thread, kind: "topic_opened" });
    await rows.activity({ by: app, at: "2026-03-01T10:01:00Z", thread });
    await rows.activity({ by: ada, at: "2026-03-01T10:02:00Z", thread });
    await rows.derive();
    const since = new Date("2026-02-01T00:00:00Z");
    expect(await newFaces(ctx, { since, limit: 5 })).toMatchObject([
      { memberId: ada, first: { kind: "topic_opened", title: "How do I start?" }, answered: null },
    ]);
    await rows.activity({ by: bob, at: "2026-03-01T12:00:00Z", thread });
    await rows.derive();
    expect((await newFaces(ctx, { since, limit: 5 }))[0]?.answered).toEqual({
      at: new Date("2026-03-01T12:00:00Z"),
      byMemberId: bob,
      byName: "Bob",
      byTeam: false,
    });
  });
});

describe("a component of thousands", () => {
  it("is placed in one call", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    await ctx.db.execute(sql`
      INSERT INTO identity (community_id, id, member_id, platform, external_id)
      SELECT ${ctx.community.id}, id, id, 'email', id::text || '@acme.dev' FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 3000)) n`);
    const ids = (await ctx.db.rows<{ id: string }>(sql`SELECT id FROM identity WHERE community_id = ${ctx.community.id} ORDER BY id`)).map(
      ({ id }) => id,
    );
    await ctx.db.execute(sql`
      INSERT INTO identity_link (community_id, id, identity_a, identity_b, state, rule, evidence, strength, author)
      SELECT ${ctx.community.id}, gen_random_uuid(), a, b, 'accepted', 'test', '', 1, 'rule'
      FROM unnest(${array(ids.slice(0, -1), "uuid")}, ${array(ids.slice(1), "uuid")}) AS n(a, b)`);
    await rows.derive();
    expect(await groupsOf(ctx, ids)).toHaveLength(1);
    expect(await getMember(ctx, { memberId: ids.at(-1) ?? "" })).toMatchObject({ id: ids[0], identityCount: 3000 });
  });
});
