import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { ConnectInput, LiveIdentity, PullInput, RecordChunk } from "#features/ledger/index.ts";
import { type ReadFeed, readFeed } from "./read-feed.ts";
import { toRecords } from "./records.ts";

const cursorSchema = z.object({ etag: z.string().optional(), lastModified: z.string().optional() });
const feedMaxBytes = 32 * 1024 * 1024;

interface FeedSettings {
  url: string;
}

/** Fetches the feed once and says what it is. */
export async function connectFeed({ settings, http, signal }: ConnectInput<FeedSettings>): Promise<LiveIdentity> {
  const { feed } = await fetchFeed({ settings, http, signal, cursor: undefined });
  if (!feed) throw new AppError("upstream_failed", { public: "The address answers with nothing." });
  return { origin: `feed:${feed.key}`, name: feed.title, says: `${feed.items.length} items are in it now.` };
}

/** Asks only for what is new: a feed that did not change answers with nothing. */
export async function* pullFeed(input: PullInput<FeedSettings>): AsyncGenerator<RecordChunk> {
  const { feed, cursor, warnings } = await fetchFeed({ ...input, cursor: cursorSchema.safeParse(input.cursor).data });
  const { records, rejected } = feed ? toRecords(feed.items) : { records: [], rejected: [] };
  yield { records, rejected, cursor, warnings, progress: { done: records.length, total: records.length, unit: "records" } };
}

async function fetchFeed(
  input: Pick<PullInput<FeedSettings>, "settings" | "http" | "signal"> & { cursor: z.output<typeof cursorSchema> | undefined },
): Promise<{ feed: ReadFeed | undefined; cursor: object; warnings: string[] }> {
  const { settings, http, signal, cursor } = input;
  if (settings.url === "")
    throw new AppError("invalid_input", { public: "Give the feed's address.", issues: [{ path: "url", message: "is missing" }] });
  const response = await http.request({
    url: settings.url,
    signal,
    maxBytes: feedMaxBytes,
    headers: {
      accept: "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
      ...(cursor?.etag && { "if-none-match": cursor.etag }),
      ...(cursor?.lastModified && { "if-modified-since": cursor.lastModified }),
    },
  });
  if (response.status === 304) return { feed: undefined, cursor: cursor ?? {}, warnings: [] };
  if (response.status === 410) {
    throw new AppError("not_found", {
      public: "The feed is gone for good (410): its site says that it will not come back. Pause or remove this source.",
    });
  }
  if (response.status === 404)
    throw new AppError("not_found", { public: "There is no feed at this address (404). Look for the new one on the site." });
  if (response.status === 401 || response.status === 403) {
    throw new AppError("forbidden", { public: `The site does not let us read the feed (${response.status}). It must be public.` });
  }
  if (!response.ok)
    throw new AppError("upstream_failed", { public: `The site answers ${response.status} instead of the feed. It is tried again later.` });
  const feed = readFeed(response.body, { name: "The answer", address: response.url });
  const moved = response.url !== new URL(settings.url).href;
  return {
    feed,
    cursor: {
      ...(response.headers.get("etag") && { etag: response.headers.get("etag") }),
      ...(response.headers.get("last-modified") && { lastModified: response.headers.get("last-modified") }),
    },
    warnings: moved ? [`The feed now answers from ${response.url}. If it moved for good, change the address in the settings.`] : [],
  };
}
