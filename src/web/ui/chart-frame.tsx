import { useEffect, useRef, useState } from "react";
import classes from "./chart.module.css";
import { formatDay } from "./format.ts";

/** Buckets without data, drawn as a gap and never as a zero. */
export interface ChartGap {
  /** Places of the first and the last bucket. */
  from: number;
  to: number;
  /** Nothing is known there; otherwise only something is missing, such as one source of several. */
  whole: boolean;
  reason: string;
}

/** A release or an event: a dashed line with its name. */
export interface ChartNote {
  day: string;
  label: string;
}

export interface Plot {
  width: number;
  height: number;
  /** Pixels of a place in time, 0 to 1. */
  x(share: number): number;
  /** Pixels of a value. */
  y(value: number): number;
}

const margin = { top: 16, right: 46, bottom: 22, left: 2 };

/**
 * The paper of a chart: measures its place so that letters keep their size, draws a zero baseline with two quiet lines, gaps,
 * notes and the ends of the time axis, and offers the numbers as a table. Every chart says what it does not cover: gaps and
 * words are asked of all that use it.
 */
export function ChartFrame(props: {
  label: string;
  /** First days of the buckets, `YYYY-MM-DD`, oldest first. */
  days: readonly string[];
  max: number;
  format: (value: number) => string;
  height?: number;
  gaps: readonly ChartGap[];
  /** What the chart does not cover, in words. */
  coverage: string | undefined;
  /** Whether a bucket is a stretch of the axis, as bars are, or a place on it. */
  buckets: "slots" | "places";
  notes?: readonly ChartNote[];
  table: { head: readonly string[]; rows: readonly (readonly (string | number | null)[])[] };
  children: (plot: Plot) => React.ReactNode;
}) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(430);
  const height = props.height ?? 128;
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.max(220, Math.round(entry.contentRect.width)));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const top = niceMax(props.max);
  const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
  const plot: Plot = {
    width: inner.width,
    height: inner.height,
    x: (share) => margin.left + share * inner.width,
    y: (value) => margin.top + inner.height * (1 - value / top),
  };
  const first = props.days[0];
  const last = props.days.at(-1);
  const span = first && last ? Math.max(1, Date.parse(last) - Date.parse(first)) : 1;
  const shareOf = (day: string) => (first ? Math.min(1, Math.max(0, (Date.parse(day) - Date.parse(first)) / span)) : 0);
  const edgeOf = (bucket: number) => {
    const count = props.days.length;
    const share = props.buckets === "slots" ? bucket / count : count <= 1 ? bucket : (bucket - 0.5) / (count - 1);
    return Math.min(1, Math.max(0, share));
  };
  const ticks = ticksOf(props.days, inner.width);

  return (
    <figure className={classes.chart}>
      <div ref={place} style={{ minHeight: height }}>
        <svg viewBox={`0 0 ${width} ${height}`} width="100%" height={height} role="img" aria-label={props.label}>
          {[0, top / 2, top].map((value) => (
            <line
              key={value}
              x1={plot.x(0)}
              x2={plot.x(1)}
              y1={plot.y(value)}
              y2={plot.y(value)}
              stroke={value === 0 ? "var(--line-strong)" : "var(--line)"}
            />
          ))}
          <text x={plot.x(1) + 5} y={plot.y(top) + 4} className={classes.axis}>
            {props.format(top)}
          </text>
          <text x={plot.x(1) + 5} y={plot.y(0) + 4} className={classes.axis}>
            0
          </text>
          {props.gaps.map((gap) => {
            const from = plot.x(edgeOf(gap.from));
            const to = Math.max(from + 3, plot.x(edgeOf(gap.to + 1)));
            return (
              <g key={gap.reason + gap.from} data-gap={gap.whole ? "whole" : "part"}>
                <title>{gap.reason}</title>
                {/* What one of several sources lacks lies as a strip below the baseline: what the others say stays readable. */}
                <rect
                  x={from}
                  y={gap.whole ? margin.top - 6 : plot.y(0) + 2}
                  width={to - from}
                  height={gap.whole ? inner.height + 6 : 4}
                  fill={gap.whole ? "var(--gap)" : "var(--signal)"}
                />
                {gap.whole && to - from > 48 ? (
                  <text x={from + 3} y={margin.top + 5} className={classes.axis}>
                    no data
                  </text>
                ) : null}
              </g>
            );
          })}
          {props.children(plot)}
          {props.notes?.map((note) => {
            const at = plot.x(shareOf(note.day));
            const flip = at > width * 0.7;
            return (
              <g key={note.day + note.label}>
                <line x1={at} x2={at} y1={4} y2={plot.y(0)} stroke="var(--ink-3)" strokeDasharray="2 3" />
                <text x={flip ? at - 4 : at + 4} y={12} textAnchor={flip ? "end" : "start"} className={classes.axis}>
                  {note.label}
                </text>
              </g>
            );
          })}
          {ticks.map((tick) => (
            <text key={tick.day} x={plot.x(tick.share)} y={height - 5} textAnchor={tick.anchor} className={classes.axis}>
              {tick.label}
            </text>
          ))}
        </svg>
      </div>
      {props.coverage ? <figcaption className="quiet">{props.coverage}</figcaption> : null}
      <details className={classes.numbers}>
        <summary>Numbers</summary>
        {/* The table scrolls when it is long, so it must be reachable by keyboard. */}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region needs focus to be scrolled by keys */}
        <section className={classes.scroll} aria-label={`${props.label}: numbers`} tabIndex={0}>
          <table>
            <thead>
              <tr>
                {props.table.head.map((head) => (
                  <th key={head} scope="col">
                    {head}
                  </th>
                ))}
                {props.gaps.length > 0 ? <th scope="col">Not covered</th> : null}
              </tr>
            </thead>
            <tbody>
              {props.table.rows.map((row, bucket) => (
                <tr key={String(row[0])}>
                  {row.map((cell, at) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: cells are told apart by their column
                    <td key={at}>{cell ?? "–"}</td>
                  ))}
                  {props.gaps.length > 0 ? (
                    <td>
                      {props.gaps
                        .filter(({ from, to }) => from <= bucket && bucket <= to)
                        .map(({ reason }) => reason)
                        .join("; ")}
                    </td>
                  ) : null}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </figure>
  );
}

/** The next round number above: 1, 2, 4, 5 or 8 times a power of ten. */
function niceMax(max: number): number {
  if (max <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  for (const step of [1, 2, 4, 5, 8, 10]) if (max <= step * power) return step * power;
  return 10 * power;
}

function ticksOf(days: readonly string[], width: number): { day: string; share: number; label: string; anchor: "start" | "middle" | "end" }[] {
  if (days.length === 0) return [];
  const wanted = Math.min(days.length, width > 560 ? 5 : 3);
  const longSpan = Date.parse(days.at(-1) ?? "") - Date.parse(days[0] ?? "") > 300 * 86_400_000;
  const at = wanted === 1 ? [0] : Array.from({ length: wanted }, (_, i) => Math.round((i * (days.length - 1)) / (wanted - 1)));
  return at.map((index, place) => {
    const day = days[index] ?? "";
    return {
      day,
      share: days.length === 1 ? 0.5 : index / (days.length - 1),
      label: formatDay(day, longSpan ? "monthYear" : "short"),
      anchor: place === 0 ? "start" : place === at.length - 1 ? "end" : "middle",
    };
  });
}
