import { describe, expect, it } from "vitest";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import type { Ctx } from "#features/access/index.ts";
import { drainOutbox, enqueueChanges } from "#features/ledger/index.ts";
import { as, createCtx } from "#tests/factories.ts";
import { groupsOf, peopleRows } from "#tests/people-rows.ts";
import { getMember, listMembers, listSuggestedLinks, membersConsumer } from "./index.ts";

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

  it("works off an import after its last part, with the same result as bit by bit", async () => {
    const ctx = await createCtx();
    const rows = await peopleRows(ctx);
    const ada = await rows.identity({ externalId: "ada@acme.dev", name: "Ada" });
    const hub = await rows.identity({ platform: "github", externalId: "17", login: "ada", email: "ada@acme.dev", verified: true });
    for (let at = 0; at < 6; at += 1) await rows.activity({ by: at % 2 ? ada : hub, at: `2026-03-0${1 + at}T10:00:00Z` });
    const activities = (await ctx.db.rows<{ id: string }>(sql`SELECT id FROM activity WHERE community_id = ${ctx.community.id}`)).map(({ id }) => id);
    const others = Array.from({ length: 6000 }, () => newId());
    for (const part of [activities.slice(0, 3), activities.slice(3)]) {
      await enqueueChanges(ctx, { threads: [], identities: [], activities: [...part, ...others] }, ["members"]);
    }
    await drainOutbox(ctx, { consumers: [membersConsumer], communityId: ctx.community.id });
    const imported = await snapshot(ctx);
    expect(imported.member).toMatchObject([{ id: ada, identity_count: 2, activity_counts: [6, 6, 6, 6] }]);
    expect(imported.days).toHaveLength(6);
    await rows.derive();
    expect(await snapshot(ctx)).toEqual(imported);
    expect(await ctx.db.rows(sql`SELECT FROM dirty_identity WHERE community_id = ${ctx.community.id}`)).toEqual([]);
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
