import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { appToken } from "#connectors/slack/fake-slack.ts";
import { eventToRecords } from "#connectors/slack/from-event.ts";
import { slack } from "#connectors/slack/index.ts";
import { hoursAgo, say, settingsOf, start, stopAll } from "#connectors/slack/testing-live.ts";
import { startSocketServer } from "#connectors/testing-sockets.ts";
import { sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { type Ctx, ensureCommunity } from "#features/access/index.ts";
import {
  addLiveSource,
  changeSettings,
  defineConnector,
  deleteSource,
  getSource,
  type ListenInput,
  listSources,
  pullSource,
  receiveRecords,
  requireSource,
  takeInbox,
  updateSource,
} from "#features/ledger/index.ts";
import { openRuntime, type Runtime } from "../runtime.ts";
import { type Listening, startListening } from "./listen.ts";
import { pullServices, syncSourceJob } from "./sync-source.ts";

/** Who listens at this moment, by site: the test speaks through it. */
const heard = new Map<string, ListenInput<{ site: string; token: string; live: boolean }>[]>();
let refusal: AppError | undefined;

/** A service that sends by itself whatever the test says. */
const wire = defineConnector({
  id: "wire",
  title: "Wire",
  summary: "Speaks.",
  normalizeVersion: 1,
  settings: z.object({ site: z.string(), token: z.string().meta({ secret: true }).default(""), live: z.boolean().default(true) }),
  docs: { collects: "-", identityKey: "-", limits: "-", privacy: "-" },
  streams: { words: { title: "Words" } },
  connect: async (_ctx, { settings }) => ({ origin: `wire:${settings.site}`, name: settings.site, says: "Signed in." }),
  listen: {
    isOn: ({ token, live }) => live && token !== "",
    async run(_ctx, input) {
      if (refusal) throw refusal;
      const { site } = input.settings;
      heard.set(site, [...(heard.get(site) ?? []), input]);
      input.onState({ state: "connected" });
      await new Promise<void>((resolve) => {
        input.signal.addEventListener("abort", () => resolve(), { once: true });
        if (input.signal.aborted) resolve();
      });
      heard.set(
        site,
        (heard.get(site) ?? []).filter((one) => one !== input),
      );
    },
  },
  normalize: (record) => ({
    identities: [],
    channels: [{ externalId: "c", kind: "chat", name: "c", visibility: "team" }],
    threads: [],
    activities: [
      {
        externalId: record.externalId,
        kind: "message",
        channel: "c",
        unattributed: "somebody",
        occurredAt: new Date("2026-01-01T00:00:00Z"),
        body: record.externalId,
      },
    ],
  }),
});

let runtime: Runtime;
let ctx: Ctx;
beforeAll(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-listening-"));
  runtime = await openRuntime({
    env: {
      CAUSEWAY_DATA_DIR: dataDir,
      CAUSEWAY_LOG_LEVEL: "silent",
      CAUSEWAY_JOB_POLL_SECONDS: "0.5",
      CAUSEWAY_SHUTDOWN_SECONDS: "2",
      CAUSEWAY_OUTBOUND_ALLOW: "127.0.0.1",
    },
    cwd: dataDir,
  });
  ctx = await ensureCommunity(runtime, { slug: "tide" });
}, 120_000);
afterAll(() => runtime.close());

const underWay: Listening[] = [];
afterEach(async () => {
  await Promise.all(underWay.splice(0).map((one) => one.stop()));
  await runtime.db.execute(sql`DELETE FROM source`);
  heard.clear();
  refusal = undefined;
});

const listen = () => {
  const listening = startListening(runtime, { everyMs: 50, connectors: [wire] });
  underWay.push(listening);
  return listening;
};
const add = async (site: string, more: object = {}) =>
  (await addLiveSource(ctx, { connector: wire, settings: { site, token: "right", ...more }, services: pullServices(runtime) })).sourceId;
const ears = (site: string) => (heard.get(site) ?? []).length;
const listenerOf = async (sourceId: string) => (await getSource(ctx, { sourceId }))?.listener;
const word = (externalId: string) => ({ stream: "words", externalId, payload: {} });
const settle = () => new Promise((resolve) => setTimeout(resolve, 400));

test("of two servers one listens to a source, and the other takes over when it stops", async () => {
  const sourceId = await add("harbor");
  const first = listen();
  listen();
  await expect.poll(() => ears("harbor")).toBe(1);
  await settle();
  expect(ears("harbor")).toBe(1);
  await expect.poll(() => listenerOf(sourceId)).toMatchObject({ state: "connected", reason: "" });
  await first.stop();
  await expect.poll(() => ears("harbor")).toBe(1);
  await settle();
  expect(ears("harbor")).toBe(1);
});

test("a server that died without a word is followed by another once its lease is over, and not before", async () => {
  const sourceId = await add("harbor");
  await runtime.db.execute(sql`
    INSERT INTO listener (community_id, source_id, owner, lease_until, fingerprint, state)
    VALUES (${ctx.community.id}, ${sourceId}, 'gone', now() + interval '1 hour', '', 'connected')`);
  listen();
  await settle();
  expect(ears("harbor")).toBe(0);
  await runtime.db.execute(sql`UPDATE listener SET lease_until = now() - interval '1 second' WHERE source_id = ${sourceId}`);
  await expect.poll(() => ears("harbor")).toBe(1);
});

test("a server that lost its lease stops listening", async () => {
  const sourceId = await add("harbor");
  listen();
  await expect.poll(() => ears("harbor")).toBe(1);
  await runtime.db.execute(sql`UPDATE listener SET owner = 'another', lease_until = now() + interval '1 hour' WHERE source_id = ${sourceId}`);
  await expect.poll(() => ears("harbor")).toBe(0);
});

test("sources that are added, paused, gone on with, changed and removed are noticed", async () => {
  listen();
  const sourceId = await add("harbor");
  await expect.poll(() => ears("harbor")).toBe(1);
  await updateSource(ctx, { sourceId, paused: true });
  await expect.poll(() => ears("harbor")).toBe(0);
  await expect.poll(() => listenerOf(sourceId)).toBeNull();
  await updateSource(ctx, { sourceId, paused: false });
  await expect.poll(() => ears("harbor")).toBe(1);
  const before = heard.get("harbor")?.[0];
  await changeSettings(ctx, { connector: wire, sourceId, settings: { site: "harbor", token: "newer" }, services: pullServices(runtime) });
  await expect.poll(() => heard.get("harbor")?.[0]?.settings.token).toBe("newer");
  expect(before?.signal.aborted).toBe(true);
  await changeSettings(ctx, { connector: wire, sourceId, settings: { site: "harbor", live: false }, services: pullServices(runtime) });
  await expect.poll(() => ears("harbor")).toBe(0);
  await changeSettings(ctx, { connector: wire, sourceId, settings: { site: "harbor", live: true }, services: pullServices(runtime) });
  await expect.poll(() => ears("harbor")).toBe(1);
  await deleteSource(ctx, { sourceId });
  await expect.poll(() => ears("harbor")).toBe(0);
});

test("what is received is in the inbox before the event may be acknowledged, and a job is asked to take it in", async () => {
  const sourceId = await add("harbor");
  listen();
  await expect.poll(() => ears("harbor")).toBe(1);
  await heard.get("harbor")?.[0]?.receive([word("one"), word("two")]);
  expect(await getSource(ctx, { sourceId })).toMatchObject({ inbox: 2, listener: { lastReceivedAt: expect.any(Date) } });
  expect((await runtime.jobs.list({ name: "take-inbox", limit: 5 })).rows).toMatchObject([{ payload: { sourceId } }]);
  expect((await takeInbox(ctx, { connector: wire, sourceId }))?.counts.new.activities).toBe(2);
});

/** The records of a message's event. */
function eventOf(message: object) {
  const outcome = eventToRecords(
    { type: "message", channel: "C0GENERAL1", channel_type: "channel", ...message },
    { team: "T0HARBOR1", at: new Date() },
  );
  return "records" in outcome ? outcome.records : [];
}

test("a message of Slack is one row, whether by Socket Mode or by a pull, and is there within seconds", async () => {
  const sockets = await startSocketServer((socket) => socket.send({ type: "hello", num_connections: 1 }));
  const root = say(hoursAgo(2), "Where is the tide table?");
  const { settings } = { settings: settingsOf(await start([root], { socketUrl: sockets.url }), { appToken }) };
  try {
    await runtime.jobs.startWorkers(runtime);
    const { sourceId } = await addLiveSource(ctx, { connector: slack, settings, services: pullServices(runtime) });
    underWay.push(startListening(runtime, { everyMs: 50 }));
    await expect.poll(() => listenerOf(sourceId), { timeout: 10_000 }).toMatchObject({ state: "connected" });
    const payload = {
      type: "event_callback",
      team_id: "T0HARBOR1",
      event: { type: "message", channel: "C0GENERAL1", channel_type: "channel", ...root },
    };
    for (const envelope_id of ["e1", "again"]) sockets.sockets[0]?.send({ envelope_id, type: "events_api", payload });
    await expect.poll(() => sockets.sockets[0]?.received.length).toBe(2);
    const count = async () => (await runtime.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM activity WHERE source_id = ${sourceId}`))?.n;
    await expect.poll(count, { timeout: 20_000 }).toBe(1);
    await expect.poll(async () => (await getSource(ctx, { sourceId }))?.inbox, { timeout: 20_000 }).toBe(0);
    const [pulled] = await pullSource(ctx, { connector: slack, sourceId, services: pullServices(runtime) });
    expect(pulled?.counts.new.activities).toBe(0);
    expect(await count()).toBe(1);
    // What arrives during a run is taken in at its end.
    const records = eventOf(say(hoursAgo(1), "And the harbour?"));
    await receiveRecords(ctx, { source: await requireSource(ctx, sourceId), records });
    const run = { jobId: "x", attempt: 1, signal: new AbortController().signal };
    await syncSourceJob.run(runtime, { communityId: ctx.community.id, sourceId, connector: "slack", trigger: "manual" }, run);
    // The job of another event may be at it in this moment.
    await expect.poll(async () => [await count(), (await getSource(ctx, { sourceId }))?.inbox], { timeout: 20_000 }).toEqual([2, 0]);
  } finally {
    await stopAll();
    await sockets.close();
  }
}, 60_000);

test("a token that is refused is not tried again before the settings change; the page says what to do, and the list that it is needed", async () => {
  refusal = new AppError("forbidden", { public: "The token is not accepted. Make a new one." });
  const sourceId = await add("harbor");
  listen();
  await expect.poll(() => listenerOf(sourceId)).toMatchObject({ state: "failed", reason: "The token is not accepted. Make a new one." });
  const failedIn = async () => (await listSources(ctx)).filter(({ listenerFailed }) => listenerFailed).map(({ id }) => id);
  expect(await failedIn()).toEqual([sourceId]);
  refusal = undefined;
  await settle();
  expect(ears("harbor")).toBe(0);
  await changeSettings(ctx, { connector: wire, sourceId, settings: { site: "harbor", token: "newer" }, services: pullServices(runtime) });
  await expect.poll(() => ears("harbor")).toBe(1);
  await expect.poll(() => listenerOf(sourceId)).toMatchObject({ state: "connected", reason: "" });
  expect(await failedIn()).toEqual([]);
});

test("what may pass is tried again, and the reason is shown meanwhile", async () => {
  refusal = new AppError("upstream_failed", { public: "The wire is cut." });
  const sourceId = await add("harbor");
  listen();
  await expect.poll(() => listenerOf(sourceId)).toMatchObject({ state: "waiting", reason: "The wire is cut." });
  refusal = undefined;
  await expect.poll(() => ears("harbor"), { timeout: 10_000 }).toBe(1);
});

test("a server that stops says so", async () => {
  const sourceId = await add("harbor");
  const listening = listen();
  await expect.poll(() => listenerOf(sourceId)).toMatchObject({ state: "connected" });
  await listening.stop();
  expect(await listenerOf(sourceId)).toMatchObject({ state: "stopped" });
});
