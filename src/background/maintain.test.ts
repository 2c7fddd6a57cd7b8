import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { createCtx } from "#tests/factories.ts";
import { peopleRows } from "#tests/people-rows.ts";
import { maintainCommunity } from "./maintain.ts";

test("drift in what is counted about members is gone after a night", async () => {
  const ctx = await createCtx();
  const rows = await peopleRows(ctx);
  await rows.activity({ by: await rows.identity({ externalId: "ada@acme.dev" }), at: "2026-11-02T10:00:00Z" });
  await rows.derive();
  const counts = sql`SELECT activity_counts FROM member WHERE community_id = ${ctx.community.id}`;
  const before = await ctx.db.rows(counts);
  await ctx.db.execute(sql`UPDATE member SET activity_counts = '{9,9,9,9}' WHERE community_id = ${ctx.community.id}`);
  await maintainCommunity(ctx);
  expect(await ctx.db.rows(counts)).toEqual(before);
});
