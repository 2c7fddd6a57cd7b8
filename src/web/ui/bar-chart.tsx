import classes from "./chart.module.css";
import { ChartFrame, type ChartGap, type ChartNote } from "./chart-frame.tsx";
import { formatDay, formatNumber } from "./format.ts";

export interface BarSeries {
  name: string;
  /** One value for each day of the chart. */
  values: readonly number[];
}

export const seriesColours = ["var(--series-1)", "var(--series-2)", "var(--series-3)", "var(--series-4)", "var(--series-5)", "var(--series-6)"];

/** Counts over time as stacked bars from a zero baseline, with the names of the series beside their colours. */
export function BarChart(props: {
  label: string;
  days: readonly string[];
  series: readonly BarSeries[];
  gaps: readonly ChartGap[];
  coverage: string | undefined;
  notes?: readonly ChartNote[];
  /** Days whose bucket is cut or still running; drawn lighter, since it cannot be compared. */
  partial?: readonly string[];
  height?: number;
}) {
  const totals = props.days.map((_, at) => props.series.reduce((sum, series) => sum + (series.values[at] ?? 0), 0));
  const max = Math.max(0, ...totals);
  const isKnown = (at: number) => !props.gaps.some(({ whole, from, to }) => whole && from <= at && at <= to);
  return (
    <>
      {props.series.length > 1 ? (
        <ul className={classes.legend}>
          {props.series.map((series, at) => (
            <li key={series.name}>
              <span style={{ background: seriesColours[at % seriesColours.length] }} />
              {series.name} <b>{formatNumber(series.values.reduce((sum, value) => sum + value, 0))}</b>
            </li>
          ))}
        </ul>
      ) : null}
      <ChartFrame
        label={props.label}
        days={props.days}
        max={max}
        format={formatNumber}
        height={props.height}
        gaps={props.gaps}
        coverage={props.coverage}
        buckets="slots"
        notes={props.notes}
        table={{
          head: ["From", ...props.series.map((series) => series.name)],
          rows: props.days.map((day, at) => [
            formatDay(day, "withYear"),
            ...props.series.map((series) => (isKnown(at) ? (series.values[at] ?? 0) : null)),
          ]),
        }}
      >
        {(plot) => {
          const slot = plot.width / Math.max(1, props.days.length);
          const bar = Math.max(1, Math.min(34, slot * 0.68));
          const labelled = new Set(
            props.days.length <= 12 && slot > 26 ? totals.slice(-2).map((_, at) => totals.length - 1 - at) : [totals.length - 1],
          );
          return props.days.map((day, at) => {
            let below = 0;
            const left = plot.x(0) + slot * at + (slot - bar) / 2;
            const total = totals[at] ?? 0;
            return (
              <g key={day} opacity={props.partial?.includes(day) ? 0.5 : undefined}>
                <title>{`${formatDay(day, "withYear")}: ${formatNumber(total)}${props.partial?.includes(day) ? ", not a whole span" : ""}`}</title>
                {props.series.map((series, seriesAt) => {
                  const value = series.values[at] ?? 0;
                  if (value === 0) return null;
                  const y = plot.y(below + value);
                  const height = plot.y(below) - y;
                  below += value;
                  return <rect key={series.name} x={left} y={y} width={bar} height={height} fill={seriesColours[seriesAt % seriesColours.length]} />;
                })}
                {labelled.has(at) && total > 0 ? (
                  <text x={left + bar / 2} y={plot.y(total) - 5} textAnchor="middle" className={classes.value}>
                    {formatNumber(total)}
                  </text>
                ) : null}
              </g>
            );
          });
        }}
      </ChartFrame>
    </>
  );
}
