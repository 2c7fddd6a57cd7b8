import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { fixedClock } from "#core/clock.ts";
import { createLogger } from "#core/log.ts";
import type { NormalizedBatch, RecordChunk } from "#features/ledger/index.ts";
import { testDatabase } from "#tests/factories.ts";
import { noHttp } from "../testing.ts";
import { plansOf, recordAt, setStage } from "./generate.ts";
import { template } from "./grammar.ts";
import { sample, sampleStream } from "./index.ts";
import { parts, sampleSettings, type World, worldOf } from "./settings.ts";
import { threadCount } from "./sizes.ts";

const now = new Date("2026-11-25T12:00:00Z");
const settings = (more: object = {}) => sampleSettings.parse({ to: now.toISOString(), ...more });
const world = (more: object = {}): World => worldOf(settings(more), now);

function pull(more: object, cursor?: unknown, signal = new AbortController().signal): AsyncIterable<RecordChunk> {
  const ctx = { db: testDatabase(), clock: fixedClock(now), log: createLogger({ level: "silent" }) };
  if (!sample.pull) throw new Error("the sample cannot be pulled");
  return sample.pull(ctx, { settings: settings(more), stream: sampleStream, cursor, signal, http: noHttp, workDir: "" });
}

function normalizeAll(of: World): NormalizedBatch[] {
  const stage = setStage(of);
  return parts.flatMap((part) =>
    Array.from({ length: threadCount(of, part) }, (_, index) =>
      sample.normalize({ stream: sampleStream, ...recordAt(stage, part, index) }, settings({ part })),
    ),
  );
}

test("the same seed gives the same records, each without the ones before it, and another seed gives others", () => {
  const of = world({ activities: 2_000 });
  const inOrder = parts.map((part) => {
    const stage = setStage(of);
    return Array.from({ length: threadCount(of, part) }, (_, index) => recordAt(stage, part, index));
  });
  parts.forEach((part, place) => {
    const backwards = setStage(of);
    const records = inOrder[place] ?? [];
    for (let index = records.length - 1; index >= 0; index -= 7) expect(recordAt(backwards, part, index)).toEqual(records[index]);
  });
  expect(recordAt(setStage({ ...of, seed: 2 }), "forum", 5)).not.toEqual(recordAt(setStage(of), "forum", 5));
});

test("a pull that was cut goes on where it stood and ends with the same records, also when time has passed", async () => {
  const whole: unknown[] = [];
  for await (const chunk of pull({ activities: 6_000, part: "chat", to: undefined })) whole.push(...chunk.records);
  const cut: unknown[] = [];
  let cursor: unknown;
  for await (const chunk of pull({ activities: 6_000, part: "chat", to: undefined })) {
    cut.push(...chunk.records);
    cursor = JSON.parse(JSON.stringify(chunk.cursor));
    break;
  }
  expect(cut.length).toBeLessThan(whole.length);
  for await (const chunk of pull({ activities: 6_000, part: "chat", to: undefined }, cursor)) cut.push(...chunk.records);
  expect(cut).toEqual(whole);
  for await (const chunk of pull({ activities: 6_000, part: "chat" }, { next: 1e6, to: now.toISOString() })) expect(chunk).toBeUndefined();
});

test("a world has about the activities it was asked for, whatever its size", () => {
  for (const activities of [5_000, 50_000]) {
    const stage = setStage(world({ activities }));
    let count = 0;
    for (const part of parts) for (const plan of plansOf(stage, part)) count += plan.steps.length;
    expect(Math.abs(count / activities - 1)).toBeLessThan(0.05);
  }
});

test("activities lie between the beginning and now, in order within a thread, and their keys are unique", () => {
  const of = world({ activities: 8_000 });
  const faults: string[] = [];
  const stage = setStage(of);
  for (const part of parts) {
    const seen = new Set<string>();
    for (let index = 0; index < threadCount(of, part); index += 1) {
      const batch = sample.normalize({ stream: sampleStream, ...recordAt(stage, part, index) }, settings({ part }));
      let before = Math.floor(of.from / 86_400_000) * 86_400_000;
      for (const activity of batch.activities) {
        const at = activity.occurredAt.getTime();
        const key = `${activity.kind} ${activity.externalId}`;
        if (at < before || at > of.to || seen.has(key)) faults.push(`${part} ${key} ${activity.occurredAt.toISOString()}`);
        before = at;
        seen.add(key);
      }
    }
  }
  expect(faults).toEqual([]);
});

test("people have names from many scripts, some threads are in other languages, and one channel is closed", () => {
  const batches = normalizeAll(world({ activities: 5_000 }));
  const names = batches.flatMap((batch) => batch.identities.map((identity) => identity.displayName ?? "")).join("\n");
  for (const script of [/\p{Script=Han}/u, /\p{Script=Hangul}/u, /\p{Script=Cyrillic}/u, /\p{Script=Arabic}/u, /[üçãéłø]/])
    expect(names).toMatch(script);
  const texts = batches.flatMap((batch) => batch.activities.map((activity) => activity.body ?? "")).join("\n");
  for (const words of ["pi-hole", "next.js", "C++", "署名検証", "签名", "Schlüssel", "¿", "não"]) expect(texts).toContain(words);
  const channels = new Map(batches.flatMap((batch) => batch.channels.map((channel) => [channel.name, channel.visibility])));
  expect(channels.get("#design-partners")).toBe("restricted");
  expect(channels.get("Help")).toBe("public");
});

test("texts hold no marks of the templates, no gaps, and few titles twice", () => {
  const batches = normalizeAll(world({ activities: 6_000 }));
  const faults: string[] = [];
  for (const { activities, threads } of batches) {
    for (const text of [...threads.map((thread) => thread.title), ...activities.map((activity) => activity.body ?? "")]) {
      const marks = /[«»‹›]|undefined|NaN|\[object/.exec(text);
      const prose = text.replace(/```[\s\S]*?```|`[^`]*`/g, "x");
      const gaps = /\S {2,}\S| [.,;](?:\s|$)|\n\n\n|\s$/.exec(prose);
      if (marks || gaps) faults.push(text);
    }
  }
  expect(faults).toEqual([]);
  const titles = batches.flatMap((batch) => batch.threads.map((thread) => thread.title)).slice(0, 1_000);
  expect(titles.length).toBe(1_000);
  expect(new Set(titles).size / titles.length).toBeGreaterThan(0.85);
  const bodies = batches.flatMap((batch) => batch.activities.slice(0, 1).flatMap((activity) => (batch.threads.length > 0 ? [activity.body] : [])));
  expect(new Set(bodies).size / bodies.length).toBeGreaterThan(0.9);
});

test("a fault in a text is found when it is read", () => {
  expect(() => template("Hello ‹nobody›")).toThrow("no slot ‹nobody›");
  expect(() => template("«one|two")).toThrow("not closed");
  expect(() => template("one»")).toThrow("stray");
});

test("memory stays flat however long the history", async () => {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("this Node has no garbage collection on demand");
  const heap: number[] = [];
  let records = 0;
  for await (const chunk of pull({ activities: 150_000, part: "github" })) {
    records += chunk.records.length;
    if (records % 2_000 === 0) {
      collect();
      heap.push(process.memoryUsage().heapUsed);
    }
  }
  const [, second = 0] = heap;
  expect(heap.length).toBe(6);
  // The caches of people fill up over the first thousands of threads; after that nothing grows.
  expect((heap.at(-1) ?? 0) - second).toBeLessThan(25_000_000);
});
