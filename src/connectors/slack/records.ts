import { z } from "zod";
import type { RawRecord } from "#features/ledger/index.ts";
import { linkWithoutToken } from "../words.ts";
import { messagesStream, type SlackChannel, tsPattern, usersStream } from "./format.ts";

/** What a mention needs: the names of people and of channels that anybody may see, by their ids. */
export interface Directory {
  /** The workspace: accounts are numbered within it. */
  team: string;
  people: ReadonlyMap<string, { name: string; gone?: string }>;
  channels: ReadonlyMap<string, SlackChannel>;
}

type Given = Record<string, unknown>;

const givenSchema = z.looseObject({ ts: z.union([z.string(), z.number()]) });

/** Why a message cannot be kept, where its place is unknown. */
export type Refusal = { refusal: string };

/**
 * A message as a record, the same whether an export, an answer of the API or an event brought it: of what these send,
 * only what says something of the message, and no link that lets anybody fetch a file.
 * @param input.asOf the moment at which the message was as it is given
 */
export function messageRecord(input: { directory: Directory; channel: SlackChannel; message: unknown; asOf: Date }): RawRecord | Refusal {
  const given = givenSchema.safeParse(input.message);
  if (!given.success) return { refusal: "It is no message with a «ts», its time." };
  // Numbers of this size still hold the six digits, if they were written with all of them.
  const ts = typeof given.data.ts === "number" ? given.data.ts.toFixed(6) : given.data.ts;
  if (!tsPattern.test(ts)) return { refusal: `Its «ts», ${JSON.stringify(given.data.ts)}, is no time of Slack's.` };
  const { directory, channel } = input;
  return {
    stream: messagesStream,
    externalId: `${channel.id}:${ts}`,
    payload: { team: directory.team, channel, message: { ts, ...slimMessage(given.data, directory) } },
    asOf: input.asOf.toISOString(),
  };
}

/** A record of a message that is gone. */
export function deletionRecord(input: { channelId: string; ts: string; asOf: Date }): RawRecord {
  return {
    stream: messagesStream,
    externalId: `${input.channelId}:${input.ts}`,
    payload: { deleted: true, message: { ts: input.ts } },
    asOf: input.asOf.toISOString(),
  };
}

/** @returns undefined for what has no id */
export function userRecord(input: { team: string; user: unknown; asOf: Date }): RawRecord | undefined {
  if (!isObject(input.user) || typeof input.user.id !== "string" || input.user.id === "") return undefined;
  const { user } = input;
  const profile = isObject(user.profile) ? user.profile : {};
  const image = profile.image_192 ?? profile.image_72;
  return {
    stream: usersStream,
    externalId: input.user.id,
    payload: {
      team: input.team,
      user: {
        ...pick(user, ["id", "name", "real_name", "deleted", "is_bot", "is_email_confirmed", "is_invited_user", "updated"]),
        profile: { ...pick(profile, ["real_name", "display_name", "email"]), ...(typeof image === "string" && { image: linkWithoutToken(image) }) },
      },
    },
    asOf: input.asOf.toISOString(),
  };
}

/** What to call a person, as Slack shows them. */
export function nameOfUser(user: Given): string | undefined {
  const profile = isObject(user.profile) ? user.profile : {};
  for (const name of [profile.display_name, profile.real_name, user.real_name, user.name]) {
    if (typeof name === "string" && name.trim() !== "") return name.trim();
  }
  return undefined;
}

/** Slack puts this name in the place of a member whose profile was deleted on request; the account's id stays. */
export function nameOfGone(user: Given): string | undefined {
  if (user.deleted !== true) return undefined;
  const profile = isObject(user.profile) ? user.profile : {};
  const names = [user.name, user.real_name, profile.real_name];
  return names.some((name) => typeof name === "string" && /^(?:deactivated ?user\d*|deleted ?user\d*)$/i.test(name.trim()))
    ? "Deactivated User"
    : undefined;
}

const plainFields = ["subtype", "user", "bot_id", "username", "thread_ts", "name", "old_name", "topic", "purpose", "inviter"];
const attachmentFields = ["fallback", "pretext", "title", "title_link", "text", "author_name", "from_url", "is_share"];

function slimMessage(message: Given, directory: Directory): Given {
  const slim = pick(message, plainFields);
  if (slim.thread_ts !== undefined && typeof slim.thread_ts !== "string") delete slim.thread_ts;
  // Comments on files, as old exports have them, name their author inside.
  const comment = isObject(message.comment) ? message.comment : undefined;
  if (comment && typeof slim.user !== "string" && typeof comment.user === "string") slim.user = comment.user;
  const known = typeof slim.user === "string" ? directory.people.get(slim.user) : undefined;
  if (known?.gone) slim.author_gone = known.gone;
  if (!known && isObject(message.user_profile)) slim.user_profile = pick(message.user_profile, ["name", "real_name", "display_name"]);
  const bot = isObject(message.bot_profile) ? message.bot_profile.name : undefined;
  if (typeof bot === "string") slim.bot_name = bot;

  const words = readOwnWords(message, comment);
  if (words !== "") slim.text = nameMentions(withoutToken(words), directory);
  else if (Array.isArray(message.blocks)) slim.blocks = JSON.parse(withoutToken(JSON.stringify(message.blocks))) as unknown;
  if (isObject(message.edited) && typeof message.edited.ts === "string") slim.edited = { ts: message.edited.ts };
  const reactions = countReactions(message.reactions);
  if (reactions) slim.reactions = reactions;
  const files = (Array.isArray(message.files) ? (message.files as unknown[]) : [message.file]).filter(isObject).map(slimFile);
  if (files.length > 0) slim.files = files;
  const attachments = Array.isArray(message.attachments) ? (message.attachments as unknown[]).filter(isObject) : [];
  if (attachments.length > 0) slim.attachments = attachments.map(slimAttachment);
  if (Array.isArray(message.pinned_to) && message.pinned_to.length > 0) slim.pinned = true;
  return slim;
}

/** Slack's sentences about a file, in the place of words: «… uploaded a file: …». What was said with it stands elsewhere. */
const aboutFile = /^(?:<@[A-Z0-9]+(?:\|[^>]*)?>|A file|.{0,80}?) (?:uploaded|shared|added|created|commented on|was (?:shared|commented))\b/;

function readOwnWords(message: Given, comment: Given | undefined): string {
  if (message.subtype === "file_comment" && typeof comment?.comment === "string") return comment.comment;
  const text = typeof message.text === "string" ? message.text : "";
  if (message.subtype !== "file_share" || !isObject(message.file) || !aboutFile.test(text)) return text;
  const said = message.file.initial_comment;
  return isObject(said) && typeof said.comment === "string" ? said.comment : "";
}

function slimFile(file: Given): Given {
  const link = [file.permalink, file.url_private].find((url) => typeof url === "string" && /^https?:/.test(url));
  return { ...pick(file, ["id", "name", "title", "mimetype", "size", "mode"]), ...(typeof link === "string" && { url: linkWithoutToken(link) }) };
}

function slimAttachment(attachment: Given): Given {
  const slim = pick(attachment, attachmentFields);
  for (const [name, value] of Object.entries(slim)) if (typeof value === "string") slim[name] = withoutToken(value);
  if (Array.isArray(attachment.fields)) {
    slim.fields = (attachment.fields as unknown[]).filter(isObject).map((field) => pick(field, ["title", "value"]));
  }
  return slim;
}

/** Exports give links to files a key that opens them to anybody. */
function withoutToken(text: string): string {
  return text.includes("=xox") ? text.replace(/[?&]t=xox[a-z]-[\w-]+/g, "") : text;
}

/** The list of who reacted may be cut off; the count is true. In one order, so that the same reactions are the same payload. */
function countReactions(reactions: unknown): Record<string, number> | undefined {
  if (!Array.isArray(reactions)) return undefined;
  const counts = (reactions as unknown[]).filter(isObject).flatMap(({ name, count, users }): [string, number][] => {
    const many = typeof count === "number" ? count : Array.isArray(users) ? users.length : 0;
    return typeof name === "string" && name !== "" && many > 0 ? [[name, many]] : [];
  });
  return counts.length === 0 ? undefined : Object.fromEntries(counts.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `<@U…>` becomes `<@U…|name>`, as Slack itself wrote it in former years. Names of closed channels are not told. */
function nameMentions(text: string, { people, channels }: Directory): string {
  if (!text.includes("<@") && !text.includes("<#")) return text;
  return text
    .replace(/<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>/g, (mark, id: string) => {
      const name = people.get(id)?.name;
      return name ? `<@${id}|${name.replace(/[<>|&]/g, "")}>` : mark;
    })
    .replace(/<#(C[A-Z0-9]+)(?:\|[^<>]*)?>/g, (mark, id: string) => {
      const channel = channels.get(id);
      return channel?.name && !channel.is_private ? `<#${id}|${channel.name}>` : mark;
    });
}

function pick(from: Given, fields: readonly string[]): Given {
  const picked: Given = {};
  for (const field of fields) {
    const value = from[field];
    if (value !== undefined && value !== null && value !== "") picked[field] = value;
  }
  return picked;
}

function isObject(value: unknown): value is Given {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
