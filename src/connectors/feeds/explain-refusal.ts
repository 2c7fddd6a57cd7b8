import { SaxesParser } from "saxes";

const roots = new Set(["rss", "feed", "rdf:rdf"]);
const feedTypes = /\btype\s*=\s*["']?(?:application\/(?:rss\+xml|atom\+xml|feed\+json|json))/i;

/**
 * Why a text is no feed that can be read, and where it breaks off: the end of a sentence that begins with «it is».
 * @param address where it was fetched from, for the links on a web page
 */
export function explainRefusal(text: string, address?: string): string {
  const start = text.trimStart();
  if (start === "") return "it is empty";
  if (/^[[{]/.test(start)) return explainJson(start);
  if (/^(?:<\?xml[^>]*>\s*|<!--[\s\S]*?-->\s*)*(?:<!doctype html|<html[\s>])/i.test(start.slice(0, 4000))) {
    const found = findFeedLink(text, address);
    return `it is a web page; ${found ? `its feed is at ${found}` : "look for its link to the feed"}`;
  }
  const root = /<([A-Za-z_][\w:.-]*)/.exec(
    start.replace(/^(?:\s*(?:<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!DOCTYPE[^[>]*(?:\[[\s\S]*?\])?[^>]*>))*/, ""),
  )?.[1];
  if (!start.startsWith("<") || root === undefined) return "it is neither XML nor a JSON Feed";
  if (!roots.has(root.toLowerCase())) return `it is XML of another kind, beginning with <${root}>`;
  return explainXml(text) ?? `it begins with <${root}>, but holds nothing that a feed holds`;
}

function explainJson(text: string): string {
  try {
    JSON.parse(text);
    return "it is JSON of another kind: a JSON Feed names its version and has a list of items";
  } catch (error) {
    return `it is broken or cut off JSON (${error instanceof Error ? error.message.replace(/^Expected/, "expected") : "unreadable"})`;
  }
}

function explainXml(text: string): string | undefined {
  const parser = new SaxesParser({ xmlns: false });
  let first: string | undefined;
  parser.on("error", (error) => {
    first ??= error.message;
  });
  try {
    parser.write(text).close();
  } catch (error) {
    first ??= error instanceof Error ? error.message : undefined;
  }
  const place = /^(?:undefined:)?(\d+):(\d+): (.*)$/s.exec(first ?? "");
  if (!place) return first && `it is broken or cut off XML (${first.replace(/\.$/, "")})`;
  return `it is broken or cut off XML, at line ${place[1]}, column ${place[2]} (${(place[3] ?? "").replace(/\.$/, "")})`;
}

/** The feed to which a web page points, as feed readers look for it. */
function findFeedLink(html: string, address: string | undefined): string | undefined {
  for (const [tag] of html.slice(0, 200_000).matchAll(/<link\b[^<>]*>/gi)) {
    if (!/\brel\s*=\s*["']?alternate\b/i.test(tag) || !feedTypes.test(tag)) continue;
    const href = /\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/i.exec(tag);
    const link = (href?.[1] ?? href?.[2] ?? href?.[3] ?? "").replaceAll("&amp;", "&");
    const url = link && URL.parse(link, address);
    if (url && /^https?:$/.test(url.protocol)) return url.href;
  }
  return undefined;
}
