import { expect, it } from "vitest";
import { createCtx } from "#tests/factories.ts";
import { peopleRows } from "#tests/people-rows.ts";
import { metricRows, readMetric } from "./index.ts";

it("activity is what people did, by kind and source, with bots, team and the unnamed counted apart", async () => {
  const ctx = await createCtx();
  const [forum, repo] = [await peopleRows(ctx, { name: "Forum" }), await peopleRows(ctx, { name: "Repository" })];
  const ada = await forum.identity({ externalId: "ada@acme.dev", name: "Ada" });
  const bot = await forum.identity({ platform: "github", externalId: "2", login: "x[bot]", kind: "bot" });
  const staff = await forum.identity({ externalId: "eve@acme.dev", kind: "team" });
  await forum.activity({ by: ada, at: "2026-11-02T10:00:00Z", kind: "topic_opened", title: "Hello" });
  await forum.activity({ by: ada, at: "2026-11-02T11:00:00Z" });
  await repo.activity({ by: ada, at: "2026-11-03T11:00:00Z" });
  await repo.activity({ by: bot, at: "2026-11-03T11:00:00Z" });
  await repo.activity({ by: staff, at: "2026-11-03T11:00:00Z" });
  await repo.activity({ at: "2026-11-03T11:00:00Z" });
  await repo.activity({ by: ada, at: "2026-11-30T11:00:00Z" });
  await repo.derive();
  const params = { from: "2026-11-01", to: "2026-11-04" };

  const { value } = await readMetric(ctx, { id: "activity", params });
  expect(value.value).toBe(3);
  expect(value.excluded.map(({ n }) => n)).toEqual([1, 1, 1]);
  expect(value.parts).toEqual([
    { label: "Forum: comment", value: 1, n: 1 },
    { label: "Forum: topic opened", value: 1, n: 1 },
    { label: "Repository: comment", value: 1, n: 1 },
  ]);
  expect(value.points.filter(({ series }) => series === "comment").map(({ value: each }) => each)).toEqual([null, 1, 1, 0]);
  expect(value.points.filter(({ series }) => series === "topic_opened").map(({ value: each }) => each)).toEqual([null, 1, 0, 0]);

  const behind = await metricRows(ctx, { id: "activity", params, limit: 2 });
  const rest = await metricRows(ctx, { id: "activity", params, limit: 2, after: behind.next ?? "" });
  expect([...behind.rows, ...rest.rows]).toHaveLength(3);
  expect(rest.rows.at(-1)).toMatchObject({ kind: "activity", title: "Hello", value: "topic opened by Ada" });
});
