import { z } from "zod";
import { AppError } from "#core/errors.ts";
import { defineConnector, type FileIdentity } from "#features/ledger/index.ts";
import { openExport } from "../export-files.ts";
import { visibilitySetting } from "../settings.ts";
import { decodeFeed } from "./decode-feed.ts";
import { normalizeItem } from "./normalize.ts";
import { connectFeed, pullFeed } from "./pull.ts";
import { type ReadFeed, readFeed } from "./read-feed.ts";
import { toRecords } from "./records.ts";

const fileMaxBytes = 64 * 1024 * 1024;

/** Blogs, video channels and podcasts: RSS, Atom, RDF and JSON Feed. */
export const feeds = defineConnector({
  id: "feeds",
  title: "Feed",
  summary: "Posts, episodes and videos of a blog, podcast or channel, from its RSS, Atom or JSON feed.",
  normalizeVersion: 1,
  settings: z.object({
    url: z.string().trim().default("").meta({
      for: "live",
      title: "Feed's address",
      description: "Of the feed itself, not of the site. For YouTube: https://www.youtube.com/feeds/videos.xml?channel_id=…",
    }),
    visibility: visibilitySetting("public"),
  }),
  docs: {
    collects: "Each item with title, words as Markdown, address, authors, categories, and links to what is attached (never the files).",
    identityKey:
      "The author's address where the feed gives one; else the author's account on GitHub or own page; else the name. The latter two count within the feed's site alone. A page that is the site's own tells nobody apart and is not taken. In Atom and JSON Feed who stands for the whole feed wrote what names nobody else. Items without an author are unattributed.",
    limits:
      "A feed holds its newest items only: what had fallen out of it before it was added is not there. An item is known by its guid or id without the scheme, so that a move to https doubles nothing; without either by its link, else by title and date. A feed is known by its id (Atom), else by the address that it gives as its own, else by its site and title. A permanent move (301, 308, a podcast's `itunes:new-feed-url`) is followed from then on and told; a temporary one is not remembered. Items without a date that can be read are set aside, as nobody can say when they appeared; dates without a zone are read as UTC. An item stands alone, as a commit does, since nobody answers it where the feed is; comments are not read.",
    privacy: "Feeds are public. Choose who may see it when yours is not.",
    gettingTheFile: "Save the feed's address with the browser or `curl -o feed.xml <address>`, and bring in the file.",
    connecting:
      '1. Find the feed\'s address: on the site behind the RSS sign, or in its source as `<link rel="alternate" type="application/rss+xml">`.\n2. Enter it. No key is needed.',
  },
  streams: { items: { title: "Items", everyMinutes: 60 } },
  normalize: normalizeItem,
  connect: (_ctx, input) => connectFeed(input),
  pull: (_ctx, input) => pullFeed(input),

  recognizes({ head, isDirectory, entries }) {
    if (isDirectory || entries.length > 0) return 0;
    const start = decodeFeed(head.subarray(0, 4000));
    if (
      /<rss[\s>]/i.test(start) ||
      /<feed[\s>][^>]*(?:w3\.org\/2005\/Atom|purl\.org\/atom)/i.test(start) ||
      /<rdf:RDF[^>]*purl\.org\/rss/i.test(start)
    )
      return 1;
    if (/"version"\s*:\s*"https?:\\?\/\\?\/jsonfeed\.org/.test(start)) return 1;
    return /<feed[\s>]/i.test(start) ? 0.6 : 0;
  },

  async identifyFile(_ctx, { path, signal }): Promise<FileIdentity> {
    const feed = await readFile(path, signal);
    return { origin: `feed:${feed.key}`, name: feed.title, reported: { post: feed.items.length } };
  },

  async *importFile(_ctx, { path, signal }) {
    const { items } = await readFile(path, signal);
    const { records, rejected } = toRecords(items);
    yield { records, rejected, progress: { done: items.length, total: items.length, unit: "records" } };
  },
});

async function readFile(path: string, signal: AbortSignal): Promise<ReadFeed> {
  const files = await openExport(path);
  try {
    const [file] = files.files;
    if (!file || files.files.length > 1)
      throw new AppError("unreadable_file", { public: `${files.name} holds ${files.files.length} files. Bring in one feed at a time.` });
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of file.read(signal)) {
      size += part.length;
      if (size > fileMaxBytes)
        throw new AppError("too_large", { public: `${file.name} is larger than ${fileMaxBytes / 1024 / 1024} MB, which no feed is.` });
      parts.push(part);
    }
    return readFeed(Buffer.concat(parts), { name: file.name });
  } finally {
    await files.close();
  }
}
