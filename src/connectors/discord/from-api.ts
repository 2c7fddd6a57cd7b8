import { z } from "zod";
import type { RawRecord } from "#features/ledger/index.ts";
import { type ApiChannel, type Directory, describeChannel, isThread } from "./directory.ts";
import { messagesStream, type RawPayload } from "./format.ts";
import { answeredBy } from "./normalize.ts";
import type { ReplyRoots } from "./reply-roots.ts";

const text = z.string().nullish();
const userSchema = z.object({
  id: z.string(),
  username: text,
  discriminator: text,
  global_name: text,
  avatar: text,
  bot: z.boolean().nullish(),
  system: z.boolean().nullish(),
});
type ApiUser = z.output<typeof userSchema>;

const contentSchema = z.object({
  content: text,
  attachments: z.array(z.object({ id: z.string(), url: text, filename: text, size: z.number().nullish(), content_type: text })).nullish(),
  embeds: z
    .array(z.object({ title: text, url: text, description: text, fields: z.array(z.object({ name: text, value: text })).nullish() }))
    .nullish(),
  sticker_items: z.array(z.object({ id: text, name: text })).nullish(),
});
const referenceSchema = z.object({ type: z.int().nullish(), message_id: text, channel_id: text, guild_id: text });

/** A message as the API and the gateway send it; only what is used. */
export const apiMessageSchema = contentSchema.extend({
  id: z.string().regex(/^\d{1,20}$/),
  channel_id: z.string(),
  guild_id: text,
  type: z.int(),
  timestamp: z.string(),
  edited_timestamp: text,
  pinned: z.boolean().nullish(),
  author: userSchema.nullish(),
  member: z.object({ nick: text }).nullish(),
  mentions: z.array(userSchema.extend({ member: z.object({ nick: text }).nullish() })).nullish(),
  reactions: z.array(z.object({ count: z.number(), emoji: z.object({ id: text, name: text }) })).nullish(),
  message_reference: referenceSchema.nullish(),
  referenced_message: z.object({ id: z.string(), type: z.int(), message_reference: referenceSchema.nullish() }).nullish(),
  message_snapshots: z.array(z.object({ message: contentSchema })).nullish(),
  webhook_id: text,
  application_id: text,
  call: z.object({ ended_timestamp: text }).nullish(),
  interaction_metadata: z.object({ name: text, user: userSchema.nullish() }).nullish(),
  interaction: z.object({ name: text, user: userSchema.nullish() }).nullish(),
  poll: z.object({ question: z.object({ text }), answers: z.array(z.object({ poll_media: z.object({ text }) })).nullish() }).nullish(),
});
export type ApiMessage = z.output<typeof apiMessageSchema>;

/** The numbers for which the exporter has names; for the others it writes the number. */
const typeNames: Record<number, string> = {
  0: "Default",
  1: "RecipientAdd",
  2: "RecipientRemove",
  3: "Call",
  4: "ChannelNameChange",
  5: "ChannelIconChange",
  6: "ChannelPinnedMessage",
  7: "GuildMemberJoin",
  18: "ThreadCreated",
  19: "Reply",
};

/**
 * A message as the record that an export would make of it.
 * @param input.at when it was fetched or sent to us
 * @param input.roots is told of the reply, and asked where its chain began
 */
export function toRecord(message: ApiMessage, input: { channel: ApiChannel; directory: Directory; roots: ReplyRoots; at: Date }): RawRecord {
  const { channel, directory, roots } = input;
  const converted = toExportForm(message, directory);
  const payload: RawPayload = { guild: directory.guild, channel: describeChannel(channel, directory), message: converted };
  const answered = isThread(channel) ? undefined : answeredBy(converted, channel.id);
  if (answered) {
    roots.add(message.id, answered);
    const { referenced_message: before } = message;
    // One step further back than the reply itself says.
    const beforeThat =
      before?.message_reference && answeredBy({ type: typeName(before.type), reference: toReference(before.message_reference) }, channel.id);
    if (before && beforeThat) roots.add(before.id, beforeThat);
    const root = roots.find(answered);
    if (root) payload.root = root;
  }
  return { stream: messagesStream, externalId: message.id, payload, asOf: input.at.toISOString() };
}

/** A record of a message that is gone. */
export function toDeletion(id: string, at: Date): RawRecord {
  return { stream: messagesStream, externalId: id, payload: { deleted: true, message: { id } }, asOf: at.toISOString() };
}

function toExportForm(message: ApiMessage, directory: Directory) {
  // An answer to a command comes by the app's own webhook; its author is the app.
  const webhook = Boolean(message.webhook_id) && !message.application_id;
  const snapshot = message.message_snapshots?.[0]?.message;
  const command = message.interaction_metadata?.name ? message.interaction_metadata : message.interaction;
  return {
    id: message.id,
    type: typeName(message.type),
    timestamp: message.timestamp,
    timestampEdited: message.edited_timestamp ?? null,
    callEndedTimestamp: message.call?.ended_timestamp ?? null,
    isPinned: message.pinned ?? false,
    ...toContent(message, directory),
    author: message.author ? toPerson(message.author, message.member?.nick, webhook) : null,
    reactions: (message.reactions ?? []).map(({ emoji, count }) => ({ emoji: { id: emoji.id ?? "", name: emoji.name ?? "" }, count })),
    mentions: (message.mentions ?? []).map((user) => toPerson(user, user.member?.nick)),
    ...(message.message_reference && { reference: toReference(message.message_reference) }),
    ...(snapshot && { forwardedMessage: toContent(snapshot, directory) }),
    ...(command?.name && { interaction: { name: command.name, ...(command.user && { user: toPerson(command.user) }) } }),
    ...(webhook && { webhookId: message.webhook_id }),
    ...(message.poll && {
      poll: { question: message.poll.question.text ?? "", answers: (message.poll.answers ?? []).map(({ poll_media }) => poll_media.text ?? "") },
    }),
  };
}

const typeName = (type: number) => typeNames[type] ?? String(type);

function toReference(reference: z.output<typeof referenceSchema>) {
  return {
    type: reference.type === 1 ? "Forward" : "Default",
    messageId: reference.message_id ?? null,
    channelId: reference.channel_id ?? null,
    guildId: reference.guild_id ?? null,
  };
}

function toContent(content: z.output<typeof contentSchema>, directory: Directory) {
  return {
    content: nameMentions(content.content ?? "", directory),
    attachments: (content.attachments ?? []).map(({ id, url, filename, size, content_type }) => ({
      id,
      url,
      fileName: filename,
      fileSizeBytes: size,
      ...(content_type && { contentType: content_type }),
    })),
    embeds: content.embeds ?? [],
    stickers: content.sticker_items ?? [],
  };
}

function toPerson(user: ApiUser, nick?: string | null, webhook = false) {
  const animated = user.avatar?.startsWith("a_");
  return {
    id: user.id,
    name: user.username ?? "",
    discriminator: (user.discriminator ?? "0").padStart(4, "0"),
    nickname: nick || user.global_name || user.username || "",
    isBot: webhook || user.bot === true || user.system === true,
    ...(user.avatar && { avatarUrl: `https://cdn.discordapp.com/avatars/${user.id}/${user.avatar}.${animated ? "gif" : "png"}` }),
  };
}

/** Channels and roles by their names, as an export shows them; people are named by the message itself. */
function nameMentions(words: string, { channels, roles }: Directory): string {
  if (!words.includes("<")) return words;
  return words
    .replace(/<#(\d+)>/g, (_, id: string) => `#${channels.get(id)?.name ?? "deleted-channel"}`)
    .replace(/<@&(\d+)>/g, (_, id: string) => `@${roles.get(id) ?? "deleted-role"}`);
}
