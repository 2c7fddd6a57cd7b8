import { z } from "zod";
import {
  type NormalizedActivity,
  type NormalizedBatch,
  type NormalizedChannel,
  type NormalizedIdentity,
  type RawRecord,
  RecordError,
} from "#features/ledger/index.ts";
import { hideAddresses } from "./hide-addresses.ts";
import { readAncestors, readDate, readMailHeaders, readOwnId, subjectOf } from "./identify-mail.ts";
import { normalizeSubscription, subscriptionStream } from "./normalize-subscription.ts";
import { rawField, readListId } from "./parse-headers.ts";
import { readBody } from "./read-body.ts";
import { readSender } from "./read-sender.ts";
import { readSubject, threadTitle } from "./read-subject.ts";

/** A mail byte for byte (as Latin-1 characters, which is lossless), and what the mailbox around it says of it. */
const payloadSchema = z.object({
  list: z.string(),
  /** Of text that a «From » line cut off: the mail before it, and that mail's thread as far as it says. */
  after: z.object({ id: z.string(), thread: z.string() }).optional(),
  /** When the mailbox took it in, where it bears no time. */
  received: z.iso.datetime().optional(),
  /** A time near its own, from its neighbours, where there is nothing else. */
  near: z.iso.datetime().optional(),
  cutBytes: z.number().optional(),
  /** "" where it did not come out of a mailbox. */
  fromLine: z.string(),
  mail: z.string(),
});

export type MailPayload = z.output<typeof payloadSchema>;

export interface MailSettings {
  visibility: NormalizedChannel["visibility"];
}

/** One mail: its thread as far as its own fields tell (`arrangeMails` knows more), and what it says. */
export function normalizeMail(record: RawRecord, settings: MailSettings): NormalizedBatch {
  if (record.stream === subscriptionStream) return normalizeSubscription(record);
  const parsed = payloadSchema.safeParse(record.payload);
  if (!parsed.success) {
    throw new RecordError({ place: record.externalId, reason: "The stored mail cannot be read.", remedy: "Import the mailbox again." });
  }
  const payload = parsed.data;
  const { headers, isFragment } = readMailHeaders(payload.mail, payload.fromLine);
  const list = readListId(headers) ?? payload.list;
  const date = isFragment ? undefined : readDate(headers, payload.fromLine);
  const at = date?.at ?? new Date(payload.received ?? payload.near ?? 0);
  const sender = isFragment ? { unattributed: "no sender" } : readSender(headers, payload.fromLine, `mbox:${payload.list}`);
  // Of a fragment, the line that cut it off is its first line of text.
  const body = readBody(headers, isFragment ? `${payload.fromLine}\n${payload.mail}` : payload.mail);
  const shown = (text: string) => (settings.visibility === "public" ? hideAddresses(text) : text);
  const words = shown(subjectOf(headers));
  const subject = readSubject(words);
  // A subject of reply marks alone says nothing.
  const title = subject.title === "" ? shown(firstWords(body.text)) || "(no subject)" : words;
  const url = rawField(headers, "archived-at").replace(/^<|>$/g, "");
  const author = "identity" in sender ? { platform: sender.identity.platform, externalId: sender.identity.externalId } : undefined;
  const ancestors = readAncestors(headers);
  const id = readOwnId(headers) || record.externalId;
  // A reply to what is not here is still a reply, and no opening.
  const replyTo = payload.after?.id ?? ancestors.at(-1) ?? (subject.isReply ? `subject:${subject.key}` : undefined);
  const thread = payload.after?.thread ?? ancestors[0] ?? id;

  const activity: NormalizedActivity = {
    externalId: record.externalId,
    kind: "mail",
    channel: list,
    thread,
    ...(replyTo !== undefined && { replyTo }),
    ...("identity" in sender ? { author } : { unattributed: shown(sender.unattributed) }),
    occurredAt: at,
    title,
    ...(body.text !== "" && { body: shown(body.text) }),
    ...(/^https?:\/\//.test(url) && { url }),
    attributes: {
      messageId: id,
      ...(ancestors.length > 1 && { references: ancestors.slice(0, -1) }),
      ...(body.attachments.length > 0 && { attachments: body.attachments.map((name) => ({ name: shown(name) })) }),
      ...(date?.from !== "date" && { dateFrom: date?.from ?? (payload.received ? "received" : payload.near ? "neighbours" : "nothing") }),
      ...("note" in sender && sender.note && { senderNote: shown(sender.note) }),
      ...(isFragment && { fragment: "A line that begins with «From » cut this text off the mail before it." }),
      ...(automatic(rawField(headers, "auto-submitted")) && { automatic: rawField(headers, "auto-submitted") }),
      ...(payload.cutBytes && { cutBytes: payload.cutBytes }),
    },
  };
  const identities: NormalizedIdentity[] = "identity" in sender ? [sender.identity] : [];
  return {
    identities,
    channels: [{ externalId: list, kind: "list", name: list, visibility: settings.visibility }],
    threads: [
      {
        externalId: thread,
        channel: list,
        kind: "mail",
        title: threadTitle(title),
        state: "open",
        openedAt: at,
        ...(author && { opener: author }),
      },
    ],
    activities: [activity],
  };
}

const automatic = (value: string) => value !== "" && value.toLowerCase() !== "no";

function firstWords(text: string): string {
  const line = text.split("\n").find((part) => part.trim() !== "") ?? "";
  return line.length > 80 ? `${line.slice(0, 79).trimEnd()}…` : line;
}
