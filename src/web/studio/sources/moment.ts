const formats = new Map<string, Intl.DateTimeFormat>();

/** A moment to the minute, as clocks show it in a zone. */
export function formatMoment(at: Date, timeZone = "UTC"): string {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZone });
    formats.set(timeZone, format);
  }
  return format.format(at);
}
