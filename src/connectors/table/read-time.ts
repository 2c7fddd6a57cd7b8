import { DateTime } from "luxon";

const iso = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?$/i;
const mail = /^(?:[A-Za-z]{3},\s*)?\d{1,2}\s+[A-Za-z]{3}\s+\d{4}\s+\d{1,2}:\d{2}(?::\d{2})?/;
const digits = /^\d{9,16}(?:\.\d+)?$/;
/** Days from 1899-12-30, on which spreadsheets count, to 1970. */
const excelEpochDays = 25_569;

/** How times can be written besides `auto`, the likeliest first; those that differ only in what is day and what is month stand together. */
export const timeFormats = [
  "MM/dd/yyyy hh:mm:ss a",
  "M/d/yyyy h:mm:ss a",
  "M/d/yyyy h:mm a",
  "M/d/yyyy H:mm:ss",
  "d/M/yyyy H:mm:ss",
  "M/d/yyyy H:mm",
  "d/M/yyyy H:mm",
  "M/d/yyyy",
  "d/M/yyyy",
  "d.M.yyyy H:mm:ss",
  "d.M.yyyy H:mm",
  "d.M.yyyy",
  "yyyy/M/d H:mm:ss",
  "yyyy/M/d H:mm",
  "yyyy/M/d",
  "d/MMM/yy h:mm a",
  "d/MMM/yy H:mm",
  "d MMM yyyy H:mm",
  "d MMM yyyy",
  "MMM d, yyyy h:mm a",
  "MMM d, yyyy",
  "MMMM d, yyyy",
  "yyyyMMdd",
] as const;

type Parser = ReturnType<typeof DateTime.buildFormatParser>;
const parsers = new Map<string, Parser | undefined>();

/**
 * A time as a table writes it.
 * @param how.format `auto`, `excel`, or a pattern of letters as Luxon has it
 * @param how.zone in which times are that name none
 * @returns undefined for what is no time in that form, or no day in the calendar
 */
export function readTime(given: unknown, how: { format: string; zone: string }): Date | undefined {
  if (typeof given === "number") return how.format === "excel" ? fromExcel(given) : fromSeconds(given, String(given));
  if (typeof given !== "string") return undefined;
  const text = given.trim();
  if (text === "") return undefined;
  if (how.format === "excel") return /^\d{1,6}(?:[.,]\d+)?$/.test(text) ? fromExcel(Number(text.replace(",", "."))) : undefined;
  if (how.format !== "auto") return fromPattern(text, how);
  const match = iso.exec(text);
  if (match) return fromIso(match, how.zone);
  if (digits.test(text)) return fromSeconds(Number(text), text);
  if (!mail.test(text)) return undefined;
  const at = DateTime.fromRFC2822(text, { zone: how.zone });
  return at.isValid ? at.toJSDate() : undefined;
}

function fromIso(match: RegExpExecArray, zone: string): Date | undefined {
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction = "", offset] = match;
  const ms = fraction.slice(0, 3).padEnd(3, "0");
  const at = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second), Number(ms));
  const date = new Date(at);
  // What is no day in the calendar would become one of the next month.
  if (date.getUTCDate() !== Number(day) || date.getUTCMonth() !== Number(month) - 1 || date.getUTCHours() !== Number(hour) || Number(minute) > 59)
    return undefined;
  if (offset === undefined) return zone === "UTC" ? date : inZone(date, zone);
  const [, sign, hours, minutes = "0"] = /^([+-])(\d{2}):?(\d{2})?$/.exec(offset) ?? [];
  if (sign === undefined) return date;
  return new Date(at - (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000);
}

/** The moment at which clocks in a zone show what this one shows in UTC. */
function inZone(shown: Date, zone: string): Date {
  return DateTime.fromJSDate(shown, { zone: "UTC" }).setZone(zone, { keepLocalTime: true }).toJSDate();
}

/** Seconds since 1970, or thousandths or millionths of them: told apart by their size, which is that of our days. */
function fromSeconds(value: number, text: string): Date | undefined {
  const whole = text.replace(/\..*$/, "").length;
  const ms = whole <= 10 ? value * 1000 : whole <= 13 ? value : value / 1000;
  const date = new Date(Math.round(ms));
  const year = date.getUTCFullYear();
  return year >= 1973 && year < 2200 ? date : undefined;
}

function fromExcel(days: number): Date | undefined {
  const date = new Date(Math.round((days - excelEpochDays) * 86_400) * 1000);
  const year = date.getUTCFullYear();
  return year >= 1970 && year < 2200 ? date : undefined;
}

function fromPattern(text: string, how: { format: string; zone: string }): Date | undefined {
  const parser = parserOf(how.format);
  if (!parser) return undefined;
  const at = DateTime.fromFormatParser(text, parser, { zone: how.zone, locale: "en" });
  return at.isValid ? at.toJSDate() : undefined;
}

function parserOf(format: string): Parser | undefined {
  if (parsers.has(format)) return parsers.get(format);
  let parser: Parser | undefined;
  try {
    parser = DateTime.buildFormatParser(format, { locale: "en" });
  } catch {
    parser = undefined;
  }
  parsers.set(format, parser);
  return parser;
}
