import classes from "./chart.module.css";
import { ChartFrame, type ChartGap, type ChartNote } from "./chart-frame.tsx";
import { formatDay } from "./format.ts";

export interface LinePoint {
  day: string;
  /** Null where nothing can be said; the line breaks there. */
  value: number | null;
  n?: number;
}

/** A value over time. The last value is written at the line's end. */
export function LineChart(props: {
  label: string;
  points: readonly LinePoint[];
  format: (value: number) => string;
  valueTitle: string;
  gaps: readonly ChartGap[];
  coverage: string | undefined;
  notes?: readonly ChartNote[];
  height?: number;
}) {
  const { points } = props;
  const max = Math.max(0, ...points.map((point) => point.value ?? 0));
  const last = points.findLast((point) => point.value !== null);
  const share = (at: number) => (points.length <= 1 ? 0.5 : at / (points.length - 1));
  return (
    <ChartFrame
      label={`${props.label}${last?.value === undefined || last.value === null ? "" : `, last ${props.format(last.value)}`}`}
      days={points.map((point) => point.day)}
      max={max}
      format={props.format}
      height={props.height}
      gaps={props.gaps}
      coverage={props.coverage}
      buckets="places"
      notes={props.notes}
      table={{
        head: ["From", props.valueTitle, "n"],
        rows: points.map((point) => [formatDay(point.day, "withYear"), point.value === null ? null : props.format(point.value), point.n ?? null]),
      }}
    >
      {(plot) => {
        const pieces: string[] = [];
        let piece = "";
        points.forEach((point, at) => {
          if (point.value === null) {
            if (piece) pieces.push(piece);
            piece = "";
            return;
          }
          piece += `${piece ? "L" : "M"}${plot.x(share(at)).toFixed(1)} ${plot.y(point.value).toFixed(1)}`;
        });
        if (piece) pieces.push(piece);
        const lastAt = last ? points.indexOf(last) : -1;
        // A value between two breaks has no line to lie on.
        const alone = points.flatMap((point, at) =>
          point.value !== null && (points[at - 1]?.value ?? null) === null && (points[at + 1]?.value ?? null) === null
            ? [{ at, value: point.value }]
            : [],
        );
        return (
          <>
            {pieces.map((path) => (
              <path key={path} d={path} fill="none" stroke="var(--series-1)" strokeWidth="2.2" strokeLinejoin="round" strokeLinecap="round" />
            ))}
            {alone.map(({ at, value }) => (
              <circle key={at} cx={plot.x(share(at))} cy={plot.y(value)} r="2.2" fill="var(--series-1)" />
            ))}
            {last && last.value !== null ? (
              <>
                <circle cx={plot.x(share(lastAt))} cy={plot.y(last.value)} r="3.5" fill="var(--series-1)" />
                {lastAt === points.length - 1 && Math.abs(plot.y(last.value) - plot.y(0)) > 11 ? (
                  <text x={plot.x(1) + 7} y={plot.y(last.value) + 4} className={classes.value}>
                    {props.format(last.value)}
                  </text>
                ) : null}
              </>
            ) : null}
          </>
        );
      }}
    </ChartFrame>
  );
}
