import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { sql } from "#core/database/database.ts";
import { runImport } from "#features/ledger/index.ts";
import { createCtx } from "#tests/factories.ts";
import { matrix } from "./index.ts";

const fixture = join(import.meta.dirname, "fixtures/element.json");

/** What the tables hold of a community. */
async function tablesAfter(paths: readonly string[]) {
  const ctx = await createCtx();
  const sources = new Set<string>();
  for (const path of paths) sources.add((await runImport(ctx, { connector: matrix, path })).sourceId);
  expect(sources.size).toBe(1);
  return {
    threads: await ctx.db.rows(sql`
      SELECT t.external_id, t.title, t.opened_at, i.external_id AS opener FROM thread t
      LEFT JOIN identity i ON i.community_id = t.community_id AND i.id = t.opener_id WHERE t.community_id = ${ctx.community.id} ORDER BY 1`),
    activities: await ctx.db.rows<{ external_id: string; thread: string }>(sql`
      SELECT a.external_id, a.body, a.occurred_at, a.edited_at, a.deleted_at, i.external_id AS author, i.display_name, t.external_id AS thread
      FROM activity a LEFT JOIN identity i ON i.community_id = a.community_id AND i.id = a.identity_id
      LEFT JOIN thread t ON t.community_id = a.community_id AND t.id = a.thread_id WHERE a.community_id = ${ctx.community.id} ORDER BY 1`),
  };
}

it("ends in the same tables whether a room comes whole or in overlapping parts, the later one first, and puts chains of answers together", async () => {
  const whole = JSON.parse(await readFile(fixture, "utf8")) as { messages: { event_id: string }[] };
  const folder = await mkdtemp(join(tmpdir(), "causeway-matrix-"));
  const at = (id: string) => whole.messages.findIndex(({ event_id }) => event_id === id);
  const write = async (name: string, messages: unknown[]) => {
    const path = join(folder, name);
    await writeFile(path, JSON.stringify({ ...whole, messages }));
    return path;
  };
  const early = await write("early.json", whole.messages.slice(0, at("$e20")));
  const late = await write("late.json", whole.messages.slice(at("$e12")));
  const expected = await tablesAfter([fixture]);
  const threads = Object.fromEntries(expected.activities.map((row) => [row.external_id, row.thread]));
  expect([threads.$e10, threads.$e11, threads.$e12]).toEqual(["$e10", "$e10", "$e10"]);
  expect([threads.$e20, threads.$e21, threads.$e22]).toEqual(["$e20", "$e20", "$e20"]);
  expect(await tablesAfter([early, late])).toEqual(expected);
  expect(await tablesAfter([late, early])).toEqual(expected);
  expect(await tablesAfter([fixture, early, fixture])).toEqual(expected);
});
