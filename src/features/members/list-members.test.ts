import { describe, expect, it } from "vitest";
import { array, sql } from "#core/database/database.ts";
import { as, createCtx } from "#tests/factories.ts";
import { groupsOf, peopleRows } from "#tests/people-rows.ts";
import { getMember, listMembers, newFaces } from "./index.ts";

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
      SELECT ${ctx.community.id}, id, id, 'email', id::text || '@acme.dev' FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 2000)) n`);
    const ids = (await ctx.db.rows<{ id: string }>(sql`SELECT id FROM identity WHERE community_id = ${ctx.community.id} ORDER BY id`)).map(
      ({ id }) => id,
    );
    await ctx.db.execute(sql`
      INSERT INTO identity_link (community_id, id, identity_a, identity_b, state, rule, evidence, strength, author)
      SELECT ${ctx.community.id}, gen_random_uuid(), a, b, 'accepted', 'test', '', 1, 'rule'
      FROM unnest(${array(ids.slice(0, -1), "uuid")}, ${array(ids.slice(1), "uuid")}) AS n(a, b)`);
    await rows.derive();
    expect(await groupsOf(ctx, ids)).toHaveLength(1);
    expect(await getMember(ctx, { memberId: ids.at(-1) ?? "" })).toMatchObject({ id: ids[0], identityCount: 2000 });
  });
});
