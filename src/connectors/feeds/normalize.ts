import { type NormalizedBatch, type NormalizedChannel, type NormalizedIdentity, type RawRecord, RecordError } from "#features/ledger/index.ts";
import { htmlToMarkdown } from "../html-to-markdown.ts";
import { identifyPerson } from "../person.ts";
import { htmlToWords, linkWithoutToken } from "../words.ts";
import { withoutScheme } from "./nodes.ts";
import { parseFeedDate } from "./parse-feed-date.ts";
import type { FeedAuthor } from "./read-authors.ts";
import { itemSchema } from "./read-feed.ts";
import { resolveLinks } from "./read-words.ts";

/**
 * One item: a post that stands alone, as a commit does. Nobody answers it where the feed is, so as a thread it would stand
 * among conversations for ever, and a title such as «How do I …?» would wait for an answer; search finds it all the same.
 */
export function normalizeItem(record: RawRecord, settings: { visibility: NormalizedChannel["visibility"] }): NormalizedBatch {
  const item = itemSchema.parse(record.payload);
  const published = parseFeedDate(item.published);
  const updated = parseFeedDate(item.updated);
  const occurredAt = published ?? updated;
  // Such items are set aside when the feed is read.
  if (!occurredAt) throw new RecordError({ reason: "It bears no date that can be read.", place: "published", remedy: "Read the feed again." });
  const authors = item.authors.flatMap((author) => identityOf(author, item.feed.host) ?? []);
  const [author] = authors;
  const title = item.title && htmlToWords(item.title).replace(/\s+/g, " ").trim();
  const body = item.html ? htmlToMarkdown(resolveLinks(item.html, item.base ?? "")) : (item.text ?? "");
  return {
    identities: authors,
    channels: [{ externalId: item.feed.key, kind: "feed", name: item.feed.title, visibility: settings.visibility }],
    threads: [],
    activities: [
      {
        externalId: item.id,
        kind: "post",
        channel: item.feed.key,
        ...(author ? { author: { platform: author.platform, externalId: author.externalId } } : { unattributed: "not named" }),
        occurredAt,
        ...(published && updated && updated > published && { editedAt: updated }),
        ...(title && { title }),
        ...(body && { body }),
        ...(item.url && { url: item.url }),
        attributes: {
          media: item.media,
          ...(item.categories.length > 0 && { categories: item.categories }),
          ...(item.attachments.length > 0 && { attachments: item.attachments.map((one) => ({ ...one, url: linkWithoutToken(one.url) })) }),
          ...(authors.length > 1 && { mentions: authors.slice(1).map(({ platform, externalId }) => ({ platform, externalId })) }),
        },
      },
    ],
  };
}

/** By address, else by a page of their own, else by name; the latter two count within the feed's site alone. */
function identityOf(author: FeedAuthor, host: string): NormalizedIdentity | undefined {
  const scope = `feed:${host}`;
  const byAddress = author.address ? identifyPerson({ name: author.name, address: author.address }, { scope }) : undefined;
  // An address that names nobody (noreply@blogger.com) is joined with the name: a page says more.
  if (byAddress && (byAddress.platform !== scope || !author.url)) return byAddress;
  if (!author.url) return identifyPerson({ name: author.name, address: "" }, { scope, shared: true });
  const about = { ...(author.name && { displayName: author.name }), url: author.url };
  const login = /^https?:\/\/github\.com\/([A-Za-z0-9-]+)\/?$/i.exec(author.url)?.[1];
  if (login) return { platform: "github", externalId: `login:${login.toLowerCase()}`, ...about, login };
  return { platform: scope, externalId: withoutScheme(author.url), ...about };
}
