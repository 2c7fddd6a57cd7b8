import type { GlimpsedFile } from "#features/ledger/index.ts";

const headMark = /^\s*\{\s*"guild"\s*:\s*\{\s*"id"\s*:\s*"?\d+"?[\s\S]*?"channel"\s*:\s*\{\s*"id"\s*:\s*"?\d+"?\s*,\s*"type"\s*:\s*"/;
const exportName = /\[\d{15,20}\](?: \([^()/]*\))?(?: \[part \d+\])?\.json(?:\.gz)?$/i;

/** Whether a file begins as DiscordChatExporter's JSON does. */
export function beginsAsExport(head: Buffer): boolean {
  return headMark.test(head.toString("latin1").replace(/^\u00ef\u00bb\u00bf/, ""));
}

/** How sure it is that a file, folder or zip is an export; of the latter two only names are known. */
export function recognizeExport(file: GlimpsedFile): number {
  if (file.head.length > 0) return beginsAsExport(file.head) ? 1 : 0;
  const named = file.entries.filter(({ name }) => exportName.test(name)).length;
  if (named === 0) return 0;
  const json = file.entries.filter(({ name }) => /\.json(?:\.gz)?$/i.test(name)).length;
  return named === json ? 0.95 : 0.7;
}

/** What a file that is no export looks like, and what to do. */
export function describeOther(head: Buffer): string {
  const start = head
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .trimStart();
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) return "it is UTF-16 text; save it as UTF-8.";
  if (/^<!doctype html|^<html/i.test(start)) return "it looks like a web page. If it came from DiscordChatExporter, export again and choose JSON.";
  if (start.startsWith("<")) return "it looks like XML.";
  if (/^AuthorID,Author,Date,Content/.test(start)) return "it looks like DiscordChatExporter's CSV. Export again and choose JSON.";
  if (/^=+\r?\nGuild:/.test(start)) return "it looks like DiscordChatExporter's plain text. Export again and choose JSON.";
  if (/^\[\s*\{\s*"(?:ID|id)"\s*:/.test(start)) {
    return "it is a list of messages without their channel, as Discord's own data package or its API writes it. Export the channel with DiscordChatExporter as JSON.";
  }
  if (/^[[{]/.test(start)) return 'it is JSON, but does not begin with "guild" and "channel", as an export does.';
  return "it is no JSON at all.";
}
