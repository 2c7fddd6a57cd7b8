import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { sql } from "#core/database/database.ts";
import type { Ctx } from "#features/access/index.ts";
import { membersConsumer, removeLink } from "#features/members/index.ts";
import { createCtx } from "#tests/factories.ts";
import { defineConnector } from "./connector.ts";
import { drainOutbox } from "./consumer.ts";
import { runImport } from "./import-file.ts";
import { deleteSource } from "./sources.ts";

interface Entry {
  id: string;
  /** Handles that the entry holds for one person. */
  handles: string[];
}

/** A connector small enough to see through: one entry is one person with the handles that are theirs. */
const roster = defineConnector({
  id: "roster",
  title: "Roster",
  summary: "JSON lines",
  normalizeVersion: 1,
  settings: z.object({ origin: z.string().default("roster:a") }),
  docs: { collects: "-", identityKey: "-", limits: "-", privacy: "-" },
  streams: {},
  normalize({ payload }) {
    const { id, handles } = payload as Entry;
    const [first, ...rest] = handles.map((handle) => ({ platform: "roster", externalId: handle }));
    return {
      identities: handles.map((handle) => ({ platform: "roster", externalId: handle, displayName: handle })),
      channels: [],
      threads: [],
      activities: [],
      links: first ? rest.map((other) => ({ a: first, b: other, rule: "roster", evidence: `entry ${id}`, strength: 1 })) : [],
    };
  },
  identifyFile: async (_ctx, { settings }) => ({ origin: settings.origin, name: "Roster" }),
  async *importFile(_ctx, { path }) {
    const { readFile } = await import("node:fs/promises");
    const entries: Entry[] = JSON.parse(await readFile(path, "utf8"));
    yield { records: entries.map((payload) => ({ stream: "people", externalId: payload.id, payload })) };
  },
});

async function bring(ctx: Ctx, entries: readonly Entry[], origin = "roster:a") {
  const path = join(mkdtempSync(join(tmpdir(), "causeway-roster-")), "roster.json");
  writeFileSync(path, JSON.stringify(entries));
  const outcome = await runImport(ctx, { connector: roster, path, settings: { origin } });
  await settle(ctx);
  return outcome;
}

const settle = (ctx: Ctx) => drainOutbox(ctx, { consumers: [membersConsumer], communityId: ctx.community.id });

/** Who is one with whom: the handles of each member. */
async function members(ctx: Ctx): Promise<string[]> {
  const rows = await ctx.db.rows<{ handles: string }>(sql`
    SELECT string_agg(i.external_id, ' ' ORDER BY i.external_id) AS handles
    FROM identity i JOIN member m ON m.community_id = i.community_id AND m.id = i.member_id
    WHERE i.community_id = ${ctx.community.id} GROUP BY i.member_id ORDER BY 1`);
  const [{ n } = { n: -1 }] = await ctx.db.rows<{ n: number }>(sql`SELECT count(*)::int AS n FROM member WHERE community_id = ${ctx.community.id}`);
  expect(n).toBe(rows.length);
  return rows.map(({ handles }) => handles);
}

test("a list that was corrected parts the people whom it joined by mistake, and counts them as changed", async () => {
  const ctx = await createCtx();
  await bring(ctx, [{ id: "1", handles: ["ann", "ann2", "bob"] }]);
  expect(await members(ctx)).toEqual(["ann ann2 bob"]);
  const { counts } = await bring(ctx, [
    { id: "1", handles: ["ann", "ann2"] },
    { id: "2", handles: ["bob"] },
  ]);
  expect(counts.changed.identities).toBe(2);
  expect(await members(ctx)).toEqual(["ann ann2", "bob"]);
});

test("what another record or another source states too stays joined, and parts with the last of them", async () => {
  const ctx = await createCtx();
  await bring(ctx, [
    { id: "1", handles: ["ann", "ann2"] },
    { id: "2", handles: ["ann", "ann2"] },
  ]);
  const other = await bring(ctx, [{ id: "9", handles: ["ann", "ann2"] }], "roster:b");
  await bring(ctx, [{ id: "1", handles: ["ann"] }]);
  expect(await members(ctx)).toEqual(["ann ann2"]);
  await bring(ctx, [{ id: "2", handles: ["ann2"] }]);
  expect(await members(ctx)).toEqual(["ann ann2"]);
  await deleteSource(ctx, { sourceId: other.sourceId });
  await settle(ctx);
  expect(await members(ctx)).toEqual(["ann", "ann2"]);
});

test("a source that is removed takes the people with it whom nothing else names, and parts whom they joined", async () => {
  const ctx = await createCtx();
  await bring(ctx, [
    { id: "1", handles: ["ann"] },
    { id: "2", handles: ["zoe"] },
  ]);
  const other = await bring(
    ctx,
    [
      { id: "1", handles: ["middle", "ann", "zoe"] },
      { id: "2", handles: ["cem"] },
    ],
    "roster:b",
  );
  expect(await members(ctx)).toEqual(["ann middle zoe", "cem"]);
  await deleteSource(ctx, { sourceId: other.sourceId });
  await settle(ctx);
  expect(await members(ctx)).toEqual(["ann", "zoe"]);
  const names = await ctx.db.rows<{ value: string }>(sql`SELECT value FROM identity_label WHERE community_id = ${ctx.community.id} ORDER BY 1`);
  expect(names.map(({ value }) => value)).toEqual(["ann", "zoe"]);
});

test("what a person decided about a link stays, whatever the list says later", async () => {
  const ctx = await createCtx();
  await bring(ctx, [{ id: "1", handles: ["ann", "bob"] }]);
  const [link] = await ctx.db.rows<{ id: string }>(sql`SELECT id FROM identity_link WHERE community_id = ${ctx.community.id}`);
  await removeLink(ctx, { linkId: link?.id ?? "" });
  await bring(ctx, [{ id: "1", handles: ["bob"] }]);
  await bring(ctx, [{ id: "1", handles: ["ann", "bob"] }]);
  expect(await members(ctx)).toEqual(["ann", "bob"]);
});

test("whatever stood in a list before, its last version leaves the same members as that version alone", async () => {
  const entry = fc.record({
    id: fc.constantFrom("1", "2", "3"),
    handles: fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1, maxLength: 3 }),
  });
  const list = fc.uniqueArray(entry, { selector: ({ id }) => id, minLength: 3, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(list, list, list, async (first, second, last) => {
      const ctx = await createCtx();
      for (const entries of [first, second, last]) await bring(ctx, entries);
      const alone = await createCtx();
      await bring(alone, last);
      const named = new Set<string>(last.flatMap(({ handles }) => handles));
      const apart = (rows: string[]) => rows.filter((row) => row.split(" ").some((handle) => named.has(handle)));
      expect(apart(await members(ctx))).toEqual(await members(alone));
    }),
    { numRuns: 10 },
  );
});
