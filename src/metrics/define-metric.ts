import type { Ctx } from "#features/access/index.ts";

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
  value: number | null;
  n: number;
  /** Splits a point into series, such as the kind of activity. */
  series?: string;
}

export interface MetricValue {
  /** Null when it cannot be said, and then `note` says why. */
  value: number | null;
  /** How many things the figure rests on. */
  n: number;
  note?: string;
  /** What the definition left out, counted: bots, team, unattributed … */
  excluded: { what: string; n: number }[];
  points: MetricPoint[];
  /** Values beside the main one, such as the share still waiting. */
  parts?: { label: string; value: number | null; n: number }[];
}

/** A row behind a figure. */
export interface MetricRow {
  kind: "member" | "thread" | "activity" | "day";
  id: string;
  title: string;
  at: Date | null;
  value: string;
}

export interface Metric {
  id: string;
  /** Raised when the definition changes, so that old reports keep what they said. */
  version: number;
  title: string;
  unit: "people" | "hours" | "percent" | "activities" | "threads";
  /** What is counted, in one or two sentences. */
  definition: string;
  /** What is left out, and why. */
  exclusions: string;
  /** The decision it serves. */
  serves: string;
  run(ctx: Ctx, params: MetricParams): Promise<MetricValue>;
  /** The rows that the figure counts, newest first, by keyset. */
  rows(ctx: Ctx, params: MetricParams & { after?: string; limit: number }): Promise<{ rows: MetricRow[]; next: string | null }>;
}

/** Declares a metric: its definition for people, its figure and its rows. */
export function defineMetric(metric: Metric): Metric {
  return metric;
}
