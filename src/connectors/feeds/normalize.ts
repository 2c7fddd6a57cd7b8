import { type NormalizedBatch, type NormalizedChannel, type NormalizedIdentity, type RawRecord, RecordError } from "#features/ledger/index.ts";
import { htmlToMarkdown } from "../html-to-markdown.ts";
import { identifyPerson } from "../person.ts";
import { linkWithoutToken } from "../words.ts";
import { parseFeedDate } from "./parse-feed-date.ts";
import { type FeedItem, itemSchema } from "./read-feed.ts";

/** One item: a post that stands alone, as a commit does: nobody answers it where the feed is, so it is no thread. */
export function normalizeItem(record: RawRecord, settings: { visibility: NormalizedChannel["visibility"] }): NormalizedBatch {
  const item = itemSchema.parse(record.payload);
  const published = parseFeedDate(item.published);
  const updated = parseFeedDate(item.updated);
  const occurredAt = published ?? updated;
  // Such items are set aside when the feed is read.
  if (!occurredAt) throw new RecordError({ reason: "It bears no date that can be read.", place: "published", remedy: "Read the feed again." });
  const authors = item.authors.flatMap((author) => identityOf(author, item.feed.host) ?? []);
  const [author] = authors;
  const body = item.html ? htmlToMarkdown(item.html) : "";
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
        ...(item.title && { title: htmlToMarkdown(item.title) }),
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

function identityOf(author: FeedItem["authors"][number], host: string): NormalizedIdentity | undefined {
  const scope = `feed:${host}`;
  if (author.url && !author.address) {
    return {
      platform: scope,
      externalId: author.url.replace(/^https?:\/\//i, "").replace(/\/+$/, ""),
      ...(author.name && { displayName: author.name }),
      url: author.url,
    };
  }
  return identifyPerson({ name: author.name, address: author.address ?? "" }, { scope, shared: author.address === undefined });
}
