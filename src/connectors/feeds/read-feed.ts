import { createHash } from "node:crypto";
import { parseFeed } from "feedsmith";
import { z } from "zod";
import { AppError } from "#core/errors.ts";

/** One item of a feed in the form in which it is kept, whatever the feed's own. */
export const itemSchema = z.object({
  feed: z.object({ key: z.string(), title: z.string(), host: z.string() }),
  id: z.string(),
  title: z.string().optional(),
  url: z.string().optional(),
  html: z.string().optional(),
  published: z.string().optional(),
  updated: z.string().optional(),
  authors: z.array(z.object({ name: z.string(), address: z.string().optional(), url: z.string().optional() })),
  categories: z.array(z.string()),
  attachments: z.array(z.object({ url: z.string(), type: z.string().optional(), sizeBytes: z.number().optional() })),
  /** `article`, `episode` or `video` */
  media: z.enum(["article", "episode", "video"]),
});

export type FeedItem = z.output<typeof itemSchema>;

export interface ReadFeed {
  key: string;
  title: string;
  items: FeedItem[];
}

type Node = Record<string, unknown>;

/**
 * Reads RSS, Atom, RDF or JSON Feed.
 * @param bytes the file or answer as it came; its encoding is the one that it states
 * @param input.address where it was fetched from, for links that are relative and feeds that do not say what they are
 * @throws AppError `unreadable_file` when it is no feed
 */
export function readFeed(bytes: Buffer, input: { name: string; address?: string }): ReadFeed {
  const text = decode(bytes);
  let format: string;
  let feed: Node;
  try {
    const parsed = parseFeed(text);
    format = parsed.format;
    feed = parsed.feed as Node;
  } catch (cause) {
    throw new AppError("unreadable_file", {
      public: `${input.name} is no feed: ${describeOther(text)}. RSS, Atom, RDF and JSON Feed are read.`,
      cause,
    });
  }
  const title = textOf(feed.title) || input.name;
  const links = listOf(feed.links);
  const linkOf = (rel: string) => links.find((link) => (textOf(link.rel) || "alternate") === rel && textOf(link.href) !== "");
  const atomSelf = listOf(asNode(feed.atom).links).find((link) => textOf(link.rel) === "self");
  const home = textOf(feed.link) || textOf(linkOf("alternate")?.href) || textOf(feed.home_page_url);
  const self = textOf(linkOf("self")?.href) || textOf(atomSelf?.href) || textOf(feed.feed_url) || input.address || "";
  const base = textOf(feed.base) || home || self || input.address || "";
  const key = withoutScheme(self || home) || title.toLowerCase();
  const about = { key, title, host: hostOf(home || self) || key };
  const found = listOf(format === "atom" ? feed.entries : feed.items);
  return { key, title, items: found.map((node) => readItem(node, { about, base })) };
}

function readItem(node: Node, { about, base }: { about: FeedItem["feed"]; base: string }): FeedItem {
  const links = listOf(node.links);
  const alternate = links.find((link) => (textOf(link.rel) || "alternate") === "alternate");
  const guid = asNode(node.guid);
  const guidValue = textOf(node.guid) || textOf(guid.value);
  const permalink = guid.isPermaLink !== false && /^https?:/i.test(guidValue) ? guidValue : "";
  const given =
    textOf(node.url) ||
    textOf(asNode(node.feedburner).origLink) ||
    textOf(node.link) ||
    textOf(alternate?.href) ||
    textOf(links[0]?.href) ||
    permalink;
  const url = absolute(given, base);
  const title = textOf(node.title);
  const dc = asNode(node.dc);
  const published = textOf(node.pubDate) || textOf(node.published) || textOf(node.date_published) || firstText(dc.dates) || textOf(dc.date);
  const updated = textOf(node.updated) || textOf(node.date_modified);
  const html =
    textOf(asNode(node.content).encoded) ||
    textOf(node.content) ||
    textOf(node.content_html) ||
    textOf(node.description) ||
    textOf(node.summary) ||
    textOf(node.content_text) ||
    textOf(asNode(asNode(node.media).group).description);
  const enclosures = [...listOf(node.enclosures), ...listOf(node.attachments), ...links.filter((link) => textOf(link.rel) === "enclosure")];
  const attachments = enclosures.flatMap((one) => {
    const address = absolute(textOf(one.url) || textOf(one.href), base);
    const size = Number(one.length ?? one.size_in_bytes);
    const type = textOf(one.type) || textOf(one.mime_type);
    return address ? [{ url: address, ...(type && { type }), ...(size > 0 && { sizeBytes: size }) }] : [];
  });
  const id = guidValue || textOf(node.id) || url || hash(`${title}\n${published}\n${html}`);
  return {
    feed: about,
    // A site that moves to https gives every item another address: it is the same item.
    id: withoutScheme(id),
    ...(title && { title }),
    ...(url && { url }),
    ...(html && { html }),
    ...(published && { published }),
    ...(updated && { updated }),
    authors: readAuthors(node, dc),
    categories: readCategories(node.categories ?? node.tags),
    attachments,
    media:
      node.yt !== undefined || /^yt:video:/.test(id)
        ? "video"
        : attachments.some(({ type }) => /^(?:audio|video)\//.test(type ?? ""))
          ? "episode"
          : "article",
  };
}

function readAuthors(node: Node, dc: Node): FeedItem["authors"] {
  const given = [...(Array.isArray(node.authors) ? node.authors : []), ...(Array.isArray(dc.creators) ? dc.creators : [])] as unknown[];
  const all = given.length > 0 ? given : [node.author ?? dc.creator ?? asNode(node.itunes).author];
  return all.flatMap((one) => {
    const name = textOf(one) || textOf(asNode(one).name);
    const address = textOf(asNode(one).email);
    const url = textOf(asNode(one).uri) || textOf(asNode(one).url);
    // RSS writes «a@b (Name)».
    const both = /^\s*(\S+@\S+\.\S+?)\s*(?:\(([^)]*)\))?\s*$/.exec(name);
    const read = both ? { name: both[2]?.trim() ?? "", address: both[1] } : { name: name.trim(), ...(address && { address }) };
    return read.name || read.address || url ? [{ ...read, ...(url && { url }) }] : [];
  });
}

function readCategories(given: unknown): string[] {
  if (!Array.isArray(given)) return [];
  return [...new Set(given.map((one: unknown) => textOf(one) || textOf(asNode(one).name) || textOf(asNode(one).term)).filter((name) => name !== ""))];
}

/** As the document says it is written: in its declaration, by a byte order mark, else UTF-8. */
function decode(bytes: Buffer): string {
  const head = bytes.toString("latin1", 0, 200);
  const stated = /<\?xml[^>]*encoding=["']([\w-]+)["']/i.exec(head)?.[1];
  const mark = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : undefined;
  try {
    return new TextDecoder(mark ?? stated ?? "utf-8").decode(bytes);
  } catch {
    // An encoding that nobody knows: most of such files are UTF-8 all the same.
    return new TextDecoder("utf-8").decode(bytes);
  }
}

function describeOther(text: string): string {
  const start = text.trimStart().slice(0, 300).toLowerCase();
  if (start === "") return "it is empty";
  if (/<!doctype html|<html/.test(start)) return "it is a web page; look for its link to the feed";
  if (start.startsWith("<")) return "it is XML of another kind, or cut off";
  return "it is neither XML nor a JSON Feed";
}

function listOf(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter((one): one is Node => typeof one === "object" && one !== null) : [];
}

function asNode(value: unknown): Node {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value.trim();
  const inner = asNode(value).value;
  return typeof inner === "string" ? inner.trim() : "";
}

function firstText(value: unknown): string {
  return Array.isArray(value) ? textOf(value[0]) : textOf(value);
}

function absolute(link: string, base: string): string {
  if (link === "") return "";
  try {
    const url = new URL(link, base || undefined);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : "";
  } catch {
    return "";
  }
}

function withoutScheme(id: string): string {
  return id.replace(/^https?:\/\//i, "").replace(/\/+$/, "");
}

function hostOf(address: string): string {
  try {
    return new URL(address).host.toLowerCase();
  } catch {
    return "";
  }
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
