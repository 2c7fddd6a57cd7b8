import { expect, it } from "vitest";
import { as, createCtx } from "#tests/factories.ts";
import { peopleRows } from "#tests/people-rows.ts";
import { metricRows, readMetric } from "./index.ts";

it("the share unanswered counts the questions of the community, and opens to those that wait", async () => {
  const ctx = await createCtx();
  const rows = await peopleRows(ctx);
  const ada = await rows.identity({ externalId: "ada@acme.dev" });
  const staff = await rows.identity({ externalId: "eve@acme.dev", kind: "team" });
  const ask = (openedAt: string, question: string, opener = ada, more = {}) => rows.thread({ openedAt, opener, question, ...more });
  const open = await ask("2026-11-02T10:00:00Z", "unanswered", ada, { title: "Anybody?" });
  await ask("2026-11-02T11:00:00Z", "answered");
  await ask("2026-11-03T10:00:00Z", "solved");
  await ask("2026-11-03T10:00:00Z", "answered");
  await ask("2026-11-03T10:00:00Z", "unanswered", staff);
  await ask("2026-11-03T10:00:00Z", "none");
  await ask("2026-10-03T10:00:00Z", "unanswered");
  await ask("2026-11-03T12:00:00Z", "unanswered", ada, { visibility: 3 });
  await rows.activity({ by: ada, at: "2026-11-04T10:00:00Z" });
  await rows.derive();
  const params = { from: "2026-11-01", to: "2026-11-04" };

  const seen = await readMetric(as(ctx, "viewer"), { id: "share-unanswered", params });
  expect(seen.value).toMatchObject({ value: 25, n: 4 });
  expect(seen.value.points.map(({ value }) => value)).toEqual([null, 50, 0, null]);
  expect(seen.value.excluded).toEqual([
    { what: "questions opened by bots", n: 0 },
    { what: "questions opened by the team", n: 1 },
  ]);
  expect((await metricRows(as(ctx, "viewer"), { id: "share-unanswered", params, limit: 5 })).rows).toMatchObject([
    { id: open, title: "Anybody?", value: "waiting" },
  ]);
  expect((await readMetric(ctx, { id: "share-unanswered", params })).value.value).toBe(40);
});

it("says so when nobody asked", async () => {
  const ctx = await createCtx();
  expect((await readMetric(ctx, { id: "share-unanswered", params: { from: "2026-11-01", to: "2026-11-04" } })).value).toMatchObject({
    value: null,
    n: 0,
    coverage: "No source holds anything yet.",
  });
});
