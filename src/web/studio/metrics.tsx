import { Link } from "react-router";
import { threadFacets } from "#features/ledger/index.ts";
import { metrics, readMetric } from "#metrics/index.ts";
import { ctxContext, guarded } from "../request-context.server.ts";
import { Figure } from "../ui/figure.tsx";
import { capitalize, formatDay, formatMeasure, formatNumber, inWords } from "../ui/format.ts";
import { PageHead } from "../ui/page-head.tsx";
import { Columns, Sheet } from "../ui/sheet.tsx";
import type { Route } from "./+types/metrics.ts";
import { MetricChart } from "./metric-chart.tsx";
import { readSpan } from "./span.server.ts";
import { SpanBar } from "./span-bar.tsx";

export const loader = guarded(async ({ request, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  const { params, span } = await readSpan(ctx, request);
  const [facets, ...readings] = await Promise.all([threadFacets(ctx), ...metrics.map(({ id }) => readMetric(ctx, { id, params }))]);
  return {
    params,
    span,
    sources: facets.sources,
    figures: readings.map(({ metric: { id, title, unit, definition, exclusions, serves }, value }) => ({
      id,
      title,
      unit,
      definition,
      exclusions,
      serves,
      value: value.value,
      n: value.n,
      note: value.note ?? null,
      reading: { points: value.points, gaps: value.gaps, setAside: value.setAside, coverage: value.coverage },
    })),
  };
});

export default function Metrics({ loaderData, params }: Route.ComponentProps) {
  const base = `/studio/${params.community}`;
  const { figures } = loaderData;
  const search = new URLSearchParams({ from: loaderData.params.from, to: loaderData.params.to });
  if (loaderData.params.sourceId) search.set("source", loaderData.params.sourceId);
  return (
    <>
      <title>Metrics · Causeway</title>
      <PageHead over="Metrics" title={`${capitalize(inWords(figures.length))} figures, each open to its rows`} />
      <SpanBar params={loaderData.params} span={loaderData.span} sources={loaderData.sources} />
      <Columns layout={2}>
        {figures.map((figure) => (
          <Sheet
            key={figure.id}
            id={figure.id}
            title={
              <Link to={`${base}/metrics/${figure.id}?${search}`} className="link">
                {figure.title}
              </Link>
            }
            aside={`${formatDay(loaderData.params.from)} to ${formatDay(loaderData.params.to, "withYear")}`}
          >
            <Figure
              size="large"
              value={figure.value === null ? "–" : formatMeasure(figure.value, figure.unit)}
              to={`${base}/metrics/${figure.id}?${search}#rows`}
              note={figure.note ?? `${figure.serves} · n ${formatNumber(figure.n)}`}
              define={{ definition: figure.definition, exclusions: figure.exclusions }}
            />
            <MetricChart title={figure.title} unit={figure.unit} reading={figure.reading} />
          </Sheet>
        ))}
      </Columns>
    </>
  );
}
