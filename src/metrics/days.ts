import { array, type SQL, sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import type { Ctx } from "#features/access/index.ts";
import type { MetricParams } from "./define-metric.ts";

const dayMs = 86_400_000;
const spanDaysMax = 36_525;

export type BucketUnit = "day" | "week" | "month";

export interface Bucket {
  /** First day of the bucket that lies in the span. */
  day: string;
  /** Last day of it in the span, inclusive. */
  last: string;
  /** Cut off by the span or still running. */
  partial: boolean;
}

/**
 * Checks a span.
 * @throws AppError `invalid_input` for what is no day, for a span that ends before it begins, and for more than a century
 */
export function checkSpan(params: MetricParams): void {
  for (const [path, day] of [
    ["from", params.from],
    ["to", params.to],
  ] as const) {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || Number.isNaN(Date.parse(day)) || addDays(day, 0) !== day) {
      throw new AppError("invalid_input", { public: `“${day}” is not a day. Write it as 2026-11-25.`, issues: [{ path, message: "not a day" }] });
    }
  }
  if (params.from > params.to) throw new AppError("invalid_input", { public: `The span ends (${params.to}) before it begins (${params.from}).` });
  if (daysBetween(params.from, params.to) > spanDaysMax) throw new AppError("invalid_input", { public: "The span is longer than a hundred years." });
}

/** The last so many days up to today, both in the community's time zone. */
export function lastDays(ctx: Ctx, days: number): { from: string; to: string } {
  const to = todayOf(ctx);
  return { from: addDays(to, 1 - days), to };
}

/** Today in the community's time zone, `YYYY-MM-DD`. */
export function todayOf(ctx: Ctx): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: ctx.community.timeZone, year: "numeric", month: "2-digit", day: "2-digit" }).format(
    ctx.clock.now(),
  );
}

/** A day so many days later (or earlier, when negative). */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10);
}

/** How many days lie in a span, both ends included. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / dayMs) + 1;
}

/** Days up to two months, weeks up to thirteen months, then months. */
export function bucketUnit(params: MetricParams): BucketUnit {
  const days = daysBetween(params.from, params.to);
  return days <= 62 ? "day" : days <= 400 ? "week" : "month";
}

/** The buckets of a span in order; weeks begin on Monday. */
export function bucketsOf(params: MetricParams, today: string): Bucket[] {
  const unit = bucketUnit(params);
  const buckets: Bucket[] = [];
  for (let day = params.from; day <= params.to; ) {
    const start = startOf(day, unit);
    const next = nextStart(start, unit);
    const end = addDays(next, -1);
    const last = earlier(end, params.to);
    buckets.push({ day, last, partial: start !== day || last !== end || (end >= today && start <= today) });
    day = next;
  }
  return buckets;
}

/**
 * The bucket of each day as a set of rows `(day, bucket)`, to join day roll-ups with; the bucket is a text.
 * @param type of the day's column there
 */
export function bucketDays(params: MetricParams, today: string, type: "text" | "date" = "text"): SQL {
  const rows = bucketsOf(params, today);
  const days: string[] = [];
  const starts: string[] = [];
  for (const { day, last } of rows) {
    for (let at = day; at <= last; at = addDays(at, 1)) {
      days.push(at);
      starts.push(day);
    }
  }
  return sql`unnest(${array(days, type)}, ${array(starts, "text")})`;
}

/** The moments at which a span begins (inclusive) and ends (exclusive), as SQL. */
export function spanMoments(ctx: Ctx, params: MetricParams): { from: SQL; to: SQL } {
  const zone = ctx.community.timeZone;
  return {
    from: sql`(${params.from}::timestamp AT TIME ZONE ${zone})`,
    to: sql`(${addDays(params.to, 1)}::timestamp AT TIME ZONE ${zone})`,
  };
}

function startOf(day: string, unit: BucketUnit): string {
  if (unit === "day") return day;
  if (unit === "month") return `${day.slice(0, 7)}-01`;
  const weekday = (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;
  return addDays(day, -weekday);
}

function nextStart(start: string, unit: BucketUnit): string {
  if (unit === "day") return addDays(start, 1);
  if (unit === "week") return addDays(start, 7);
  const [year = 0, month = 0] = start.split("-").map(Number);
  return `${month === 12 ? year + 1 : year}-${String(month === 12 ? 1 : month + 1).padStart(2, "0")}-01`;
}

function earlier(x: string, y: string): string {
  if (x < y) return x;
  return y;
}
