import type { z } from "zod";
import {
  type ActivityAttributes,
  type IdentityRef,
  type NormalizedActivity,
  type NormalizedBatch,
  type NormalizedChannel,
  type RawRecord,
  RecordError,
} from "#features/ledger/index.ts";
import { botReason } from "../known-bots.ts";
import { titleFromWords } from "../words.ts";
import { matrixBotReason, readBridge, splitUserId } from "./bridge.ts";
import { type MessagePayload, messagePayloadSchema, personPayloadSchema } from "./format.ts";
import { readAttachments, readMentions, readWords } from "./read-words.ts";

const platform = "matrix";

/** One message with its edits and reactions, or what somebody is called. */
export function normalizeMatrix(record: RawRecord, settings: { visibility: NormalizedChannel["visibility"] }): NormalizedBatch {
  if (record.stream === "people") {
    const { userId, name, at } = parse(personPayloadSchema, record);
    const labels = name ? [{ kind: "name" as const, value: name, at: new Date(at) }] : [];
    return { identities: [{ ...personOf(userId), labels }], channels: [], threads: [], activities: [] };
  }
  return normalizeMessage(parse(messagePayloadSchema, record), settings);
}

function parse<T extends z.ZodType>(schema: T, record: RawRecord): z.output<T> {
  const parsed = schema.safeParse(record.payload);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue?.path.map(String).join(".") ?? "";
  throw new RecordError({
    place,
    reason: `${place} ${issue?.message ?? "cannot be read"}`,
    remedy: "Export the room again; all the rest was taken.",
  });
}

function normalizeMessage(payload: MessagePayload, settings: { visibility: NormalizedChannel["visibility"] }): NormalizedBatch {
  const { room, event, edit, redactedAt } = payload;
  const person = personOf(event.sender);
  const author: IdentityRef = { platform, externalId: event.sender };
  const occurredAt = new Date(event.origin_server_ts);
  const relation = event.content["m.relates_to"];
  const root = relation?.rel_type === "m.thread" ? relation.event_id : undefined;
  // In a thread, clients that know no threads are shown an answer to the message before; nobody answered it.
  const named = root && relation?.is_falling_back ? undefined : relation?.["m.in_reply_to"]?.event_id;
  const answered = named ?? root;
  const thread = root ?? answered ?? event.event_id;
  const content = edit?.content ?? event.content;
  const isAnswer = answered !== undefined;
  const words = redactedAt === undefined ? readWords({ content, type: event.type, sender: event.sender, isAnswer }) : "";
  const attributes = redactedAt === undefined ? readAttributes(payload, root) : bridgeOf(event.sender);

  const fallback = redactedAt === undefined ? (readAttachments(content, event.type)[0]?.name ?? "(no words)") : "(deleted message)";
  const title = titleFromWords(words, fallback);

  const activity: NormalizedActivity = {
    externalId: event.event_id,
    kind: "message",
    channel: room.id,
    thread,
    ...(answered && { replyTo: answered }),
    author,
    occurredAt,
    ...(edit && redactedAt === undefined && { editedAt: new Date(edit.at) }),
    ...(redactedAt !== undefined && { deletedAt: new Date(redactedAt) }),
    // What opens a thread names it, also where answers to it came in before.
    ...(!isAnswer && { title }),
    ...(words !== "" && { body: words }),
    url: `https://matrix.to/#/${encodeURIComponent(room.id)}/${encodeURIComponent(event.event_id)}`,
    ...(Object.keys(attributes).length > 0 && { attributes }),
  };
  return {
    identities: [person],
    channels: [
      {
        externalId: room.id,
        kind: "chat",
        name: room.name,
        url: `https://matrix.to/#/${encodeURIComponent(room.id)}`,
        visibility: room.access === "closed" ? "restricted" : settings.visibility,
        // A dump of messages alone knows neither name nor rules of their room.
        ...(room.name === room.id && room.access === "unknown" && { partial: true as const }),
      },
    ],
    threads: [
      {
        externalId: thread,
        channel: room.id,
        kind: "chat",
        title,
        url: `https://matrix.to/#/${encodeURIComponent(room.id)}/${encodeURIComponent(thread)}`,
        state: "open",
        openedAt: occurredAt,
        opener: author,
      },
    ],
    activities: [activity],
  };
}

function personOf(userId: string): NormalizedBatch["identities"][number] {
  const { name } = splitUserId(userId);
  const bot = matrixBotReason(userId) ?? botReason({ login: name });
  return {
    platform,
    externalId: userId,
    login: userId,
    url: `https://matrix.to/#/${encodeURIComponent(userId)}`,
    ...(bot && { kind: { value: "bot", reason: bot } }),
  };
}

function readAttributes({ event, edit, reactions }: MessagePayload, root: string | undefined): ActivityAttributes {
  const content = edit?.content ?? event.content;
  const mentions = readMentions(content).filter((userId) => userId !== event.sender);
  const attachments = readAttachments(content, event.type);
  return {
    ...(root && { threadRoot: root }),
    ...(reactions && Object.keys(reactions).length > 0 && { reactions }),
    ...(mentions.length > 0 && { mentions: mentions.map((externalId) => ({ platform, externalId })) }),
    ...(attachments.length > 0 && { attachments }),
    // What programs write: Matrix asks them to say so.
    ...(content.msgtype === "m.notice" && { notice: true }),
    ...bridgeOf(event.sender),
  };
}

function bridgeOf(sender: string): ActivityAttributes {
  const bridged = readBridge(sender);
  return bridged ? { bridged } : {};
}
