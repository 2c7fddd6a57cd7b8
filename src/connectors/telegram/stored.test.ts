import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { z } from "zod";
import { sql } from "#core/database/database.ts";
import { runImport } from "#features/ledger/index.ts";
import { createCtx } from "#tests/factories.ts";
import { telegram } from "./index.ts";

const forum = join(import.meta.dirname, "fixtures/forum.json");
const none = { threads: 0, activities: 0, identities: 0 };
const exportSchema = z.looseObject({ messages: z.array(z.unknown()) });

type Ctx = Awaited<ReturnType<typeof createCtx>>;

/** What is held, without the ids that every import makes anew. */
const held = async (ctx: Ctx) => ({
  activities: await ctx.db.rows(sql`
    SELECT a.external_id, a.kind, a.body, a.occurred_at, a.unattributed, i.external_id AS author, t.external_id AS thread, t.title, t.kind AS sort,
           t.opened_at, o.external_id AS opener
    FROM activity a LEFT JOIN identity i ON i.community_id = a.community_id AND i.id = a.identity_id
    LEFT JOIN thread t ON t.community_id = a.community_id AND t.id = a.thread_id
    LEFT JOIN identity o ON o.community_id = a.community_id AND o.id = t.opener_id
    WHERE a.community_id = ${ctx.community.id} ORDER BY a.external_id, a.kind`),
  threads: await ctx.db.rows(sql`SELECT external_id FROM thread WHERE community_id = ${ctx.community.id} ORDER BY 1`),
});

async function part(given: z.output<typeof exportSchema>, messages: unknown[]): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "causeway-telegram-")), "result.json");
  const { messages: _, ...about } = given;
  await writeFile(path, JSON.stringify({ ...about, messages }));
  return path;
}

it("holds what an export reports, once, with each conversation in one thread", async () => {
  const ctx = await createCtx();
  const first = await runImport(ctx, { connector: telegram, path: forum });
  expect(first.counts.activitiesByKind).toEqual({ message: 14, joined: 2, topic_opened: 1 });
  expect(first.rejected).toBe(1);
  const { activities, threads } = await held(ctx);
  const topic = activities.filter((row) => row.title === "Installing");
  expect(topic.map((row) => row.external_id)).toEqual(["2", "6", "7", "8"].map((id) => `channel1700000001/${id}`));
  expect(topic[0]).toMatchObject({ sort: "topic", opener: "id:5000000001", opened_at: new Date(1_767_600_000_000) });
  // Every thread holds something: what a chain of replies left behind is gone.
  expect(new Set(threads.map((row) => row.external_id))).toEqual(new Set(activities.flatMap((row) => row.thread ?? [])));
  const again = await runImport(ctx, { connector: telegram, path: forum });
  expect([again.sourceId, again.counts.new, again.counts.changed]).toEqual([first.sourceId, none, none]);
});

it("calls a topic by its name, though some of its messages came before it and were a conversation of their own", async () => {
  const given = exportSchema.parse(JSON.parse(await readFile(forum, "utf8")));
  const idOf = (message: unknown) => z.looseObject({ id: z.number() }).parse(message).id;
  const ctx = await createCtx();
  for (const ids of [[7], [2, 6]]) {
    const some = given.messages.filter((message) => ids.includes(idOf(message)));
    await runImport(ctx, { connector: telegram, path: await part(given, some) });
  }
  const { activities, threads } = await held(ctx);
  expect(threads).toHaveLength(1);
  expect(activities.map((row) => [row.sort, row.title])).toEqual(activities.map(() => ["topic", "Installing"]));
});

it("ends the same in whatever parts and order an export comes", async () => {
  const given = exportSchema.parse(JSON.parse(await readFile(forum, "utf8")));
  const whole = await createCtx();
  await runImport(whole, { connector: telegram, path: forum });
  const expected = await held(whole);
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(given.messages, { minLength: given.messages.length }),
      fc.integer({ min: 1, max: given.messages.length - 1 }),
      fc.integer({ min: 0, max: 4 }),
      async (messages, cut, overlap) => {
        const ctx = await createCtx();
        for (const some of [messages.slice(0, cut), messages.slice(Math.max(0, cut - overlap))]) {
          await runImport(ctx, { connector: telegram, path: await part(given, some) });
        }
        expect(await held(ctx)).toEqual(expected);
      },
    ),
    { numRuns: 6 },
  );
});
