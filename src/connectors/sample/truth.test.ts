import { expect, test } from "vitest";
import type { NormalizedActivity, NormalizedThread } from "#features/ledger/index.ts";
import { recordAt, setStage } from "./generate.ts";
import { sample, sampleStream } from "./index.ts";
import { type Part, parts, sampleSettings, worldOf } from "./settings.ts";
import { threadCount } from "./sizes.ts";
import { sampleTruth } from "./truth.ts";

const now = new Date("2026-11-25T12:00:00Z");
const settings = sampleSettings.parse({ activities: 12_000, seed: 3, to: now.toISOString() });
const world = worldOf(settings, now);
const truth = sampleTruth(world);
const stage = setStage(world);
const records = parts.flatMap((part) =>
  Array.from({ length: threadCount(world, part) }, (_, index) => ({
    part,
    ...sample.normalize({ stream: sampleStream, ...recordAt(stage, part, index) }, { ...settings, part }),
  })),
);
const key = (ref: { platform: string; externalId: string } | undefined) => (ref ? `${ref.platform} ${ref.externalId}` : undefined);
const identities = new Map(records.flatMap((record) => record.identities.map((identity) => [key(identity), identity])));
const threads = new Map<string, { part: Part; thread: NormalizedThread; activities: NormalizedActivity[] }>();
for (const {
  part,
  threads: [thread],
  activities,
} of records)
  if (thread) threads.set(`${part} ${thread.externalId}`, { part, thread, activities });

test("the counts are those of the records", () => {
  const activities = records.flatMap((record) => record.activities);
  expect(activities.length).toBe(truth.activities);
  expect(threads.size).toBe(truth.threads);
  expect(activities.filter((activity) => activity.unattributed !== undefined).length).toBe(truth.unattributed);
  expect(truth.unattributed).toBeGreaterThan(10);
});

test("each question is answered in the records as the truth says, by whom and when", () => {
  const machines = new Set([...truth.bots.marked, ...truth.bots.unmarked].map(key));
  const team = new Set(truth.team.map(key));
  expect(truth.questions.length).toBeGreaterThan(500);
  for (const question of truth.questions) {
    const held = threads.get(`${question.part} ${question.thread}`);
    if (question.ghost) continue;
    const [opening, ...replies] = held?.activities ?? [];
    const first = replies.find((reply) => !machines.has(key(reply.author)) && key(reply.author) !== key(opening?.author));
    expect(first === undefined).toBe(question.outcome === "unanswered");
    expect(first?.occurredAt).toEqual(question.firstResponse?.at);
    if (first) expect(team.has(key(first.author)) ? "team" : "peer").toBe(question.firstResponse?.by);
    expect(question.waiting).toBe(first === undefined && held?.thread.state === "open");
  }
});

test("the last two weeks leave a handful waiting, on more than one platform", () => {
  const waiting = truth.questions.filter((question) => question.waiting && now.getTime() - question.openedAt.getTime() < 14 * 86_400_000);
  expect(waiting.length).toBeGreaterThan(5);
  expect(waiting.length).toBeLessThan(60);
  expect(new Set(waiting.map((question) => question.part)).size).toBeGreaterThan(2);
});

test("people who can be joined show one checked address or a stated link, the others nothing but a name", () => {
  const links = new Set(
    records.flatMap((record) => (record.links ?? []).flatMap((link) => [`${key(link.a)} ${key(link.b)}`, `${key(link.b)} ${key(link.a)}`])),
  );
  const vouched = (ref: { platform: string; externalId: string }) => {
    const identity = identities.get(key(ref));
    return ref.platform === "email" ? ref.externalId : identity?.emailVerified ? identity.email : undefined;
  };
  const kinds = new Set(truth.duplicates.map((person) => person.join));
  expect(kinds).toEqual(new Set(["email", "stated", "name"]));
  for (const { join, identities: refs } of truth.duplicates) {
    const addresses = refs.map(vouched);
    if (join === "email") expect(new Set(addresses).size).toBe(1);
    if (join === "name")
      expect(
        refs
          .filter((ref) => ref.platform !== "email")
          .map(vouched)
          .every((address) => address === undefined),
      ).toBe(true);
    if (join === "stated") {
      const mapped = (ref: (typeof refs)[number]) => [...links].some((link) => link.startsWith(`${key(ref)} `));
      const known = refs.filter((ref) => !mapped(ref));
      expect(new Set(known.map(vouched)).size).toBeLessThanOrEqual(1);
    }
  }
});

test("lookalikes are different people with one name, or with one address that nobody checked", () => {
  expect(truth.lookalikes.map((group) => group.reason)).toContain("name");
  for (const { reason, value, identities: refs } of truth.lookalikes) {
    for (const ref of refs) {
      const identity = identities.get(key(ref));
      if (reason === "name") expect(identity?.displayName ?? value).toBe(value);
      else if (ref.platform !== "email") expect(identity?.emailVerified).toBe(false);
    }
    expect(new Set(refs.map(key)).size).toBe(refs.length);
  }
});

test("logins that changed are seen in use before and after the day of the change", () => {
  const seen = records.flatMap((record) =>
    record.identities.flatMap((identity) => (identity.labels ?? []).map((label) => ({ id: key(identity), ...label }))),
  );
  expect(truth.renames.length).toBeGreaterThan(5);
  expect(seen.some((label) => truth.renames.some((rename) => rename.from === label.value))).toBe(true);
  for (const { identity, from, to, at } of truth.renames) {
    for (const label of seen.filter((entry) => entry.id === key(identity))) expect(label.value).toBe((label.at ?? now) < at ? from : to);
  }
});

test("marked machines and staff carry their mark, unmarked machines none", () => {
  for (const ref of truth.bots.marked) expect(identities.get(key(ref))?.kind?.value).toBe("bot");
  for (const ref of truth.bots.unmarked) expect(identities.get(key(ref))?.kind).toBeUndefined();
  for (const ref of truth.team) expect(identities.get(key(ref))?.kind?.value).toBe(/github|forum/.test(ref.platform) ? "team" : undefined);
});

test("what a release broke is spoken of only after it, and the forum is silent while it is down", () => {
  const released = truth.releases.find((release) => release.name === "3.2")?.at ?? now;
  const theme = truth.themes.find(({ id }) => id === "webhook-signature-3.2");
  expect(theme?.threads.length).toBeGreaterThan(10);
  for (const ref of theme?.threads ?? [])
    expect(threads.get(`${ref.part} ${ref.thread}`)?.thread.openedAt.getTime()).toBeGreaterThanOrEqual(released.getTime());
  const during = [...threads.values()].filter(
    ({ part, thread }) => part === truth.outage.part && thread.openedAt >= truth.outage.from && thread.openedAt < truth.outage.to,
  );
  expect(during).toEqual([]);
});
