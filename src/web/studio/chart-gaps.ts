import type { MetricValue } from "#metrics/index.ts";
import type { ChartGap } from "../ui/chart-frame.tsx";
import { formatDay } from "../ui/format.ts";

/**
 * The gaps of a reading as buckets of its chart: those that no source covers first, then for each source those that it
 * alone does not cover.
 * @param days first days of the buckets, oldest first
 */
export function gapsOf({ points, gaps }: Pick<MetricValue, "points" | "gaps">, days: readonly string[]): ChartGap[] {
  const uncovered = new Set(points.filter((point) => point.uncovered).map(({ day }) => day));
  const whole = runsOf(days.map((day) => uncovered.has(day))).map(([from, to]) => ({ from, to, whole: true, reason: "No source covers these days" }));
  const parts = gaps.flatMap((gap): ChartGap[] => {
    const touched = days.map((day, at) => gap.from < (days[at + 1] ?? "9999") && gap.to >= day);
    const [run] = runsOf(touched);
    if (!run) return [];
    const reason = `${gap.source}, ${formatDay(gap.from, "withYear")} to ${formatDay(gap.to, "withYear")}: ${gap.reason}`;
    return [{ from: run[0], to: run[1], whole: false, reason }];
  });
  return [...whole, ...parts];
}

/** First and last place of each stretch of true. */
function runsOf(flags: readonly boolean[]): [number, number][] {
  const runs: [number, number][] = [];
  flags.forEach((flag, at) => {
    if (!flag) return;
    const last = runs.at(-1);
    if (last?.[1] === at - 1) last[1] = at;
    else runs.push([at, at]);
  });
  return runs;
}
