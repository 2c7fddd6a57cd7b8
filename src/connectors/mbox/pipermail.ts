import { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import { AppError } from "#core/errors.ts";
import type { HttpClient } from "#core/http.ts";
import type { ConnectInput, LiveIdentity, PullInput, RecordChunk } from "#features/ledger/index.ts";
import { parseArchiveUrl, readDownloaded, refuseAnswer, unpackAnswer } from "./archive-page.ts";
import { type LiveSettings, requireSettings } from "./live-settings.ts";

const example = "https://lists.example.org/pipermail/users/";
const hint = "Give the address of the page that lists the months, and check that anybody can open it. For a private archive, bring in its files.";
const spacingMs = 100;
/** Older months hardly change: they are asked for when the page shows another size, and once a week. */
const newestAlwaysAsked = 2;
const weekMs = 7 * 86_400_000;

/** What is known of a month that was read: how to ask whether it changed, and what the page says of its size. */
const monthSchema = z.object({ etag: z.string().optional(), lastModified: z.string().optional(), size: z.string().optional() });
const cursorSchema = z.object({
  kind: z.literal("pipermail"),
  url: z.string(),
  /** When all months were asked for last. */
  lookedAt: z.string(),
  months: z.record(z.string(), monthSchema),
});
type Cursor = z.output<typeof cursorSchema>;

interface Month {
  name: string;
  url: string;
  size: string;
  order: number;
}

/** Looks at the archive's page. */
export async function connectPipermail({ settings, http, signal }: ConnectInput<LiveSettings>): Promise<LiveIdentity> {
  const { url, months } = await readIndex({ settings, http, signal });
  const list = listOfArchive(settings, url);
  return {
    origin: `mbox:${list}`,
    name: list,
    says: `The archive at ${url} lists ${months.length} months (or weeks), from ${months[0]?.name} to ${months.at(-1)?.name}.`,
  };
}

/** Months that are new or changed since the last pull, the oldest first; each is done once it is stored whole. */
export async function* pullPipermail(ctx: CoreContext, input: PullInput<LiveSettings>): AsyncGenerator<RecordChunk> {
  const { settings, http, signal } = input;
  const { url, months } = await readIndex(input);
  const list = listOfArchive(settings, url);
  const held = cursorSchema.safeParse(input.cursor).data;
  const now = ctx.clock.now();
  const known = held?.url === url ? held : { kind: "pipermail" as const, url, lookedAt: now.toISOString(), months: {} };
  const askAll = now.getTime() - new Date(known.lookedAt).getTime() >= weekMs;
  const isDue = (month: Month, i: number) => {
    const before = known.months[month.name];
    return !before || askAll || i >= months.length - newestAlwaysAsked || before.size !== month.size;
  };
  const due = months.filter(isDue);
  let cursor: Cursor = known;
  let failed = 0;
  for (const [i, month] of due.entries()) {
    const progress = { done: i + 1, total: due.length, unit: "pages" as const };
    const before = cursor.months[month.name];
    const response = await http.request({
      url: month.url,
      signal,
      spacingMs,
      headers: {
        ...(before?.etag && { "if-none-match": before.etag }),
        ...(before?.lastModified && { "if-modified-since": before.lastModified }),
      },
    });
    const etag = response.headers.get("etag");
    const lastModified = response.headers.get("last-modified");
    const after = { ...before, ...(etag && { etag }), ...(lastModified && { lastModified }), size: month.size };
    const done: Cursor = { ...cursor, months: { ...cursor.months, [month.name]: after } };
    if (response.status === 304) {
      cursor = done;
      yield { records: [], cursor, progress };
      continue;
    }
    try {
      if (!response.ok) throw refuseAnswer(response, `month ${month.name}`, "The archive's page lists it.");
      const bytes = unpackAnswer(response, month.name);
      for await (const { records, rejected, mails, isLast } of readDownloaded({ name: month.name, list, bytes, signal })) {
        if (isLast) cursor = done;
        yield { records, rejected, progress, ...(isLast && { cursor, reportedParts: { [month.name.replace(/\.gz$/i, "")]: { mail: mails } } }) };
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // One bad month must not keep the others out; without its mark in the cursor it is asked for again.
      failed += 1;
      yield { records: [], progress, warnings: [`${error.message} It is asked for again on the next run.`] };
    }
  }
  if (askAll && failed === 0) yield { records: [], cursor: { ...cursor, lookedAt: now.toISOString() } };
}

async function readIndex(input: { settings: LiveSettings; http: HttpClient; signal: AbortSignal }): Promise<{ url: string; months: Month[] }> {
  requireSettings(input.settings, { url: `give the archive's address, like ${example}` });
  const url = parseArchiveUrl(input.settings.url, example);
  const response = await input.http.request({ url, signal: input.signal });
  if (!response.ok) throw refuseAnswer(response, "archive's page", hint);
  const months = findMonths(response.text(), url);
  if (months.length === 0) {
    throw new AppError("not_found", {
      public: `The page at ${url.href} lists no months to download (no link that ends in .txt or .txt.gz). ${hint}`,
    });
  }
  return { url: url.href, months };
}

/** The links of the page to downloads of its own folder, and what it says of their sizes. */
function findMonths(html: string, base: URL): Month[] {
  const months = new Map<string, Month>();
  for (const [, href = "", label = ""] of html.matchAll(
    /<a\s[^<>]{0,500}?href\s*=\s*["']?([^"'\s<>]{1,300}\.txt(?:\.gz)?)["']?[^<>]{0,500}>([^<]{0,200})/gi,
  )) {
    const link = URL.parse(href.replaceAll("&amp;", "&"), base);
    // Only what lies in the archive itself: a page may link anywhere.
    if (!link || link.origin !== base.origin || !link.pathname.startsWith(base.pathname)) continue;
    const name = decodeURIComponent(link.pathname.slice(base.pathname.length));
    const order = orderOf(name);
    if (name.includes("/") || order === undefined) continue;
    const key = name.replace(/\.gz$/i, "");
    if (!months.has(key) || name.endsWith(".gz")) months.set(key, { name, url: link.href, size: label.replace(/\s+/g, " ").trim(), order });
  }
  return [...months.values()].sort((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1));
}

const monthNames = "january february march april may june july august september october november december".split(" ");

/** When a volume begins, as a number to sort by: Pipermail cuts by year, quarter, month, week or day. */
function orderOf(name: string): number | undefined {
  const text = name.toLowerCase();
  const month = /^(\d{4})-([a-z]+)\.txt/.exec(text);
  if (month?.[2]) return monthNames.includes(month[2]) ? Number(month[1]) * 10_000 + (monthNames.indexOf(month[2]) + 1) * 100 : undefined;
  const quarter = /^(\d{4})q([1-4])\.txt/.exec(text);
  if (quarter) return Number(quarter[1]) * 10_000 + (Number(quarter[2]) * 3 - 2) * 100;
  const day = /^(?:week-of-mon-)?(\d{8})\.txt/.exec(text);
  if (day) return Number(day[1]);
  const year = /^(\d{4})\.txt/.exec(text);
  return year ? Number(year[1]) * 10_000 : undefined;
}

function listOfArchive(settings: LiveSettings, url: string): string {
  const name = new URL(url).pathname.split("/").filter(Boolean).at(-1) ?? "";
  return settings.list?.trim().toLowerCase() || decodeURIComponent(name).toLowerCase() || new URL(url).host;
}
