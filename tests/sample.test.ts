import { expect, test } from "vitest";
import { consumers } from "#app/consumers.ts";
import { loadSample } from "#connectors/sample/load.ts";
import { worldOf } from "#connectors/sample/settings.ts";
import { sampleTruth } from "#connectors/sample/truth.ts";
import { sql } from "#core/database/database.ts";
import type { Ctx } from "#features/access/index.ts";
import { drainOutbox, type IdentityRef } from "#features/ledger/index.ts";
import { createCtx, testNow } from "./factories.ts";

const activities = 2_000;
const truth = sampleTruth(worldOf({ seed: 1, activities, from: undefined, to: undefined }, new Date(testNow)));

async function derive(ctx: Ctx): Promise<void> {
  await drainOutbox(ctx, { consumers, communityId: ctx.community.id });
}

const key = (ref: IdentityRef) => `${ref.platform} ${ref.externalId}`;

/** Loading and deriving work the database for a while, more so on a busy machine. */
const patience = { timeout: 120_000 };

test("the sample loads whole, its derived figures are those of the known truth, and loading it again changes nothing", patience, async () => {
  const ctx = await createCtx();
  const seen: number[] = [];
  const loaded = await loadSample(ctx, { activities, seed: 1, onProgress: (progress) => seen.push(progress.done / progress.total) });
  await derive(ctx);

  expect(loaded.rejected).toBe(0);
  expect(loaded.counts.new).toMatchObject({ threads: truth.threads, activities: truth.activities });
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.at(-1)).toBe(1);

  const counts = await ctx.db.first<{ activities: number; unattributed: number }>(sql`
    SELECT count(*) AS activities, count(unattributed) AS unattributed FROM activity WHERE community_id = ${ctx.community.id}`);
  expect(counts).toEqual({ activities: truth.activities, unattributed: truth.unattributed });

  await expectMembers(ctx);
  await expectQuestions(ctx);

  const again = await loadSample(ctx, { activities, seed: 1 });
  expect(again.counts.new).toEqual({ threads: 0, activities: 0, identities: 0 });
  expect(again.counts.changed).toEqual({ threads: 0, activities: 0, identities: 0 });
  await expect(loadSample(ctx, { activities: 5_000 })).rejects.toMatchObject({ code: "conflict" });
});

async function expectMembers(ctx: Ctx): Promise<void> {
  const rows = await ctx.db.rows<{ platform: string; externalId: string; memberId: string; kind: string }>(sql`
    SELECT i.platform, i.external_id AS "externalId", i.member_id AS "memberId", m.kind
    FROM identity i JOIN member m ON m.community_id = i.community_id AND m.id = i.member_id WHERE i.community_id = ${ctx.community.id}`);
  const held = new Map(rows.map((row) => [key(row), row]));
  const memberOf = (ref: IdentityRef) => held.get(key(ref))?.memberId;
  for (const { join, identities } of truth.duplicates) {
    const members = new Set(identities.map(memberOf));
    if (join === "name") expect(members.size).toBe(identities.length);
    else expect(members.size).toBe(1);
  }
  for (const { identities } of truth.lookalikes) expect(new Set(identities.map(memberOf)).size).toBe(identities.length);
  for (const ref of truth.bots.marked) expect(held.get(key(ref))?.kind).toBe("bot");
  // Chat and mail do not say who is staff: it follows from the address alone.
  for (const ref of truth.team) expect(held.get(key(ref))?.kind).toBe("team");
}

async function expectQuestions(ctx: Ctx): Promise<void> {
  const rows = await ctx.db.rows<{ part: string; thread: string; question: string; waiting: boolean; by: string | null; at: Date | null }>(sql`
    SELECT split_part(s.origin, ':', 2) AS part, t.external_id AS thread, t.question, t.waiting_since IS NOT NULL AS waiting,
      t.first_response_by AS by, t.first_response_at AS at
    FROM thread t JOIN source s ON s.community_id = t.community_id AND s.id = t.source_id WHERE t.community_id = ${ctx.community.id}`);
  const held = new Map(rows.map((row) => [`${row.part} ${row.thread}`, row]));
  // What nobody's account has opened cannot be told from a reply by its own author.
  const known = truth.questions.filter((question) => !question.ghost);
  const found = known.filter((question) => held.get(`${question.part} ${question.thread}`)?.question !== "none");
  expect(found.length / known.length).toBeGreaterThan(0.75);
  for (const question of found) {
    const row = held.get(`${question.part} ${question.thread}`);
    expect(row?.at ?? undefined).toEqual(question.firstResponse?.at);
    if (row?.question === "unanswered") expect(question.outcome).toBe("unanswered");
    if (question.waiting) expect(row?.waiting).toBe(true);
  }
}

test("a load that was stopped goes on where it stood and ends with the same rows", patience, async () => {
  const ctx = await createCtx();
  const stop = new AbortController();
  // At the first news some of its sources have not even begun, so there is always something to stop.
  const cut = loadSample(ctx, { activities, seed: 1, signal: stop.signal, onProgress: () => stop.abort() });
  await expect(cut).rejects.toMatchObject({ code: "conflict" });
  await loadSample(ctx, { activities, seed: 1 });
  const held = await ctx.db.first<{ activities: number; threads: number }>(sql`
    SELECT (SELECT count(*) FROM activity WHERE community_id = ${ctx.community.id}) AS activities,
           (SELECT count(*) FROM thread WHERE community_id = ${ctx.community.id}) AS threads`);
  expect(held).toEqual({ activities: truth.activities, threads: truth.threads });
});
