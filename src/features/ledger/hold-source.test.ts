import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import type { Ctx } from "#features/access/index.ts";
import { createCtx } from "#tests/factories.ts";
import { talks } from "#tests/talks.ts";
import type { RawRecord } from "./batch.ts";
import { encodeRecords } from "./encode-records.ts";
import { ingest } from "./ingest.ts";
import { prepareRecords } from "./prepare-records.ts";
import { RunCounts } from "./run-counts.ts";
import { runRecords } from "./run-records.ts";
import { SeenKeys } from "./seen-keys.ts";
import { SeenPeople } from "./seen-people.ts";
import { noPrivacy } from "./source-privacy.ts";
import { deleteSource, ensureSource, updateSource } from "./sources.ts";

/** Enough for a group that is stored by itself. */
const group = (name: string): RawRecord[] =>
  Array.from({ length: 2_000 }, (_, n) => ({ stream: "s", externalId: `${name}${n}`, payload: [String(n)] }));

/** Brings in two groups, and does something to the source while the first is being stored. */
async function bringIn(ctx: Ctx, meanwhile: (sourceId: string) => Promise<unknown>) {
  const { id } = await ensureSource(ctx, { connector: "talks", origin: "talks", name: "Talks" });
  let done: Promise<unknown> = Promise.resolve();
  const run = runRecords(ctx, {
    source: { id, privacy: noPrivacy },
    connector: talks,
    settings: {},
    stream: "s",
    trigger: "import",
    fresh: true,
    force: false,
    chunks: async function* () {
      yield { records: group("a") };
      done = meanwhile(id);
      yield { records: group("b") };
      await done;
      yield { records: group("c") };
    },
  });
  const [outcome] = await Promise.allSettled([run]);
  await done;
  return outcome;
}

test("a source that is closed while it is being brought in stays closed with all that comes after", async () => {
  const ctx = await createCtx();
  const outcome = await bringIn(ctx, (sourceId) => updateSource(ctx, { sourceId, visibility: "team" }));
  expect(outcome.status).toBe("fulfilled");
  const open = await ctx.db.first<{ channels: number; threads: number; activities: number; all: number }>(sql`
    SELECT (SELECT count(*) FROM channel WHERE community_id = ${ctx.community.id} AND visibility < 2) AS channels,
           (SELECT count(*) FROM thread WHERE community_id = ${ctx.community.id} AND visibility < 2) AS threads,
           (SELECT count(*) FROM activity WHERE community_id = ${ctx.community.id} AND visibility < 2) AS activities,
           (SELECT count(*) FROM activity WHERE community_id = ${ctx.community.id}) AS all`);
  expect(open).toEqual({ channels: 0, threads: 0, activities: 0, all: 6_000 });
});

test("a source that is removed while it is being brought in ends the run and leaves nothing behind", async () => {
  const ctx = await createCtx();
  const outcome = await bringIn(ctx, (sourceId) => deleteSource(ctx, { sourceId }));
  expect(outcome).toMatchObject({ status: "rejected", reason: { code: "not_found", message: expect.stringMatching(/was removed/) } });
  const left = await ctx.db.first(sql`
    SELECT (SELECT count(*) FROM source WHERE community_id = ${ctx.community.id}) AS sources,
           (SELECT count(*) FROM channel WHERE community_id = ${ctx.community.id}) AS channels,
           (SELECT count(*) FROM thread WHERE community_id = ${ctx.community.id}) AS threads,
           (SELECT count(*) FROM activity WHERE community_id = ${ctx.community.id}) AS activities,
           (SELECT count(*) FROM raw_record WHERE community_id = ${ctx.community.id}) AS payloads`);
  expect(left).toEqual({ sources: 0, channels: 0, threads: 0, activities: 0, payloads: 0 });
});

test("two runs that store the same side by side, one of them taken for dead, store it once", async () => {
  const ctx = await createCtx();
  const { id } = await ensureSource(ctx, { connector: "talks", origin: "talks", name: "Talks" });
  const records = group("a").map((record) => ({ record, payloadText: JSON.stringify(record.payload) }));
  const store = async () => {
    const counts = new RunCounts();
    const prepared = await prepareRecords(ctx, {
      source: { id, privacy: noPrivacy },
      connector: talks,
      settings: {},
      records,
      rejected: [],
      fresh: true,
      force: false,
    });
    await ingest(ctx, {
      source: { id },
      syncId: id,
      stream: "s",
      records: await encodeRecords(prepared),
      counts,
      memory: { people: new SeenPeople(), threads: new SeenKeys(4), onlyNew: true },
    });
    return counts.toJSON();
  };
  const counts = await Promise.all([store(), store()]);
  const sum = (of: "new" | "same", what: "threads" | "activities") => counts.reduce((all, each) => all + each[of][what], 0);
  expect([sum("new", "threads"), sum("same", "threads"), sum("new", "activities"), sum("same", "activities")]).toEqual([2_000, 2_000, 2_000, 2_000]);
  expect(await ctx.db.first(sql`SELECT count(*) AS n FROM thread WHERE community_id = ${ctx.community.id}`)).toEqual({ n: 2_000 });
});

test("records that come twice in a first import, some of them changed, are held once, as they came last", async () => {
  const ctx = await createCtx();
  const { id } = await ensureSource(ctx, { connector: "talks", origin: "talks", name: "Talks" });
  const again = group("a").map((record, n) => (n % 2 === 0 ? record : { ...record, payload: [`changed ${n}`] }));
  const { counts } = await runRecords(ctx, {
    source: { id, privacy: noPrivacy },
    connector: talks,
    settings: {},
    stream: "s",
    trigger: "import",
    fresh: true,
    force: false,
    chunks: async function* () {
      for (const records of [group("a"), group("b"), again, group("c")]) yield { records };
    },
  });
  expect(counts.new).toEqual({ threads: 6_000, activities: 6_000, identities: 1 });
  expect(counts.changed).toEqual({ threads: 0, activities: 1_000, identities: 0 });
  expect(
    await ctx.db.first(sql`
      SELECT count(*) AS all, count(*) FILTER (WHERE body LIKE 'changed%') AS changed,
             (SELECT count(*) FROM raw_record r WHERE r.community_id = ${ctx.community.id} AND r.payload LIKE '["changed%') AS payloads
      FROM activity WHERE community_id = ${ctx.community.id}`),
  ).toEqual({ all: 6_000, changed: 1_000, payloads: 1_000 });
});
