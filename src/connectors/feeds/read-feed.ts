import { createHash } from "node:crypto";
import { parseFeed } from "feedsmith";
import { z } from "zod";
import { AppError } from "#core/errors.ts";
import { decodeFeed } from "./decode-feed.ts";
import { explainRefusal } from "./explain-refusal.ts";
import { absolute, asNode, firstOf, listOf, type Node, textOf, withoutScheme } from "./nodes.ts";
import { readAuthors } from "./read-authors.ts";
import { contentOf, titleAsHtml } from "./read-words.ts";

/** One item of a feed in the form in which it is kept, whatever the feed's own. */
export const itemSchema = z.object({
  feed: z.object({ key: z.string(), title: z.string(), host: z.string() }),
  id: z.string(),
  /** As HTML. */
  title: z.string().optional(),
  url: z.string().optional(),
  html: z.string().optional(),
  text: z.string().optional(),
  /** What links within the words lead from. */
  base: z.string().optional(),
  published: z.string().optional(),
  updated: z.string().optional(),
  authors: z.array(z.object({ name: z.string(), address: z.string().optional(), url: z.string().optional() })),
  categories: z.array(z.string()),
  attachments: z.array(z.object({ url: z.string(), type: z.string().optional(), sizeBytes: z.number().optional() })),
  media: z.enum(["article", "episode", "video"]),
});

export type FeedItem = z.output<typeof itemSchema>;

export interface ReadFeed {
  key: string;
  title: string;
  items: FeedItem[];
  /** Where the feed says that it will be from now on (podcasts do). */
  newAddress?: string;
}

/**
 * Reads RSS, Atom, RDF or JSON Feed.
 * @param bytes the file or answer as it came
 * @param input.address where it was fetched from, for links that are relative and feeds that do not say what they are
 * @param input.key by what the feed was known before, when it has moved since
 * @throws AppError `unreadable_file` when it is no feed, with the place where it breaks off
 */
export function readFeed(bytes: Uint8Array, input: { name: string; address?: string; contentType?: string; key?: string }): ReadFeed {
  const text = decodeFeed(bytes, input.contentType);
  const parsed = tryParse(text) ?? tryParse(unwrap(text));
  if (!parsed) {
    throw new AppError("unreadable_file", {
      public: `${input.name} is no feed: ${explainRefusal(text, input.address)}. RSS, Atom, RDF and JSON Feed are read.`,
    });
  }
  const { format, feed } = parsed;
  const title = textOf(feed.title);
  const links = [...listOf(feed.links), ...listOf(asNode(feed.atom).links)];
  const linkOf = (rel: string) => textOf(links.find((link) => (textOf(link.rel) || "alternate") === rel && textOf(link.href) !== "")?.href);
  const ownAddress = absolute(linkOf("self") || textOf(feed.feed_url), input.address ?? "");
  const self = ownAddress || (input.address ?? "");
  const base = absolute(textOf(asNode(feed.xml).base), self) || self;
  const home = absolute(firstOf(feed.link, feed.home_page_url) || linkOf("alternate"), base);
  const key = input.key ?? (keyOf({ id: format === "atom" ? textOf(feed.id) : "", home, ownAddress, title }) || input.name.toLowerCase());
  const about = { key, title: title || input.name, host: hostOf(home) || hostOf(self) || key };
  const authors = format === "atom" || format === "json" ? feed.authors : undefined;
  const shared = { about, base: base || home, authors, home: [home, self].filter(Boolean) };
  const found = listOf(format === "atom" ? feed.entries : feed.items);
  const newAddress = absolute(textOf(asNode(feed.itunes).newFeedUrl), self);
  return { key, title: about.title, items: found.map((node) => readItem(node, shared)), ...(newAddress && { newAddress }) };
}

/** The example in RFC 4287, which many a hand-made feed bears. */
const copiedId = "urn:uuid:60a76c80-d399-11d9-b93c-0003939e0af6";

/**
 * By what a feed is known, live and from a file: its id where that is one for good (Atom), else the address that it gives
 * as its own. Of one that gives none the site alone would be any of the site's feeds, so its title is joined.
 */
function keyOf(feed: { id: string; home: string; ownAddress: string; title: string }): string {
  if (/^(?:tag|urn|yt):/i.test(feed.id) && feed.id.toLowerCase() !== copiedId) return withoutScheme(feed.id);
  return withoutScheme(feed.ownAddress) || [withoutScheme(feed.home), feed.title.toLowerCase()].filter(Boolean).join(" ");
}

function tryParse(text: string): { format: string; feed: Node } | undefined {
  try {
    const { format, feed } = parseFeed(text);
    return { format, feed: asNode(feed) };
  } catch {
    return undefined;
  }
}

/** Some sites put their feed into a web page, and readers take it out again. */
function unwrap(text: string): string {
  const opening = /<(rss|feed|rdf:RDF)\b[^<>]*(?:xmlns|version)\s*=[^<>]*>/i.exec(text);
  if (!opening?.[1]) return "";
  const end = text.lastIndexOf(`</${opening[1]}>`);
  return end === -1 ? "" : text.slice(opening.index, end + opening[1].length + 3);
}

interface Shared {
  about: FeedItem["feed"];
  base: string;
  authors: unknown;
  home: readonly string[];
}

function readItem(node: Node, shared: Shared): FeedItem {
  const base = absolute(textOf(asNode(node.xml).base), shared.base) || shared.base;
  const links = listOf(node.links);
  const alternate = links.find((link) => (textOf(link.rel) || "alternate") === "alternate");
  const guid = asNode(node.guid);
  const guidValue = firstOf(node.guid, guid.value);
  const permalink = guid.isPermaLink !== false && /^https?:/i.test(guidValue) ? guidValue : "";
  const url = absolute(firstOf(node.url, node.link, alternate?.href, permalink, node.external_url), base);
  const title = titleAsHtml(node.title);
  const { published, updated } = datesOf(node);
  const words = contentNode(node);
  const content = contentOf(words);
  const attachments = attachmentsOf(node, base);
  const id = guidValue || textOf(node.id) || textOf(asNode(node.rdf).about) || url || hash(`${title}\n${published}`);
  return {
    feed: shared.about,
    id: withoutScheme(id),
    ...(title && { title }),
    ...(url && { url }),
    ...content,
    ...(content.html && { base: absolute(textOf(asNode(asNode(words).xml).base), base) || url || base }),
    ...(published && { published }),
    ...(updated && { updated }),
    authors: readAuthors(node, { feedAuthors: shared.authors, home: shared.home }),
    categories: categoriesOf(node.categories ?? node.tags),
    attachments,
    media: mediaOf(node, attachments),
  };
}

function datesOf(node: Node): { published: string; updated: string } {
  const dc = asNode(node.dc);
  const terms = asNode(node.dcterms);
  return {
    published: firstOf(
      node.pubDate,
      node.published,
      node.date_published,
      terms.issued,
      terms.created,
      dc.dates,
      dc.date,
      asNode(node.atom).published,
    ),
    updated: firstOf(node.updated, node.date_modified, asNode(node.atom).updated, terms.modified),
  };
}

/** The fullest words that there are, with their kind. */
function contentNode(node: Node): unknown {
  const media = asNode(node.media);
  const [group] = listOf(media.groups);
  const candidates = [
    asNode(node.content).encoded,
    node.content,
    node.content_html,
    node.content_text && { value: node.content_text, type: "text" },
    node.description,
    node.summary,
    asNode(group).description ?? media.description,
    asNode(node.itunes).summary,
  ];
  return candidates.find((candidate) => textOf(candidate) !== "");
}

function attachmentsOf(node: Node, base: string): FeedItem["attachments"] {
  const links = listOf(node.links).filter((link) => textOf(link.rel) === "enclosure");
  return [...listOf(node.enclosures), ...listOf(node.attachments), ...links].flatMap((one) => {
    const url = absolute(textOf(one.url) || textOf(one.href), base);
    const size = Number(one.length ?? one.size_in_bytes);
    const type = textOf(one.type) || textOf(one.mime_type);
    return url ? [{ url, ...(type && { type }), ...(size > 0 && { sizeBytes: size }) }] : [];
  });
}

function mediaOf(node: Node, attachments: FeedItem["attachments"]): FeedItem["media"] {
  const has = (kind: string) => attachments.some(({ type }) => type?.startsWith(`${kind}/`));
  if (node.yt !== undefined) return "video";
  if (has("audio")) return "episode";
  return has("video") ? (node.itunes === undefined ? "video" : "episode") : "article";
}

function categoriesOf(given: unknown): string[] {
  if (!Array.isArray(given)) return [];
  return [...new Set(given.map((one: unknown) => firstOf(one, asNode(one).name, asNode(one).label, asNode(one).term)).filter(Boolean))];
}

function hostOf(address: string): string {
  return URL.parse(address)?.host ?? "";
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
