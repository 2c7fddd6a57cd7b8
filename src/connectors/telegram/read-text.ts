import type { IdentityRef } from "#features/ledger/index.ts";
import type { TelegramMessage, TelegramText } from "./format.ts";

/** Every account of Telegram has one number over all chats. */
export const platform = "telegram";

/** Words as Markdown. What is marked keeps its mark; addresses, hashtags and emoji read as they were written. */
export function readText(text: TelegramText | null | undefined): string {
  if (!text) return "";
  const words = typeof text === "string" ? text : text.map((part) => (typeof part === "string" ? part : markPart(part))).join("");
  return words.replace(/\r\n?/g, "\n").trim();
}

function markPart(part: Exclude<TelegramText[number], string>): string {
  const text = part.text ?? "";
  switch (part.type) {
    case "bold":
      return around(text, "**");
    case "italic":
      return around(text, "_");
    case "strikethrough":
      return around(text, "~~");
    case "code":
      return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
    case "pre":
      return `\n\`\`\`${part.language ?? ""}\n${text}\n\`\`\`\n`;
    case "blockquote":
      return `\n${quote(text)}\n\n`;
    case "text_link":
      return part.href
        ? `[${text.replace(/[[\]]/g, "\\$&")}](${part.href.replace(/[()\s]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, "0")}`)})`
        : text;
    default:
      return text;
  }
}

/** Markdown takes a mark only where it touches the words. */
function around(text: string, mark: string): string {
  const [, before = "", words = "", after = ""] = /^(\s*)([\s\S]*?)(\s*)$/.exec(text) ?? [];
  return words === "" ? text : `${before}${mark}${words}${mark}${after}`;
}

const quote = (text: string) => text.replace(/^/gm, "> ");

/** What a message says. What was forwarded is quoted, since others wrote it; the choices of a poll count as its words. */
export function readWords(message: TelegramMessage): string | undefined {
  const said = readText(message.text);
  const parts = [said && isForwarded(message) ? quote(said) : said];
  const list = message.poll ?? message.todo_list;
  if (list) {
    const title = readText(message.poll?.question ?? message.todo_list?.title);
    parts.push([title, ...(list.answers ?? []).map((answer) => `- ${readText(answer.text)}`)].filter(Boolean).join("\n"));
  }
  return parts.filter(Boolean).join("\n\n") || undefined;
}

/** Null where the account that wrote it first was deleted. */
export const isForwarded = (message: TelegramMessage): boolean => message.forwarded_from !== undefined;

/** The accounts that the words name. Those that are named by their login alone (`@name`) are not known by an id. */
export function readMentions(text: TelegramText | null | undefined): IdentityRef[] {
  if (!text || typeof text === "string") return [];
  const ids = text.flatMap((part) => (typeof part === "object" && part.type === "mention_name" && part.user_id ? part.user_id : []));
  return [...new Set(ids)].sort((a, b) => a - b).map((id) => ({ platform, externalId: `id:${id}` }));
}
