import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { testDatabase } from "#tests/factories.ts";
import { systemClock } from "./clock.ts";
import { sql } from "./database/database.ts";
import { createJobs, defineJob, type Jobs, type JobsOptions } from "./jobs.ts";
import { createLogger } from "./log.ts";
import type { Services } from "./services.ts";

const log = createLogger({ level: "silent" });
const ran: string[] = [];
let letGo: () => void = () => {};
const held = new Promise<void>((settle) => {
  letGo = settle;
});
let heldStarted = false;
let failures = 0;
let sawAbort = false;

const note = defineJob({
  name: "test-note",
  title: "Notes",
  payload: z.object({ word: z.string() }),
  attempts: 1,
  delivery: "test",
  async run(_services, { word }) {
    ran.push(word);
  },
});
const flaky = defineJob({
  name: "test-flaky",
  title: "Fails",
  payload: z.object({}),
  attempts: 1,
  delivery: "test",
  async run() {
    failures += 1;
    if (failures === 1) throw new Error("no luck today");
    ran.push("flaky");
  },
});
const single = defineJob({
  name: "test-single",
  title: "Single",
  payload: z.object({}),
  attempts: 1,
  delivery: "test",
  singleton: true,
  async run() {
    heldStarted = true;
    await held;
    ran.push("single");
  },
});
const long = defineJob({
  name: "test-long",
  title: "Long",
  payload: z.object({}),
  attempts: 1,
  delivery: "test",
  async run(_services, _payload, { signal }) {
    heldStarted = true;
    await new Promise<void>((settle) => signal.addEventListener("abort", () => settle()));
    sawAbort = true;
  },
});

let jobs: Jobs;
beforeAll(async () => {
  jobs = make([note, flaky, single, long]);
  // Jobs in this file use the log alone; the other services have tests of their own.
  await jobs.startWorkers({ db: testDatabase(), log, clock: systemClock } as unknown as Services);
});
afterAll(() => jobs.stop(2000));

function make(definitions: JobsOptions["definitions"]): Jobs {
  return createJobs({ db: testDatabase(), log, definitions, pollSeconds: 0.5 });
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await condition()) return;
    await sleep(50);
  }
  throw new Error("it did not happen within ten seconds");
}

test("a job runs with its payload, and one that does not fit is refused when it is sent", async () => {
  await jobs.send(note, { word: "hello" });
  await until(() => ran.includes("hello"));
  // @ts-expect-error the payload's type is the schema's
  await expect(jobs.send(note, { word: 1 })).rejects.toThrow();
});

test("a job sent in a transaction exists when that commits, and only then", async () => {
  const db = testDatabase();
  await expect(
    db.transaction(async (tx) => {
      await jobs.send(note, { word: "rolled back" }, { tx });
      throw new Error("no");
    }),
  ).rejects.toThrow("no");
  await db.transaction((tx) => jobs.send(note, { word: "committed" }, { tx }));
  await until(() => ran.includes("committed"));
  expect(ran).not.toContain("rolled back");
});

test("a job that used up its attempts is listed as dead with its error, and runs again when told to", async () => {
  await jobs.send(flaky, {});
  await until(async () => (await jobs.listDead({ name: flaky.name, limit: 5 })).rows.length === 1);
  const [dead] = (await jobs.listDead({ name: flaky.name, limit: 5 })).rows;
  expect(dead).toMatchObject({ state: "failed", error: "no luck today", attemptsMax: 1, payload: {} });
  await jobs.retryDead({ name: flaky.name, jobId: dead?.id ?? "" });
  await until(() => ran.includes("flaky"));
  await expect(jobs.retryDead({ name: flaky.name, jobId: dead?.id ?? "" })).rejects.toMatchObject({ code: "not_found" });
});

test("a singleton has one running and one waiting, and what is sent beyond that is covered", async () => {
  heldStarted = false;
  await jobs.send(single, {});
  await until(() => heldStarted);
  expect(await jobs.send(single, {})).toBeTypeOf("string");
  expect(await jobs.send(single, {})).toBeUndefined();
  letGo();
  await until(() => ran.filter((word) => word === "single").length === 2);
});

test("the list is paged newest first, and the counts agree", async () => {
  const first = await jobs.list({ name: note.name, limit: 1 });
  const second = await jobs.list({ name: note.name, limit: 1, after: first.next ?? "" });
  expect(first.rows[0]?.createdAt.getTime()).toBeGreaterThanOrEqual(second.rows[0]?.createdAt.getTime() ?? Number.POSITIVE_INFINITY);
  expect(first.rows[0]?.id).not.toBe(second.rows[0]?.id);
  expect((await jobs.counts()).find(({ name, state }) => name === note.name && state === "completed")?.n).toBe(2);
  expect(await jobs.isReady()).toBe(true);
});

test("stopping tells a long job to end and waits for it", async () => {
  heldStarted = false;
  await jobs.send(long, {});
  await until(() => heldStarted);
  await jobs.stop(4000);
  expect(sawAbort).toBe(true);
  const state = await testDatabase().first<{ state: string }>(sql`SELECT state::text AS state FROM pgboss.job WHERE name = ${long.name}`);
  expect(state?.state).toBe("completed");
});
