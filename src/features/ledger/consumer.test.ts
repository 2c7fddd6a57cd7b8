import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { addPerson, addPlace, addThread } from "#tests/conversation.ts";
import { createCtx } from "#tests/factories.ts";
import { type Consumer, type ConsumerName, drainOutbox, enqueueChanges } from "./consumer.ts";

/** Consumers that do nothing but note when each begins and ends. */
function noting(notes: string[], fails?: ConsumerName): Consumer[] {
  const consumer = (name: ConsumerName, after?: readonly ConsumerName[]): Consumer => ({
    name,
    ...(after ? { after } : {}),
    run: async () => {
      notes.push(`${name} begins`);
      await sleep(100);
      if (name === fails) throw new Error(`${name} failed`);
      notes.push(`${name} ends`);
    },
  });
  return [consumer("rollup"), consumer("members"), consumer("questions", ["members"]), consumer("signals", ["members"]), consumer("search", [])];
}

const tell = (ctx: Awaited<ReturnType<typeof createCtx>>) => enqueueChanges(ctx, { threads: [newId()], identities: [], activities: [] });

test("consumers begin when those before them have ended; on a server those that wait for nobody run meanwhile", async () => {
  const ctx = await createCtx();
  await tell(ctx);
  const notes: string[] = [];
  expect(await drainOutbox(ctx, { consumers: noting(notes), communityId: ctx.community.id })).toBe(5);
  const at = (note: string) => notes.indexOf(note);
  expect(at("members begins")).toBeGreaterThan(at("rollup ends"));
  expect(at("questions begins")).toBeGreaterThan(at("members ends"));
  expect(at("signals begins")).toBeGreaterThan(at("members ends"));
  if (ctx.db.embedded) {
    expect(notes).toEqual(["rollup", "members", "questions", "signals", "search"].flatMap((name) => [`${name} begins`, `${name} ends`]));
  } else {
    expect(at("search begins")).toBeLessThan(at("rollup ends"));
    expect(at("signals begins")).toBeLessThan(at("questions ends"));
  }
});

test("when one fails, those after it do not begin, and what failed or did not begin is still to be done", async () => {
  const ctx = await createCtx();
  await tell(ctx);
  const notes: string[] = [];
  await expect(drainOutbox(ctx, { consumers: noting(notes, "members"), communityId: ctx.community.id })).rejects.toThrow("members failed");
  const left = await ctx.db.rows<{ consumer: ConsumerName }>(
    sql`SELECT consumer FROM outbox_delivery WHERE community_id = ${ctx.community.id} ORDER BY consumer`,
  );
  expect(left.map(({ consumer }) => consumer)).toEqual(
    ctx.db.embedded ? ["members", "questions", "search", "signals"] : ["members", "questions", "signals"],
  );
  notes.length = 0;
  await drainOutbox(ctx, { consumers: noting(notes), communityId: ctx.community.id });
  expect(notes).not.toContain("rollup begins");
  expect(notes).toContain("signals ends");
  expect(await ctx.db.rows(sql`SELECT id FROM outbox WHERE community_id = ${ctx.community.id}`)).toEqual([]);
});

test("after an import the planner knows how many threads and activities are not deleted, though nothing else tells it", async () => {
  const ctx = await createCtx();
  const place = await addPlace(ctx);
  const person = await addPerson(ctx, "Ada");
  for (let n = 0; n < 300; n += 1) await addThread(ctx, place, { said: [{ by: person, body: "How?" }] });
  const activities = Array.from({ length: 6_000 }, newId);
  await enqueueChanges(ctx, { threads: [], identities: [], activities });
  await drainOutbox(ctx, { consumers: noting([]), communityId: ctx.community.id });
  for (const table of ["thread", "activity"] as const) {
    const name = sql.identifier(table);
    const [plan] = await ctx.db.rows<Record<string, [{ Plan: { "Plan Rows": number } }]>>(
      sql`EXPLAIN (FORMAT JSON) SELECT FROM ${name} WHERE deleted_at IS NULL`,
    );
    const expected = Object.values(plan ?? {})[0]?.[0].Plan["Plan Rows"] ?? 0;
    const held = await ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM ${name} WHERE deleted_at IS NULL`);
    // Other tests write meanwhile: only the order of magnitude is ours to tell.
    expect(expected).toBeGreaterThan((held?.n ?? 0) / 4);
  }
});
