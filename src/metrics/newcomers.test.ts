import { expect, it } from "vitest";
import { createCtx } from "#tests/factories.ts";
import { peopleRows } from "#tests/people-rows.ts";
import { metricRows, readMetric } from "./index.ts";

it("newcomers are those first seen in the span; with the returning they make up the active", async () => {
  const ctx = await createCtx({ timeZone: "America/New_York" });
  const rows = await peopleRows(ctx);
  const people: string[] = [];
  for (const name of ["Ada", "Bob", "Cem", "Dia"]) people.push(await rows.identity({ externalId: `${name}@acme.dev`, name }));
  const [ada, bob, cem, dia] = people;
  await rows.activity({ by: ada, at: "2026-09-01T10:00:00Z" });
  await rows.activity({ by: ada, at: "2026-11-03T10:00:00Z" });
  await rows.activity({ by: bob, at: "2026-11-04T10:00:00Z" });
  await rows.activity({ by: bob, at: "2026-11-06T10:00:00Z" });
  // Still the last day of October in New York.
  await rows.activity({ by: cem, at: "2026-11-01T03:00:00Z" });
  await rows.activity({ by: cem, at: "2026-11-06T10:00:00Z" });
  await rows.activity({ by: dia, at: "2026-10-20T10:00:00Z" });
  await rows.derive();
  const params = { from: "2026-11-01", to: "2026-11-10" };

  const fresh = await readMetric(ctx, { id: "newcomers", params });
  expect(fresh.value).toMatchObject({ value: 1, n: 1 });
  expect(fresh.value.points.find(({ day }) => day === "2026-11-04")?.value).toBe(1);
  expect((await metricRows(ctx, { id: "newcomers", params, limit: 5 })).rows).toMatchObject([
    { kind: "member", id: bob, value: "first seen 2026-11-04" },
  ]);

  const active = await readMetric(ctx, { id: "active-members", params });
  const returning = await readMetric(ctx, { id: "returning-members", params });
  expect(active.value.value).toBe((fresh.value.value ?? 0) + (returning.value.value ?? 0));
});

it("newcomers of one source are first seen there", async () => {
  const ctx = await createCtx();
  const [forum, repo] = [await peopleRows(ctx, { name: "Forum" }), await peopleRows(ctx, { name: "Repository" })];
  const ada = await forum.identity({ externalId: "ada@acme.dev" });
  await forum.activity({ by: ada, at: "2026-01-01T10:00:00Z" });
  await repo.activity({ by: ada, at: "2026-11-05T10:00:00Z" });
  await repo.derive();
  const params = { from: "2026-11-01", to: "2026-11-10" };
  expect((await readMetric(ctx, { id: "newcomers", params })).value.value).toBe(0);
  expect((await readMetric(ctx, { id: "newcomers", params: { ...params, sourceId: repo.sourceId } })).value.value).toBe(1);
});
