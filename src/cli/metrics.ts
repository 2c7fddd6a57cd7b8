import type { Command } from "commander";
import { lastDays, type MetricReading, type MetricUnit, metricRows, metrics, readMetric } from "#metrics/index.ts";
import { asList } from "./lists.ts";
import { openNamedCommunity, type Session } from "./session.ts";
import { formatTable } from "./table.ts";

type Run = (action: (session: Session) => Promise<unknown>) => Promise<void>;

interface MetricOptions {
  community?: string;
  json?: boolean;
  limit?: number;
  from?: string;
  to?: string;
  days?: number;
  rows?: boolean;
}

/** Flags that choose a span. */
export function withSpan(command: Command): Command {
  return command
    .option("--from <day>", "first day, such as 2026-01-01")
    .option("--to <day>", "last day")
    .option("--days <n>", "the last so many days", (text) => Number(text), 90);
}

/** `metrics [id]`: the figures of a span, or one with its definition and the rows behind it. */
export function addMetrics(program: Command, run: Run): void {
  withSpan(asList(program.command("metrics")))
    .description("figures with what they count; one by its id, with definition, exclusions and rows")
    .argument("[id]", `one of ${metrics.map(({ id }) => id).join(", ")}`)
    .option("--rows", "with an id: the rows behind the figure")
    .action((id: string | undefined, options: MetricOptions) => run((session) => showMetrics(session, id, options)));
}

/** Prints all figures, or one by its id. */
export function showMetrics(session: Session, id: string | undefined, options: MetricOptions): Promise<void> {
  return id === undefined ? showAll(session, options) : showOne(session, id, options);
}

async function showAll(session: Session, options: MetricOptions): Promise<void> {
  const ctx = await openNamedCommunity(session, options);
  const params = spanOf(ctx, options);
  const readings: MetricReading[] = [];
  for (const { id } of metrics) readings.push(await readMetric(ctx, { id, params, maxAgeSeconds: 0 }));
  if (options.json) return session.out(JSON.stringify({ community: ctx.community.slug, ...params, metrics: readings.map(asJson) }));
  session.out(`${ctx.community.name}, ${params.from} to ${params.to}`);
  session.out(
    formatTable(
      readings,
      [
        { title: "METRIC", value: ({ metric }) => metric.id },
        { title: "VALUE", value: ({ metric, value }) => showFigure(value.value, metric.unit), align: "right" },
        { title: "RESTS ON", value: ({ value }) => value.n, align: "right" },
        { title: "MEANS", value: ({ metric, value }) => value.note ?? metric.title, max: 70 },
      ],
      session,
    ),
  );
  for (const words of coverageOf(readings)) session.out(words);
}

/** What the figures do not cover, said once where several lack the same. */
export function coverageOf(readings: readonly MetricReading[]): string[] {
  return [...new Set(readings.flatMap(({ value }) => value.coverage ?? []))];
}

async function showOne(session: Session, id: string, options: MetricOptions): Promise<void> {
  const ctx = await openNamedCommunity(session, options);
  const params = spanOf(ctx, options);
  const reading = await readMetric(ctx, { id, params, maxAgeSeconds: 0 });
  const page = options.rows ? await metricRows(ctx, { id, params, limit: options.limit ?? 20 }) : undefined;
  if (options.json)
    return session.out(
      JSON.stringify({ community: ctx.community.slug, ...params, ...asJson(reading), ...(page ? { rows: page.rows, next: page.next } : {}) }),
    );
  const { metric, value } = reading;
  session.out(`${metric.title}: ${showFigure(value.value, metric.unit)} (rests on ${value.n.toLocaleString("en")})`);
  for (const part of value.parts ?? []) session.out(`  ${part.label}: ${showFigure(part.value, part.unit ?? metric.unit)}`);
  session.out(
    `Counts: ${metric.definition}\nLeaves out: ${metric.exclusions}${value.excluded.map(({ what, n }) => `\n  ${n.toLocaleString("en")} ${what}`).join("")}`,
  );
  if (value.note) session.out(value.note);
  if (value.coverage) session.out(value.coverage);
  if (page)
    session.out(
      formatTable(
        page.rows,
        [
          { title: "WHEN", value: (row) => row.at },
          { title: "WHAT", value: (row) => row.title, max: 70 },
          { title: "ADDS", value: (row) => row.value },
        ],
        session,
      ),
    );
}

/** The span that the flags say, in the community's days. */
export function spanOf(ctx: Parameters<typeof lastDays>[0], options: { from?: string; to?: string; days?: number }): { from: string; to: string } {
  const last = lastDays(ctx, options.days ?? 90);
  return { from: options.from ?? last.from, to: options.to ?? last.to };
}

/** A figure with its unit; `–` where it cannot be said. */
export function showFigure(value: number | null, unit: MetricUnit): string {
  if (value === null) return "–";
  const rounded = Math.abs(value) < 10 ? Math.round(value * 10) / 10 : Math.round(value);
  if (unit === "percent") return `${rounded.toLocaleString("en")} %`;
  if (unit === "hours") return value < 48 ? `${rounded.toLocaleString("en")} h` : `${(Math.round((value / 24) * 10) / 10).toLocaleString("en")} days`;
  return rounded.toLocaleString("en");
}

/** A reading without the functions of its metric. */
export function asJson({ metric, value, asOf }: MetricReading): object {
  const { id, version, title, unit, definition, exclusions, serves } = metric;
  return { id, version, title, unit, definition, exclusions, serves, asOf, ...value };
}
