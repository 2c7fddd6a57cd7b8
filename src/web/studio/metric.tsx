import { Button } from "@mantine/core";
import { threadFacets } from "#features/ledger/index.ts";
import { type MetricRow, metricRows, readMetric } from "#metrics/index.ts";
import { ctxContext, guarded } from "../request-context.server.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { Figure } from "../ui/figure.tsx";
import { formatDay, formatMeasure, formatNumber } from "../ui/format.ts";
import { PageHead } from "../ui/page-head.tsx";
import { Pager } from "../ui/pager.tsx";
import { KeyHints, Row, Rows } from "../ui/rows.tsx";
import { Columns, Pile, Sheet } from "../ui/sheet.tsx";
import { DataTable } from "../ui/table.tsx";
import { TimeAgo } from "../ui/time.tsx";
import type { Route } from "./+types/metric.ts";
import { MetricChart } from "./metric-chart.tsx";
import { readSpan } from "./span.server.ts";
import { SpanBar } from "./span-bar.tsx";

export const loader = guarded(async ({ request, params, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  const id = params.metricId;
  const { params: wanted, span, after } = await readSpan(ctx, request);
  const [reading, page, facets] = await Promise.all([
    readMetric(ctx, { id, params: wanted }),
    metricRows(ctx, { id, params: wanted, after, limit: 40 }),
    threadFacets(ctx),
  ]);
  const { metric, value, asOf } = reading;
  return {
    metric: {
      id,
      version: metric.version,
      title: metric.title,
      unit: metric.unit,
      definition: metric.definition,
      exclusions: metric.exclusions,
      serves: metric.serves,
    },
    value,
    asOf,
    page,
    params: wanted,
    span,
    sources: facets.sources,
  };
});

export default function MetricPage({ loaderData, params }: Route.ComponentProps) {
  const { metric, value, page } = loaderData;
  const base = `/studio/${params.community}`;
  const csv = new URLSearchParams({ from: loaderData.params.from, to: loaderData.params.to });
  if (loaderData.params.sourceId) csv.set("source", loaderData.params.sourceId);
  const shown = value.value === null ? "–" : formatMeasure(value.value, metric.unit);
  return (
    <>
      <title>{`${metric.title} · Causeway`}</title>
      <PageHead
        crumbs={[{ label: "Metrics", to: `${base}/metrics` }]}
        title={metric.title}
        actions={
          <Button component="a" href={`${base}/metrics/${metric.id}/csv?${csv}`} variant="default" download>
            Download rows as CSV
          </Button>
        }
      >
        {metric.serves}
      </PageHead>
      <SpanBar params={loaderData.params} span={loaderData.span} sources={loaderData.sources} />

      <Columns layout="wide">
        <Sheet title={`${formatDay(loaderData.params.from, "withYear")} to ${formatDay(loaderData.params.to, "withYear")}`} id="figure">
          <Figure
            size="large"
            value={shown}
            to={value.n > 0 ? "#rows" : undefined}
            note={
              <>
                {value.note ? `${value.note} · ` : ""}n {formatNumber(value.n)} · as known <TimeAgo at={loaderData.asOf} />
              </>
            }
          />
          <MetricChart title={metric.title} unit={metric.unit} reading={value} height={220} />
        </Sheet>
        <Pile>
          <Sheet title="What it says" id="definition" aside={`definition ${metric.version}`}>
            <p>{metric.definition}</p>
            <p style={{ marginTop: 10 }}>
              <b>Left out:</b> {metric.exclusions}
            </p>
            {value.excluded.some(({ n }) => n > 0) ? (
              <DataTable label="Left out, counted">
                {value.excluded
                  .filter(({ n }) => n > 0)
                  .map(({ what, n }) => (
                    <tr key={what}>
                      <td className="quiet">{what}</td>
                      <td data-number>{formatNumber(n)}</td>
                    </tr>
                  ))}
              </DataTable>
            ) : null}
          </Sheet>
          {value.parts && value.parts.length > 0 ? (
            <Sheet title="Beside it" id="parts">
              <DataTable label="Parts" head={[{ label: "What" }, { label: "Value", number: true }, { label: "n", number: true }]}>
                {value.parts.slice(0, 14).map((part) => (
                  <tr key={part.label}>
                    <td>{part.label}</td>
                    <td data-number>{part.value === null ? "–" : formatMeasure(part.value, part.unit ?? metric.unit)}</td>
                    <td data-number className="quiet">
                      {formatNumber(part.n)}
                    </td>
                  </tr>
                ))}
              </DataTable>
            </Sheet>
          ) : null}
        </Pile>
      </Columns>

      <div style={{ marginTop: 18 }}>
        <Sheet
          title="The rows behind it"
          id="rows"
          aside={
            <KeyHints
              hints={[
                ["j k", "move"],
                ["o", "open"],
              ]}
            />
          }
        >
          {page.rows.length > 0 ? (
            <Rows label="Rows">
              {page.rows.map((row) => (
                <Row
                  key={row.kind + row.id}
                  title={row.title}
                  to={placeOf(row, base)}
                  strong={false}
                  meta={row.value}
                  margin={
                    row.at ? (
                      <small>
                        <TimeAgo at={row.at} />
                      </small>
                    ) : null
                  }
                />
              ))}
            </Rows>
          ) : (
            <EmptyState title="No rows in this span" action={{ label: "All metrics", to: `${base}/metrics` }}>
              Choose a longer span above, or another source.
            </EmptyState>
          )}
          <Pager next={page.next} />
        </Sheet>
      </div>
    </>
  );
}

function placeOf(row: MetricRow, base: string): string | undefined {
  if (row.kind === "member") return `${base}/members/${row.id}`;
  if (row.kind === "thread") return `${base}/threads/${row.id}`;
  return undefined;
}
