import { z } from "zod";

const id = z.string().regex(/^\d{1,20}$/, "is no id of Discord's: digits in quotes were expected");
const text = z.string().nullish();

export const personSchema = z.object({
  id,
  name: text,
  discriminator: text,
  nickname: text,
  isBot: z.boolean().nullish(),
  avatarUrl: text,
});
export type DiscordPerson = z.output<typeof personSchema>;

const attachments = z.array(z.object({ url: text, fileName: text, fileSizeBytes: z.number().nullish(), contentType: text })).nullish();
const embeds = z
  .array(
    z.object({
      title: text,
      url: text,
      description: text,
      fields: z.array(z.object({ name: text, value: text })).nullish(),
    }),
  )
  .nullish();
const stickers = z.array(z.object({ name: text })).nullish();

/** A message as DiscordChatExporter writes it; what the API sends is brought into this form. */
export const messageSchema = z.object({
  id,
  type: z.union([z.string(), z.number()]).nullish(),
  timestamp: text,
  timestampEdited: text,
  callEndedTimestamp: text,
  isPinned: z.boolean().nullish(),
  content: text,
  author: personSchema.nullish(),
  attachments,
  embeds,
  stickers,
  reactions: z.array(z.object({ emoji: z.object({ id: text, name: text, code: text }), count: z.number().nullish() })).nullish(),
  mentions: z.array(personSchema).nullish(),
  reference: z.object({ type: text, messageId: text, channelId: text, guildId: text }).nullish(),
  forwardedMessage: z.object({ content: text, attachments, embeds, stickers }).nullish(),
  interaction: z.object({ name: text, user: personSchema.nullish() }).nullish(),
  /** From the API alone: who posted is a webhook, and the names may differ from message to message. */
  webhookId: text,
  poll: z.object({ question: text, answers: z.array(z.string()).nullish() }).nullish(),
});
export type DiscordMessage = z.output<typeof messageSchema>;

export const guildSchema = z.object({ id, name: z.string() });
export const channelSchema = z.object({
  id,
  type: z.string(),
  /** For a thread the channel that it hangs under, else the category. */
  categoryId: text,
  category: text,
  name: z.string(),
  /** From the API alone: whether the channel is closed to those who are only members. */
  isPrivate: z.boolean().optional(),
});
export type DiscordGuild = z.output<typeof guildSchema>;
export type DiscordChannel = z.output<typeof channelSchema>;

/** What stands before the messages of an export. */
export const headSchema = z.object({ guild: guildSchema, channel: channelSchema, exportedAt: text });

/** One record: a message and where it stands. */
export const payloadSchema = z.object({
  guild: guildSchema,
  channel: channelSchema,
  message: messageSchema,
  /** Where a chain of replies began, when it is known and is not the very message that is answered. */
  root: id.optional(),
});
export type DiscordPayload = z.output<typeof payloadSchema>;

/** A record of a message that is gone. */
export const deletedSchema = z.object({ deleted: z.literal(true), message: z.object({ id }) });

/** What of a head or message is kept as payload: all of the message, and of the rest what places it. */
export interface RawPayload {
  guild: DiscordGuild;
  channel: DiscordChannel;
  message: unknown;
  root?: string;
}

/** The stream of all records. */
export const messagesStream = "messages";
