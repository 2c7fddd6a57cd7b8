/**
 * The moment of a message: seconds since 1970 where the export has them, else the clock of the exporting computer.
 * @param zone where that computer stood
 * @returns undefined where neither is a time
 */
export function readMoment(seconds: string | number | null | undefined, local: string | null | undefined, zone: string): Date | undefined {
  if (seconds !== null && seconds !== undefined && /^\d{1,11}$/.test(String(seconds))) return new Date(Number(seconds) * 1000);
  if (!local || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(local)) return undefined;
  if (/(?:Z|[+-]\d\d:?\d\d)$/.test(local)) return valid(new Date(local));
  const asUtc = valid(new Date(`${local.slice(0, 19)}Z`));
  return asUtc && fromZone(asUtc, zone);
}

/** Exports write the beginning of 1970 for what was never edited. */
export function readEdited(
  seconds: string | number | null | undefined,
  local: string | null | undefined,
  written: Date,
  zone: string,
): Date | undefined {
  const edited = readMoment(seconds, local, zone);
  return edited && edited > written ? edited : undefined;
}

/** Whether a name of a zone is one. */
export function isTimeZone(zone: string): boolean {
  try {
    return formatIn(zone) !== undefined;
  } catch {
    return false;
  }
}

const valid = (date: Date): Date | undefined => (Number.isNaN(date.getTime()) ? undefined : date);

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making a format is slow, and there may be a million times to read. */
function formatIn(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
  formats.set(zone, made);
  return made;
}

/** A clock's time, read as if it were UTC, as the moment at which clocks of the zone showed it. */
function fromZone(clock: Date, zone: string): Date {
  if (zone === "UTC") return clock;
  const offset = (at: number) => Date.parse(`${formatIn(zone).format(at).replace(" ", "T")}Z`) - at;
  const first = clock.getTime() - offset(clock.getTime());
  return new Date(clock.getTime() - offset(first));
}
