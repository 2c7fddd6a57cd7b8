import { readTime, timeFormats } from "./read-time.ts";

/** In which ways the times of a column may be read. */
export interface TimeChoices {
  /** The ways that fit best, each with how it reads the first time; several only where they differ. */
  fitting: { format: string; given: string; at: Date }[];
  /** Times of the column that name no zone, so that somebody has to. */
  needsZone: boolean;
}

/** Every way that has a name; patterns of letters besides them work as well. */
export const namedFormats: readonly string[] = ["auto", "excel", ...timeFormats];

const namesZone = /\d:\d{2}.*(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)\s*$/i;
const isMoment = /^\d{9,16}(?:\.\d+)?$/;

/**
 * How the times of a column may be written, for somebody who chooses.
 * @param values what stands in the column
 * @param zone in which times are that name none
 */
export function timeChoices(values: readonly unknown[], zone: string): TimeChoices {
  const given = values.filter((value) => value !== undefined && value !== null && value !== "");
  const ways = namedFormats
    .map((format) => ({ format, times: given.map((value) => readTime(value, { format, zone })) }))
    .map((way) => ({ ...way, n: way.times.filter(Boolean).length }));
  const most = Math.max(1, ...ways.map(({ n }) => n));
  const distinct = new Map<string, (typeof ways)[number]>();
  for (const way of ways.filter(({ n }) => n === most)) {
    const key = way.times.map((time) => time?.getTime()).join();
    if (!distinct.has(key)) distinct.set(key, way);
  }
  const [best, ...others] = [...distinct.values()];
  // Numbers that are seconds are a spreadsheet's days only to who asks for it.
  const fitting = best === undefined ? [] : best.format === "auto" ? [best] : [best, ...others.filter(({ format }) => format !== "excel")];
  // The first time by which the ways differ: all of them agree on 5/5.
  const differing = given.findIndex((_, i) => new Set(fitting.map(({ times }) => times[i]?.getTime())).size > 1);
  const shown = differing >= 0 ? differing : (best?.times.findIndex(Boolean) ?? 0);
  const needsZone = given.some((value) => typeof value === "string" && !isMoment.test(value.trim()) && !namesZone.test(value));
  return {
    fitting: fitting.flatMap(({ format, times }) => {
      const at = times[shown];
      return at ? [{ format, given: String(given[shown]), at }] : [];
    }),
    needsZone,
  };
}
