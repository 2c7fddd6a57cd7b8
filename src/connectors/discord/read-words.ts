import type { ActivityAttributes } from "#features/ledger/index.ts";
import { linkWithoutToken } from "../words.ts";
import type { DiscordMessage } from "./format.ts";
import { isDeleted, platform } from "./read-person.ts";

/**
 * What a message says, as Markdown. Mentions read as people see them; what was forwarded is quoted; what an app shows
 * in a box counts as its words, while the preview of a link that a person posted does not.
 */
export function readWords(message: DiscordMessage): string | undefined {
  const parts = [nameMentions(message.content ?? "", message)];
  const forwarded = message.forwardedMessage?.content;
  if (forwarded) parts.push(nameMentions(forwarded, message).replace(/^/gm, "> "));
  if (message.author?.isBot || message.webhookId) for (const embed of message.embeds ?? []) parts.push(readEmbed(embed));
  if (message.poll?.question) parts.push([message.poll.question, ...(message.poll.answers ?? []).map((answer) => `- ${answer}`)].join("\n"));
  const words = parts.filter((part) => part.trim() !== "").join("\n\n");
  return words === "" ? undefined : words;
}

/** What to call a message without words. */
export function nameOfWordless(message: DiscordMessage): string {
  const attachment = message.attachments?.[0] ?? message.forwardedMessage?.attachments?.[0];
  if (attachment?.fileName) return attachment.fileName;
  const sticker = message.stickers?.[0] ?? message.forwardedMessage?.stickers?.[0];
  if (sticker?.name) return `Sticker: ${sticker.name}`;
  const embed = message.embeds?.[0] ?? message.forwardedMessage?.embeds?.[0];
  return embed?.title?.trim() || embed?.url || "(no words)";
}

const marks = /<(?:@!?(\d+)|a?:(\w+):\d+|t:(-?\d+)(?::[tTdDfFR])?)>/g;

function nameMentions(words: string, message: DiscordMessage): string {
  const plain = words.includes("\r") ? words.replace(/\r\n?/g, "\n") : words;
  if (!plain.includes("<")) return plain;
  return plain.replace(marks, (mark, person?: string, emoji?: string, seconds?: string) => {
    if (emoji) return `:${emoji}:`;
    if (seconds) {
      const at = new Date(Number(seconds) * 1000);
      return Number.isNaN(at.getTime()) ? mark : `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
    }
    const known = message.mentions?.find(({ id }) => id === person);
    return known ? `@${known.nickname || known.name || "Unknown"}` : mark;
  });
}

function readEmbed(embed: NonNullable<DiscordMessage["embeds"]>[number]): string {
  const title = embed.title?.trim();
  return [
    title && embed.url ? `[${title}](${embed.url})` : title,
    embed.description?.trim(),
    ...(embed.fields ?? []).map((field) => `${field.name ?? ""}: ${field.value ?? ""}`),
  ]
    .filter(Boolean)
    .join("\n");
}

/** What is known of a message beside its words. */
export function readAttributes(message: DiscordMessage, input: { forward: boolean; webhook: boolean }): ActivityAttributes | undefined {
  const attributes: ActivityAttributes = {};
  const reactions = (message.reactions ?? []).filter(({ emoji }) => emoji.name || emoji.code);
  if (reactions.length > 0) attributes.reactions = countReactions(reactions);
  const mentioned = [...new Set((message.mentions ?? []).filter((person) => !isDeleted(person)).map(({ id }) => id))];
  if (mentioned.length > 0) attributes.mentions = mentioned.sort().map((externalId) => ({ platform, externalId }));
  const files = [...(message.attachments ?? []), ...(message.forwardedMessage?.attachments ?? [])];
  if (files.length > 0) {
    attributes.attachments = files.map((file) => ({
      ...(file.fileName && { name: file.fileName }),
      // With downloaded media the export holds a path on the exporter's disk instead.
      ...(file.url && /^https?:/.test(file.url) && { url: linkWithoutToken(file.url) }),
      ...(file.contentType && { type: file.contentType }),
      ...(file.fileSizeBytes && { sizeBytes: file.fileSizeBytes }),
    }));
  }
  const stickers = (message.stickers ?? []).flatMap(({ name }) => name ?? []);
  if (stickers.length > 0) attributes.stickers = stickers;
  const links = (message.embeds ?? []).flatMap(({ title, url }) => (url ? { url, ...(title && { title }) } : []));
  if (links.length > 0) attributes.links = links;
  if (message.isPinned) attributes.pinned = true;
  if (message.interaction?.name) attributes.command = message.interaction.name;
  if (input.webhook && message.author?.name) attributes.postedAs = message.author.name;
  if (input.forward) {
    const { messageId, channelId, guildId } = message.reference ?? {};
    attributes.forwarded = { ...(messageId && { messageId }), ...(channelId && { channelId }), ...(guildId && { guildId }) };
  }
  return Object.keys(attributes).length > 0 ? attributes : undefined;
}

function countReactions(reactions: NonNullable<DiscordMessage["reactions"]>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { emoji, count } of reactions) {
    const name = emoji.id ? `:${emoji.name || emoji.code}:` : (emoji.name ?? emoji.code ?? "");
    counts[name] = (counts[name] ?? 0) + (count ?? 1);
  }
  return counts;
}
