import { compile } from "html-to-text";

const toText = compile({
  wordwrap: false,
  selectors: [
    { selector: "img", format: "skip" },
    { selector: "a", options: { hideLinkHrefIfSameAsText: true } },
  ],
});

/** The words of HTML, without its tags. */
export function htmlToWords(html: string): string {
  try {
    return toText(html);
  } catch {
    return html.replace(/<[^<>]*>/g, " ");
  }
}

/** The first line that says something, shortened to 80 characters: what to call a thread that bears no title. */
export function titleFromWords(words: string | undefined, fallback: string): string {
  const line = (words ?? "").split("\n", 50).find((part) => /[\p{L}\p{N}]/u.test(part)) ?? "";
  const plain = line
    .replace(/^[\s>#*_`~-]+/, "")
    .replace(/\s+/g, " ")
    .trim();
  if (plain === "") return fallback;
  return plain.length > 80 ? `${plain.slice(0, 79).trimEnd()}…` : plain;
}

/** A link to a file without what would let anybody fetch it: query and fragment. */
export function linkWithoutToken(link: string): string {
  return link.replace(/[?#].*$/s, "");
}

/** What was read, shortened: for the list of what was set aside. */
export function excerptOf(value: unknown): string {
  return (typeof value === "string" ? value : (JSON.stringify(value) ?? "")).slice(0, 300);
}

/**
 * The host that an address names, for ids that count inside one server only.
 * @returns undefined for what is no web address
 */
export function hostOf(address: string): string | undefined {
  const text = address.trim();
  if (text === "") return undefined;
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `https://${text}`);
  return url?.host || undefined;
}
