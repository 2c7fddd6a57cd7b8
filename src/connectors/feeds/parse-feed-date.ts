const earliest = Date.UTC(1990, 0, 1);
const latest = Date.UTC(2100, 0, 1);
const months = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
/** Names of zones as feeds write them, in minutes east; names that mean several zones are left out, or taken as mail takes them. */
const zones: Record<string, number> = {
  ...{ z: 0, ut: 0, utc: 0, gmt: 0, wet: 0, west: 60, bst: 60, cet: 60, mez: 60, cest: 120, mesz: 120, eet: 120, eest: 180, msk: 180 },
  ...{ jst: 540, kst: 540, aest: 600, aedt: 660, nzst: 720, nzdt: 780 },
  ...{ est: -300, edt: -240, cst: -360, cdt: -300, mst: -420, mdt: -360, pst: -480, pdt: -420, akst: -540, akdt: -480, hst: -600 },
};

const iso = /^(\d{4})-(\d\d?)-(\d\d?)(?:[T ]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?)?\s*(\S+)?$/;
const mail = /^(?:[^\s,]+,?\s+)?(\d{1,2})[\s-]+([A-Za-z]{3})[A-Za-z]*\.?,?[\s-]+(\d{4}|\d{2})(?:,?\s+(\d{1,2}):(\d\d)(?::(\d\d))?)?\s*(\S+)?$/;
const american = /^(?:[^\s,]+,?\s+)?([A-Za-z]{3})[A-Za-z]*\.?\s+(\d{1,2}),?\s+(\d{4})(?:,?\s+(\d{1,2}):(\d\d)(?::(\d\d))?)?\s*(\S+)?$/;
const seconds = /^\d{9,10}$/;

/**
 * A date as feeds write it, by RFC 3339, by RFC 822 or nearly so; without a zone it is taken for UTC, whatever the zone
 * of this machine.
 */
export function parseFeedDate(text: string | undefined): Date | undefined {
  const given = text?.trim() ?? "";
  if (seconds.test(given)) return within(Number(given) * 1000);
  const i = iso.exec(given);
  if (i) return assemble([i[1], i[2], i[3]], [i[4], i[5], i[6]], i[7]);
  const m = mail.exec(given);
  if (m) return assemble([m[3], monthOf(m[2]), m[1]], [m[4], m[5], m[6]], m[7]);
  const a = american.exec(given);
  if (a) return assemble([a[3], monthOf(a[1]), a[2]], [a[4], a[5], a[6]], a[7]);
  return undefined;
}

function monthOf(name: string | undefined): string {
  return String(months.indexOf((name ?? "").toLowerCase()) + 1);
}

function assemble(date: (string | undefined)[], time: (string | undefined)[], zone: string | undefined): Date | undefined {
  const [year = 0, month = 0, day = 0] = date.map(Number);
  const [hour = 0, minute = 0, second = 0] = time.map((part) => Number(part ?? 0));
  const offset = zone === undefined ? 0 : offsetOf(zone);
  if (offset === undefined || month < 1 || month > 12 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 60) return undefined;
  const full = year < 100 ? (year < 70 ? 2000 : 1900) + year : year;
  return within(Date.UTC(full, month - 1, day, hour, minute, second) - offset * 60_000);
}

function offsetOf(zone: string): number | undefined {
  const figures = /^(?:GMT|UTC)?([+-])(\d\d?):?(\d\d)?$/i.exec(zone);
  if (figures) return (figures[1] === "-" ? -1 : 1) * (Number(figures[2]) * 60 + Number(figures[3] ?? 0));
  return zones[zone.toLowerCase().replace(/^\((.*)\)$/, "$1")];
}

function within(ms: number): Date | undefined {
  return ms >= earliest && ms < latest ? new Date(ms) : undefined;
}
