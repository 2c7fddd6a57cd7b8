import { z } from "zod";

/** A message's time and its name within the channel: seconds and microseconds. As a number it would lose its last digits. */
export const tsPattern = /^\d{9,11}\.\d{1,6}$/;
export const messagesStream = "messages";
export const usersStream = "users";

const text = z.string().nullish();
const ts = z.string().regex(tsPattern, 'is no time of Slack\'s: text like "1454884927.000002" was expected');

export const channelSchema = z.object({
  id: z.string().min(1),
  /** Absent where an event tells of the channel by its id alone. */
  name: z.string().optional(),
  is_private: z.boolean(),
  kind: z.enum(["channel", "dm", "group_dm"]),
});
export type SlackChannel = z.output<typeof channelSchema>;

const attachmentSchema = z.looseObject({
  fallback: text,
  pretext: text,
  title: text,
  title_link: text,
  text,
  author_name: text,
  from_url: text,
  is_share: z.boolean().nullish(),
  fields: z.array(z.looseObject({ title: text, value: text })).nullish(),
});
export type SlackAttachment = z.output<typeof attachmentSchema>;

const fileSchema = z.looseObject({
  id: text,
  name: text,
  title: text,
  mimetype: text,
  size: z.number().nullish(),
  mode: text,
  url: text,
  comment: text,
});

export const messageSchema = z.looseObject({
  ts,
  thread_ts: ts.nullish(),
  subtype: text,
  user: text,
  bot_id: text,
  username: text,
  bot_name: text,
  /** What stands in the place of an account that was taken down. */
  author_gone: text,
  user_profile: z.looseObject({ name: text, real_name: text, display_name: text }).nullish(),
  text,
  edited: z.looseObject({ ts: z.string() }).nullish(),
  reactions: z.record(z.string(), z.number()).nullish(),
  files: z.array(fileSchema).nullish(),
  attachments: z.array(attachmentSchema).nullish(),
  blocks: z.array(z.looseObject({ type: z.string() })).nullish(),
  pinned: z.boolean().nullish(),
  name: text,
  old_name: text,
  topic: text,
  purpose: text,
  inviter: text,
});
export type SlackMessage = z.output<typeof messageSchema>;

/** One record: a message and where it stands. */
export const messagePayloadSchema = z.object({
  /** The workspace: accounts are numbered within it. */
  team: z.string().min(1),
  channel: channelSchema,
  message: messageSchema,
});
export type MessagePayload = z.output<typeof messagePayloadSchema>;

/** A record of a message that is gone. */
export const deletedPayloadSchema = z.object({ deleted: z.literal(true), message: z.object({ ts }) });

export const userPayloadSchema = z.object({
  team: z.string().min(1),
  user: z.looseObject({
    id: z.string().min(1),
    name: text,
    real_name: text,
    deleted: z.boolean().nullish(),
    is_bot: z.boolean().nullish(),
    is_email_confirmed: z.boolean().nullish(),
    is_invited_user: z.boolean().nullish(),
    updated: z.number().nullish(),
    profile: z.looseObject({ real_name: text, display_name: text, email: text, image: text }).nullish(),
  }),
});
export type SlackUser = z.output<typeof userPayloadSchema>["user"];

/** The moment that a `ts` names, to the millisecond. */
export function readTs(value: string): Date {
  const [seconds = "", micros = ""] = value.split(".");
  return new Date(Number(seconds) * 1000 + Math.floor(Number(micros.padEnd(6, "0").slice(0, 6)) / 1000));
}

/** Compares two `ts` without making numbers of them. */
export function compareTs(a: string, b: string): number {
  const [left, right] = [padTs(a), padTs(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function padTs(value: string): string {
  const [seconds = "", micros = ""] = value.split(".");
  return `${seconds.padStart(11, "0")}.${micros.padEnd(6, "0")}`;
}

/** A moment as a `ts`. */
export function toTs(moment: Date): string {
  const ms = moment.getTime();
  return `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, "0")}000`;
}
