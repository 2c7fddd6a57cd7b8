import type { ActivityAttributes } from "#features/ledger/index.ts";
import type { SlackAttachment, SlackMessage } from "./format.ts";
import { findMentions, readMrkdwn } from "./mrkdwn.ts";
import { readBlocks } from "./read-blocks.ts";
import { platformOf } from "./read-person.ts";

type Style = "markdown" | "plain";

/**
 * What a message says. What an app shows in a box counts as its words, and a message that was passed on is quoted; the
 * preview of a link that a person posted is neither.
 */
export function readWords(message: SlackMessage, style: Style = "markdown"): string {
  const parts = [readMrkdwn(message.text || readBlocks(message.blocks), style)];
  const isApp = Boolean(message.bot_id) || message.subtype === "bot_message";
  for (const attachment of message.attachments ?? []) {
    if (attachment.is_share) parts.push(quoteShared(attachment, style));
    else if (isApp && !attachment.from_url) parts.push(readBox(attachment, style));
  }
  return parts
    .map((part) => part.trim())
    .filter(Boolean)
    .join("\n\n");
}

function quoteShared({ author_name, text }: SlackAttachment, style: Style): string {
  const words = readMrkdwn(text ?? "", style);
  if (style === "plain") return words;
  return `${author_name ? `${author_name}:\n` : ""}${words}`.replace(/^/gm, "> ");
}

function readBox(box: SlackAttachment, style: Style): string {
  const title = readMrkdwn(box.title ?? "", "plain");
  const lines = [
    readMrkdwn(box.pretext ?? "", style),
    title && box.title_link && style === "markdown" ? `[${title}](${box.title_link})` : title,
    readMrkdwn(box.text ?? "", style),
    ...(box.fields ?? []).map((field) => [field.title, readMrkdwn(field.value ?? "", style)].filter(Boolean).join(": ")),
  ].filter((line) => line.trim() !== "");
  return lines.length > 0 ? lines.join("\n") : readMrkdwn(box.fallback ?? "", style);
}

/** What to call a message without words. */
export function nameOfWordless(message: SlackMessage): string {
  const file = message.files?.[0];
  const attachment = message.attachments?.[0];
  return file?.title?.trim() || file?.name?.trim() || attachment?.title?.trim() || attachment?.from_url || "(no words)";
}

/** What is known of a message beside its words. */
export function readAttributes(team: string, message: SlackMessage): ActivityAttributes | undefined {
  const attributes: ActivityAttributes = {};
  if (message.reactions && Object.keys(message.reactions).length > 0) attributes.reactions = message.reactions;
  const mentioned = findMentions(message.text ?? "");
  if (mentioned.length > 0) attributes.mentions = mentioned.map((externalId) => ({ platform: platformOf(team), externalId }));
  // Deleted files, and those that a free plan no longer shows, leave a mark without a name.
  const files = (message.files ?? []).filter(({ mode }) => mode !== "tombstone" && mode !== "hidden_by_limit");
  if (files.length > 0) {
    attributes.attachments = files.map((file) => ({
      ...((file.title || file.name) && { name: file.title || file.name || "" }),
      ...(file.url && { url: file.url }),
      ...(file.mimetype && { type: file.mimetype }),
      ...(file.size && { sizeBytes: file.size }),
    }));
  }
  const links = (message.attachments ?? []).flatMap(({ from_url, title }) => (from_url ? { url: from_url, ...(title && { title }) } : []));
  if (links.length > 0) attributes.links = links;
  if (message.pinned) attributes.pinned = true;
  if (message.subtype === "thread_broadcast") attributes.alsoSentToChannel = true;
  if (message.user && message.bot_id) attributes.throughApp = message.bot_name || message.bot_id;
  return Object.keys(attributes).length > 0 ? attributes : undefined;
}
