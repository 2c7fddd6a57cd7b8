import type { ActivityAttributes } from "#features/ledger/index.ts";
import type { TelegramMessage } from "./format.ts";
import { isForwarded, readMentions } from "./read-text.ts";

/** What stands where the file was left out: `(File not included. Change data exporting settings to download.)`, perhaps after a name. */
const leftOut = /\s*\((?:File|Photo|Video) (?:not included|unavailable|exceeds)[^()]*\)\s*$/;

/** The name of a file that lies beside the export; undefined where it was left out. */
function fileName(path: string | null | undefined): string | undefined {
  return path?.replace(leftOut, "").split(/[\\/]/).at(-1)?.trim() || undefined;
}

/** Files that came with a message, by name: what the export holds is a path on its owner's disk, which is no link. */
function readAttachments(message: TelegramMessage): NonNullable<ActivityAttributes["attachments"]> {
  const attachments: NonNullable<ActivityAttributes["attachments"]> = [];
  if (message.photo) {
    const name = fileName(message.photo);
    attachments.push({ ...(name && { name }), type: "image" });
  }
  if (message.file && message.media_type !== "sticker") {
    const name = message.file_name?.trim() || fileName(message.file);
    attachments.push({
      ...(name && { name }),
      ...(message.mime_type && { type: message.mime_type }),
      ...(message.file_size && { sizeBytes: message.file_size }),
    });
  }
  return attachments;
}

const mediaNames: Record<string, string> = {
  voice_message: "Voice message",
  video_message: "Video message",
  video_file: "Video",
  audio_file: "Audio",
  animation: "Animation",
};

/** What to call a message without words. */
export function nameOfWordless(message: TelegramMessage): string {
  if (message.media_type === "sticker") return message.sticker_emoji ? `Sticker: ${message.sticker_emoji}` : "Sticker";
  const name = readAttachments(message).find((attachment) => attachment.name)?.name;
  if (name) return name;
  if (message.photo) return "Photo";
  return mediaNames[message.media_type ?? ""] ?? (message.file ? "File" : (message.place_name ?? message.game_title ?? "(no words)"));
}

function countReactions(reactions: NonNullable<TelegramMessage["reactions"]>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type, emoji, count } of reactions) {
    const name = emoji || (type === "paid" ? "⭐" : "custom emoji");
    counts[name] = (counts[name] ?? 0) + (count ?? 1);
  }
  return counts;
}

/** What is known of a message beside its words. */
export function readAttributes(message: TelegramMessage): ActivityAttributes | undefined {
  const attributes: ActivityAttributes = {};
  if (message.reactions?.length) attributes.reactions = countReactions(message.reactions);
  const mentions = readMentions(message.text);
  if (mentions.length > 0) attributes.mentions = mentions;
  const attachments = readAttachments(message);
  if (attachments.length > 0) attributes.attachments = attachments;
  if (message.media_type === "sticker" && message.sticker_emoji) attributes.stickers = [message.sticker_emoji];
  if (isForwarded(message)) attributes.forwarded = { from: message.forwarded_from ?? "Deleted Account" };
  if (message.author) attributes.signedBy = message.author;
  if (message.via_bot) attributes.viaBot = message.via_bot;
  return Object.keys(attributes).length > 0 ? attributes : undefined;
}
