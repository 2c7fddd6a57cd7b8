import type { Metric, MetricPoint } from "#metrics/index.ts";
import { BarChart } from "../ui/bar-chart.tsx";
import type { ChartGap } from "../ui/chart-frame.tsx";
import { formatMeasure, kindInWords } from "../ui/format.ts";
import { LineChart } from "../ui/line-chart.tsx";

const seriesMax = 5;

/** A metric over time: counts as bars from zero, medians and shares as a line that breaks where nothing can be said. */
export function MetricChart({
  title,
  unit,
  points,
  height,
}: {
  title: string;
  unit: Metric["unit"];
  points: readonly MetricPoint[];
  height?: number;
}) {
  if (points.length === 0) return null;
  if (unit === "hours" || unit === "percent") {
    return <LineChart label={title} points={points} format={(value) => formatMeasure(value, unit)} valueTitle={title} height={height} />;
  }
  const days = [...new Set(points.map(({ day }) => day))];
  return (
    <BarChart label={title} days={days} series={seriesOf(points, days)} gaps={gapsOf(points, days)} partial={partialOf(points)} height={height} />
  );
}

function partialOf(points: readonly MetricPoint[]): string[] {
  return [...new Set(points.filter(({ partial }) => partial).map(({ day }) => day))];
}

/** The largest series by name, the rest as one. */
function seriesOf(points: readonly MetricPoint[], days: readonly string[]): { name: string; values: number[] }[] {
  const at = new Map(days.map((day, index) => [day, index]));
  const byName = new Map<string, number[]>();
  for (const { series = "", day, value } of points) {
    const values = byName.get(series) ?? days.map(() => 0);
    values[at.get(day) ?? 0] = value ?? 0;
    byName.set(series, values);
  }
  const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
  const all = [...byName].map(([name, values]) => ({ name: kindInWords(name), values })).sort((a, b) => total(b.values) - total(a.values));
  if (all.length <= seriesMax + 1) return all;
  const rest = all.slice(seriesMax);
  return [...all.slice(0, seriesMax), { name: "the rest", values: days.map((_, day) => total(rest.map(({ values }) => values[day] ?? 0))) }];
}

/** Runs of buckets that no source covers. */
function gapsOf(points: readonly MetricPoint[], days: readonly string[]): ChartGap[] {
  const held = new Set(points.filter(({ value }) => value !== null).map(({ day }) => day));
  const gaps: ChartGap[] = [];
  let from: number | undefined;
  days.forEach((day, at) => {
    if (!held.has(day)) from ??= at;
    const ends = from !== undefined && (held.has(day) || at === days.length - 1);
    if (!ends || from === undefined) return;
    gaps.push({ from: days[from] ?? day, to: day, reason: "No source covers these days" });
    from = undefined;
  });
  return gaps;
}
