import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { createCtx } from "#tests/factories.ts";
import { peopleRows } from "#tests/people-rows.ts";
import { readCoverage, readMetric } from "./index.ts";

const params = { from: "2026-11-01", to: "2026-11-05" };

async function stage(options: { name?: string } = {}) {
  const ctx = await createCtx();
  const rows = await peopleRows(ctx, options);
  await rows.activity({ by: await rows.identity({ externalId: "ada@acme.dev" }), at: "2026-11-02T10:00:00Z" });
  await rows.derive();
  return { ctx, rows, sourceId: rows.sourceId, read: async () => (await readMetric(ctx, { id: "active-members", params, maxAgeSeconds: 0 })).value };
}

type Stage = Awaited<ReturnType<typeof stage>>;

const ran = ({ ctx, sourceId }: Stage, trigger: string, at: string) =>
  ctx.db.execute(sql`
    INSERT INTO sync (community_id, id, source_id, trigger, state, started_at, finished_at)
    VALUES (${ctx.community.id}, ${newId()}, ${sourceId}, ${trigger}, 'done', ${at}, ${at})`);

const stream = ({ ctx, sourceId }: Stage, name: string, input: { last?: string; failures?: number }) =>
  ctx.db.execute(sql`
    INSERT INTO stream (community_id, source_id, name, last_success_at, next_run_at, failures)
    VALUES (${ctx.community.id}, ${sourceId}, ${name}, ${input.last ?? null}, '2026-11-25T13:00:00Z', ${input.failures ?? 0})`);

const values = (value: Awaited<ReturnType<Stage["read"]>>) => value.points.map((point) => point.value);

test("a file answers up to its last activity, what is pushed up to its last arrival, and what lies beyond is no zero", async () => {
  const staged = await stage();
  await ran(staged, "import", "2026-11-05T10:00:00Z");
  const file = await staged.read();
  expect(values(file)).toEqual([null, 1, null, null, null]);
  expect(file.points.map(({ uncovered }) => uncovered ?? false)).toEqual([true, false, true, true, true]);
  expect(await readMetric(staged.ctx, { id: "active-members", params: { from: "2026-11-04", to: "2026-11-05" } })).toMatchObject({
    value: { value: null, note: "No source covers any day of this span." },
  });
  await ran(staged, "webhook", "2026-11-04T10:00:00Z");
  const pushed = await staged.read();
  expect(values(pushed)).toEqual([null, 1, 0, 0, null]);
  expect(pushed.coverage).toBe(
    "Not all sources cover the whole span. Missing: Test up to 2026-11-01 (nothing older is held), from 2026-11-05 (nothing newer is held).",
  );
});

test("a live source answers up to the day on which all of its streams were last fetched", async () => {
  const staged = await stage();
  await stream(staged, "letters", { last: "2026-11-03T10:00:00Z", failures: 3 });
  await stream(staged, "numbers", { last: "2026-11-05T10:00:00Z" });
  const value = await staged.read();
  expect(values(value)).toEqual([null, 1, 0, null, null]);
  const { sourceId } = staged;
  expect(value.gaps).toEqual([
    { sourceId, source: "Test", from: "2026-11-01", to: "2026-11-01", reason: "nothing older is held" },
    { sourceId, source: "Test", from: "2026-11-04", to: "2026-11-05", reason: "fetching has failed 3 times in a row since" },
  ]);
  await staged.ctx.db.execute(sql`UPDATE source SET paused = true WHERE id = ${sourceId}`);
  expect((await staged.read()).gaps.at(-1)?.reason).toBe("the source is paused");
});

test("a stream that was never fetched is missing on every day, and so is a source that brought nothing yet", async () => {
  const staged = await stage();
  await stream(staged, "letters", {});
  await stream(staged, "numbers", { last: "2026-11-25T10:00:00Z" });
  expect((await staged.read()).gaps).toMatchObject([
    { from: "2026-11-01", to: "2026-11-01" },
    { from: "2026-11-02", to: "2026-11-05", reason: "«letters» was never fetched" },
  ]);
  const empty = await peopleRows(staged.ctx, { name: "New" });
  await stream({ ...staged, sourceId: empty.sourceId }, "letters", { failures: 1 });
  const value = await staged.read();
  expect(value.gaps[0]).toMatchObject({ source: "New", from: "2026-11-01", to: "2026-11-05", reason: "fetching has failed once since" });
  expect(value.coverage).toContain("Missing: New all of it (fetching has failed once since); Test");
});

test("what one of two sources lacks is a gap of its own, and no bucket without data", async () => {
  const staged = await stage({ name: "Forum" });
  const chat = await peopleRows(staged.ctx, { name: "Chat" });
  for (const day of ["01", "05"]) await chat.activity({ by: await chat.identity({ externalId: `ben${day}` }), at: `2026-11-${day}T10:00:00Z` });
  await chat.derive();
  const value = await staged.read();
  expect(values(value)).toEqual([1, 1, 0, 0, 1]);
  expect(value.points.some(({ uncovered }) => uncovered)).toBe(false);
  expect(value.gaps.map(({ source, from, to }) => [source, from, to])).toEqual([
    ["Forum", "2026-11-01", "2026-11-01"],
    ["Forum", "2026-11-03", "2026-11-05"],
  ]);
  // Of a person who was seen in one source alone the other says nothing.
  const [ben] = await staged.ctx.db.rows<{ id: string }>(
    sql`SELECT id FROM identity WHERE community_id = ${staged.ctx.community.id} AND external_id = 'ben01'`,
  );
  const span = { from: "2026-10-31", to: "2026-11-06" };
  expect(await readCoverage(staged.ctx, { span, identityIds: [ben?.id ?? ""] })).toMatchObject({
    gaps: [{ source: "Chat" }, { source: "Chat" }],
    uncovered: [
      { from: "2026-10-31", to: "2026-10-31" },
      { from: "2026-11-06", to: "2026-11-06" },
    ],
  });
});

test("records that were set aside are said with each figure", async () => {
  const staged = await stage();
  const { ctx, sourceId } = staged;
  await ctx.db.execute(sql`
    INSERT INTO rejected_record (community_id, source_id, stream, key, sync_id, place, reason, remedy)
    VALUES (${ctx.community.id}, ${sourceId}, 'file', 'line 7', ${newId()}, 'line 7', 'no time', 'none')`);
  const value = await staged.read();
  expect(value.setAside).toEqual([{ sourceId, source: "Test", n: 1 }]);
  expect(value.coverage).toContain("Records that were set aside are in no figure: 1 of Test.");
});
