/** A date of a log as git itself keeps dates: seconds and zone. */
export interface LogDate {
  raw: string;
  /** What the log left out, so that the moment is not certain. */
  doubt?: string;
}

const months = new Map("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ").map((name, month) => [name, month]));

const seconds = /^@?(-?\d{1,17})(?: ([+-]\d{4,6}))?$/;
// The zone's name that some tools add says nothing that its figures do not.
const zone = String.raw`(?: ?([+-]\d{2,4}:?\d{2}|Z|UTC|GMT))?(?: \(?[A-Z]{2,5}\)?)?$`;
const time = String.raw`(\d{1,2})[:.](\d\d)[:.](\d\d)`;
const written = new RegExp(String.raw`^(?:[A-Z][a-z]{2} )?([A-Z][a-z]{2}) +(\d{1,2}) ${time} (\d{4,6})${zone}`);
const mail = new RegExp(String.raw`^(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4,6}) ${time}${zone}`);
const iso = new RegExp(String.raw`^(\d{4,6})-(\d\d)-(\d\d)[T ]${time}${zone}`);
const day = /^(\d{4,6})-(\d\d)-(\d\d)$/;

/**
 * Reads a date in any form of `git log --date` that says when: default, local, iso, iso-strict, rfc, short, raw, unix.
 * @returns undefined for what names no moment, such as «2 weeks ago»
 */
export function parseLogDate(text: string): LogDate | undefined {
  const given = text.trim();
  const stored = seconds.exec(given);
  if (stored) return { raw: `${stored[1]} ${stored[2] ?? "+0000"}` };
  let m = written.exec(given);
  if (m) return assemble({ year: m[6], month: months.get(m[1] ?? ""), day: m[2], time: [m[3], m[4], m[5]], zone: m[7] });
  m = mail.exec(given);
  if (m) return assemble({ year: m[3], month: months.get(m[2] ?? ""), day: m[1], time: [m[4], m[5], m[6]], zone: m[7] });
  m = iso.exec(given);
  if (m) return assemble({ year: m[1], month: Number(m[2]) - 1, day: m[3], time: [m[4], m[5], m[6]], zone: m[7] });
  m = day.exec(given);
  if (!m) return undefined;
  const date = assemble({ year: m[1], month: Number(m[2]) - 1, day: m[3], time: ["0", "0", "0"], zone: "Z" });
  return date && { ...date, doubt: "The log gives the day alone." };
}

function assemble(parts: {
  year: string | undefined;
  month: number | undefined;
  day: string | undefined;
  time: (string | undefined)[];
  zone: string | undefined;
}): LogDate | undefined {
  const [h, min, s] = parts.time.map(Number);
  const dayOfMonth = Number(parts.day);
  if (parts.month === undefined || parts.month < 0 || parts.month > 11 || dayOfMonth < 1 || dayOfMonth > 31) return undefined;
  const ms = Date.UTC(Number(parts.year), parts.month, dayOfMonth, h, min, s);
  if (Number.isNaN(ms)) return undefined;
  if (parts.zone === undefined) return { raw: `${ms / 1000} +0000`, doubt: "The log bears no time zone; the time is read as UTC." };
  const digits = /^[+-]/.test(parts.zone) ? parts.zone.replace(":", "") : "+0000";
  // Absurd zones such as +51800 are what git itself reckons with when it prints the time.
  const value = Number(digits);
  const offset = Math.trunc(value / 100) * 60 + (value % 100);
  return { raw: `${ms / 1000 - offset * 60} ${digits}` };
}
