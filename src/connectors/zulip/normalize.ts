import type {
  ActivityAttributes,
  IdentityRef,
  NormalizedActivity,
  NormalizedBatch,
  NormalizedChannel,
  NormalizedIdentity,
  NormalizedThread,
  RawRecord,
} from "#features/ledger/index.ts";
import { botReason } from "../known-bots.ts";
import { parseRecord } from "../parse-record.ts";
import { htmlToWords } from "../words.ts";
import {
  encodeName,
  isDeletedUser,
  isMadeUpAddress,
  type MessagePayload,
  messagePayloadSchema,
  readTopic,
  type UserPayload,
  userPayloadSchema,
} from "./format.ts";

const remedy = "Export it again; all the rest was taken.";

export interface ZulipSettings {
  visibility: NormalizedChannel["visibility"];
}

/** One message, or one account. */
export function normalizeZulip(record: RawRecord, settings: ZulipSettings): NormalizedBatch {
  if (record.stream === "users") return normalizeUser(parseRecord(userPayloadSchema, record, remedy));
  return normalizeMessage(parseRecord(messagePayloadSchema, record, remedy), settings);
}

function normalizeUser({ site, user }: UserPayload): NormalizedBatch {
  const nobody = { identities: [], channels: [], threads: [], activities: [] };
  if (isDeletedUser({ name: user.full_name, email: user.delivery_email ?? user.email })) return nobody;
  const address = user.is_bot ? undefined : realAddress(user.delivery_email ?? user.email);
  const identity: NormalizedIdentity = {
    platform: `zulip:${site}`,
    externalId: `id:${user.user_id}`,
    ...(user.full_name && { displayName: user.full_name.trim() }),
    ...(address && { email: address, ...(user.delivery_email && { emailVerified: true }) }),
    ...(user.avatar_url?.startsWith("https://") && { avatarUrl: user.avatar_url }),
    ...(user.is_bot && { kind: { value: "bot" as const, reason: "Zulip marks the account as a bot." } }),
  };
  return { ...nobody, identities: [identity] };
}

function normalizeMessage(payload: MessagePayload, settings: ZulipSettings): NormalizedBatch {
  const { site, channel, message } = payload;
  const sender = readSender(payload);
  const author: IdentityRef | undefined = sender && { platform: sender.platform, externalId: sender.externalId };
  const occurredAt = at(message.timestamp);
  const edited = message.last_edit_timestamp ? at(message.last_edit_timestamp) : undefined;
  const words = readWords(message);
  // The web app empties a message in this way where deleting is not allowed.
  const isEmptied = words === "(deleted)";
  const base = /\./.test(site) ? `https://${site}` : undefined;
  const isClosed = channel.access !== "members";
  const thread = readThread(payload, { base, openedAt: occurredAt, author });
  const attributes = readAttributes(payload, base);

  const activity: NormalizedActivity = {
    externalId: String(message.id),
    kind: "message",
    channel: channel.id,
    thread: thread.externalId,
    ...(author ? { author } : { unattributed: message.sender_full_name?.trim() || "deleted user" }),
    occurredAt,
    ...(edited && { editedAt: edited }),
    ...(isEmptied ? { deletedAt: edited ?? occurredAt } : words !== "" && { body: words }),
    ...(thread.url && { url: `${thread.url}/near/${message.id}` }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
  };
  return {
    identities: sender ? [sender] : [],
    channels: [
      {
        externalId: channel.id,
        kind: "chat",
        name: channel.name,
        ...(base && channel.access !== "conversation" && { url: `${base}/#narrow/stream/${encodeURIComponent(channel.id)}` }),
        visibility: isClosed ? "restricted" : settings.visibility,
      },
    ],
    threads: [thread],
    activities: [activity],
  };
}

/**
 * A topic is a thread: its name within its channel is all that keeps it together, in any case of letters, so a message
 * that was moved goes over to the other thread while its own key stays.
 */
function readThread(
  { channel, message }: MessagePayload,
  input: { base: string | undefined; openedAt: Date; author: IdentityRef | undefined },
): NormalizedThread {
  const isConversation = channel.access === "conversation";
  const topic = isConversation ? { name: channel.name, resolved: false } : readTopic(message.subject);
  return {
    externalId: isConversation ? channel.id : `${channel.id}/${topic.name.toLowerCase()}`,
    channel: channel.id,
    kind: "chat",
    title: topic.name,
    ...(input.base && !isConversation && { url: `${input.base}/#narrow/stream/${channel.id}/topic/${encodeName(message.subject?.trim() ?? "")}` }),
    state: topic.resolved ? "closed" : "open",
    ...(topic.resolved && { stateReason: "solved" }),
    openedAt: input.openedAt,
    ...(input.author && { opener: input.author }),
  };
}

function readSender({ site, message }: MessagePayload): NormalizedIdentity | undefined {
  const name = message.sender_full_name?.trim() ?? "";
  const email = message.sender_email?.trim().toLowerCase() ?? "";
  if (isDeletedUser({ name, email })) return undefined;
  if (!message.sender_id && name === "") return undefined;
  const bot = systemBotReason(name, email) ?? botReason({ name });
  const address = bot ? undefined : realAddress(email);
  return {
    platform: `zulip:${site}`,
    externalId: message.sender_id ? `id:${message.sender_id}` : `name:${name.toLowerCase()}`,
    ...(name && { displayName: name }),
    ...(address && { email: address }),
    ...(bot && { kind: { value: "bot", reason: bot } }),
  };
}

function systemBotReason(name: string, email: string): string | undefined {
  const isSystem = /^(?:notification|welcome|new-user|feedback|emailgateway|nagios-\w+)(?:-bot)?@zulip\.com$/.test(email);
  if (isSystem || name === "Notification Bot" || name === "Welcome Bot") return `${name || email} is one of Zulip's own bots.`;
  return /-bot@/.test(email) ? `Zulip gives addresses with -bot to bots (${email}).` : undefined;
}

function realAddress(email: string | null | undefined): string | undefined {
  const address = email?.trim().toLowerCase() ?? "";
  return address.includes("@") && !isMadeUpAddress(address) ? address : undefined;
}

function readWords(message: MessagePayload["message"]): string {
  const content = message.content ?? "";
  const isHtml = message.content_type ? message.content_type === "text/html" : /^\s*<(?:p|div|ul|ol|blockquote|h\d|hr|table)\b/.test(content);
  return (isHtml ? htmlToWords(content) : content).replace(/\r\n?/g, "\n").trim();
}

function readAttributes({ site, message, reactions }: MessagePayload, base: string | undefined): ActivityAttributes {
  const content = message.content ?? "";
  const mentions: IdentityRef[] = [];
  for (const [, inHtml, inMarkdown] of content.matchAll(/data-user-id="(\d+)"|@_?\*\*[^*|]*\|(\d+)\*\*/g)) {
    const externalId = `id:${inHtml ?? inMarkdown}`;
    if (!mentions.some((mention) => mention.externalId === externalId)) mentions.push({ platform: `zulip:${site}`, externalId });
  }
  const files = new Map<string, string>();
  for (const [, inMarkdown, inHtml] of content.matchAll(/\]\((\/user_uploads\/[^)\s?]+)|href="(\/user_uploads\/[^"?]+)/g)) {
    const path = inMarkdown ?? inHtml ?? "";
    files.set(path, decodeURIComponentSafely(path.slice(path.lastIndexOf("/") + 1)));
  }
  return {
    ...(reactions && Object.keys(reactions).length > 0 && { reactions }),
    ...(mentions.length > 0 && { mentions }),
    ...(files.size > 0 && { attachments: [...files].map(([path, name]) => ({ name, ...(base && { url: `${base}${path}` }) })) }),
  };
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function at(seconds: number): Date {
  return new Date(Math.round(seconds * 1000));
}
