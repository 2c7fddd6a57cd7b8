import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { HttpResponse } from "#core/http.ts";
import type { ConnectInput, LiveIdentity, PullInput, RecordChunk } from "#features/ledger/index.ts";
import { type ReadFeed, readFeed } from "./read-feed.ts";
import { toRecords } from "./records.ts";

const cursorSchema = z.object({
  /** By what the feed is known, for as long as the source lasts. */
  key: z.string().optional(),
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  /** Of the address in the settings: where it has moved to for good. */
  moved: z.object({ from: z.string(), to: z.string() }).optional(),
});
type Cursor = z.output<typeof cursorSchema>;

const feedMaxBytes = 32 * 1024 * 1024;

interface FeedSettings {
  url: string;
}
type FetchInput = Pick<PullInput<FeedSettings>, "settings" | "http" | "signal">;

/** Fetches the feed once and says what it is. */
export async function connectFeed(input: ConnectInput<FeedSettings>): Promise<LiveIdentity> {
  const { feed } = await fetchFeed({ ...input, cursor: {} });
  if (!feed) throw new AppError("upstream_failed", { public: "The address answers with nothing." });
  return { origin: `feed:${feed.key}`, name: feed.title, says: `${feed.items.length} items are in it now.` };
}

/** Asks only for what is new: a feed that did not change answers with nothing. */
export async function* pullFeed(input: PullInput<FeedSettings>): AsyncGenerator<RecordChunk> {
  const { feed, cursor, warnings } = await fetchFeed({ ...input, cursor: cursorSchema.safeParse(input.cursor).data ?? {} });
  const { records, rejected } = feed ? toRecords(feed.items) : { records: [], rejected: [] };
  yield { records, rejected, cursor, warnings, progress: { done: records.length, total: records.length, unit: "records" } };
}

async function fetchFeed(input: FetchInput & { cursor: Cursor }): Promise<{ feed: ReadFeed | undefined; cursor: Cursor; warnings: string[] }> {
  const { settings } = input;
  if (settings.url === "")
    throw new AppError("invalid_input", { public: "Give the feed's address.", issues: [{ path: "url", message: "is missing" }] });
  let { cursor } = input;
  // What is remembered of another address says nothing of this one.
  if (cursor.moved && cursor.moved.from !== settings.url) cursor = { ...(cursor.key !== undefined && { key: cursor.key }) };
  let response = await ask(input, cursor.moved?.to ?? settings.url, cursor);
  if (cursor.moved && (response.status === 404 || response.status === 410)) {
    cursor = { ...(cursor.key !== undefined && { key: cursor.key }) };
    response = await ask(input, settings.url, cursor);
  }
  if (response.status === 304) return { feed: undefined, cursor, warnings: [] };
  refuse(response);
  const feed = readFeed(response.body, {
    name: "The answer",
    address: response.url,
    contentType: response.headers.get("content-type") ?? "",
    ...(cursor.key !== undefined && { key: cursor.key }),
  });
  const saysMoved = feed.newAddress !== undefined && feed.newAddress !== response.url ? feed.newAddress : response.movedTo;
  const to = saysMoved ?? cursor.moved?.to;
  const etag = response.headers.get("etag");
  const lastModified = response.headers.get("last-modified");
  return {
    feed,
    cursor: {
      key: feed.key,
      // What was said of the old address is no question to put to the new one.
      ...(etag && !feed.newAddress && { etag }),
      ...(lastModified && !feed.newAddress && { lastModified }),
      ...(to && { moved: { from: settings.url, to } }),
    },
    warnings:
      saysMoved && saysMoved !== cursor.moved?.to
        ? [`The feed has moved for good to ${saysMoved}. It is read there from now on; nothing needs to be changed.`]
        : [],
  };
}

function ask({ http, signal }: FetchInput, url: string, cursor: Cursor): Promise<HttpResponse> {
  return http.request({
    url,
    signal,
    maxBytes: feedMaxBytes,
    headers: {
      accept: "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
      ...(cursor.etag && { "if-none-match": cursor.etag }),
      ...(cursor.lastModified && { "if-modified-since": cursor.lastModified }),
    },
  });
}

/** @throws AppError for an answer that is no feed, in words that say what to do */
function refuse({ status, ok }: HttpResponse): void {
  if (status === 410) {
    throw new AppError("not_found", {
      public: "The feed is gone for good (410): its site says that it will not come back. Pause or remove this source.",
    });
  }
  if (status === 404) throw new AppError("not_found", { public: "There is no feed at this address (404). Look for the new one on the site." });
  if (status === 401 || status === 403) {
    throw new AppError("forbidden", { public: `The site does not let us read the feed (${status}). It must be public.` });
  }
  if (!ok) throw new AppError("upstream_failed", { public: `The site answers ${status} instead of the feed. It is tried again later.` });
}
