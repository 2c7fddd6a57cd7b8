import { describe, expect, it } from "vitest";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { as, createCtx } from "#tests/factories.ts";
import { peopleRows } from "#tests/people-rows.ts";
import { lastDays, metricRows, metrics, readMetric } from "./index.ts";

const id = "activity";
const params = { from: "2026-11-01", to: "2026-11-30" };

async function withOneActivity() {
  const ctx = await createCtx();
  const rows = await peopleRows(ctx);
  const ada = await rows.identity({ externalId: "ada@acme.dev" });
  const addOne = async () => {
    await rows.activity({ by: ada, at: "2026-11-02T10:00:00Z" });
    await rows.derive();
  };
  await addOne();
  return { ctx, rows, addOne, later: (seconds: number) => ctx.clock.set(new Date(ctx.clock.now().getTime() + seconds * 1000)) };
}

describe("a cached figure", () => {
  it("is served while nothing changed, says of when it is, and is computed anew within the hour", async () => {
    const { ctx, addOne, later } = await withOneActivity();
    const first = await readMetric(ctx, { id, params });
    expect(first).toMatchObject({ value: { value: 1 }, asOf: ctx.clock.now() });
    await addOne();
    later(1800);
    expect(await readMetric(ctx, { id, params })).toMatchObject({ value: { value: 1 }, asOf: first.asOf });
    expect((await readMetric(ctx, { id, params, maxAgeSeconds: 0 })).value.value).toBe(2);
    await addOne();
    later(3601);
    expect((await readMetric(ctx, { id, params })).value.value).toBe(3);
  });

  it("may be served stale at once, and the next reader finds it computed anew", async () => {
    const { ctx, addOne, later } = await withOneActivity();
    await readMetric(ctx, { id, params });
    await addOne();
    later(3601);
    expect((await readMetric(ctx, { id, params, allowStale: true })).value.value).toBe(1);
    await expect.poll(async () => (await readMetric(ctx, { id, params })).asOf).toEqual(ctx.clock.now());
    expect((await readMetric(ctx, { id, params })).value.value).toBe(2);
  });

  it("lives a minute at most once something changed", async () => {
    const { ctx, rows, addOne, later } = await withOneActivity();
    await readMetric(ctx, { id, params });
    await addOne();
    await ctx.db.execute(sql`
      INSERT INTO sync (community_id, id, source_id, trigger, state, started_at, finished_at)
      VALUES (${ctx.community.id}, ${newId()}, ${rows.sourceId}, 'import', 'done', ${ctx.clock.now()}, ${ctx.clock.now()})`);
    later(30);
    expect((await readMetric(ctx, { id, params })).value.value).toBe(1);
    later(31);
    expect((await readMetric(ctx, { id, params })).value.value).toBe(2);
  });

  it("is kept apart for those who see less", async () => {
    const { ctx, rows } = await withOneActivity();
    const eve = await rows.identity({ externalId: "eve@acme.dev" });
    await rows.activity({ by: eve, at: "2026-11-03T10:00:00Z", visibility: 3 });
    await rows.derive();
    expect((await readMetric(as(ctx, "owner"), { id, params })).value.value).toBe(2);
    expect((await readMetric(as(ctx, "product"), { id, params })).value.value).toBe(1);
  });
});

describe("every metric", () => {
  it("works in an empty community, and says that nothing is covered", async () => {
    const ctx = await createCtx();
    for (const metric of metrics) {
      const { value } = await readMetric(ctx, { id: metric.id, params: lastDays(ctx, 90) });
      expect(value, metric.id).toMatchObject({ value: null, n: 0, coverage: "No source holds anything yet." });
      expect(
        value.points.every((point) => point.value === null),
        metric.id,
      ).toBe(true);
      expect(await metricRows(ctx, { id: metric.id, params: lastDays(ctx, 90), limit: 5 }), metric.id).toEqual({ rows: [], next: null });
    }
  });

  it("has an id of its own, a definition, exclusions and a use", () => {
    expect(new Set(metrics.map((metric) => metric.id)).size).toBe(metrics.length);
    for (const metric of metrics)
      expect(
        [metric.definition, metric.exclusions, metric.serves].every((words) => words.length > 20),
        metric.id,
      ).toBe(true);
  });

  it("is refused under a name that does not exist", async () => {
    const ctx = await createCtx();
    expect(() => readMetric(ctx, { id: "karma", params })).toThrow(expect.objectContaining({ code: "not_found" }));
  });
});
