import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { fixedClock } from "#core/clock.ts";
import { createSecretBox } from "#core/crypto.ts";
import { sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import type { HttpClient } from "#core/http.ts";
import { createCtx } from "#tests/factories.ts";
import { defineConnector } from "./connector.ts";
import { countInbox, listWaitingInboxes, receiveRecords, takeInbox } from "./inbox.ts";
import { addLiveSource, changeSettings, readSettings } from "./live-sources.ts";
import { listDueSources, pullSource } from "./schedule.ts";
import { getSource, getSync, listSyncs } from "./source-queries.ts";
import { secretMask, settingsOfUse } from "./source-settings.ts";
import { requireSource, updateSource } from "./sources.ts";
import { queueSync, startSync } from "./sync-runs.ts";

const http: HttpClient = {
  request: () => Promise.reject(new Error("a test reached for the network")),
  pause: async ({ ms, reason, onWait }) => onWait?.({ ms, reason, until: new Date("2026-11-25T12:10:00Z") }),
  close: async () => undefined,
};
const secrets = createSecretBox({
  keys: [{ id: "k1", createdAt: "2026-01-01T00:00:00Z", key: Buffer.alloc(32, 7).toString("base64") }],
  hashKey: Buffer.alloc(32, 8).toString("base64"),
  authSecret: "x",
});
const services = { http, secrets, dataDir: mkdtempSync(join(tmpdir(), "causeway-live-")) };

/** A live source small enough to see through: it counts up, one message at a time, to where its settings say. */
const counter = defineConnector({
  id: "counter",
  title: "Counter",
  summary: "Counts.",
  normalizeVersion: 1,
  settings: z.object({
    site: z.string(),
    to: z.coerce.number().int(),
    token: z.string().meta({ secret: true }).default(""),
    broken: z.boolean().default(false),
    kept: z.string().default("").meta({ for: "file" }),
    inner: z.string().default("").meta({ hidden: true }),
  }),
  docs: { collects: "-", identityKey: "-", limits: "-", privacy: "-" },
  streams: { numbers: { title: "Numbers", everyMinutes: 60 }, letters: { title: "Letters", everyMinutes: 30 } },
  async connect(_ctx, { settings }) {
    if (settings.token !== "right") throw new AppError("forbidden", { public: "The token is not accepted. Make a new one." });
    return { origin: `counter:${settings.site}`, name: settings.site, says: "Signed in." };
  },
  async *pull(_ctx, { settings, stream, cursor }) {
    if (stream === "letters" && settings.broken) throw new AppError("upstream_failed", { public: "The letters are gone." });
    if (settings.token !== "right") throw new AppError("forbidden", { public: "The token is not accepted." });
    const start = z.number().catch(0).parse(cursor);
    for (let n = start; n < settings.to; n += 1) {
      yield {
        records: [{ stream, externalId: `${stream}${n}`, payload: { n } }],
        cursor: n + 1,
        reported: { message: settings.to },
        warnings: n === 0 ? ["The first is old."] : [],
      };
    }
  },
  normalize(record) {
    const at = new Date(Date.UTC(2026, 0, 1) + z.object({ n: z.number() }).parse(record.payload).n * 60_000);
    return {
      identities: [{ platform: "counter", externalId: "one" }],
      channels: [{ externalId: "c", kind: "chat", name: "c", visibility: "team" }],
      threads: [],
      activities: [
        {
          externalId: record.externalId,
          kind: "message",
          channel: "c",
          author: { platform: "counter", externalId: "one" },
          occurredAt: at,
          body: record.externalId,
        },
      ],
    };
  },
});

const settings = (more: object = {}) => ({ site: "home", to: 3, token: "right", ...more });

test("a secret is sealed at rest, masked wherever settings are shown, and opens for the run alone", async () => {
  const ctx = await createCtx();
  const { sourceId } = await addLiveSource(ctx, { connector: counter, settings: settings(), services });
  const stored = await ctx.db.first<{ text: string }>(sql`SELECT settings::text AS text FROM source WHERE id = ${sourceId}`);
  expect(stored?.text).toContain("$sealed");
  expect(stored?.text).not.toContain("right");
  expect(await readSettings(ctx, { connector: counter, sourceId })).toMatchObject({ site: "home", token: secretMask });
  expect(JSON.stringify((await getSource(ctx, { sourceId }))?.settings)).not.toContain("$sealed");
  const outcomes = await pullSource(ctx, { connector: counter, sourceId, services });
  expect(outcomes.map((outcome) => outcome.counts.new.activities)).toEqual([3, 3]);
});

test("settings that do not work are refused in the source's words and nothing is stored", async () => {
  const ctx = await createCtx();
  await expect(addLiveSource(ctx, { connector: counter, settings: settings({ token: "wrong" }), services })).rejects.toMatchObject({
    code: "forbidden",
    message: "The token is not accepted. Make a new one.",
  });
  expect(await ctx.db.rows(sql`SELECT id FROM source WHERE community_id = ${ctx.community.id}`)).toEqual([]);
});

test("a secret sent back masked stays as it was; settings that lead elsewhere are refused", async () => {
  const ctx = await createCtx();
  const { sourceId } = await addLiveSource(ctx, { connector: counter, settings: settings(), services });
  await changeSettings(ctx, { connector: counter, sourceId, settings: { site: "home", to: 5, token: secretMask }, services });
  const [numbers] = await pullSource(ctx, { connector: counter, sourceId, services });
  expect(numbers?.counts.new.activities).toBe(5);
  await expect(changeSettings(ctx, { connector: counter, sourceId, settings: { site: "away", to: 5 }, services })).rejects.toMatchObject({
    code: "invalid_input",
    issues: [{ path: "token", message: "enter it again for the new address" }],
  });
  await expect(
    changeSettings(ctx, { connector: counter, sourceId, settings: { site: "away", to: 5, token: "right" }, services }),
  ).rejects.toMatchObject({
    code: "conflict",
  });
});

test("what a form for reading live does not ask for stays as it is, unless it is given", async () => {
  const ctx = await createCtx();
  expect(settingsOfUse(counter, "live")).toEqual(["site", "to", "token", "broken"]);
  expect(settingsOfUse(counter, "file")).toEqual(["site", "to", "broken", "kept"]);
  const { sourceId } = await addLiveSource(ctx, { connector: counter, settings: settings({ kept: "a", inner: "b" }), services });
  await changeSettings(ctx, { connector: counter, sourceId, settings: { site: "home", to: 5 }, services });
  expect(await readSettings(ctx, { connector: counter, sourceId })).toMatchObject({ to: 5, kept: "a", inner: "b" });
  await addLiveSource(ctx, { connector: counter, settings: settings({ inner: "c" }), services });
  expect(await readSettings(ctx, { connector: counter, sourceId })).toMatchObject({ kept: "a", inner: "c" });
});

test("a run goes on from its cursor, and the next is due after the stream's own time", async () => {
  const ctx = { ...(await createCtx()), clock: fixedClock("2026-05-01T12:00:00Z") };
  const { sourceId } = await addLiveSource(ctx, { connector: counter, settings: settings(), services });
  const mine = async (at: string) =>
    (await listDueSources({ ...ctx, clock: fixedClock(at) })).filter((due) => due.communityId === ctx.community.id).map((due) => due.sourceId);
  expect(await mine("2026-05-01T12:00:00Z")).toEqual([sourceId]);
  await pullSource(ctx, { connector: counter, sourceId, services });
  expect(await mine("2026-05-01T12:29:00Z")).toEqual([]);
  expect(await mine("2026-05-01T12:30:00Z")).toEqual([sourceId]);
  const half = { ...ctx, clock: fixedClock("2026-05-01T12:30:00Z") };
  const due = await pullSource(half, { connector: counter, sourceId, services, dueOnly: true });
  expect(due.map((outcome) => outcome.counts.new.activities)).toEqual([0]);
});

test("a stream that fails does not hold up the others, and is asked later and later", async () => {
  const ctx = { ...(await createCtx()), clock: fixedClock("2026-05-01T12:00:00Z") };
  const { sourceId } = await addLiveSource(ctx, { connector: counter, settings: settings({ broken: true }), services });
  for (let n = 0; n < 2; n += 1) await expect(pullSource(ctx, { connector: counter, sourceId, services })).rejects.toThrow("The letters are gone.");
  const source = await getSource(ctx, { sourceId });
  expect(source?.activities).toBe(0);
  const held = await ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM activity WHERE source_id = ${sourceId}`);
  expect(held?.n).toBe(3);
  const next = source?.streams.find(({ name }) => name === "letters")?.nextRunAt;
  expect(next).toEqual(new Date("2026-05-01T14:00:00Z"));
});

test("a run that was asked for and cannot begin ends in words instead of waiting for ever", async () => {
  const ctx = await createCtx();
  const { sourceId } = await addLiveSource(ctx, { connector: counter, settings: settings(), services });
  const running = await startSync(ctx, { sourceId, trigger: "manual" });
  const syncId = await queueSync(ctx, { sourceId, trigger: "manual" });
  await expect(pullSource(ctx, { connector: counter, sourceId, services, syncId })).rejects.toMatchObject({ code: "busy" });
  expect((await getSync(ctx, { syncId }))?.state).toBe("failed");
  expect((await getSync(ctx, { syncId: running }))?.state).toBe("running");
});

test("what arrives by itself is kept until it is stored, in any number of deliveries, and is one with what is pulled", async () => {
  const ctx = await createCtx();
  const { sourceId } = await addLiveSource(ctx, { connector: counter, settings: settings(), services });
  const source = await requireSource(ctx, sourceId);
  const records = [1, 2, 7].map((n) => ({ stream: "numbers", externalId: `numbers${n}`, payload: { n } }));
  await receiveRecords(ctx, { source, records });
  await receiveRecords(ctx, { source, records });
  expect(await countInbox(ctx, { sourceId })).toBe(6);
  expect((await takeInbox(ctx, { connector: counter, sourceId }))?.counts.new.activities).toBe(3);
  expect(await countInbox(ctx, { sourceId })).toBe(0);
  expect(await takeInbox(ctx, { connector: counter, sourceId })).toBeUndefined();
  const [numbers] = await pullSource(ctx, { connector: counter, sourceId, services });
  expect(numbers?.counts).toMatchObject({ new: { activities: 1 }, same: { activities: 2 } });
});

test("warnings of the source stand in the run's log, and its totals in the coverage", async () => {
  const ctx = await createCtx();
  const { sourceId } = await addLiveSource(ctx, { connector: counter, settings: settings(), services });
  const [first] = await pullSource(ctx, { connector: counter, sourceId, services, streams: ["numbers"] });
  const lines = await ctx.db.rows<{ message: string }>(sql`SELECT message FROM sync_log WHERE sync_id = ${first?.syncId} AND level = 'warn'`);
  expect(lines).toEqual([{ message: "The first is old." }]);
  const coverage = (await getSource(ctx, { sourceId }))?.coverage;
  expect(coverage?.find(({ unit }) => unit === "message")?.reported).toBe(3);
});

test("a paused source takes nothing in from anywhere, what came before waits, and when it goes on nothing is missing", async () => {
  const ctx = await createCtx();
  const { sourceId } = await addLiveSource(ctx, { connector: counter, settings: settings(), services });
  const record = (n: number) => ({ stream: "numbers", externalId: `numbers${n}`, payload: { n } });
  await receiveRecords(ctx, { source: await requireSource(ctx, sourceId), records: [record(7)] });
  await updateSource(ctx, { sourceId, paused: true });

  const refusal = { code: "paused", status: 503, retryAfterSeconds: 3600, message: expect.stringContaining("«home» is paused") };
  await expect(receiveRecords(ctx, { source: await requireSource(ctx, sourceId), records: [record(8)] })).rejects.toMatchObject(refusal);
  await expect(pullSource(ctx, { connector: counter, sourceId, services })).rejects.toMatchObject(refusal);
  expect(await takeInbox(ctx, { connector: counter, sourceId })).toBeUndefined();
  const mine = async <Row extends { communityId: string }>(rows: Promise<Row[]>) =>
    (await rows).filter((row) => row.communityId === ctx.community.id);
  expect(await mine(listWaitingInboxes(ctx))).toEqual([]);
  expect(await getSource(ctx, { sourceId })).toMatchObject({ inbox: 1, activities: 0, streams: [{ failures: 0 }, { failures: 0 }] });
  expect((await listSyncs(ctx, { sourceId })).rows).toEqual([]);

  await updateSource(ctx, { sourceId, paused: false });
  expect((await mine(listDueSources(ctx))).map((due) => due.sourceId)).toEqual([sourceId]);
  expect(await mine(listWaitingInboxes(ctx))).toEqual([{ communityId: ctx.community.id, sourceId, connector: "counter" }]);
  expect((await takeInbox(ctx, { connector: counter, sourceId }))?.counts.new.activities).toBe(1);
  const outcomes = await pullSource(ctx, { connector: counter, sourceId, services });
  expect(outcomes.map((outcome) => outcome.counts.new.activities)).toEqual([3, 3]);
});

test("a run that is under way stops when its source is paused, keeps what it stored and goes on from there", async () => {
  const ctx = await createCtx();
  const { pull } = counter;
  let pauseNow: (() => Promise<void>) | undefined;
  let given = 0;
  const slow = defineConnector({
    ...counter,
    streams: { numbers: { title: "Numbers", everyMinutes: 60 } },
    async *pull(pullCtx, input) {
      if (!pull) throw new Error("the counter pulls");
      for await (const chunk of pull(pullCtx, input)) {
        // As large as a group, so that each is stored by itself.
        yield {
          ...chunk,
          records: chunk.records.map((record) => ({ ...record, payload: { ...Object(record.payload), filler: "x".repeat(3_000_000) } })),
        };
        given += 1;
        // Not the first: groups are read ahead of those that are being stored.
        if (given === 4) await pauseNow?.();
      }
    },
  });
  const { sourceId } = await addLiveSource(ctx, { connector: slow, settings: settings({ to: 9 }), services });
  pauseNow = () => updateSource(ctx, { sourceId, paused: true });
  await expect(pullSource(ctx, { connector: slow, sourceId, services })).rejects.toMatchObject({ code: "paused" });
  const [stopped] = (await listSyncs(ctx, { sourceId })).rows;
  expect(stopped?.state).toBe("cancelled");
  const stored = stopped?.counts.new?.activities ?? 0;
  expect(stored).toBeGreaterThan(0);
  expect(stored).toBeLessThanOrEqual(4);
  pauseNow = undefined;
  await updateSource(ctx, { sourceId, paused: false });
  expect((await pullSource(ctx, { connector: slow, sourceId, services })).map((outcome) => outcome.counts.new.activities)).toEqual([9 - stored]);
});

test("a chunk of large records is stored in parts, each a transaction of its own, and read no further than its cursor says", async () => {
  const ctx = await createCtx();
  const large = defineConnector({
    ...counter,
    streams: { numbers: { title: "Numbers", everyMinutes: 60 } },
    async *pull() {
      const records = [0, 1, 2, 3].map((n) => ({ stream: "numbers", externalId: `numbers${n}`, payload: { n, filler: "x".repeat(1_600_000) } }));
      yield { records, cursor: "read", progress: { done: 4, unit: "records" as const } };
    },
  });
  const { sourceId } = await addLiveSource(ctx, { connector: large, settings: settings(), services });
  const stored: number[] = [];
  await pullSource(ctx, {
    connector: large,
    sourceId,
    services,
    onProgress: ({ counts, phase }) => phase !== "done" && stored.push(counts.new.activities),
  });
  expect(stored).toEqual([2, 4]);
  const [row] = await ctx.db.rows<{ cursor: unknown }>(sql`SELECT cursor FROM stream WHERE source_id = ${sourceId} AND name = 'numbers'`);
  expect(row?.cursor).toBe("read");
});

test("while the source makes a run wait, the run says until when and why", async () => {
  const ctx = await createCtx();
  const { pull } = counter;
  let seen: unknown;
  const limited = defineConnector({
    ...counter,
    streams: { numbers: { title: "Numbers", everyMinutes: 60 } },
    async *pull(pullCtx, input) {
      await input.http.pause({ ms: 600_000, reason: "the counter asked to wait", signal: input.signal });
      await expect
        .poll(async () => (seen = (await listSyncs(ctx, { sourceId })).rows[0]?.progress.waiting))
        .toEqual({ until: "2026-11-25T12:10:00.000Z", reason: "the counter asked to wait" });
      if (pull) yield* pull(pullCtx, input);
    },
  });
  const { sourceId } = await addLiveSource(ctx, { connector: limited, settings: settings(), services });
  await pullSource(ctx, { connector: limited, sourceId, services });
  expect(seen).toBeDefined();
  const [done] = (await listSyncs(ctx, { sourceId })).rows;
  expect(done).toMatchObject({ state: "done" });
  expect(done?.progress.waiting).toBeUndefined();
});
