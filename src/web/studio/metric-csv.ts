import { Readable } from "node:stream";
import { getMetricById, type MetricRow, metricRows } from "#metrics/index.ts";
import { ctxContext, guarded } from "../request-context.server.ts";
import type { Route } from "./+types/metric-csv.ts";
import { readSpan } from "./span.server.ts";

const pageSize = 200;

/** All rows behind a figure as CSV, sent as they are read. */
export const loader = guarded(async ({ request, params, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  const metric = getMetricById(params.metricId);
  const { params: wanted } = await readSpan(ctx, request);
  const first = await metricRows(ctx, { id: metric.id, params: wanted, limit: pageSize });

  async function* lines(): AsyncGenerator<string> {
    yield csvLine(["kind", "id", "title", "at", "value"]);
    for (let page = first; ; ) {
      yield page.rows.map(rowLine).join("");
      if (page.next === null) return;
      page = await metricRows(ctx, { id: metric.id, params: wanted, after: page.next, limit: pageSize });
    }
  }
  const name = `${ctx.community.slug}-${metric.id}-${wanted.from}-${wanted.to}.csv`;
  return new Response(Readable.toWeb(Readable.from(lines(), { objectMode: false })) as ReadableStream<Uint8Array>, {
    headers: {
      "Content-Type": "text/csv; charset=utf-8",
      "Content-Disposition": `attachment; filename="${name}"`,
      "Cache-Control": "private, no-store",
    },
  });
});

function rowLine(row: MetricRow): string {
  return csvLine([row.kind, row.id, row.title, row.at?.toISOString() ?? "", row.value]);
}

/** RFC 4180; a cell that a spreadsheet would take for a formula is led by an apostrophe. */
export function csvLine(cells: readonly string[]): string {
  const safe = cells.map((cell) => (/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell));
  return `${safe.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")}\r\n`;
}
