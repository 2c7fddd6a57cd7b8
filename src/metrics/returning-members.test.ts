import { expect, it } from "vitest";
import { createCtx } from "#tests/factories.ts";
import { peopleRows } from "#tests/people-rows.ts";
import { metricRows, readMetric } from "./index.ts";

it("returning members were seen before the span, and the share kept is of those active right before it", async () => {
  const ctx = await createCtx();
  const rows = await peopleRows(ctx);
  const people: string[] = [];
  for (const name of ["Ada", "Bob", "Cem", "Dia"]) people.push(await rows.identity({ externalId: `${name}@acme.dev`, name }));
  const [ada, bob, cem, dia] = people;
  await rows.activity({ by: ada, at: "2025-01-01T10:00:00Z" });
  for (const by of [bob, cem]) await rows.activity({ by, at: "2026-10-25T10:00:00Z" });
  for (const by of [ada, bob, dia]) await rows.activity({ by, at: "2026-11-05T10:00:00Z" });
  await rows.activity({ by: dia, at: "2026-11-06T10:00:00Z" });
  await rows.derive();
  const params = { from: "2026-11-01", to: "2026-11-10" };

  const { value } = await readMetric(ctx, { id: "returning-members", params });
  expect(value.value).toBe(2);
  expect(value.parts).toEqual([{ label: "Of those active from 2026-10-22 to 2026-10-31, active again", value: 50, n: 2, unit: "percent" }]);
  expect(value.points.filter(({ value: each }) => each).map(({ day, value: each }) => [day, each])).toEqual([
    ["2026-11-05", 2],
    ["2026-11-06", 1],
  ]);
  expect((await metricRows(ctx, { id: "returning-members", params, limit: 5 })).rows.map(({ title }) => title).sort()).toEqual(["Ada", "Bob"]);
});
