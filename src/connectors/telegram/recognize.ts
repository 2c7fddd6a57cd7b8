import type { GlimpsedFile } from "#features/ledger/index.ts";

const chatTypes = "(?:personal_chat|bot_chat|saved_messages|replies|verify_codes|private_group|(?:private|public)_(?:supergroup|channel))";
const text = '"(?:[^"\\\\]|\\\\.)*"';
const chatStart = new RegExp(
  `^\\{\\s*(?:"name"\\s*:\\s*(?:${text}|null)\\s*,\\s*)?"type"\\s*:\\s*"${chatTypes}"\\s*,\\s*"id"\\s*:\\s*\\d+\\s*,\\s*"messages"\\s*:\\s*\\[`,
);
const accountStart = new RegExp(
  `^\\{\\s*"about"\\s*:\\s*${text}\\s*,\\s*"(?:personal_information|profile_pictures|stories|contacts|frequent_contacts|sessions|other_data|chats|left_chats)"\\s*:`,
);
const chatAnywhere = new RegExp(`"type"\\s*:\\s*"${chatTypes}"`);

const startOf = (head: Buffer) =>
  head
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .trimStart();

/** Where Telegram Desktop puts an export if nothing else is chosen. */
const exportFolder = /(?:^|\/)(?:ChatExport|DataExport)_[^/]*(?:\/|$)/;
/** The export itself; a second one of the same day is put beside it under another name by hand. */
export const exportFile = /(?:^|\/)result[^/]*\.json(?:\.gz)?$/i;
const pageFile = /(?:^|\/)(?:messages\d*|export_results)\.html$/i;

/** How sure it is that a file, folder or zip is an export of Telegram Desktop. */
export function recognizeExport({ path, head, entries }: GlimpsedFile): number {
  if (head.length === 0) {
    const inFolder = exportFolder.test(path) || entries.some(({ name }) => exportFolder.test(name));
    if (entries.some(({ name }) => exportFile.test(name))) return inFolder ? 0.95 : 0.6;
    return inFolder && entries.some(({ name }) => pageFile.test(name)) ? 0.6 : 0;
  }
  const start = startOf(head);
  if (chatStart.test(start)) return 1;
  if (accountStart.test(start)) return 0.95;
  return start.startsWith("{") && chatAnywhere.test(start) && /"messages"\s*:\s*\[/.test(start) ? 0.7 : 0;
}

const askAgain = "In Telegram Desktop open the chat, choose «Export chat history» and as format «Machine-readable JSON».";

/** What a file that is no export looks like, and what to do. */
export function describeOther(head: Buffer): string {
  const start = startOf(head);
  if (start === "") return `it is empty. ${askAgain}`;
  if (/^<!doctype html|^<html/i.test(start)) return `it is a web page. ${askAgain}`;
  if (/^\{\s*"(?:ok|result)"\s*:/.test(start))
    return `it is an answer of Telegram's Bot API, which holds what one bot was told and no history. ${askAgain}`;
  if (start.startsWith("{"))
    return `it is JSON, but holds neither "messages" with the "type" and "id" of their chat before them, nor "chats". ${askAgain}`;
  return `it is no JSON object. ${askAgain}`;
}

/** What to say of a folder or zip without an export in it. */
export function describeFolder(names: readonly string[]): string {
  return names.some((name) => pageFile.test(name)) ? `it was exported as HTML. ${askAgain}` : `there is no result.json in it. ${askAgain}`;
}
