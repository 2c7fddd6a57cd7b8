import type { RawRecord, RejectedRecord } from "#features/ledger/index.ts";
import { excerptOf } from "../words.ts";
import { parseFeedDate } from "./parse-feed-date.ts";
import type { FeedItem } from "./read-feed.ts";

/** Items as records; one with neither address nor words says nothing. */
export function toRecords(items: readonly FeedItem[]): { records: RawRecord[]; rejected: RejectedRecord[] } {
  const records: RawRecord[] = [];
  const rejected: RejectedRecord[] = [];
  for (const [index, item] of items.entries()) {
    if (!item.title && !item.html && !item.text && !item.url) {
      rejected.push({
        stream: "items",
        place: `item ${index + 1}`,
        reason: "The item has neither title, words nor address.",
        remedy: "Nothing is lost by it.",
        excerpt: excerptOf(item),
      });
      continue;
    }
    const published = parseFeedDate(item.published);
    const updated = parseFeedDate(item.updated);
    if (!published && !updated) {
      const given = item.published ?? item.updated;
      rejected.push({
        stream: "items",
        externalId: item.id,
        place: `item ${index + 1}`,
        reason: given ? `The date of “${item.title ?? item.id}” cannot be read: ${given}.` : `“${item.title ?? item.id}” bears no date.`,
        remedy: "Nobody can say when it appeared; ask the site to date its items.",
        excerpt: excerptOf(item),
      });
      continue;
    }
    const asOf = updated ?? published;
    records.push({ stream: "items", externalId: item.id, payload: item, ...(asOf && { asOf: asOf.toISOString() }) });
  }
  return { records, rejected };
}
