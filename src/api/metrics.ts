import { z } from "zod";
import { teamRoles } from "#features/access/index.ts";
import { lastDays, type Metric, metricRows, metrics, readMetric } from "#metrics/index.ts";
import { type Api, communityEndpoint, rootEndpoint } from "./kit/endpoint.ts";
import { answerPage, pageOf, pageQuery } from "./kit/list.ts";
import { at, day, id } from "./kit/schemas.ts";

const unit = z.enum(["people", "hours", "percent", "activities", "threads"]);
const definition = z
  .object({ id: z.string(), version: z.int(), title: z.string(), unit, definition: z.string(), exclusions: z.string(), serves: z.string() })
  .meta({ id: "MetricDefinition" });

const reading = z
  .object({
    metric: definition,
    params: z.object({ from: day, to: day, sourceId: id.optional() }),
    asOf: at.describe("When the figure was computed."),
    value: z.object({
      value: z.number().nullable(),
      n: z.number().describe("How many things the figure rests on."),
      note: z.string().optional(),
      coverage: z.string().optional().describe("What the sources do not cover, in words; absent when nothing is missing."),
      gaps: z
        .array(z.object({ sourceId: id, source: z.string(), from: day, to: day, reason: z.string() }))
        .describe("Days of the span of which a source says nothing, with why."),
      setAside: z
        .array(z.object({ sourceId: id, source: z.string(), n: z.int() }))
        .describe("Records of each source that could not be used and are in no figure."),
      excluded: z.array(z.object({ what: z.string(), n: z.number() })),
      points: z.array(
        z.object({
          day: z.string(),
          value: z.number().nullable(),
          n: z.number(),
          series: z.string().optional(),
          partial: z.boolean().optional(),
          uncovered: z.boolean().optional().describe("No source answers for any day of the bucket: a gap, and no zero."),
        }),
      ),
      parts: z.array(z.object({ label: z.string(), value: z.number().nullable(), n: z.number(), unit: unit.optional() })).optional(),
      curve: z.array(z.object({ hours: z.number(), share: z.number() })).optional(),
    }),
  })
  .meta({ id: "MetricReading" });

const row = z
  .object({ kind: z.enum(["member", "thread", "activity", "day"]), id: z.string(), title: z.string(), at: at.nullable(), value: z.string() })
  .meta({ id: "MetricRow" });

const span = {
  from: day.optional().describe("First day, inclusive; the last 90 days when absent."),
  to: day.optional().describe("Last day, inclusive."),
  source: id.optional(),
};
const params = z.object({ metric: z.string().meta({ example: "active-members" }) });

/** Metrics: what each means, its figure, and the rows that the figure counts. */
export function addMetrics(api: Api): void {
  rootEndpoint(api, {
    method: "get",
    path: "/metrics",
    tag: "Metrics",
    summary: "List the metrics with their definitions",
    access: "public",
    answer: z.object({ data: z.array(definition) }),
    handle: async () => ({ data: metrics.map(define) }),
  });

  communityEndpoint(api, {
    method: "get",
    path: "/metrics/{metric}",
    tag: "Metrics",
    summary: "Read a metric's figure with what it left out and what it covers",
    access: teamRoles,
    scope: "read",
    params,
    query: z.object(span),
    answer: reading,
    async handle(ctx, { params: { metric }, query }) {
      const found = await readMetric(ctx, { id: metric, params: spanOf(ctx, query) });
      return { ...found, metric: define(found.metric) };
    },
  });

  communityEndpoint(api, {
    method: "get",
    path: "/metrics/{metric}/rows",
    tag: "Metrics",
    summary: "List the rows that a figure counts, newest first",
    access: teamRoles,
    scope: "read",
    params,
    query: pageQuery.extend(span),
    answer: pageOf(row),
    async handle(ctx, { params: { metric }, query, c }) {
      const { after, limit } = query;
      return answerPage(c, await metricRows(ctx, { id: metric, params: spanOf(ctx, query), limit, ...(after ? { after } : {}) }));
    },
  });
}

function define({ id: metricId, version, title, unit: itsUnit, definition: words, exclusions, serves }: Metric) {
  return { id: metricId, version, title, unit: itsUnit, definition: words, exclusions, serves };
}

function spanOf(ctx: Parameters<typeof lastDays>[0], query: { from?: string | undefined; to?: string | undefined; source?: string | undefined }) {
  const usual = lastDays(ctx, 90);
  return { from: query.from ?? usual.from, to: query.to ?? usual.to, ...(query.source ? { sourceId: query.source } : {}) };
}
