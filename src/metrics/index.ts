import { AppError } from "#core/errors.ts";
import type { Page } from "#core/page.ts";
import type { Ctx } from "#features/access/index.ts";
import { activeMembers } from "./active-members.ts";
import { activity } from "./activity.ts";
import { checkSpan } from "./days.ts";
import type { Metric, MetricParams, MetricRow } from "./define-metric.ts";
import { newcomers } from "./newcomers.ts";
import { type MetricReading, readFigure } from "./read-metric.ts";
import { returningMembers } from "./returning-members.ts";
import { shareUnanswered } from "./share-unanswered.ts";
import { timeToFirstResponse } from "./time-to-first-response.ts";

export { type Coverage, type CoverageGap, type Days, readCoverage } from "./coverage.ts";
export { type Bucket, lastDays } from "./days.ts";
export type { Metric, MetricParams, MetricPart, MetricPoint, MetricRow, MetricUnit, MetricValue } from "./define-metric.ts";
export type { MetricReading } from "./read-metric.ts";
export { type KeptReading, readKept } from "./read-metric.ts";

/** Every metric, in the order of the catalogue. */
export const metrics: readonly Metric[] = [timeToFirstResponse, shareUnanswered, activeMembers, newcomers, returningMembers, activity];

/**
 * The metric of an id.
 * @throws AppError `not_found`, naming those that exist
 */
export function getMetricById(id: string): Metric {
  const metric = metrics.find((each) => each.id === id);
  if (!metric)
    throw new AppError("not_found", { public: `There is no metric “${id}”. The metrics are ${metrics.map((each) => each.id).join(", ")}.` });
  return metric;
}

/**
 * A metric's figure, from the cache while that is fresh enough: at most a minute old while data comes in, else at
 * most an hour and never older than the last change. `asOf` says how old it is.
 * @param input.maxAgeSeconds asks for a fresher one; 0 computes it now
 * @throws AppError `not_found`, `invalid_input`
 */
export function readMetric(
  ctx: Ctx,
  input: { id: string; params: MetricParams; maxAgeSeconds?: number; allowStale?: boolean },
): Promise<MetricReading> {
  return readFigure(ctx, getMetricById(input.id), input);
}

/**
 * The rows that a figure counts, newest first.
 * @throws AppError `not_found`, `invalid_input`
 */
export function metricRows(ctx: Ctx, input: { id: string; params: MetricParams; after?: string; limit: number }): Promise<Page<MetricRow>> {
  const metric = getMetricById(input.id);
  checkSpan(input.params);
  return metric.rows(ctx, { ...input.params, after: input.after, limit: input.limit });
}
