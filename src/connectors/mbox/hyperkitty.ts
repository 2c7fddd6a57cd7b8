import { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import { AppError } from "#core/errors.ts";
import type { HttpClient } from "#core/http.ts";
import type { ConnectInput, LiveIdentity, PullInput, RecordChunk } from "#features/ledger/index.ts";
import { parseArchiveUrl, readDownloaded, refuseAnswer, unpackAnswer } from "./archive-page.ts";
import { type LiveSettings, requireSettings } from "./live-settings.ts";
import { listOfAddress } from "./name-list.ts";

const example = "https://lists.example.org/archives/list/users@lists.example.org/";
const hint = "Give the address of the list's page and check that anybody can open it. For a private archive, bring in its files.";
const noExport = "Check that its page offers «Download»: the server may have switched downloads off.";
const spacingMs = 200;
/** The windows of two pulls overlap, as a mail may be archived while one is answered. */
const overlapMs = 2 * 86_400_000;

/** Everything that was archived before `until` has been read. */
const cursorSchema = z.object({ kind: z.literal("hyperkitty"), url: z.string(), until: z.string() });

/** Looks at the list's page and tries a download. */
export async function connectHyperkitty(ctx: CoreContext, { settings, http, signal }: ConnectInput<LiveSettings>): Promise<LiveIdentity> {
  const archive = openArchive(settings);
  const first = await firstMonth({ archive, settings, http, signal });
  const now = ctx.clock.now();
  await download({ archive, start: monthOf(now), end: nextDay(now), http, signal });
  const list = listOf(settings, archive);
  return {
    origin: `mbox:${list}`,
    name: list,
    says: `The archive at ${archive.url.href} can be downloaded; it goes back to ${first.toISOString().slice(0, 7)}.`,
  };
}

/** Month by month up to today; later runs only what was archived since. */
export async function* pullHyperkitty(ctx: CoreContext, input: PullInput<LiveSettings>): AsyncGenerator<RecordChunk> {
  const { settings, http, signal } = input;
  const archive = openArchive(settings);
  const list = listOf(settings, archive);
  const held = cursorSchema.safeParse(input.cursor).data;
  const known = held?.url === archive.url.href ? held : undefined;
  const end = nextDay(ctx.clock.now());
  let start = known ? startOfDay(new Date(new Date(known.until).getTime() - overlapMs)) : await firstMonth({ archive, settings, http, signal });
  const months = Math.max(1, Math.ceil((end.getTime() - start.getTime()) / (30.4 * 86_400_000)));
  for (let done = 1; start < end; done++) {
    const next = new Date(Math.min(nextMonth(start).getTime(), end.getTime()));
    const bytes = await download({ archive, start, end: next, http, signal });
    const name = `${archive.address}-${dayOf(start)}.mbox`;
    // What is archived today after this answer comes with the next run.
    const until = next.getTime() === end.getTime() ? ctx.clock.now() : next;
    for await (const { records, rejected, isLast } of readDownloaded({ name, list, bytes, signal })) {
      yield {
        records,
        rejected,
        progress: { done: Math.min(done, months), total: months, unit: "pages" },
        ...(isLast && { cursor: { kind: "hyperkitty", url: archive.url.href, until: until.toISOString() } }),
      };
    }
    start = next;
  }
}

interface Archive {
  url: URL;
  /** The list's address, as the page's own has it. */
  address: string;
}

function openArchive(settings: LiveSettings): Archive {
  requireSettings(settings, { url: `give the list's page in the archive, like ${example}` });
  const url = parseArchiveUrl(settings.url, example);
  const match = /^(.*\/list\/([^/]+@[^/]+)\/)/.exec(decodeURIComponent(url.pathname));
  if (!match?.[1] || !match[2]) {
    throw new AppError("invalid_input", {
      public: `${url.href} is no list's page in a HyperKitty archive. Give one like ${example}`,
      issues: [{ path: "url", message: `give an address like ${example}` }],
    });
  }
  url.pathname = match[1];
  return { url, address: match[2] };
}

const listOf = (settings: LiveSettings, { address }: Archive) => settings.list?.trim().toLowerCase() || listOfAddress(address);

interface Way {
  archive: Archive;
  http: HttpClient;
  signal: AbortSignal;
}

/** Where the archive begins: the earliest month to which the list's page links, or as the settings say. */
async function firstMonth({ archive, settings, http, signal }: Way & { settings: LiveSettings }): Promise<Date> {
  if (settings.since) return new Date(`${settings.since}-01T00:00:00Z`);
  const response = await http.request({ url: archive.url, signal, spacingMs });
  if (!response.ok || isLogin(response.url)) throw refuseAnswer(isLogin(response.url) ? { ...response, status: 403 } : response, "list's page", hint);
  const text = response.text();
  const months = [...text.matchAll(/\/list\/[^/"']+\/(\d{4})\/(\d{1,2})\//g)].map(([, year, month]) => Date.UTC(Number(year), Number(month) - 1));
  if (months.length > 0) return new Date(Math.min(...months));
  throw new AppError("invalid_input", {
    public: `The page at ${archive.url.href} does not show how far back the archive goes. Set «First month» to the month in which the list began.`,
    issues: [{ path: "since", message: "give the month in which the list began, like 2019-05" }],
  });
}

/** What was archived from one day up to, and not on, another. */
async function download({ archive, start, end, http, signal }: Way & { start: Date; end: Date }): Promise<Buffer> {
  const name = `${archive.address}-${dayOf(start)}.mbox.gz`;
  const url = new URL(`export/${encodeURIComponent(name)}`, archive.url);
  url.searchParams.set("start", dayOf(start));
  url.searchParams.set("end", dayOf(end));
  const response = await http.request({ url, signal, spacingMs });
  if (isLogin(response.url)) throw refuseAnswer({ ...response, status: 403 }, "download", hint);
  if (!response.ok) throw refuseAnswer(response, "download", noExport);
  const bytes = unpackAnswer(response, name);
  if (/^\s*<(?:!doctype|html)/i.test(bytes.toString("latin1", 0, 200))) {
    throw new AppError("forbidden", { public: `${url.href} answered with a web page and not with a mailbox: the archive may be private. ${hint}` });
  }
  return bytes;
}

const isLogin = (url: string) => /\/accounts?\/login|\/login\/?(?:\?|$)/.test(url);
const dayOf = (date: Date) => date.toISOString().slice(0, 10);
const startOfDay = (date: Date) => new Date(`${dayOf(date)}T00:00:00Z`);
const monthOf = (date: Date) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth()));
const nextMonth = (date: Date) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1));
const nextDay = (date: Date) => new Date(startOfDay(date).getTime() + 86_400_000);
