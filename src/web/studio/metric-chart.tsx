import type { Metric, MetricPoint, MetricValue } from "#metrics/index.ts";
import { BarChart } from "../ui/bar-chart.tsx";
import { formatMeasure, kindInWords } from "../ui/format.ts";
import { LineChart } from "../ui/line-chart.tsx";
import { gapsOf } from "./chart-gaps.ts";

const seriesMax = 5;

/**
 * A metric over time: counts as bars from zero, medians and shares as a line that breaks where nothing can be said. It
 * takes the whole reading, so that no figure is drawn without the gaps of its sources.
 */
export function MetricChart({
  title,
  unit,
  reading,
  height,
}: {
  title: string;
  unit: Metric["unit"];
  reading: Pick<MetricValue, "points" | "gaps" | "setAside" | "coverage">;
  height?: number;
}) {
  const { points, coverage } = reading;
  if (points.length === 0) return coverage === undefined ? null : <p className="quiet">{coverage}</p>;
  const days = [...new Set(points.map(({ day }) => day))];
  const gaps = gapsOf(reading, days);
  if (unit === "hours" || unit === "percent") {
    return (
      <LineChart
        label={title}
        points={points}
        format={(value) => formatMeasure(value, unit)}
        valueTitle={title}
        gaps={gaps}
        coverage={coverage}
        height={height}
      />
    );
  }
  return (
    <BarChart label={title} days={days} series={seriesOf(points, days)} gaps={gaps} coverage={coverage} partial={partialOf(points)} height={height} />
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
