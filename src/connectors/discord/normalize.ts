import {
  type NormalizedActivity,
  type NormalizedBatch,
  type NormalizedChannel,
  type NormalizedIdentity,
  type NormalizedThread,
  type RawRecord,
  RecordError,
} from "#features/ledger/index.ts";
import { titleFromWords } from "../words.ts";
import { type DiscordMessage, type DiscordPayload, deletedSchema, payloadSchema } from "./format.ts";
import { activityKind, isDirectType, isThreadType, opensPost, sortOf } from "./message-types.ts";
import { isDeleted, isWebhook, platform, readPerson } from "./read-person.ts";
import { nameOfWordless, readAttributes, readWords } from "./read-words.ts";
import { readStamp, writtenAt } from "./snowflake.ts";

export interface NormalizeSettings {
  visibility: NormalizedChannel["visibility"];
  privateChannels: string;
}

/** One message: who wrote it, in which channel and thread. */
export function normalizeMessage(record: RawRecord, settings: NormalizeSettings): NormalizedBatch {
  const parsed = payloadSchema.safeParse(record.payload);
  if (!parsed.success) {
    // What was deleted says nothing any more; the ledger takes it out.
    if (deletedSchema.safeParse(record.payload).success) return { identities: [], channels: [], threads: [], activities: [] };
    const issue = parsed.error.issues[0];
    throw new RecordError({
      place: issue?.path.join(".") ?? "",
      reason: `${issue?.path.join(".")}: ${issue?.message ?? "cannot be read"}`,
      remedy: "Export the channel again; if the fault stays, look at that message in Discord.",
    });
  }
  const payload = parsed.data;
  const { message, channel } = payload;
  const occurredAt = writtenAt(message.id, message.timestamp);
  if (!occurredAt) {
    throw new RecordError({
      place: "message.timestamp",
      reason: `Message ${message.id} has no time: neither its id nor its timestamp is one.`,
      remedy: "Export the channel again.",
    });
  }
  const place = placeOf(payload, settings);
  const kind = activityKind(message, channel.id);
  if (kind === undefined) return { identities: [], channels: [place.channel], threads: [], activities: [] };

  const author = message.author;
  const webhook = author !== null && author !== undefined && isWebhook(author, message.webhookId);
  const known = author && !isDeleted(author) ? readPerson(author, { asOf: record.asOf, webhook }) : undefined;
  const ref = known && { platform, externalId: known.externalId };
  const isWords = sortOf(message.type) === "words";
  const words = isWords ? readWords(message) : undefined;
  const edited = readStamp(message.timestampEdited);
  const url = `${place.url}/${message.id}`;
  const activity: NormalizedActivity = {
    externalId: message.id,
    kind,
    channel: place.channel.externalId,
    ...(ref ? { author: ref } : { unattributed: author ? "Deleted User" : "unknown" }),
    occurredAt,
    ...(edited && { editedAt: edited }),
    url,
    ...(place.visibility && { visibility: place.visibility }),
  };
  if (!isWords) {
    const attributes = readSystem(message);
    return {
      ...batchOf(known, place.channel),
      activities: [{ ...activity, ...(kind === "pinned" && message.reference?.messageId && { replyTo: message.reference.messageId }), attributes }],
    };
  }

  const forward = message.reference?.type === "Forward" || Boolean(message.forwardedMessage);
  const attributes = readAttributes(message, { forward, webhook });
  const answered = answeredBy(message, channel.id);
  const thread = statedThread({ payload, place, occurredAt, words, url, answered, opener: ref });
  return {
    ...batchOf(known, place.channel),
    threads: [thread],
    activities: [
      {
        ...activity,
        thread: thread.externalId,
        ...(answered && { replyTo: answered }),
        ...(kind === "topic_opened" && { title: channel.name }),
        ...(words && { body: words }),
        ...(attributes && { attributes }),
      },
    ],
  };
}

function batchOf(identity: NormalizedIdentity | undefined, channel: NormalizedChannel): NormalizedBatch {
  return { identities: identity ? [identity] : [], channels: [channel], threads: [], activities: [] };
}

interface Place {
  channel: NormalizedChannel;
  /** Address of the channel or thread that holds the message. */
  url: string;
  /** For a private thread in a channel that is more open. */
  visibility?: NormalizedChannel["visibility"];
  /** Whether the message stands in a thread, which exports write as a channel of its own. */
  inThread: boolean;
}

/**
 * The channel as the ledger has it: threads hang under their channel, as they do in Discord. Both a channel's own
 * messages and those of its threads state it, so they must say the same.
 */
function placeOf({ guild, channel }: DiscordPayload, settings: NormalizeSettings): Place {
  const direct = isDirectType(channel.type);
  const server = direct ? "@me" : guild.id;
  const base = `https://discord.com/channels/${server}`;
  const inThread = isThreadType(channel.type);
  const parent = inThread && channel.categoryId && channel.categoryId !== "0" ? { id: channel.categoryId, name: channel.category ?? "" } : undefined;
  const holder = parent ?? channel;
  const closed = direct || channel.isPrivate === true || namesPrivate(settings.privateChannels, holder);
  return {
    channel: {
      externalId: holder.id,
      kind: direct ? "direct" : "chat",
      name: holder.name || holder.id,
      url: `${base}/${holder.id}`,
      visibility: closed ? "restricted" : settings.visibility,
    },
    url: `${base}/${channel.id}`,
    ...(/Private/.test(channel.type) && !closed && { visibility: "restricted" as const }),
    inThread,
  };
}

let privateNames = { text: "", names: new Set<string>() };

/** Whether a channel is on the list of those that are closed; the list is taken apart once and not for each message. */
function namesPrivate(text: string, channel: { id: string; name: string }): boolean {
  if (text === "") return false;
  if (privateNames.text !== text) {
    const names = text.split(/[,\n]/).map((name) => name.trim().replace(/^#/, "").toLowerCase());
    privateNames = { text, names: new Set(names.filter(Boolean)) };
  }
  return privateNames.names.has(channel.id) || privateNames.names.has(channel.name.toLowerCase());
}

/**
 * The message that another answers. Replies bear the type; older exports show them as ordinary messages that point at
 * another in the same channel. What points elsewhere is a message that a followed channel passed on, or was forwarded.
 */
export function answeredBy(
  message: {
    type?: string | number | null;
    reference?: { type?: string | null; messageId?: string | null; channelId?: string | null } | null;
    forwardedMessage?: object | null;
  },
  channelId: string,
): string | undefined {
  const { type, reference } = message;
  if (
    !reference?.messageId ||
    !/^\d{1,20}$/.test(reference.messageId) ||
    reference.type === "Forward" ||
    message.forwardedMessage ||
    sortOf(type) !== "words"
  )
    return undefined;
  return String(type) === "Reply" || String(type) === "19" || reference.channelId === channelId ? reference.messageId : undefined;
}

function statedThread(input: {
  payload: DiscordPayload;
  place: Place;
  occurredAt: Date;
  words: string | undefined;
  url: string;
  answered: string | undefined;
  opener: NormalizedActivity["author"];
}): NormalizedThread {
  const { payload, place, answered } = input;
  const { message, channel } = payload;
  const isRoot = !answered && !place.inThread;
  const isPost = opensPost(message.id, channel.id);
  // A thread that grew out of a message bears that message's id, so it joins what the message itself states.
  const externalId = place.inThread ? channel.id : (payload.root ?? answered ?? message.id);
  return {
    externalId,
    channel: place.channel.externalId,
    kind: isPost ? "topic" : "chat",
    title: place.inThread ? channel.name : titleFromWords(input.words, nameOfWordless(message)),
    url: isRoot ? input.url : `${place.inThread ? place.url : `${place.url}/${externalId}`}`,
    state: "open",
    openedAt: input.occurredAt,
    ...(place.visibility && { visibility: place.visibility }),
    ...((isRoot || isPost) && input.opener && { opener: input.opener }),
  };
}

const boostTiers: Record<string, number> = { 9: 1, 10: 2, 11: 3 };

/** What is known of a line that Discord wrote. */
function readSystem(message: DiscordMessage): NormalizedActivity["attributes"] {
  const ended = readStamp(message.callEndedTimestamp);
  const named = message.reference;
  const type = String(message.type);
  const tier = /Tier([123])$/.exec(type)?.[1] ?? boostTiers[type];
  return {
    type,
    ...(ended && { endedAt: ended.toISOString() }),
    ...(tier && { tier: Number(tier) }),
    ...(named?.channelId && !named.messageId && { startedThread: named.channelId }),
  };
}
