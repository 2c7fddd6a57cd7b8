import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import type { Ctx } from "#features/access/index.ts";
import { replaySource, runImport } from "#features/ledger/index.ts";
import { createCtx } from "#tests/factories.ts";
import { table } from "./index.ts";

async function fileOf(rows: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "causeway-held-")), "rows.csv");
  await writeFile(path, rows);
  return path;
}

const words = async (ctx: Ctx) =>
  (
    await ctx.db.rows<{ text: string }>(sql`SELECT coalesce(title, '') || '/' || coalesce(body, '') AS text FROM activity
                                           WHERE community_id = ${ctx.community.id} ORDER BY external_id`)
  ).map(({ text }) => text);

test("a file with the same header comes in by what was said of the first one, and a replay by it too", async () => {
  const ctx = await createCtx();
  const bring = async (rows: string, settings: unknown = {}) => runImport(ctx, { connector: table, path: await fileOf(rows), settings });
  // Without being told, this table could not be read: its days may be months.
  await expect(bring("nr,when,a,b\n1,03/04/2024,x,y\n")).rejects.toThrow(/no row tells which/);
  const first = await bring("nr,when,a,b\n1,03/04/2024,x,y\n", { mapping: { id: "nr", time: "when", timeFormat: "d/M/yyyy", title: "a" } });
  const second = await bring("nr,when,a,b\n1,03/04/2024,x,y\n2,04/04/2024,z,w\n");
  expect(second.sourceId).toBe(first.sourceId);
  expect(second.counts.new.activities).toBe(1);
  expect(second.counts.same.activities).toBe(1);
  const [row] = await ctx.db.rows<{ at: Date }>(
    sql`SELECT occurred_at AS at FROM activity WHERE community_id = ${ctx.community.id} AND external_id = '2'`,
  );
  expect(row?.at.toISOString()).toBe("2024-04-04T00:00:00.000Z");
  expect(await words(ctx)).toEqual(["x/", "z/"]);

  // What is said anew counts from then on, for what is held as well once it is read anew.
  expect(second.needsReplay).toBe(false);
  const third = await bring("nr,when,a,b\n3,05/04/2024,q,r\n", {
    mapping: { id: "nr", time: "when", timeFormat: "d/M/yyyy", title: "a", body: "b" },
  });
  expect(third.needsReplay).toBe(true);
  await replaySource(ctx, { connector: table, sourceId: first.sourceId });
  expect(await words(ctx)).toEqual(["x/y", "z/w", "q/r"]);
});

test("an empty field of a form takes nothing away from what is held", async () => {
  const ctx = await createCtx();
  const mapping = { time: "when", timeFormat: "M/d/yyyy", body: "b" };
  await runImport(ctx, { connector: table, path: await fileOf("when,b\n1/2/2024,x\n"), settings: { mapping, visibility: "restricted" } });
  await runImport(ctx, { connector: table, path: await fileOf("when,b\n1/3/2024,y\n"), settings: { mapping: "", table: "" } });
  const rows = await ctx.db.rows<{ rank: number; n: number }>(
    sql`SELECT visibility AS rank, count(*) AS n FROM activity WHERE community_id = ${ctx.community.id} GROUP BY visibility`,
  );
  expect(rows).toEqual([{ rank: 3, n: 2 }]);
});

test("a second import of one file changes nothing, and what was set aside is listed with its line", async () => {
  const ctx = await createCtx();
  const path = await fileOf("id,date,text\n1,2024-01-01,a\n2,soon,b\n3,2024-01-03,c\n");
  const first = await runImport(ctx, { connector: table, path });
  expect(first.counts.new.activities).toBe(2);
  expect(first.rejected).toBe(1);
  const again = await runImport(ctx, { connector: table, path });
  expect(again.counts.new.activities + again.counts.changed.activities).toBe(0);
  const listed = await ctx.db.rows<{ place: string }>(sql`SELECT place FROM rejected_record WHERE community_id = ${ctx.community.id}`);
  expect(listed).toEqual([{ place: "rows.csv, line 3, date" }]);
});
