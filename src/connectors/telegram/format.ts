import { z } from "zod";
import type { NormalizedChannel } from "#features/ledger/index.ts";

export const messagesStream = "messages";

export interface NormalizeSettings {
  visibility: NormalizedChannel["visibility"];
  privateGroups: NormalizedChannel["visibility"];
  timeZone: string;
}

const count = z.union([z.number(), z.string()]);

const textPart = z.union([
  z.string(),
  z.looseObject({
    type: z.string(),
    text: z.string().nullish(),
    href: z.string().nullish(),
    user_id: z.number().nullish(),
    language: z.string().nullish(),
  }),
]);

/** Words: plain, or in parts where some of them are marked. */
export const textSchema = z.union([z.string(), z.array(textPart)]);
export type TelegramText = z.output<typeof textSchema>;

const reactionSchema = z.looseObject({ type: z.string().nullish(), count: z.number().nullish(), emoji: z.string().nullish() });

export const chatSchema = z.object({ id: z.int(), type: z.string(), name: z.string().nullish() });
export type TelegramChat = z.output<typeof chatSchema>;

export const messageSchema = z.looseObject({
  id: z.int(),
  type: z.string(),
  /** The clock of the computer that exported, without its zone. */
  date: z.string().nullish(),
  date_unixtime: count.nullish(),
  edited: z.string().nullish(),
  edited_unixtime: count.nullish(),
  /** Null where the account was deleted; its id stays. */
  from: z.string().nullish(),
  /** `user123` or `channel123`; a number in exports from before 2021. */
  from_id: count.nullish(),
  actor: z.string().nullish(),
  actor_id: count.nullish(),
  action: z.string().nullish(),
  title: z.string().nullish(),
  members: z.array(z.string().nullable()).nullish(),
  /** Who signed a post of a channel. */
  author: z.string().nullish(),
  forwarded_from: z.string().nullish(),
  saved_from: z.string().nullish(),
  via_bot: z.string().nullish(),
  reply_to_message_id: z.int().nullish(),
  reply_to_peer_id: z.string().nullish(),
  text: textSchema.nullish(),
  photo: z.string().nullish(),
  file: z.string().nullish(),
  file_name: z.string().nullish(),
  file_size: z.number().nullish(),
  mime_type: z.string().nullish(),
  media_type: z.string().nullish(),
  sticker_emoji: z.string().nullish(),
  place_name: z.string().nullish(),
  game_title: z.string().nullish(),
  poll: z.looseObject({ question: textSchema.nullish(), answers: z.array(z.looseObject({ text: textSchema.nullish() })).nullish() }).nullish(),
  todo_list: z.looseObject({ title: textSchema.nullish(), answers: z.array(z.looseObject({ text: textSchema.nullish() })).nullish() }).nullish(),
  reactions: z.array(reactionSchema).nullish(),
  inline_bot_buttons: z.array(z.unknown()).nullish(),
});
export type TelegramMessage = z.output<typeof messageSchema>;

/** One message, and the chat that it stands in. */
export const payloadSchema = z.object({ chat: chatSchema, message: messageSchema });

const directTypes = new Set(["personal_chat", "bot_chat", "saved_messages", "replies", "verify_codes"]);
const basicGroupType = "private_group";

/** Whether a chat is between two, which only these two can see. */
export const isDirect = ({ type }: TelegramChat): boolean => directTypes.has(type);

/** Whether a chat has a public address, so that everybody on Telegram can read it. */
export const isPublic = ({ type }: TelegramChat): boolean => type.startsWith("public_");

/** Whether messages are numbered by the chat itself: elsewhere each account numbers them for itself. */
export const isNumberedByChat = (chat: TelegramChat): boolean => !isDirect(chat) && chat.type !== basicGroupType;

// Until 2021 exports wrote ids with their kind in the bits above 32; no user's and no group's own id was that long then.
const userShift = 2 ** 32;
const groupShift = 2 * userShift;
const shiftEnd = 3 * userShift;

/**
 * What a chat is called for good. A group that became a supergroup is a chat of its own, with another id.
 */
export function chatKey(chat: TelegramChat): string {
  if (isDirect(chat)) return `user${chat.id}`;
  const id = chat.id >= groupShift && chat.id < shiftEnd ? chat.id - groupShift : chat.id;
  return `${chat.type === basicGroupType ? "chat" : "channel"}${id}`;
}

/** Who wrote: an account, or a group or channel in its own name. */
export interface Peer {
  isUser: boolean;
  id: string;
}

/** @returns undefined where the export names no id */
export function readPeer(id: string | number | null | undefined): Peer | undefined {
  if (typeof id === "number") {
    if (id >= groupShift && id < shiftEnd) return { isUser: false, id: `channel${id - groupShift}` };
    return { isUser: true, id: String(id >= userShift && id < groupShift ? id - userShift : id) };
  }
  const match = /^(user|chat|channel)?(\d+)$/.exec(id ?? "");
  if (!match?.[2]) return undefined;
  return match[1] === undefined || match[1] === "user" ? { isUser: true, id: match[2] } : { isUser: false, id: match[0] };
}

/**
 * The kind of activity that an entry of a chat becomes; undefined for what Telegram notes by itself (pinned, renamed,
 * called …) and nobody said.
 */
export function activityKind(message: {
  type?: unknown;
  action?: unknown;
  actor?: unknown;
  members?: unknown;
}): "message" | "joined" | "topic_opened" | undefined {
  if (message.type === "message") return "message";
  switch (message.action) {
    case "topic_created":
      return "topic_opened";
    case "join_group_by_link":
    case "join_group_by_request":
      return "joined";
    case "invite_members":
      // Who comes in by the group's public address is written as inviting only themselves; of others only names are written.
      return Array.isArray(message.members) && message.members.length === 1 && message.actor && message.members[0] === message.actor
        ? "joined"
        : undefined;
    default:
      return undefined;
  }
}
