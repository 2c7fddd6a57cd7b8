const escapes: Record<string, string> = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** Slack escapes these three characters and no others. */
export function unescapeText(text: string): string {
  return text.includes("&") ? text.replace(/&(?:lt|gt|amp);/g, (entity) => escapes[entity] ?? entity) : text;
}

// From the private use area: what was already converted is kept out of the way of what follows.
const [from, to] = ["\ue000", "\ue001"];
const kept = /\ue000(\d+)\ue001/g;

/**
 * Slack's own markup as Markdown, or, for titles, without any marks.
 * Mentions read as people see them; where a name is not known, the id stands in its place.
 */
export function readMrkdwn(text: string, style: "markdown" | "plain" = "markdown"): string {
  if (!/[<&*~`\r•◦]/.test(text)) return text;
  const keep = new Kept();
  let words = text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
  words = words.replace(/```([\s\S]*?)```|`([^`\n]+)`/g, (_, block: string | undefined, span: string | undefined) =>
    keep.take(block === undefined ? `\`${codeText(span ?? "")}\`` : fence(block, style), block === undefined ? "span" : "block"),
  );
  words = words.replace(/<([^<>\n]+)>/g, (mark, inner: string) => keep.take(readMark(inner, style) ?? mark, "span"));
  const [bold, struck] = style === "markdown" ? ["**$1**", "~~$1~~"] : ["$1", "$1"];
  words = words
    .replace(/(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])/g, bold)
    .replace(/(?<![\w~])~(?=[^\s~])([^~\n]*[^\s~])~(?![\w~])/g, struck)
    .replace(/^([ \t]*)[•◦▪] /gm, "$1- ");
  if (style === "markdown") words = quote(words);
  return keep.putBack(unescapeText(words)).trim();
}

class Kept {
  readonly #parts: { text: string; isBlock: boolean }[] = [];

  take(text: string, form: "span" | "block"): string {
    this.#parts.push({ text, isBlock: form === "block" });
    return `${from}${this.#parts.length - 1}${to}`;
  }

  /** A block begins and ends on lines of its own. */
  putBack(words: string): string {
    return words.replace(kept, (mark, index: string, at: number) => {
      const part = this.#parts[Number(index)];
      if (!part) return mark;
      // A link's label may hold code.
      if (!part.isBlock) return part.text.includes(from) ? this.putBack(part.text) : part.text;
      const before = at === 0 || words[at - 1] === "\n" ? "" : "\n";
      const next = words[at + mark.length];
      return `${before}${part.text}${next === undefined || next === "\n" ? "" : "\n"}`;
    });
  }
}

/** A quoted line ends with the line; in Markdown an empty line has to follow. `>>>` quotes all that follows. */
function quote(words: string): string {
  if (!words.includes("&gt;")) return words;
  const lines = words.split("\n");
  const done: string[] = [];
  let rest = false;
  for (const line of lines) {
    rest ||= line.startsWith("&gt;&gt;&gt;");
    const isQuote = rest || line.startsWith("&gt;");
    if (!isQuote) {
      if (done.at(-1)?.startsWith("&gt;") && line.trim() !== "") done.push("");
      done.push(line);
      continue;
    }
    done.push(`&gt; ${line.replace(/^(?:&gt;)+\s?/, "")}`.trimEnd());
  }
  return done.join("\n");
}

function fence(block: string, style: "markdown" | "plain"): string {
  const code = codeText(block).replace(/^\n|\n$/g, "");
  return style === "plain" ? code : `\`\`\`\n${code}\n\`\`\``;
}

/** Slack links addresses within code, too: there they are text. */
function codeText(code: string): string {
  return unescapeText(code.replace(/<([^<>\n]+)>/g, (mark, inner: string) => readMark(inner, "plain") ?? mark));
}

/** What stands between `<` and `>`: an address, a person, a channel, a group, a date. */
function readMark(inner: string, style: "markdown" | "plain"): string | undefined {
  const bar = inner.indexOf("|");
  const target = bar === -1 ? inner : inner.slice(0, bar);
  const label = unescapeText(bar === -1 ? "" : inner.slice(bar + 1)).trim();
  const id = target.slice(1);
  if (/^@[A-Z0-9]+$/i.test(target)) return `@${label.replace(/^@/, "") || id}`;
  if (/^#[A-Z0-9]+$/i.test(target)) return `#${label.replace(/^#/, "") || id}`;
  if (target.startsWith("!")) return readSpecial(id, label);
  if (!/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  const address = unescapeText(target);
  const shown = address.replace(/^(?:mailto|tel|callto):/i, "");
  if (!/^https?:/i.test(address)) return label || shown;
  if (label === "" || label === address || address.replace(/^https?:\/\//i, "").replace(/\/$/, "") === label) return address;
  return style === "plain"
    ? label
    : `[${label.replace(/([[\]])/g, "\\$1")}](${address.replace(/[()\s]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`)})`;
}

function readSpecial(name: string, label: string): string {
  const word = name.split("^", 1)[0] ?? "";
  if (word === "date") return label || readDate(name);
  if (word === "subteam") return `@${label.replace(/^@/, "") || (name.split("^")[1] ?? "group")}`;
  if (["here", "channel", "everyone", "group"].includes(word)) return `@${word}`;
  return label || word;
}

function readDate(name: string): string {
  const at = new Date(Number(name.split("^")[1]) * 1000);
  return Number.isNaN(at.getTime()) ? name : `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** The people whom a text names, by their ids, each once, sorted. */
export function findMentions(text: string): string[] {
  if (!text.includes("<@")) return [];
  return [...new Set([...text.matchAll(/<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>/g)].flatMap(([, id]) => id ?? []))].sort();
}
