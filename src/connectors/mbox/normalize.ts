import { z } from "zod";
import {
  type NormalizedActivity,
  type NormalizedBatch,
  type NormalizedChannel,
  type NormalizedIdentity,
  type RawRecord,
  RecordError,
} from "#features/ledger/index.ts";
import { readDate, readMailHeaders, readOwnId, subjectOf } from "./identify-mail.ts";
import { rawField, readListId } from "./parse-headers.ts";
import { readBody } from "./read-body.ts";
import { readSender } from "./read-sender.ts";
import { readSubject } from "./thread-index.ts";

/** A mail byte for byte (as Latin-1 characters, which is lossless), and what the mailbox around it says of it. */
const payloadSchema = z.object({
  list: z.string(),
  /** The oldest known mail of its thread. */
  thread: z.string(),
  /** The mail it answers. */
  parent: z.string().optional(),
  /** A time near its own, from its neighbours, where it bears none. */
  near: z.iso.datetime().optional(),
  cutBytes: z.number().optional(),
  fromLine: z.string(),
  mail: z.string(),
});

export type MailPayload = z.output<typeof payloadSchema>;

/** One mail: its thread as it sees it, and what it says. */
export function normalizeMail(record: RawRecord, settings: { visibility: NormalizedChannel["visibility"] }): NormalizedBatch {
  const parsed = payloadSchema.safeParse(record.payload);
  if (!parsed.success) {
    throw new RecordError({ place: record.externalId, reason: "The stored mail cannot be read.", remedy: "Import the mailbox again." });
  }
  const payload = parsed.data;
  const { headers, isFragment } = readMailHeaders(payload.mail, payload.fromLine);
  const list = readListId(headers) ?? payload.list;
  const date = isFragment ? undefined : readDate(headers, payload.fromLine);
  const at = date?.at ?? new Date(payload.near ?? 0);
  const sender = isFragment ? { unattributed: "no sender" } : readSender(headers, payload.fromLine, `mbox:${payload.list}`);
  // Of a fragment, the line that cut it off is its first line of text.
  const body = readBody(headers, isFragment ? `${payload.fromLine}\n${payload.mail}` : payload.mail);
  const { title, key, isReply } = readSubject(subjectOf(headers));
  const shown = title || firstWords(body.text) || "(no subject)";
  const url = rawField(headers, "archived-at").replace(/^<|>$/g, "");
  const author = "identity" in sender ? { platform: sender.identity.platform, externalId: sender.identity.externalId } : undefined;
  // A reply to what is not here is still a reply, and no opening.
  const parent = payload.parent ?? (isReply ? `subject:${key}` : undefined);

  const activity: NormalizedActivity = {
    externalId: record.externalId,
    kind: "mail",
    channel: list,
    thread: payload.thread,
    ...(parent !== undefined && { replyTo: parent }),
    ...("identity" in sender ? { author } : { unattributed: sender.unattributed }),
    occurredAt: at,
    title: subjectOf(headers) || shown,
    ...(body.text !== "" && { body: body.text }),
    ...(/^https?:\/\//.test(url) && { url }),
    attributes: {
      messageId: readOwnId(headers) || record.externalId,
      ...(body.attachments.length > 0 && { attachments: body.attachments.map((name) => ({ name })) }),
      ...(date?.from !== "date" && { dateFrom: date?.from ?? (payload.near ? "neighbours" : "nothing") }),
      ...("note" in sender && sender.note && { senderNote: sender.note }),
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
      { externalId: payload.thread, channel: list, kind: "mail", title: shown, state: "open", openedAt: at, ...(author && { opener: author }) },
    ],
    activities: [activity],
  };
}

const automatic = (value: string) => value !== "" && value.toLowerCase() !== "no";

function firstWords(text: string): string {
  const line = text.split("\n").find((part) => part.trim() !== "") ?? "";
  return line.length > 80 ? `${line.slice(0, 79).trimEnd()}…` : line;
}
