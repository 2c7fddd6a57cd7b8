/** Month names by their first letters: English, then what German and French writers leave in. */
const months = new Map(
  [
    ["jan"],
    ["feb", "fév", "fev"],
    ["mar", "mär", "mrz"],
    ["apr", "avr"],
    ["may", "mai"],
    ["jun"],
    ["jul"],
    ["aug"],
    ["sep"],
    ["oct", "okt"],
    ["nov"],
    ["dec", "dez", "déc"],
  ].flatMap((names, month) => names.map((name) => [name, month] as const)),
);

/** Minutes east of UTC. Names that stand for several zones are read as mail writers use them. */
const zones: Record<string, number> = {
  ut: 0,
  utc: 0,
  gmt: 0,
  z: 0,
  wet: 0,
  west: 60,
  bst: 60,
  cet: 60,
  met: 60,
  cest: 120,
  mest: 120,
  eet: 120,
  eest: 180,
  msk: 180,
  msd: 240,
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
  akst: -540,
  akdt: -480,
  hst: -600,
  ist: 330,
  hkt: 480,
  sgt: 480,
  jst: 540,
  kst: 540,
  aest: 600,
  aedt: 660,
  nzst: 720,
  nzdt: 780,
};

const name = "([A-Za-z\\u00c0-\\u017f]{3})[A-Za-z\\u00c0-\\u017f]*\\.?";
const clock = "(\\d{1,2})[:.](\\d{2})(?:[:.](\\d{2}))?";
const mailDate = new RegExp(`(\\d{1,2})[\\s-]+${name}[\\s-]+(\\d{2,4})[\\s,]+${clock}\\s*([AaPp][Mm]\\b)?\\s*(.*)$`, "s");
const unixDate = new RegExp(`${name}\\s+(\\d{1,2})\\s+${clock}\\s+(?:([A-Za-z]{2,5}|[+-]\\d{4})\\s+)?(\\d{4})\\s*([+-]\\d{4})?`);
const isoDate = new RegExp(`(\\d{4})-(\\d{2})-(\\d{2})[T\\s]+${clock}(?:[.,]\\d+)?\\s*(.*)$`);

/**
 * Reads the dates that mail programs of thirty years wrote: RFC 2822 with words before it or a named zone after it,
 * `ctime`, ISO 8601, two-digit years, dots in times. A zone that cannot be (+51800) or is missing counts as UTC.
 * @returns undefined when there is no date in it, or one before 1970 or after 2100
 */
export function parseMailDate(text: string): Date | undefined {
  const plain = readDateText(text);
  if (plain || !text.includes("(") || text.length > 200) return plain;
  // The standard allows comments and blanks anywhere.
  return readDateText(text.replace(/\([^()]*\)/g, " ").replace(/\s*:\s*/g, ":"));
}

function readDateText(text: string): Date | undefined {
  const mail = mailDate.exec(text);
  if (mail) {
    const [, day, month, year, hour, minute, second, half, zone] = mail;
    return build({ year, month: monthOf(month), day, hour: twelve(hour, half), minute, second, zone });
  }
  const unix = unixDate.exec(text);
  if (unix) {
    const [, month, day, hour, minute, second, zone, year, late] = unix;
    return build({ year, month: monthOf(month), day, hour: Number(hour), minute, second, zone: late ?? zone });
  }
  const iso = isoDate.exec(text);
  if (!iso) return undefined;
  const [, year, month, day, hour, minute, second, zone] = iso;
  return build({ year, month: Number(month) - 1, day, hour: Number(hour), minute, second, zone });
}

const monthOf = (word: string | undefined) => months.get(word?.toLowerCase() ?? "") ?? -1;

function twelve(hour: string | undefined, half: string | undefined): number {
  const value = Number(hour);
  if (!half) return value;
  return (value % 12) + (half.toLowerCase() === "pm" ? 12 : 0);
}

interface Parts {
  year: string | undefined;
  month: number;
  day: string | undefined;
  hour: number;
  minute: string | undefined;
  second: string | undefined;
  zone: string | undefined;
}

function build(parts: Parts): Date | undefined {
  const day = Number(parts.day);
  const minute = Number(parts.minute);
  const second = Number(parts.second ?? 0);
  if (parts.month < 0 || parts.month > 11 || day < 1 || day > 31 || parts.hour > 24 || minute > 59 || second > 60) return undefined;
  const at = Date.UTC(fullYear(parts.year ?? ""), parts.month, day, parts.hour, minute, second) - minutesOf(parts.zone) * 60_000;
  return at > 0 && at < Date.UTC(2100, 0) ? new Date(at) : undefined;
}

/** Two digits are of this century below 70; three are what came of counting from 1900. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length >= 4) return year;
  return digits.length === 2 && year < 70 ? 2000 + year : 1900 + year;
}

function minutesOf(zone: string | undefined): number {
  const text = zone?.trim() ?? "";
  const offset = /^\(?([+-])(\d{2}):?(\d{2})(?!\d)/.exec(text);
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    return minutes <= 14 * 60 ? (offset[1] === "-" ? -minutes : minutes) : 0;
  }
  return zones[/^\(?([A-Za-z]+)/.exec(text)?.[1]?.toLowerCase() ?? ""] ?? 0;
}
