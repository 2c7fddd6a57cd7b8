import { expect, it } from "vitest";
import { createCtx } from "#tests/factories.ts";
import { peopleRows } from "#tests/people-rows.ts";
import { metricRows, readMetric } from "./index.ts";

const id = "time-to-first-response";
const params = { from: "2026-11-01", to: "2026-11-25" };

async function asked(waits: { hours?: number; by?: string; closedAfter?: number }[]) {
  const ctx = await createCtx();
  const rows = await peopleRows(ctx);
  const ada = await rows.identity({ externalId: "ada@acme.dev" });
  const opened = new Date("2026-11-20T12:00:00Z");
  const later = (hours: number | undefined) => (hours === undefined ? undefined : new Date(opened.getTime() + hours * 3_600_000).toISOString());
  for (const { hours, by, closedAfter } of waits) {
    await rows.thread({
      openedAt: opened.toISOString(),
      opener: ada,
      question: hours === undefined ? "unanswered" : "answered",
      firstResponseAt: later(hours),
      firstResponseBy: hours === undefined ? undefined : (by ?? "peer"),
      closedAt: later(closedAfter),
    });
  }
  await rows.activity({ by: ada, at: "2026-11-20T12:00:00Z" });
  await rows.derive();
  return ctx;
}

it("the median counts those who still wait, and the parts tell team from peers", async () => {
  // Answered after 1, 2 and 10 hours; one closed unanswered after 5; one still waiting. Survival: 4/5, 3/5, then 3/5 · 1/2.
  const ctx = await asked([{ hours: 1, by: "team" }, { hours: 2 }, { hours: 10 }, { closedAfter: 5 }, {}]);
  const { value } = await readMetric(ctx, { id, params });
  expect(value).toMatchObject({ value: 10, n: 5 });
  const part = (label: string) => value.parts?.find((each) => each.label.startsWith(label));
  expect(part("A quarter")?.value).toBe(2);
  expect(part("Three quarters")?.value).toBeNull();
  expect(part("Answered first by the team")).toMatchObject({ value: 20, n: 1 });
  expect(part("Answered first by peers")).toMatchObject({ value: 40, n: 2 });
  expect(part("Without a response")).toMatchObject({ value: 40, n: 2 });
  expect(part("Half answered by the team")?.value).toBeNull();
  expect(value.curve).toEqual([
    { hours: 0, share: 0 },
    { hours: 1, share: expect.closeTo(0.2) },
    { hours: 2, share: expect.closeTo(0.4) },
    { hours: 10, share: expect.closeTo(0.7) },
  ]);
  expect(value.points.find(({ day }) => day === "2026-11-20")).toMatchObject({ value: 10, n: 5 });
  const behind = await metricRows(ctx, { id, params, limit: 10 });
  expect(behind.rows.map(({ value: words }) => words).sort()).toEqual([
    "1.0 hours, by the team",
    "10.0 hours, by a peer",
    "2.0 hours, by a peer",
    "closed without a response",
    "still waiting",
  ]);
});

it("there is no median while more than half wait, and the note says why", async () => {
  const ctx = await asked([{ hours: 1 }, {}, {}]);
  const { value } = await readMetric(ctx, { id, params });
  expect(value.value).toBeNull();
  expect(value.note).toContain("1 so far");
});
