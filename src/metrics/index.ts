import type { Metric } from "./define-metric.ts";

export type { Metric, MetricParams, MetricPoint, MetricRow, MetricValue } from "./define-metric.ts";

/** Every metric, in the order of the catalogue. */
export const metrics: readonly Metric[] = [];
