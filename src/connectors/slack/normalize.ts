import {
  type NormalizedActivity,
  type NormalizedBatch,
  type NormalizedChannel,
  type NormalizedIdentity,
  type RawRecord,
  RecordError,
} from "#features/ledger/index.ts";
import { titleFromWords } from "../words.ts";
import {
  deletedPayloadSchema,
  type MessagePayload,
  messagePayloadSchema,
  readTs,
  type SlackMessage,
  userPayloadSchema,
  usersStream,
} from "./format.ts";
import { activityKind, sortOf } from "./message-kinds.ts";
import { readAuthor, readUser } from "./read-person.ts";
import { nameOfWordless, readAttributes, readWords } from "./read-words.ts";

export interface NormalizeSettings {
  visibility: NormalizedChannel["visibility"];
  workspace: string;
}

interface Parsing<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } };
}

/** One message, or one account. */
export function normalizeSlack(record: RawRecord, settings: NormalizeSettings): NormalizedBatch {
  if (record.stream === usersStream) {
    const { team, user } = parse(userPayloadSchema, record);
    return batchOf(readUser(team, user));
  }
  // What was deleted says nothing any more; the ledger takes it out.
  if (deletedPayloadSchema.safeParse(record.payload).success) return batchOf(undefined);
  return normalizeMessage(parse(messagePayloadSchema, record), settings);
}

function parse<T>(schema: Parsing<T>, record: RawRecord): T {
  const parsed = schema.safeParse(record.payload);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue?.path.map(String).join(".") ?? "";
  throw new RecordError({ place, reason: `${place} ${issue?.message ?? "cannot be read"}`, remedy: "Export it again; all the rest was taken." });
}

function batchOf(identity: NormalizedIdentity | undefined, channel?: NormalizedChannel): NormalizedBatch {
  return { identities: identity ? [identity] : [], channels: channel ? [channel] : [], threads: [], activities: [] };
}

function normalizeMessage(payload: MessagePayload, settings: NormalizeSettings): NormalizedBatch {
  const { team, channel, message } = payload;
  const sort = sortOf(message.subtype);
  const stated = readChannel(payload, settings);
  const root = message.thread_ts ?? message.ts;
  const isReply = root !== message.ts;
  const occurredAt = readTs(message.ts);
  const url = linkTo(payload, settings);
  const thread = {
    externalId: `${channel.id}:${root}`,
    channel: channel.id,
    kind: "chat",
    ...linkTo({ ...payload, message: { ...message, ts: root, thread_ts: undefined } }, settings),
    state: "open" as const,
    openedAt: occurredAt,
  };
  // Where a root was deleted Slack leaves a mark, since its replies stay.
  if (sort === "tombstone") return { ...batchOf(undefined, stated), threads: [{ ...thread, title: "(deleted message)" }] };

  const author = readAuthor(team, message);
  const ref = author && { platform: author.platform, externalId: author.externalId };
  const activity: NormalizedActivity = {
    externalId: `${channel.id}:${message.ts}`,
    kind: activityKind(message.subtype) ?? "message",
    channel: channel.id,
    ...(ref ? { author: ref } : { unattributed: message.author_gone || message.username || "unknown" }),
    occurredAt,
    ...url,
  };
  if (sort !== "words") return { ...batchOf(author, stated), activities: [{ ...activity, ...readLine(message, activity.kind) }] };

  const words = readWords(message);
  const attributes = readAttributes(team, message);
  const edited = message.edited && Number(message.edited.ts) > 0 ? readTs(message.edited.ts) : undefined;
  return {
    ...batchOf(author, stated),
    threads: [{ ...thread, title: titleFromWords(words && readWords(message, "plain"), nameOfWordless(message)), ...(ref && { opener: ref }) }],
    activities: [
      {
        ...activity,
        thread: thread.externalId,
        ...(isReply && { replyTo: thread.externalId }),
        ...(edited && { editedAt: edited }),
        ...(words !== "" && { body: words }),
        ...(attributes && { attributes }),
      },
    ],
  };
}

function readChannel({ channel }: MessagePayload, settings: NormalizeSettings): NormalizedChannel {
  const closed = channel.is_private || channel.kind !== "channel";
  return {
    externalId: channel.id,
    kind: channel.kind === "channel" ? "chat" : "direct",
    name: channel.name ?? channel.id,
    visibility: closed ? "restricted" : settings.visibility,
    ...(channel.name === undefined && { partial: true as const }),
  };
}

/** What is known of a line that Slack wrote. */
function readLine(message: SlackMessage, kind: string): Pick<NormalizedActivity, "body" | "attributes"> {
  const { subtype, name, old_name, topic, purpose, inviter } = message;
  const words = kind === "system" ? readWords(message) : "";
  return {
    ...(words !== "" && { body: words }),
    attributes: {
      subtype,
      ...(old_name && { from: old_name }),
      ...(old_name && name && { to: name }),
      ...(topic && { topic }),
      ...(purpose && { purpose }),
      ...(inviter && { inviter }),
    },
  };
}

/** In the workspace where its address is known, else in the web client, which shows the thread. */
function linkTo({ team, channel, message }: MessagePayload, settings: NormalizeSettings): { url?: string } {
  if (channel.id.includes(":")) return {};
  const root = message.thread_ts && message.thread_ts !== message.ts ? message.thread_ts : undefined;
  const host = hostOfWorkspace(settings.workspace);
  if (host) {
    const url = `https://${host}/archives/${channel.id}/p${message.ts.replace(".", "")}`;
    return { url: root ? `${url}?thread_ts=${root}&cid=${channel.id}` : url };
  }
  return /^[TE][A-Z0-9]+$/.test(team) ? { url: `https://app.slack.com/client/${team}/${channel.id}/thread/${channel.id}-${root ?? message.ts}` } : {};
}

let lastWorkspace = { text: "", host: "" };

/** `acme`, `acme.slack.com` or the whole address; taken apart once and not for each message. */
function hostOfWorkspace(text: string): string {
  if (lastWorkspace.text !== text) {
    const name = text
      .trim()
      .replace(/^https?:\/\//i, "")
      .replace(/\/.*$/s, "")
      .toLowerCase();
    lastWorkspace = { text, host: name === "" || name.includes(".") ? name : `${name}.slack.com` };
  }
  return lastWorkspace.host;
}
