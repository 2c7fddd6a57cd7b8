import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { sql } from "#core/database/database.ts";
import { createCtx } from "#tests/factories.ts";
import type { Ctx } from "../access/index.ts";
import type { RawRecord } from "./batch.ts";
import { defineConnector } from "./connector.ts";
import { rollUp } from "./roll-up.ts";
import { runPull } from "./run-pull.ts";
import { indexForSearch } from "./search-index.ts";
import { ensureSource } from "./sources.ts";
import { listThreads } from "./thread-queries.ts";

const payload = z.object({
  n: z.number(),
  thread: z.string(),
  says: z.string().optional(),
  /** A thread's own name, where it bears one. */
  named: z.string().optional(),
  deleted: z.boolean().optional(),
});
type Payload = z.input<typeof payload>;

const minute = (n: number) => new Date(Date.UTC(2026, 0, 1) + n * 60_000);
let given: readonly RawRecord[] = [];

/** A chat in which each message says its thread as far as it knows it. */
const chat = defineConnector({
  id: "chat",
  title: "Chat",
  summary: "Chats.",
  normalizeVersion: 1,
  settings: z.object({}),
  docs: { collects: "-", identityKey: "-", limits: "-", privacy: "-" },
  streams: { messages: { title: "Messages", everyMinutes: 60 } },
  async *pull() {
    yield { records: [...given] };
  },
  normalize(record) {
    const { n, thread, says, named, deleted } = payload.parse(record.payload);
    if (deleted) return { identities: [], channels: [], threads: [], activities: [] };
    const at = minute(n);
    return {
      identities: [{ platform: "chat", externalId: "ann" }],
      channels: [{ externalId: "c", kind: "chat", name: "c", visibility: "public" }],
      threads: [{ externalId: thread, channel: "c", kind: "chat", title: named ?? says ?? "(no words)", state: "open", openedAt: at }],
      activities:
        says === undefined
          ? []
          : [
              {
                externalId: record.externalId,
                kind: "message",
                channel: "c",
                thread,
                author: { platform: "chat", externalId: "ann" },
                occurredAt: at,
                body: says,
              },
            ],
    };
  },
});

const message = (externalId: string, version: number, of: Payload): RawRecord => ({
  stream: "messages",
  externalId,
  payload: of,
  asOf: minute(1_000 + version).toISOString(),
});

async function bring(ctx: Ctx, records: readonly RawRecord[]) {
  const { id: sourceId } = await ensureSource(ctx, { connector: "chat", origin: "chat:c", name: "c" });
  given = records;
  return runPull(ctx, { connector: chat, sourceId, stream: "messages" });
}

const threadsOf = (ctx: Ctx) =>
  ctx.db.rows<{ id: string; title: string; n: number }>(sql`
    SELECT t.external_id AS id, t.title, (SELECT count(*)::int FROM activity a WHERE a.community_id = t.community_id AND a.thread_id = t.id) AS n
    FROM thread t WHERE t.community_id = ${ctx.community.id} ORDER BY 1`);

/** Runs what derives from the threads and activities that the outbox names. */
async function derive(ctx: Ctx): Promise<void> {
  const rows = await ctx.db.rows<{ threads: string[]; activities: string[] }>(
    sql`SELECT threads::text[] AS threads, activities::text[] AS activities FROM outbox WHERE community_id = ${ctx.community.id} ORDER BY id`,
  );
  const all = (lists: string[][]) => [...new Set(lists.flat())];
  const changes = { threads: all(rows.map((row) => row.threads)), activities: all(rows.map((row) => row.activities)), identities: [] };
  await rollUp.run(ctx, changes);
  await indexForSearch.run(ctx, changes);
}

test("a thread that held an answer until its root was known goes once it is empty, in whatever order the parts come", async () => {
  const versions = [
    message("answer", 1, { n: 3, thread: "middle", says: "answer" }),
    message("answer", 2, { n: 3, thread: "root", says: "answer" }),
    message("middle", 1, { n: 2, thread: "middle", says: "middle" }),
    message("middle", 2, { n: 2, thread: "root", says: "middle" }),
    message("root", 1, { n: 1, thread: "root", says: "root" }),
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(versions, { minLength: versions.length }),
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 5, maxLength: 5 }),
      async (order, sizes) => {
        const ctx = await createCtx();
        for (let at = 0, part = 0; at < order.length; part += 1) {
          const size = sizes[part] ?? 1;
          await bring(ctx, order.slice(at, at + size));
          at += size;
        }
        expect(await threadsOf(ctx)).toEqual([{ id: "root", title: "root", n: 3 }]);
      },
    ),
    { numRuns: 15 },
  );
});

test("a thread that a record of its own still states stays, though its only message went elsewhere", async () => {
  const ctx = await createCtx();
  await bring(ctx, [message("topic", 1, { n: 1, thread: "topic", named: "Tides" }), message("a", 1, { n: 2, thread: "topic", says: "hello" })]);
  const outcome = await bring(ctx, [message("a", 2, { n: 2, thread: "other", says: "hello" })]);
  expect(outcome.counts.new.threads).toBe(1);
  expect((await threadsOf(ctx)).map(({ id, n }) => [id, n])).toEqual([
    ["other", 1],
    ["topic", 0],
  ]);
});

test("a thread that was called after a message that is deleted bears its words no longer, in lists and in search", async () => {
  const root = message("root", 1, { n: 1, thread: "root", says: "My *password* is tide123, please help me to log in here" });
  const answer = message("answer", 1, { n: 2, thread: "root", says: "Change it at once" });
  const gone = message("root", 2, { n: 1, thread: "root", deleted: true });
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([root, answer, gone], { minLength: 3 }), fc.boolean(), async (order, atOnce) => {
      const ctx = await createCtx();
      if (atOnce) await bring(ctx, order);
      else for (const record of order) await bring(ctx, [record]);
      await derive(ctx);
      const { rows } = await listThreads(ctx, {});
      expect(rows.map(({ title, activityCount }) => [title.includes("password"), activityCount])).toEqual([[false, 1]]);
      const found = await ctx.db.rows<{ title: string }>(sql`SELECT title FROM search_title WHERE community_id = ${ctx.community.id}`);
      expect(found.map(({ title }) => title)).toEqual(rows.map(({ title }) => title));
      const documents = await ctx.db.first<{ n: number }>(
        sql`SELECT count(*)::int AS n FROM search_document WHERE community_id = ${ctx.community.id} AND tokens @@ to_tsquery('simple', 'tide123')`,
      );
      expect(documents).toEqual({ n: 0 });
    }),
    { numRuns: 12 },
  );
  const ctx = await createCtx();
  for (const record of [root, answer, gone]) await bring(ctx, [record]);
  expect(await threadsOf(ctx)).toMatchObject([{ title: "(deleted message)", n: 2 }]);
  // What comes in later does not bring the words back.
  await bring(ctx, [root, message("late", 1, { n: 3, thread: "root", says: "Too late" })]);
  expect(await threadsOf(ctx)).toMatchObject([{ title: "(deleted message)", n: 3 }]);
});

test("a thread with a name of its own keeps it when its first message is deleted", async () => {
  const ctx = await createCtx();
  const first = { n: 1, thread: "topic", named: "Tides of March", says: "Who knows the tides?" };
  await bring(ctx, [message("first", 1, first), message("second", 1, { n: 2, thread: "topic", named: "Tides of March", says: "I do." })]);
  await bring(ctx, [message("first", 2, { ...first, deleted: true })]);
  expect(await threadsOf(ctx)).toMatchObject([{ title: "Tides of March", n: 2 }]);
});
