import type { ActivityAttributes } from "#features/ledger/index.ts";
import { htmlToMarkdown } from "../html-to-markdown.ts";
import { linkWithoutToken } from "../words.ts";
import type { DiscoursePost } from "./format.ts";

type Attachments = NonNullable<ActivityAttributes["attachments"]>;

const innermostQuote = /\[quote(?:=[^\]\n]*)?\]((?:(?!\[quote)[\s\S])*?)\[\/quote\]/i;

/**
 * What a post says, as Markdown: its source text where the forum gave it, with its quotes marked as Markdown marks them;
 * else its HTML.
 */
export function readWords(post: DiscoursePost): string {
  const words = post.raw ? quotesToMarkdown(post.raw) : htmlToMarkdown(post.cooked ?? "");
  return words.replace(/\r\n?/g, "\n").trim();
}

/** Others' words in `[quote]` become lines that begin with `>`; quotes within quotes from the inside out. */
function quotesToMarkdown(raw: string): string {
  let text = raw;
  for (let round = 0; round < 100; round++) {
    const next = text.replace(innermostQuote, (_all, inside: string) => {
      const lines = inside.trim().split("\n");
      return `\n${lines.map((line) => `> ${line}`).join("\n")}\n`;
    });
    if (next === text) break;
    text = next;
  }
  return text.replace(/\n{3,}/g, "\n\n");
}

/**
 * Files and pictures of a post, as links that fetch nothing by themselves.
 * @param base the forum's address, or undefined where it is not known
 */
export function readAttachments(post: DiscoursePost, base: string | undefined): Attachments {
  const found = new Map<string, { name?: string; url?: string }>();
  const add = (link: string, name: string) => {
    const isShort = link.startsWith("upload://");
    const path = isShort ? `/uploads/short-url/${link.slice("upload://".length)}` : link;
    const url = path.startsWith("//") ? `https:${path}` : path.startsWith("/") ? (base ? `${base}${path}` : undefined) : path;
    if (!found.has(link)) found.set(link, { ...(name && { name }), ...(url && { url: linkWithoutToken(url) }) });
  };
  if (post.raw) {
    for (const [, alt, link] of post.raw.matchAll(/!?\[([^\]\n]{0,300})\]\((upload:\/\/[^)\s]+)\)/g))
      add(link ?? "", (alt ?? "").replace(/\|.*$/, "").trim());
    return [...found.values()];
  }
  const cooked = post.cooked ?? "";
  for (const [tag] of cooked.matchAll(/<a\s[^<>]{0,2000}class="(?:attachment|lightbox)"[^<>]{0,2000}>/g)) {
    const href = /\bhref="([^"]+)"/.exec(tag)?.[1];
    if (href) add(href, /\b(?:title|download)="([^"]*)"/.exec(tag)?.[1] ?? "");
  }
  return [...found.values()];
}
