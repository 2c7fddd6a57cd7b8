import { z } from "zod";
import type { NormalizedBatch, NormalizedChannel, NormalizedIdentity, RawRecord } from "#features/ledger/index.ts";
import { parseRecord } from "../parse-record.ts";

/**
 * A record as the source writes it. Only what is used is named; the rest of the payload is kept all the same, so that
 * a later version of this file can read more of it without asking the source again.
 */
const topicSchema = z.looseObject({
  id: z.int(),
  title: z.string(),
  body: z.string(),
  createdAt: z.iso.datetime({ offset: true }),
  /** Null where the account was deleted. */
  author: z.looseObject({ id: z.int(), login: z.string() }).nullable(),
});

/**
 * One topic as a thread and its opening.
 *
 * Pure: no clock, no network, no state, and the record is not changed, since stored records are read again whenever
 * `normalizeVersion` is raised. External ids are what the source never changes: numbers and not names.
 */
export function normalizeTopic(record: RawRecord, settings: { site: string; visibility: NormalizedChannel["visibility"] }): NormalizedBatch {
  const topic = parseRecord(topicSchema, record, "Export it again, or report the format.");
  const channel = "topics";
  const thread = `topic:${topic.id}`;
  const author: NormalizedIdentity | undefined = topic.author
    ? { platform: `template:${settings.site}`, externalId: String(topic.author.id), login: topic.author.login }
    : undefined;
  const ref = author && { platform: author.platform, externalId: author.externalId };
  const occurredAt = new Date(topic.createdAt);
  return {
    identities: author ? [author] : [],
    channels: [{ externalId: channel, kind: "category", name: "Topics", visibility: settings.visibility }],
    threads: [
      {
        externalId: thread,
        channel,
        kind: "topic",
        title: topic.title,
        ref: `#${topic.id}`,
        state: "open",
        openedAt: occurredAt,
        ...(ref && { opener: ref }),
      },
    ],
    activities: [
      {
        externalId: thread,
        kind: "topic_opened",
        channel,
        thread,
        // Who cannot be named is counted and never becomes a person.
        ...(ref ? { author: ref } : { unattributed: "deleted account" }),
        occurredAt,
        title: topic.title,
        body: topic.body.replace(/\r\n?/g, "\n"),
      },
    ],
  };
}
