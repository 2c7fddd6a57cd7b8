import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import type { Ctx } from "#features/access/index.ts";
import { createCtx } from "#tests/factories.ts";
import type { NormalizedBatch } from "./batch.ts";
import { defineConnector, RecordError } from "./connector.ts";
import { drainOutbox } from "./consumer.ts";
import { runImport } from "./import-file.ts";
import { rollUp } from "./roll-up.ts";
import { replaySource } from "./run-pull.ts";
import { startSync } from "./sync-runs.ts";

interface Line {
  id: string;
  asOf?: string;
  thread?: string;
  by?: string | null;
  name?: string;
  at?: string;
  says?: string[];
  channel?: string;
  closedTo?: "public" | "restricted";
  channelName?: string;
  partial?: true;
  /** The thread is held tighter than its channel. */
  threadFor?: "team";
  /** So are its messages, each by itself. */
  wordsFor?: "team";
}

/** A connector small enough to see through: one JSON line is one thread with its messages. */
const lines = defineConnector({
  id: "lines",
  title: "Lines",
  summary: "JSON lines",
  normalizeVersion: 1,
  settings: z.object({}),
  docs: { collects: "-", identityKey: "-", limits: "-", privacy: "-" },
  streams: {},
  normalize(record): NormalizedBatch {
    const line = record.payload as Line;
    if (line.says === undefined) throw new RecordError({ reason: "says nothing", place: "says", remedy: "add words" });
    const author = line.by === null ? undefined : { platform: "test", externalId: line.by ?? "ann" };
    const at = new Date(line.at ?? "2026-01-01T10:00:00Z");
    const thread = line.thread ?? line.id;
    return {
      identities: author ? [{ ...author, displayName: line.name ?? author.externalId }] : [],
      channels: [
        {
          externalId: line.channel ?? "c",
          kind: "chat",
          name: line.channelName ?? "general",
          visibility: line.closedTo ?? "public",
          ...(line.partial && { partial: true }),
        },
      ],
      threads: [
        {
          externalId: thread,
          channel: line.channel ?? "c",
          kind: "chat",
          title: `Thread ${thread}`,
          state: "open",
          openedAt: at,
          opener: author,
          visibility: line.threadFor,
        },
      ],
      activities: line.says.map((body, index) => ({
        externalId: `${line.id}/${index}`,
        kind: "message",
        channel: line.channel ?? "c",
        thread,
        author,
        unattributed: author ? undefined : "Deleted User",
        occurredAt: new Date(at.getTime() + index * 60_000),
        visibility: line.wordsFor,
        body,
      })),
    };
  },
  identifyFile: async () => ({ origin: "lines:test", name: "Lines" }),
  async *importFile(_ctx, { path }) {
    const { readFile } = await import("node:fs/promises");
    const all = (await readFile(path, "utf8")).split("\n").filter(Boolean);
    for (const text of all) {
      const payload = JSON.parse(text) as Line;
      yield { records: [{ stream: "file", externalId: payload.id, payload, asOf: payload.asOf }] };
    }
  },
});

function fileOf(records: Line[]): string {
  const path = join(mkdtempSync(join(tmpdir(), "causeway-lines-")), "lines.ndjson");
  writeFileSync(path, records.map((record) => JSON.stringify(record)).join("\n"));
  return path;
}

const bring = (ctx: Ctx, records: Line[]) => runImport(ctx, { connector: lines, path: fileOf(records) });
const bodies = async (ctx: Ctx) =>
  (await ctx.db.rows<{ body: string | null }>(sql`SELECT body FROM activity WHERE community_id = ${ctx.community.id} ORDER BY external_id`)).map(
    (row) => row.body,
  );

test("a second import of the same file changes nothing and says so", async () => {
  const ctx = await createCtx();
  const records: Line[] = [
    { id: "1", says: ["a", "b"] },
    { id: "2", by: "bob", says: ["c"] },
    { id: "3", by: null, says: ["d"] },
  ];
  const first = await bring(ctx, records);
  expect(first.counts.new).toEqual({ threads: 3, activities: 4, identities: 2 });
  expect(first.counts.activitiesByKind).toEqual({ message: 4 });
  const again = await bring(ctx, records);
  expect(again.counts.new).toEqual({ threads: 0, activities: 0, identities: 0 });
  expect(again.counts.changed).toEqual({ threads: 0, activities: 0, identities: 0 });
  expect(again.counts.same).toEqual({ threads: 3, activities: 4, identities: 2 });
});

test("an author who cannot be named is counted and becomes nobody", async () => {
  const ctx = await createCtx();
  await bring(ctx, [{ id: "1", by: null, says: ["x"] }]);
  expect(await ctx.db.rows(sql`SELECT identity_id, unattributed FROM activity WHERE community_id = ${ctx.community.id}`)).toEqual([
    { identity_id: null, unattributed: "Deleted User" },
  ]);
});

test("an edit replaces the words, and what the source dropped is marked deleted without its words", async () => {
  const ctx = await createCtx();
  await bring(ctx, [{ id: "1", says: ["first", "second", "third"] }]);
  const outcome = await bring(ctx, [{ id: "1", says: ["first, edited", "second"] }]);
  expect(outcome.counts.changed.activities).toBe(2);
  expect(await bodies(ctx)).toEqual(["first, edited", "second", null]);
  const back = await bring(ctx, [{ id: "1", says: ["first, edited", "second", "third"] }]);
  expect(back.counts.changed.activities).toBe(1);
  expect(await bodies(ctx)).toEqual(["first, edited", "second", "third"]);
});

test("an older export brought in later does not turn back a newer one", async () => {
  const ctx = await createCtx();
  await bring(ctx, [{ id: "1", asOf: "2026-02-02T00:00:00Z", says: ["new"] }]);
  const outcome = await bring(ctx, [{ id: "1", asOf: "2026-01-01T00:00:00Z", says: ["old"] }]);
  expect(outcome.counts.changed.activities).toBe(0);
  expect(await bodies(ctx)).toEqual(["new"]);
});

test("a record that cannot be used is set aside with place, reason and remedy, the others come in, and a mended one leaves the list", async () => {
  const ctx = await createCtx();
  const outcome = await bring(ctx, [{ id: "1", says: ["a"] }, { id: "2" }, { id: "3", says: ["c"] }]);
  expect(outcome.rejected).toBe(1);
  expect(await bodies(ctx)).toEqual(["a", "c"]);
  const rejected = sql`SELECT key, place, reason, remedy FROM rejected_record WHERE community_id = ${ctx.community.id}`;
  expect(await ctx.db.rows(rejected)).toEqual([{ key: "2", place: "says", reason: "says nothing", remedy: "add words" }]);
  await bring(ctx, [{ id: "2", says: ["b"] }]);
  expect(await ctx.db.rows(rejected)).toEqual([]);
  expect(await bodies(ctx)).toEqual(["a", "b", "c"]);
});

test("NUL characters in old data come in as replacement characters", async () => {
  const ctx = await createCtx();
  await bring(ctx, [{ id: "1", name: "A\u0000nn", says: ["a\u0000b"] }]);
  expect(await bodies(ctx)).toEqual(["a\ufffdb"]);
});

test("names follow the latest sighting, whatever the order of the files", async () => {
  const early: Line = { id: "1", name: "Ann Maiden", at: "2024-01-01T00:00:00Z", says: ["a"] };
  const late: Line = { id: "2", name: "Ann Married", at: "2025-01-01T00:00:00Z", says: ["b"] };
  for (const order of [
    [early, late],
    [late, early],
  ]) {
    const ctx = await createCtx();
    for (const line of order) await bring(ctx, [line]);
    expect(await ctx.db.rows(sql`SELECT display_name FROM identity WHERE community_id = ${ctx.community.id}`)).toEqual([
      { display_name: "Ann Married" },
    ]);
    expect(
      await ctx.db.rows(sql`SELECT value FROM identity_label WHERE community_id = ${ctx.community.id} AND kind = 'name' ORDER BY value`),
    ).toEqual([{ value: "Ann Maiden" }, { value: "Ann Married" }]);
  }
});

test("a thread stated by many records is the one of its earliest opening, in any order", async () => {
  const root: Line = { id: "m1", thread: "t", at: "2024-01-01T00:00:00Z", by: "ann", says: ["root"] };
  const reply: Line = { id: "m2", thread: "t", at: "2024-01-02T00:00:00Z", by: "bob", says: ["reply"] };
  for (const order of [
    [root, reply],
    [reply, root],
  ]) {
    const ctx = await createCtx();
    for (const line of order) await bring(ctx, [line]);
    const row = await ctx.db.first<{ opened: Date; by: string }>(sql`
      SELECT t.opened_at AS opened, i.external_id AS by FROM thread t JOIN identity i ON i.community_id = t.community_id AND i.id = t.opener_id
      WHERE t.community_id = ${ctx.community.id}`);
    expect(row).toEqual({ opened: new Date("2024-01-01T00:00:00Z"), by: "ann" });
  }
});

test("a channel that turns private takes its threads and activities along", async () => {
  const ctx = await createCtx();
  await bring(ctx, [
    { id: "1", says: ["a"] },
    { id: "2", channel: "d", says: ["b"] },
  ]);
  await bring(ctx, [{ id: "3", closedTo: "restricted", says: ["c"] }]);
  const rows = await ctx.db.rows(sql`SELECT external_id, visibility FROM activity WHERE community_id = ${ctx.community.id} ORDER BY external_id`);
  expect(rows).toEqual([
    { external_id: "1/0", visibility: 3 },
    { external_id: "2/0", visibility: 0 },
    { external_id: "3/0", visibility: 3 },
  ]);
  expect(await ctx.db.rows(sql`SELECT visibility FROM thread WHERE community_id = ${ctx.community.id} ORDER BY external_id`)).toEqual([
    { visibility: 3 },
    { visibility: 0 },
    { visibility: 3 },
  ]);
});

test("a channel that opens does not open what its source holds tighter, whichever came first", async () => {
  const visibilities = async (ctx: Ctx) => ({
    threads: await ctx.db.rows(sql`SELECT external_id AS id, visibility AS v FROM thread WHERE community_id = ${ctx.community.id} ORDER BY 1`),
    activities: await ctx.db.rows(sql`SELECT external_id AS id, visibility AS v FROM activity WHERE community_id = ${ctx.community.id} ORDER BY 1`),
  });
  const held: Line[] = [
    { id: "1", says: ["for all"] },
    { id: "2", says: ["an unlisted topic"], threadFor: "team" },
    { id: "3", says: ["a whisper"], wordsFor: "team" },
  ];
  const open: Line = { id: "4", says: ["later"], closedTo: "public" };
  const ctx = await createCtx();
  await bring(
    ctx,
    held.map((line) => ({ ...line, closedTo: "restricted" as const })),
  );
  await bring(ctx, [open]);
  const opened = await visibilities(ctx);
  expect(opened).toEqual({
    threads: [
      { id: "1", v: 0 },
      { id: "2", v: 2 },
      { id: "3", v: 0 },
      { id: "4", v: 0 },
    ],
    activities: [
      { id: "1/0", v: 0 },
      { id: "2/0", v: 2 },
      { id: "3/0", v: 2 },
      { id: "4/0", v: 0 },
    ],
  });
  const fresh = await createCtx();
  await bring(fresh, [...held, open]);
  expect(await visibilities(fresh)).toEqual(opened);

  // Nobody knows why rows of before are closed: they stay so until their records are read anew.
  const old = await createCtx();
  await bring(old, [{ id: "1", says: ["a"], closedTo: "restricted" }]);
  for (const table of ["thread", "activity"]) {
    await old.db.execute(sql`UPDATE ${sql.identifier(table)} SET own_visibility = NULL WHERE community_id = ${old.community.id}`);
  }
  await bring(old, [{ id: "2", says: ["b"], closedTo: "public" }]);
  expect((await visibilities(old)).activities).toEqual([
    { id: "1/0", v: 3 },
    { id: "2/0", v: 0 },
  ]);
});

test("a thread that its source opens opens with its words, and those held by themselves stay", async () => {
  const ctx = await createCtx();
  await bring(ctx, [{ id: "1", says: ["a"], threadFor: "team" }]);
  await bring(ctx, [{ id: "2", thread: "1", says: ["b"], threadFor: "team", wordsFor: "team" }]);
  await bring(ctx, [{ id: "1", says: ["a"] }]);
  const rows = sql`SELECT external_id AS id, visibility AS v FROM activity WHERE community_id = ${ctx.community.id} ORDER BY 1`;
  expect(await ctx.db.rows(rows)).toEqual([
    { id: "1/0", v: 0 },
    { id: "2/0", v: 2 },
  ]);
});

test("a record that knows a channel by its id alone neither renames nor opens nor closes it, in either order", async () => {
  const full: Line = { id: "1", says: ["a"], channelName: "Plans", closedTo: "public" };
  const partial: Line = { id: "2", says: ["b"], channelName: "Channel c", closedTo: "restricted", partial: true };
  for (const order of [[[full], [partial]], [[partial], [full]], [[full, partial]], [[partial, full]]]) {
    const ctx = await createCtx();
    for (const lines of order) await bring(ctx, lines);
    expect(await ctx.db.rows(sql`SELECT name, visibility FROM channel WHERE community_id = ${ctx.community.id}`)).toEqual([
      { name: "Plans", visibility: 0 },
    ]);
    const rows = await ctx.db.rows(sql`SELECT visibility FROM activity WHERE community_id = ${ctx.community.id}`);
    expect(rows).toEqual([{ visibility: 0 }, { visibility: 0 }]);
  }
  const ctx = await createCtx();
  await bring(ctx, [partial]);
  expect(await ctx.db.rows(sql`SELECT name, visibility FROM channel WHERE community_id = ${ctx.community.id}`)).toEqual([
    { name: "Channel c", visibility: 3 },
  ]);
});

test("thread counts and days are rolled up, and again after a deletion", async () => {
  const ctx = await createCtx({ timeZone: "Asia/Tokyo" });
  await bring(ctx, [{ id: "1", at: "2026-01-01T15:30:00Z", says: ["a", "b"] }]);
  await drainOutbox(ctx, { consumers: [rollUp], communityId: ctx.community.id });
  expect(await ctx.db.rows(sql`SELECT activity_count, participant_count FROM thread WHERE community_id = ${ctx.community.id}`)).toEqual([
    { activity_count: 2, participant_count: 1 },
  ]);
  const days = sql`SELECT day, count FROM activity_day WHERE community_id = ${ctx.community.id}`;
  expect(await ctx.db.rows(days)).toEqual([{ day: "2026-01-02", count: 2 }]);
  await bring(ctx, [{ id: "1", at: "2026-01-01T15:30:00Z", says: ["a"] }]);
  await drainOutbox(ctx, { consumers: [rollUp], communityId: ctx.community.id });
  expect(await ctx.db.rows(days)).toEqual([{ day: "2026-01-02", count: 1 }]);
});

test("days that a killed process had marked but not counted are counted by the next", async () => {
  const ctx = await createCtx();
  await bring(ctx, [{ id: "1", says: ["a"] }]);
  const { settle: _, ...killedBeforeSettling } = rollUp;
  await drainOutbox(ctx, { consumers: [killedBeforeSettling], communityId: ctx.community.id });
  const days = sql`SELECT day, count FROM activity_day WHERE community_id = ${ctx.community.id}`;
  expect(await ctx.db.rows(days)).toEqual([]);
  await ctx.db.execute(sql`DELETE FROM outbox_delivery WHERE community_id = ${ctx.community.id}`);
  await drainOutbox(ctx, { consumers: [rollUp], communityId: ctx.community.id });
  expect(await ctx.db.rows(days)).toEqual([{ day: "2026-01-01", count: 1 }]);
});

test("what every consumer has worked off leaves nothing in the outbox, also what a process beside us left behind", async () => {
  const ctx = await createCtx();
  await bring(ctx, [{ id: "1", says: ["a"] }]);
  await ctx.db.execute(sql`
    INSERT INTO outbox (community_id, id, threads, identities, activities) VALUES (${ctx.community.id}, ${newId()}, '{}', '{}', '{}')`);
  await ctx.db.execute(sql`DELETE FROM outbox_delivery WHERE community_id = ${ctx.community.id} AND consumer <> 'rollup'`);
  await drainOutbox(ctx, { consumers: [rollUp], communityId: ctx.community.id });
  expect(await ctx.db.rows(sql`SELECT id FROM outbox WHERE community_id = ${ctx.community.id}`)).toEqual([]);
});

test("a source whose run is alive is busy; a run whose process is gone, though its id is in use again, is closed and the next begins", async () => {
  const ctx = await createCtx();
  const { sourceId } = await bring(ctx, [{ id: "1", says: ["a"] }]);
  const running = await startSync(ctx, { sourceId, trigger: "manual" });
  await expect(startSync(ctx, { sourceId, trigger: "manual" })).rejects.toMatchObject({ code: "busy" });
  await ctx.db.execute(
    sql`UPDATE sync SET progress = progress || '{"began":"before the restart"}' WHERE community_id = ${ctx.community.id} AND id = ${running}`,
  );
  await startSync(ctx, { sourceId, trigger: "manual" });
  expect(await ctx.db.first(sql`SELECT state FROM sync WHERE community_id = ${ctx.community.id} AND id = ${running}`)).toEqual({ state: "failed" });
});

test("a replay reads stored records anew without the file", async () => {
  const ctx = await createCtx();
  const { sourceId } = await bring(ctx, [{ id: "1", says: ["a"] }]);
  const shouting = defineConnector({
    ...lines,
    normalizeVersion: 2,
    normalize(record, settings) {
      const batch = lines.normalize(record, settings);
      return { ...batch, activities: batch.activities.map((activity) => ({ ...activity, body: activity.body?.toUpperCase() })) };
    },
  });
  const [outcome] = await replaySource(ctx, { connector: shouting, sourceId });
  expect(outcome?.counts.changed.activities).toBe(1);
  expect(await bodies(ctx)).toEqual(["A"]);
});

test("a missing, empty or forbidden file is refused in words before anything is written", async () => {
  const ctx = await createCtx();
  await expect(runImport(ctx, { connector: lines, path: "/nowhere/at/all.json" })).rejects.toThrow(/no file at \/nowhere\/at\/all\.json/);
  const empty = join(mkdtempSync(join(tmpdir(), "causeway-empty-")), "empty.json");
  writeFileSync(empty, "");
  await expect(runImport(ctx, { connector: lines, path: empty })).rejects.toThrow(/is empty/);
  writeFileSync(empty, "x", { mode: 0o000 });
  const locked = join(mkdtempSync(join(tmpdir(), "causeway-locked-")), "locked.json");
  writeFileSync(locked, "{}", { mode: 0o000 });
  await expect(runImport(ctx, { connector: lines, path: locked })).rejects.toBeInstanceOf(AppError);
  expect(await ctx.db.rows(sql`SELECT id FROM source WHERE community_id = ${ctx.community.id}`)).toEqual([]);
});

test("two sources brought in side by side by the same people in opposite orders both come in whole", async () => {
  const ctx = await createCtx();
  const people = Array.from({ length: 1500 }, (_, index) => `p${String(index).padStart(4, "0")}`);
  const records = (prefix: string, order: string[], day: string): Line[] =>
    order.map((by) => ({ id: `${prefix}-${by}`, by, name: `${prefix} ${by}`, at: `2026-01-${day}T10:00:00Z`, says: ["hello"] }));
  for (const [round, day] of ["20", "10", "05"].entries()) {
    const side = (name: string, order: string[]) =>
      runImport(ctx, {
        connector: { ...lines, identifyFile: async () => ({ origin: `lines:${name}`, name }) },
        path: fileOf(records(`${name}${round}`, order, day)),
      });
    const [a, b] = await Promise.all([side("a", people), side("b", people.toReversed())]);
    expect(a.counts.new.activities + b.counts.new.activities).toBe(2 * people.length);
  }
  const held = await ctx.db.first<{ identities: number; firstSeen: Date }>(sql`
    SELECT count(*)::int AS identities, max(first_seen_at) AS "firstSeen" FROM identity WHERE community_id = ${ctx.community.id}`);
  expect(held).toEqual({ identities: people.length, firstSeen: new Date("2026-01-05T10:00:00Z") });
});
