import type { Page } from "#core/page.ts";
import type { Ctx } from "#features/access/index.ts";
import type { Coverage } from "./coverage.ts";

/** The span and filters that every metric understands. Days are the community's. */
export interface MetricParams {
  /** First day, inclusive, `YYYY-MM-DD`. */
  from: string;
  /** Last day, inclusive, `YYYY-MM-DD`. */
  to: string;
  sourceId?: string;
}

export interface MetricPoint {
  /** First day of the bucket, `YYYY-MM-DD`. */
  day: string;
  /** Null where no source covers the bucket, or where it cannot be said. */
  value: number | null;
  n: number;
  /** Splits a point into series, such as the kind of activity. */
  series?: string;
  /** The bucket is cut by the span or is still running: it cannot be compared with its neighbours. */
  partial?: boolean;
  /** No source answers for any day of the bucket: it is a gap and not a zero. */
  uncovered?: boolean;
}

export interface MetricPart {
  label: string;
  value: number | null;
  n: number;
  /** The metric's own unit when absent. */
  unit?: MetricUnit;
}

export type MetricUnit = "people" | "hours" | "percent" | "activities" | "threads";

export interface MetricValue extends Coverage {
  /** Null when it cannot be said, and then `note` says why. */
  value: number | null;
  /** How many things the figure rests on. */
  n: number;
  note?: string;
  /** What the definition left out, counted: bots, team, unattributed … */
  excluded: { what: string; n: number }[];
  points: MetricPoint[];
  /** Values beside the main one, such as the share still waiting. */
  parts?: MetricPart[];
  /** The distribution behind a median: which share had happened after so many hours. */
  curve?: { hours: number; share: number }[];
}

/** What a metric's `run` says; the rest of its value is added for all metrics alike. */
export type MetricFigures = Omit<MetricValue, keyof Coverage | "points"> & {
  /** One per bucket with data; the missing ones are filled in. */
  points: (Omit<MetricPoint, "partial" | "uncovered" | "value"> & { value: number | null })[];
  /** What stands in a covered bucket without data: 0 for counts, null for medians and shares. */
  emptyBucket: 0 | null;
};

/** A row behind a figure. */
export interface MetricRow {
  kind: "member" | "thread" | "activity" | "day";
  id: string;
  title: string;
  at: Date | null;
  /** What the row adds to the figure, in words. */
  value: string;
}

export interface Metric {
  /** Kebab-case, equal to the file's name. */
  id: string;
  /** Raised when the definition changes, so that old reports keep what they said. */
  version: number;
  title: string;
  unit: MetricUnit;
  /** What is counted, in one or two sentences. */
  definition: string;
  /** What is left out, and why. */
  exclusions: string;
  /** The decision it serves. */
  serves: string;
  run(ctx: Ctx, params: MetricParams): Promise<MetricFigures>;
  /** The rows that the figure counts, newest first, by keyset. */
  rows(ctx: Ctx, params: MetricParams & { after?: string; limit: number }): Promise<Page<MetricRow>>;
}

/** Declares a metric: its definition for people, its figure and its rows. */
export function defineMetric(metric: Metric): Metric {
  return metric;
}
