import { expect, it } from "vitest";
import { as, createCtx } from "#tests/factories.ts";
import { peopleRows } from "#tests/people-rows.ts";
import { metricRows, readMetric } from "./index.ts";

const id = "active-members";
const params = { from: "2026-11-01", to: "2026-11-10" };

it("active members are people, once each, without bots and team, as far as the viewer sees", async () => {
  const ctx = await createCtx();
  const rows = await peopleRows(ctx);
  const ada = await rows.identity({ externalId: "ada@acme.dev", name: "Ada" });
  const adaToo = await rows.identity({ platform: "github", externalId: "1", email: "ada@acme.dev", verified: true });
  const bob = await rows.identity({ externalId: "bob@acme.dev", name: "Bob" });
  const bot = await rows.identity({ platform: "github", externalId: "2", login: "x[bot]" });
  const staff = await rows.identity({ externalId: "eve@acme.dev", kind: "team" });
  await rows.activity({ by: ada, at: "2026-10-31T23:59:00Z" });
  await rows.activity({ by: ada, at: "2026-11-02T10:00:00Z" });
  await rows.activity({ by: adaToo, at: "2026-11-02T11:00:00Z" });
  await rows.activity({ by: adaToo, at: "2026-11-05T10:00:00Z" });
  await rows.activity({ by: bob, at: "2026-11-05T10:00:00Z", visibility: 3 });
  await rows.activity({ by: bot, at: "2026-11-05T10:00:00Z" });
  await rows.activity({ by: staff, at: "2026-11-05T10:00:00Z" });
  await rows.activity({ at: "2026-11-08T10:00:00Z" });
  await rows.derive();

  const { value } = await readMetric(ctx, { id, params });
  expect(value).toMatchObject({ value: 2, n: 2 });
  expect(value.excluded).toEqual([
    { what: "bots", n: 1 },
    { what: "team members", n: 1 },
    { what: "activities without a known author", n: 1 },
  ]);
  expect(value.points.map(({ value: each }) => each)).toEqual([0, 1, 0, 0, 2, 0, 0, 0, null, null]);
  expect(value.coverage).toContain("Missing: Test from 2026-11-09 (nothing newer is held).");
  expect((await readMetric(as(ctx, "viewer"), { id, params })).value.value).toBe(1);

  const behind = await metricRows(ctx, { id, params, limit: 10 });
  expect(behind.rows.map(({ title, value: words }) => [title, words])).toEqual([
    ["Bob", "1 active day, 1 activity"],
    ["Ada", "2 active days, 3 activities"],
  ]);
  const first = await metricRows(ctx, { id, params, limit: 1 });
  const second = await metricRows(ctx, { id, params, limit: 1, after: first.next ?? "" });
  expect([...first.rows, ...second.rows]).toEqual(behind.rows);
  expect(second.next).toBeNull();
});
