import libmime from "libmime";
import { decodeText } from "./decode-text.ts";

/** One header field: its value unfolded, with the bytes of the file as Latin-1 characters. */
interface HeaderField {
  name: string;
  value: string;
  /** As it stands in the file, name included. */
  line: string;
}

/** The fields of a mail or of a part of one. */
export interface Headers {
  fields: HeaderField[];
  /** Where the text after the headers starts. */
  bodyStart: number;
}

/** Fields of which every mail has at least one; text that begins with «Note: …» has none of them. */
export const mailFields: ReadonlySet<string> = new Set(
  "from to date subject message-id received return-path sender mime-version content-type newsgroups delivered-to".split(" "),
);

/** Fields that tell beyond doubt that the headers go on below a line that is none. */
const knownField =
  /^(?:from|to|cc|date|subject|message-id|received|return-path|sender|mime-version|content-[\w-]+|references|in-reply-to|reply-to|delivered-to|list-[\w-]+|x-[\w-]+)[ \t]*:/i;
const strayLinesMax = 3;

const fieldStart = /^([!-9;-~]+)[ \t]*:(.*)$/;

/**
 * Reads the header fields at the start of a mail. They end at a blank line, or where a line is no field
 * and none follow it: a piece of text without headers has none and is all body.
 * @param mail the bytes as Latin-1 characters
 */
export function parseHeaders(mail: string): Headers {
  const fields: HeaderField[] = [];
  let at = 0;
  while (at < mail.length) {
    const end = mail.indexOf("\n", at);
    const next = end === -1 ? mail.length : end + 1;
    const line = mail.slice(at, end === -1 ? mail.length : end).replace(/\r$/, "");
    if (line === "") return { fields, bodyStart: next };
    const last = fields.at(-1);
    const match = fieldStart.exec(line);
    if ((line.startsWith(" ") || line.startsWith("\t")) && last) {
      last.value += ` ${line.trim()}`;
      last.line += `\n${line}`;
    } else if (match?.[1]) {
      fields.push({ name: match[1].toLowerCase(), value: (match[2] ?? "").trim(), line });
    } else if (!/^>?From /.test(line) && !(last && goesOn(mail, next))) {
      return { fields, bodyStart: at };
    }
    at = next;
  }
  return { fields, bodyStart: mail.length };
}

/** Whether header fields follow within a few lines, so that a broken line before them does not end the headers. */
function goesOn(mail: string, from: number): boolean {
  const lines = mail.slice(from, from + 2_000).split("\n", strayLinesMax);
  const end = lines.findIndex((line) => line.trim() === "");
  return lines.slice(0, end === -1 ? undefined : end).some((line) => knownField.test(line));
}

/** The first field of a name that says anything, as raw characters. */
export function rawField(headers: Headers, name: string): string {
  return headers.fields.find((field) => field.name === name && field.value !== "")?.value ?? "";
}

/** The first field of a name as people read it: bytes as text, RFC 2047 words decoded where they can be. */
export function readField(headers: Headers, name: string): string {
  return decodeWords(rawField(headers, name));
}

/** Raw header characters as text. Words that are broken stay as they stand. */
export function decodeWords(raw: string): string {
  if (raw === "") return "";
  const text = /[\u0080-\u00ff]/.test(raw) ? decodeText(Buffer.from(raw, "latin1"), undefined) : raw;
  if (!text.includes("=?")) return text.trim();
  try {
    // Some writers leave blanks inside a word, which the standard forbids and readers still expect to work.
    const decoded = libmime.decodeWords(text);
    return (decoded.includes("\ufffd") && !text.includes("\ufffd") ? decodeDoubtfulWords(text) : decoded).replace(/\s+/g, " ").trim();
  } catch {
    return text.trim();
  }
}

/** Words whose bytes contradict the charset that they name. */
function decodeDoubtfulWords(text: string): string {
  return text
    .replace(/\?=\s+=\?/g, "?==?")
    .replace(/=\?([^?*\s]+)(?:\*[^?\s]*)?\?([BQ])\?([^?]*)\?=/gi, (_, charset: string, encoding: string, word: string) => {
      const bytes = encoding.toUpperCase() === "B" ? Buffer.from(word, "base64") : Buffer.from(decodeQuoted(word.replaceAll("_", " ")), "latin1");
      return decodeText(bytes, charset);
    });
}

/** The bytes that `=E4` and its kin stand for, as Latin-1 characters. */
export function decodeQuoted(text: string): string {
  return text.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The Message-IDs in a field, without brackets; words around them are left out. */
export function readMessageIds(raw: string): string[] {
  const bracketed = [...raw.matchAll(/<([^<>]+)>/g)].map((match) => cleanId(match[1] ?? ""));
  if (bracketed.length > 0) return bracketed.filter((id) => id !== "");
  return raw
    .split(/[\s,]+/)
    .filter((word) => /^[^\s@]+@[^\s@]+$/.test(word))
    .map(cleanId);
}

const cleanId = (id: string) => id.replace(/\s+/g, "");

/** The list's id, lower-cased: what stands in brackets in `List-Id`, else a lone word with a dot. */
export function readListId(headers: Headers): string | undefined {
  const raw = rawField(headers, "list-id");
  const id = /<([^<>]+)>/.exec(raw)?.[1] ?? (/^[\w.-]+\.[\w-]+$/.test(raw) ? raw : undefined);
  return id?.trim().toLowerCase() || undefined;
}
