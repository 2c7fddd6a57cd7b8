import { z } from "zod";
import type { SlackMessage } from "./format.ts";

const textObject = z.looseObject({ text: z.string() });

/**
 * The words of blocks, in Slack's own markup: for messages of apps, whose text is often empty. Buttons and pictures say
 * nothing.
 */
export function readBlocks(blocks: SlackMessage["blocks"]): string {
  const parts: string[] = [];
  for (const block of blocks ?? []) {
    if (block.type === "rich_text") parts.push(readRich(block.elements));
    else if (block.type === "context") parts.push(...eachText(block.elements));
    else parts.push(...eachText([block.text]), ...eachText(block.fields));
  }
  return parts.filter((part) => part.trim() !== "").join("\n\n");
}

function eachText(values: unknown): string[] {
  return Array.isArray(values)
    ? (values as unknown[]).flatMap((value) => (textObject.safeParse(value).success ? textObject.parse(value).text : []))
    : [];
}

const elementSchema = z.looseObject({ type: z.string(), elements: z.array(z.unknown()).optional() });
const leafSchema = z.looseObject({
  text: z.string().optional(),
  url: z.string().optional(),
  user_id: z.string().optional(),
  channel_id: z.string().optional(),
  usergroup_id: z.string().optional(),
  range: z.string().optional(),
  name: z.string().optional(),
  fallback: z.string().optional(),
});

function readRich(elements: unknown): string {
  if (!Array.isArray(elements)) return "";
  const parts: string[] = [];
  for (const value of elements as unknown[]) {
    const element = elementSchema.safeParse(value);
    if (!element.success) continue;
    const { type, elements: inner = [] } = element.data;
    if (type === "rich_text_list") parts.push((inner as unknown[]).map((item) => `• ${readRich([item])}`).join("\n"));
    else if (type === "rich_text_preformatted") parts.push(`\`\`\`${inner.map(readLeaf).join("")}\`\`\``);
    else if (type === "rich_text_quote") parts.push(inner.map(readLeaf).join("").replace(/^/gm, "&gt; "));
    else parts.push(inner.map(readLeaf).join(""));
  }
  return parts.join("\n").replace(/\n{3,}/g, "\n\n");
}

function readLeaf(value: unknown): string {
  const parsed = leafSchema.safeParse(value);
  if (!parsed.success) return "";
  const { text, url, user_id, channel_id, usergroup_id, range, name, fallback } = parsed.data;
  if (url) return text ? `<${url}|${escapeText(text)}>` : `<${url}>`;
  if (user_id) return `<@${user_id}>`;
  if (channel_id) return `<#${channel_id}>`;
  if (usergroup_id) return `<!subteam^${usergroup_id}>`;
  if (range) return `<!${range}>`;
  if (text !== undefined) return escapeText(text);
  return name ? `:${name}:` : (fallback ?? "");
}

/** In rich text the characters that the markup uses stand for themselves. */
function escapeText(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
