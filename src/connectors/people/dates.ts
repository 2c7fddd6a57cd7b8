const months = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const iso = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(Z|[+-]00:?00)?)?$/;
const named = /^(\d{4})-([A-Za-z]{3})-(\d{2})$/;

/**
 * A day as registries write it: `2015-01-31`, `2015-Jan-31`, with or without a time, which is UTC. Days are kept as they
 * are typed; no zone shifts them.
 * @returns undefined for what is no day in the calendar
 */
export function readDay(text: string): Date | undefined {
  const word = named.exec(text.trim());
  if (word) return dayOf(Number(word[1]), months.indexOf((word[2] ?? "").toLowerCase()) + 1, Number(word[3]));
  const match = iso.exec(text.trim());
  if (!match) return undefined;
  const day = dayOf(Number(match[1]), Number(match[2]), Number(match[3]));
  const [hour, minute, second] = [Number(match[4] ?? 0), Number(match[5] ?? 0), Number(match[6] ?? 0)];
  if (!day || hour > 23 || minute > 59 || second > 60) return undefined;
  return new Date(day.getTime() + ((hour * 60 + minute) * 60 + second) * 1000);
}

function dayOf(year: number, month: number, day: number): Date | undefined {
  const date = new Date(Date.UTC(year, month - 1, day));
  return month >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date : undefined;
}

const open = { from: Date.UTC(1900, 0, 1), to: Date.UTC(2100, 0, 1) };

/**
 * From when to when somebody belonged somewhere. 1900-01-01 and 2100-01-01 stand for «not known since when» and «still».
 * @returns what is wrong, as field and reason
 */
export function readSpan(
  given: { from: unknown; to: unknown },
  fields: { from: string; to: string },
): { span: { from?: Date; to?: Date } } | { field: string; reason: string } {
  const span: { from?: Date; to?: Date } = {};
  for (const end of ["from", "to"] as const) {
    const value = given[end];
    if (value === null || value === undefined || value === "") continue;
    const day = typeof value === "string" ? readDay(value) : undefined;
    if (!day) return { field: fields[end], reason: `${shown(value)} is no date.` };
    const at = day.getTime();
    if (at < open.from || at > open.to) return { field: fields[end], reason: `${shown(value)} is not between 1900-01-01 and 2100-01-01.` };
    if (at !== open[end]) span[end] = day;
  }
  if (span.from && span.to && span.from > span.to)
    return { field: fields.to, reason: `The end, ${shown(given.to)}, is before the start, ${shown(given.from)}.` };
  return { span };
}

function shown(value: unknown): string {
  return String(JSON.stringify(value)).replaceAll('"', "").slice(0, 40);
}
