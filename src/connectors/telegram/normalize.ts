import {
  type NormalizedActivity,
  type NormalizedBatch,
  type NormalizedChannel,
  type NormalizedIdentity,
  type RawRecord,
  RecordError,
} from "#features/ledger/index.ts";
import { botReason } from "../known-bots.ts";
import { parseRecord } from "../parse-record.ts";
import { titleFromWords } from "../words.ts";
import {
  activityKind,
  chatKey,
  isDirect,
  isNumberedByChat,
  isPublic,
  type NormalizeSettings,
  payloadSchema,
  readPeer,
  type TelegramChat,
  type TelegramMessage,
} from "./format.ts";
import { nameOfWordless, readAttributes } from "./read-attributes.ts";
import { isForwarded, platform, readWords } from "./read-text.ts";
import { readEdited, readMoment } from "./read-time.ts";

const remedy = "Export the chat again with the newest Telegram Desktop; all the rest was taken.";

/** One message, join or new topic of a chat: who did it, and in which thread. */
export function normalizeMessage(record: RawRecord, settings: NormalizeSettings): NormalizedBatch {
  const { chat, message } = parseRecord(payloadSchema, record, remedy);
  const kind = activityKind(message);
  const channel = readChannel(chat, settings);
  if (!kind) return { identities: [], channels: [channel], threads: [], activities: [] };
  const occurredAt = readMoment(message.date_unixtime, message.date, settings.timeZone);
  if (!occurredAt) {
    const reason = `Message ${message.id} has no time: neither "date_unixtime" nor "date" is one.`;
    throw new RecordError({ place: "message.date", reason, remedy });
  }
  const key = chatKey(chat);
  const idOf = (id: number) => `${key}/${id}`;
  const { identity, unattributed } = readAuthor(chat, message);
  const author = identity && { platform, externalId: identity.externalId };
  const url = linkTo(chat, message.id);
  const activity: NormalizedActivity = {
    externalId: idOf(message.id),
    kind,
    channel: channel.externalId,
    ...(author ? { author } : { unattributed }),
    occurredAt,
    ...(url && { url }),
  };
  const batch: NormalizedBatch = { identities: identity ? [identity] : [], channels: [channel], threads: [], activities: [activity] };
  if (kind === "joined") return batch;

  const words = kind === "message" ? readWords(message) : undefined;
  const answered = answeredBy(chat, message);
  const root = answered ?? message.id;
  const threadUrl = linkTo(chat, root);
  const title = kind === "topic_opened" ? message.title?.trim() || `Topic ${message.id}` : titleFromWords(words, nameOfWordless(message));
  batch.threads.push({
    externalId: idOf(root),
    channel: channel.externalId,
    kind: kind === "topic_opened" ? "topic" : "chat",
    title,
    ...(threadUrl && { url: threadUrl }),
    state: "open",
    openedAt: occurredAt,
    ...(answered === undefined && author && { opener: author }),
  });
  activity.thread = idOf(root);
  if (kind === "topic_opened") {
    activity.title = title;
    return batch;
  }
  const editedAt = readEdited(message.edited_unixtime, message.edited, occurredAt, settings.timeZone);
  const attributes = readAttributes(message);
  if (answered !== undefined) activity.replyTo = idOf(answered);
  if (editedAt) activity.editedAt = editedAt;
  if (words) activity.body = words;
  if (attributes) activity.attributes = attributes;
  return batch;
}

function readChannel(chat: TelegramChat, settings: NormalizeSettings): NormalizedChannel {
  const name = chat.type === "saved_messages" ? "Saved messages" : chat.type === "replies" ? "Replies" : chat.name?.trim();
  return {
    externalId: chatKey(chat),
    kind: isDirect(chat) ? "direct" : "chat",
    name: name || "Deleted Account",
    ...(isNumberedByChat(chat) && { url: `https://t.me/c/${chatKey(chat).replace(/\D+/, "")}` }),
    visibility: isDirect(chat) ? "restricted" : isPublic(chat) ? settings.visibility : settings.privateGroups,
  };
}

/** Telegram's own link, which opens for members. What a group held before it became a supergroup (ids below zero) has none. */
function linkTo(chat: TelegramChat, id: number): string | undefined {
  return isNumberedByChat(chat) && id > 0 ? `https://t.me/c/${chatKey(chat).replace(/\D+/, "")}/${id}` : undefined;
}

/** The message that another answers: one before it in the same chat. */
function answeredBy(chat: TelegramChat, message: TelegramMessage): number | undefined {
  const id = message.reply_to_message_id;
  if (!id || id >= message.id) return undefined;
  const elsewhere = message.reply_to_peer_id;
  return elsewhere && elsewhere !== chatKey(chat) ? undefined : id;
}

/** Accounts of Telegram itself: the service, and those that stand for anonymous admins and for channels. */
const ownBots = new Set(["777000", "1087968824", "136817688"]);

function readAuthor(chat: TelegramChat, message: TelegramMessage): { identity?: NormalizedIdentity; unattributed: string } {
  const isWords = message.type === "message";
  const name = (isWords ? message.from : message.actor)?.trim();
  const peer = readPeer(isWords ? message.from_id : message.actor_id);
  if (peer && !peer.isUser) return { unattributed: name || chat.name?.trim() || "Deleted Account" };
  if (!name || name === "Deleted Account") return { unattributed: "Deleted Account" };
  if (!peer) return { unattributed: name };
  const reason = whyBot(chat, message, peer.id) ?? botReason({ name });
  return {
    unattributed: name,
    identity: {
      platform,
      externalId: `id:${peer.id}`,
      displayName: name,
      ...(reason && { kind: { value: "bot", reason } }),
    },
  };
}

/** Exports mark no bots, but some things only bots do. */
function whyBot(chat: TelegramChat, message: TelegramMessage, id: string): string | undefined {
  if (ownBots.has(id)) return "The account is Telegram's own.";
  if (chat.type === "bot_chat" && id === String(chat.id)) return "Telegram lists the chat with it as one with a bot.";
  if (message.inline_bot_buttons?.length && !message.via_bot && !isForwarded(message)) {
    return "Its messages have buttons below them, which only bots can put there.";
  }
  return undefined;
}
