import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { sql } from "#core/database/database.ts";
import type { Ctx } from "#features/access/index.ts";
import { createCtx } from "#tests/factories.ts";
import { defineConnector } from "./connector.ts";
import { runImport } from "./import-file.ts";
import { deleteSource } from "./sources.ts";

interface Entry {
  id: string;
  name?: string;
  jobs?: { at: string; from?: string; to?: string; says?: string }[];
  organizations?: { name: string; domains?: string[]; aliases?: string[] }[];
}

/** A connector small enough to see through: one JSON line is one person, where they worked, and organizations. */
const jobs = defineConnector({
  id: "jobs",
  title: "Jobs",
  summary: "JSON lines",
  normalizeVersion: 1,
  settings: z.object({ origin: z.string().default("jobs:test") }),
  docs: { collects: "-", identityKey: "-", limits: "-", privacy: "-" },
  streams: {},
  normalize({ payload }) {
    const entry = payload as Entry;
    const identity = { platform: "test", externalId: entry.id };
    const day = (text: string | undefined) => (text === undefined ? {} : { at: new Date(`${text}T00:00:00Z`) });
    return {
      identities: [{ ...identity, displayName: entry.name ?? entry.id }],
      channels: [],
      threads: [],
      activities: [],
      organizations: entry.organizations ?? [],
      affiliations: (entry.jobs ?? []).map(({ at, from, to, says }) => ({
        identity,
        organization: at,
        ...(from && { from: day(from).at }),
        ...(to && { to: day(to).at }),
        evidence: says ?? "the list",
      })),
    };
  },
  identifyFile: async (_ctx, { settings }) => ({ origin: settings.origin, name: "Jobs" }),
  async *importFile(_ctx, { path }) {
    const { readFile } = await import("node:fs/promises");
    const entries: Entry[] = JSON.parse(await readFile(path, "utf8"));
    yield { records: entries.map((payload) => ({ stream: "people", externalId: payload.id, payload })) };
  },
});

function fileOf(entries: readonly Entry[]): string {
  const path = join(mkdtempSync(join(tmpdir(), "causeway-jobs-")), "jobs.json");
  writeFileSync(path, JSON.stringify(entries));
  return path;
}

const bring = (ctx: Ctx, entries: readonly Entry[], origin = "jobs:test") =>
  runImport(ctx, { connector: jobs, path: fileOf(entries), settings: { origin } });

async function held(ctx: Ctx) {
  const jobsHeld = await ctx.db.rows<{ text: string }>(sql`
    SELECT i.external_id || ' at ' || o.name || ' ' || coalesce(to_char(a.from_at AT TIME ZONE 'UTC', 'YYYY'), '') || '-' ||
           coalesce(to_char(a.to_at AT TIME ZONE 'UTC', 'YYYY'), '') AS text
    FROM affiliation a JOIN identity i ON i.community_id = a.community_id AND i.id = a.identity_id
    JOIN organization o ON o.community_id = a.community_id AND o.id = a.organization_id
    WHERE a.community_id = ${ctx.community.id} ORDER BY 1`);
  const names = await ctx.db.rows<{ text: string }>(sql`
    SELECT o.name || ' ' || coalesce(string_agg(n.kind || ':' || n.value, ',' ORDER BY n.kind, n.value), '') AS text
    FROM organization o LEFT JOIN organization_name n ON n.community_id = o.community_id AND n.organization_id = o.id
    WHERE o.community_id = ${ctx.community.id} GROUP BY o.id, o.name ORDER BY 1`);
  return { jobs: jobsHeld.map((row) => row.text), organizations: names.map((row) => row.text.trim()) };
}

const rowVersions = (ctx: Ctx) =>
  ctx.db.rows(sql`
    SELECT id::text, xmin::text FROM affiliation WHERE community_id = ${ctx.community.id}
    UNION ALL SELECT id::text, xmin::text FROM organization WHERE community_id = ${ctx.community.id}
    UNION ALL SELECT value, xmin::text FROM organization_name WHERE community_id = ${ctx.community.id} ORDER BY 1`);

test("a second import writes no row, and counts its people as the same", async () => {
  const ctx = await createCtx();
  const entries: Entry[] = [
    {
      id: "ann",
      jobs: [{ at: "Tide Works", from: "2019-01-01" }],
      organizations: [{ name: "Tide Works", domains: ["tide.example"], aliases: ["TW"] }],
    },
    { id: "bob" },
  ];
  const first = await bring(ctx, entries);
  expect(first.counts.new).toEqual({ threads: 0, activities: 0, identities: 2 });
  const before = await rowVersions(ctx);
  const again = await bring(ctx, entries);
  expect(again.counts.new.identities + again.counts.changed.identities).toBe(0);
  expect(again.counts.same.identities).toBe(2);
  expect(await rowVersions(ctx)).toEqual(before);
  expect(await held(ctx)).toEqual({ jobs: ["ann at Tide Works 2019-"], organizations: ["Tide Works alias:tw,domain:tide.example"] });
});

test("an end that became known ends the row that stands, and the person counts as changed", async () => {
  const ctx = await createCtx();
  await bring(ctx, [{ id: "ann", jobs: [{ at: "Tide Works", from: "2019-01-01" }] }]);
  const changed = await bring(ctx, [{ id: "ann", jobs: [{ at: "tide  works", from: "2019-01-01", to: "2021-06-01" }] }]);
  expect(changed.counts.changed.identities).toBe(1);
  expect((await held(ctx)).jobs).toEqual(["ann at Tide Works 2019-2021"]);
});

test("what a record no longer states disappears, with the organization of which nothing is left", async () => {
  const ctx = await createCtx();
  await bring(ctx, [
    {
      id: "ann",
      jobs: [{ at: "Tide Works", from: "2019-01-01" }, { at: "Gull" }],
      organizations: [
        { name: "Gull", domains: ["gull.example", "gull.test"] },
        { name: "Reef", aliases: ["The Reef"] },
      ],
    },
    { id: "bob", jobs: [{ at: "Gull" }] },
  ]);
  await bring(ctx, [{ id: "ann", jobs: [{ at: "Tide Works", from: "2020-01-01" }], organizations: [{ name: "Gull", domains: ["gull.test"] }] }]);
  expect(await held(ctx)).toEqual({
    jobs: ["ann at Tide Works 2020-", "bob at Gull -"],
    organizations: ["Gull domain:gull.test", "Tide Works"],
  });
});

test("what another source states stays, and goes with its source", async () => {
  const ctx = await createCtx();
  await bring(ctx, [{ id: "ann", jobs: [{ at: "Gull" }] }]);
  const other = await bring(ctx, [{ id: "ann", jobs: [{ at: "Gull" }] }], "jobs:other");
  await bring(ctx, [{ id: "ann" }]);
  expect((await held(ctx)).jobs).toEqual(["ann at Gull -"]);
  await deleteSource(ctx, { sourceId: other.sourceId });
  expect((await held(ctx)).jobs).toEqual([]);
});

test("records in any order, in one file or several, leave the same organizations and affiliations", async () => {
  const entries: Entry[] = [
    { id: "ann", jobs: [{ at: "tide works", from: "2019-01-01", to: "2020-01-01" }, { at: "Gull" }] },
    { id: "bob", jobs: [{ at: "Tide Works", from: "2019-01-01" }], organizations: [{ name: "Gull", domains: ["sea.example"], aliases: ["Gulls"] }] },
    { id: "cem", organizations: [{ name: "Albatross", domains: ["sea.example", "albatross.example"] }] },
    { id: "dia", jobs: [{ at: "ALBATROSS" }, { at: "Gull", from: "2022-01-01" }] },
  ];
  const whole = await createCtx();
  await bring(whole, entries);
  const expected = await held(whole);
  expect(expected.organizations).toContain("ALBATROSS domain:albatross.example,domain:sea.example");
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(entries, { minLength: 4 }), fc.integer({ min: 1, max: 3 }), async (shuffled, at) => {
      const ctx = await createCtx();
      await bring(ctx, shuffled.slice(0, at));
      await bring(ctx, [...shuffled.slice(at), ...shuffled.slice(0, 1)]);
      expect(await held(ctx)).toEqual(expected);
    }),
    { numRuns: 8 },
  );
});
