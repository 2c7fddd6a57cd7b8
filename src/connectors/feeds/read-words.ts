import { asNode, textOf } from "./nodes.ts";

const tags =
  "a abbr b bdi blockquote br cite code del div em font h[1-6] hr i img ins kbd li mark ol p pre q s small span strike strong sub sup table tbody td th tr tt u ul video var wbr";
const knownTag = new RegExp(`</?(?:${tags.replaceAll(" ", "|")})(?:\\s[^<>]*)?/?>`, "i");
const strangeOpening = new RegExp(`<(?!/?(?:${tags.replaceAll(" ", "|")})(?:\\s[^<>]*)?/?>)`, "gi");

/**
 * A title as HTML. Atom says what a title is; in RSS and JSON it is plain words by the letter and often HTML in fact, so
 * known tags count and other angle brackets are words.
 */
export function titleAsHtml(value: unknown): string {
  const text = textOf(value);
  const type = asNode(value).type;
  if (type === "html" || type === "xhtml") return text;
  if (type === "text") return escapeHtml(text);
  return text.replace(strangeOpening, "&lt;");
}

/** The words of an item, as HTML or as plain text, whichever it is. */
export function contentOf(value: unknown): { html?: string; text?: string } {
  const words = textOf(value);
  if (words === "") return {};
  const type = asNode(value).type;
  const isHtml = type === "html" || type === "xhtml" || (type !== "text" && (knownTag.test(words) || /&(?:#\d+|#x[\da-f]+|[a-z]+\d*);/i.test(words)));
  return isHtml ? { html: words } : { text: words };
}

/** Links within the words lead from the item's address, or what it says that they lead from. */
export function resolveLinks(html: string, base: string): string {
  if (base === "") return html;
  return html.replace(/(<a\b[^<>]*?\bhref\s*=\s*)(?:"([^"]*)"|'([^']*)')/gi, (whole, before: string, double?: string, single?: string) => {
    const link = (double ?? single ?? "").trim().replaceAll("&amp;", "&");
    if (link === "" || link.startsWith("#")) return whole;
    const url = URL.parse(link, base);
    return url ? `${before}"${escapeHtml(url.href)}"` : whole;
  });
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
