import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import type { Runtime } from "#app/runtime.ts";
import { showMetrics } from "#cli/metrics.ts";
import { writeReport } from "#cli/report.ts";
import type { Session } from "#cli/session.ts";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { metrics, readMetric } from "#metrics/index.ts";
import { loader as memberPage } from "#web/studio/member.tsx";
import { loader as metricPage } from "#web/studio/metric.tsx";
import { MetricChart } from "#web/studio/metric-chart.tsx";
import { loader as metricsPage } from "#web/studio/metrics.tsx";
import { loadToday } from "#web/studio/today.server.ts";
import { Calendar } from "#web/ui/calendar.tsx";
import { readTree } from "../scripts/check/tree.ts";
import { createTestApi } from "./api-fixtures.ts";
import { as, createCtx } from "./factories.ts";
import { callPage } from "./pages.ts";
import { peopleRows } from "./people-rows.ts";

const { files } = readTree(`${import.meta.dirname}/..`);

/** Files of the product whose text matches, without tests. */
const filesWith = (pattern: RegExp, under = "src/") =>
  [...files].flatMap(([path, text]) => (path.startsWith(under) && !/\.test\.tsx?$/.test(path) && pattern.test(text ?? "") ? [path] : [])).sort();

/** A forum that ends, a chat whose fetching fails, and a record that was set aside. */
async function stage() {
  const ctx = await createCtx({ now: "2026-11-05T12:00:00Z" });
  const forum = await peopleRows(ctx, { name: "Forum" });
  const chat = await peopleRows(ctx, { name: "Chat" });
  const ada = await forum.identity({ externalId: "ada@acme.dev", name: "Ada" });
  await forum.activity({ by: ada, at: "2026-11-02T10:00:00Z" });
  await forum.thread({ openedAt: "2026-11-02T10:00:00Z", opener: ada, question: "unanswered" });
  await chat.activity({ by: await chat.identity({ externalId: "ben" }), at: "2026-11-01T10:00:00Z" });
  await chat.derive();
  const { community } = ctx;
  await ctx.db.execute(sql`
    INSERT INTO stream (community_id, source_id, name, last_success_at, next_run_at, failures)
    VALUES (${community.id}, ${chat.sourceId}, 'messages', '2026-11-03T10:00:00Z', '2026-11-05T13:00:00Z', 2)`);
  await ctx.db.execute(sql`
    INSERT INTO rejected_record (community_id, source_id, stream, key, sync_id, place, reason, remedy)
    VALUES (${community.id}, ${chat.sourceId}, 'file', 'line 7', ${newId()}, 'line 7', 'no time', 'none')`);
  return { ctx, ada };
}

const said = ["Forum", "nothing newer is held", "Chat", "fetching has failed 2 times in a row since", "set aside are in no figure: 1 of Chat"];
const expectSaid = (text: string, where: string) => {
  for (const words of said) expect(text, where).toContain(words);
};

test("whatever draws or prints figures is known here, so that nothing new does so without its gaps", () => {
  expect(filesWith(/<svg/)).toEqual(["src/web/studio/shell.tsx", "src/web/ui/calendar.tsx", "src/web/ui/chart-frame.tsx", "src/web/ui/logo.tsx"]);
  expect(filesWith(/@mantine\/charts|recharts|<canvas/)).toEqual([]);
  expect(filesWith(/<ChartFrame/)).toEqual(["src/web/ui/bar-chart.tsx", "src/web/ui/line-chart.tsx"]);
  expect(filesWith(/<(?:BarChart|LineChart)\b/)).toEqual(["src/web/studio/metric-chart.tsx"]);
  expect(filesWith(/<Calendar\b/)).toEqual(["src/web/studio/member.tsx"]);
  expect(filesWith(/<MetricChart\b/)).toEqual(["src/web/studio/metric.tsx", "src/web/studio/metrics.tsx", "src/web/studio/today-pulse.tsx"]);
  expect(filesWith(/\breadMetric\(/).filter((path) => !path.startsWith("src/metrics/"))).toEqual([
    "src/api/metrics.ts",
    "src/cli/metrics.ts",
    "src/cli/report.ts",
    "src/web/studio/metric.tsx",
    "src/web/studio/metrics.tsx",
    "src/web/studio/today.server.ts",
  ]);
});

test("each metric's chart draws the gaps of every source and says them in words", async () => {
  const { ctx } = await stage();
  const params = { from: "2026-10-30", to: "2026-11-05" };
  for (const { id, title, unit } of metrics) {
    const { value } = await readMetric(ctx, { id, params });
    const html = renderToStaticMarkup(createElement(MetricChart, { title, unit, reading: value }));
    expectSaid(html, id);
    // Two days that nobody covers, before and after; and each source's own.
    expect(html.match(/data-gap="whole"/g), id).toHaveLength(2);
    expect(html.match(/data-gap="part"/g), id).toHaveLength(4);
    expect(html, id).toContain("<title>Forum, 3 Nov 2026 to 5 Nov 2026: nothing newer is held</title>");
  }
});

test("every page with a chart hands it the gaps", async () => {
  const { ctx, ada } = await stage();
  const asAdvocate = as(ctx, "advocate");
  const path = "/?from=2026-10-30&to=2026-11-05";
  for (const { id } of metrics)
    expectSaid((await callPage(metricPage, { ctx: asAdvocate, path, params: { metricId: id } })).value.coverage ?? "", id);
  for (const { id, reading } of (await callPage(metricsPage, { ctx: asAdvocate, path })).figures) expectSaid(reading.coverage ?? "", id);
  for (const figure of Object.values((await loadToday(asAdvocate)).figures)) expectSaid(figure.reading.coverage ?? "", figure.id);

  const { member, today, coverage } = await callPage(memberPage, { ctx: asAdvocate, params: { memberId: ada } });
  const html = renderToStaticMarkup(
    createElement(Calendar, { days: member.days, today, uncovered: coverage.uncovered, coverage: coverage.coverage }),
  );
  expect(html).toContain("5 Nov 2026: no source covers this day");
  expect(html).toContain("2 Nov 2026: 1 activity");
  // Beside the year, which scrolls from its end, and not within it.
  expect(html).toMatch(/<\/section><p class="quiet">/);
  expect(html).toContain("Forum up to 2026-11-01 (nothing older is held), from 2026-11-03 (nothing newer is held).");
});

test("the API, the command line and the report in each of its forms say them too", async () => {
  const { ctx } = await stage();
  const api = createTestApi(ctx);
  const key = await api.keyOf("advocate");
  const span = { from: "2026-10-30", to: "2026-11-05" };
  for (const { id } of metrics) {
    const answer = await api.call("GET", `/communities/${ctx.community.slug}/metrics/${id}?from=${span.from}&to=${span.to}`, { key });
    expectSaid(JSON.stringify(answer.json.value.gaps) + answer.json.value.coverage, id);
    expect(answer.json.value.setAside).toMatchObject([{ source: "Chat", n: 1 }]);
  }
  const lines: string[] = [];
  // Of the process a command needs what the API's fixture has.
  const session: Session = {
    cwd: api.dataDir,
    runtime: async () => api.runtime as Runtime,
    signal: new AbortController().signal,
    out: (text) => void lines.push(text),
    err: () => undefined,
    watched: false,
    terminal: false,
  };
  const printed = async (print: () => Promise<void>) => {
    lines.length = 0;
    await print();
    return lines.join("\n");
  };
  const options = { community: ctx.community.slug, ...span };
  for (const format of ["markdown", "html", "json"] as const) expectSaid(await printed(() => writeReport(session, { ...options, format })), format);
  for (const json of [false, true]) {
    expectSaid(await printed(() => showMetrics(session, undefined, { ...options, json })), `metrics, json ${json}`);
    for (const { id } of metrics) expectSaid(await printed(() => showMetrics(session, id, { ...options, json })), id);
  }
});
