/** Numbers, spans and days in words: one way for all pages, equal on the server and in the browser. */

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1 });

/** 12,345; one decimal below ten where there is one. */
export function formatNumber(value: number): string {
  return Math.abs(value) < 10 ? precise.format(value) : whole.format(value);
}

export { countOf } from "#core/text/count-of.ts";

const words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/** A count as a title says it: in words up to twelve. */
export function inWords(n: number): string {
  return words[n] ?? formatNumber(n);
}

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A span in its most telling unit: «42 min», «31 h», «12 d», «7 mo», «5 y». */
export function formatSpan(ms: number): string {
  const span = Math.max(0, ms);
  if (span < 60_000) return "under a minute";
  if (span < hourMs) return `${Math.round(span / 60_000)} min`;
  if (span < 48 * hourMs) return `${Math.round(span / hourMs)} h`;
  if (span < 60 * dayMs) return `${Math.round(span / dayMs)} d`;
  if (span < 700 * dayMs) return `${Math.round(span / (30.44 * dayMs))} mo`;
  return `${Math.round(span / (365.25 * dayMs))} y`;
}

/** A figure with its unit as a reader expects it. Hours grow into days and months. */
export function formatMeasure(value: number, unit: string): string {
  if (unit === "hours") return value < 48 ? `${precise.format(value)} h` : formatSpan(value * hourMs);
  if (unit === "percent") return `${formatNumber(value)} %`;
  return formatNumber(value);
}

const dayFormats = {
  full: new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" }),
  short: new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }),
  withYear: new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }),
  month: new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" }),
  monthYear: new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric", timeZone: "UTC" }),
};

/** A day (`YYYY-MM-DD` or a Date, read as UTC) in one of the usual lengths. */
export function formatDay(day: string | Date, form: keyof typeof dayFormats = "short"): string {
  return dayFormats[form].format(typeof day === "string" ? new Date(`${day.slice(0, 10)}T00:00:00Z`) : day);
}

/** The day it is in a zone, `YYYY-MM-DD`. */
export function dayIn(timeZone: string, at: Date): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }).format(at);
}

/** Moves a `YYYY-MM-DD` day. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10);
}

/** The page's now is up to a minute old when newer news come in. */
const clockSlackMs = 90_000;

/** How long ago, or in how long, or the date when that says more. */
export function formatAgo(at: Date, now: Date): string {
  const span = now.getTime() - at.getTime();
  if (span < -14 * dayMs) return formatDay(at, "withYear");
  if (span < -clockSlackMs) return `in ${formatSpan(-span)}`;
  if (span < 60_000) return "just now";
  if (span < 14 * dayMs) return `${formatSpan(span)} ago`;
  return formatDay(at, at.getUTCFullYear() === now.getUTCFullYear() ? "short" : "withYear");
}

/** Kinds as the ledger stores them, in words: `pull_request_opened` is «pull request opened». */
export function kindInWords(kind: string): string {
  return kind.replaceAll("_", " ");
}
