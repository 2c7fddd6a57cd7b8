import { compile } from "html-to-text";
import libmime from "libmime";
import { decodeText } from "./decode-text.ts";
import { decodeQuoted, decodeWords, type Headers, parseHeaders, rawField } from "./parse-headers.ts";

/** What a mail says, and the names of what hangs on it. */
export interface MailBody {
  text: string;
  attachments: string[];
}

const maxDepth = 20;
const maxTextChars = 1_000_000;
const htmlToText = compile({
  wordwrap: false,
  selectors: [
    { selector: "img", format: "skip" },
    { selector: "a", options: { hideLinkHrefIfSameAsText: true } },
  ],
});

interface Found {
  plain: string[];
  html: string[];
  attachments: string[];
}

/**
 * Reads a mail's words: plain text where there is some, else the HTML as text. Written here and not left to mailparser
 * because normalising is synchronous and pure, which that library's streams are not; the standards' details (words,
 * charsets, parameters, flowed text, HTML) are still the libraries'.
 * @param mail the bytes as Latin-1 characters
 */
export function readBody(headers: Headers, mail: string): MailBody {
  const found: Found = { plain: [], html: [], attachments: [] };
  readPart(headers, mail.slice(headers.bodyStart), found, 0);
  const plain = found.plain.filter((text) => text.trim() !== "").join("\n\n");
  const text = plain !== "" ? plain : found.html.map(toText).join("\n\n");
  return { text: unescapeFrom(text).trim().slice(0, maxTextChars), attachments: found.attachments };
}

function readPart(headers: Headers, content: string, found: Found, depth: number): void {
  const type = libmime.parseHeaderValue(rawField(headers, "content-type") || "text/plain");
  const kind = type.value.trim().toLowerCase();
  const disposition = libmime.parseHeaderValue(rawField(headers, "content-disposition"));
  const boundary = type.params.boundary;
  if (kind.startsWith("multipart/") && boundary && depth < maxDepth) {
    readParts(kind, cutParts(content, boundary), found, depth);
    return;
  }
  const fileName = disposition.params.filename ?? type.params.name;
  const attached = disposition.value.trim().toLowerCase() === "attachment";
  if (kind === "message/rfc822" || kind === "message/news") {
    const inner = parseHeaders(content.replace(/^\s+/, ""));
    found.attachments.push(decodeWords(rawField(inner, "subject")) || "forwarded message");
  } else if (!attached && kind === "text/html") {
    found.html.push(decodeContent(headers, content, type.params.charset));
  } else if (
    !attached &&
    (kind.startsWith("text/") || kind.startsWith("multipart/") || kind === "" || !kind.includes("/")) &&
    !(fileName && kind !== "text/plain")
  ) {
    const text = decodeContent(headers, content, type.params.charset);
    found.plain.push(type.params.format?.toLowerCase() === "flowed" ? libmime.decodeFlowed(text, type.params.delsp?.toLowerCase() === "yes") : text);
  } else {
    found.attachments.push(fileName ? decodeWords(fileName) : kind);
  }
}

function readParts(kind: string, parts: string[], found: Found, depth: number): void {
  const own: Found = { plain: [], html: [], attachments: [] };
  for (const part of parts) {
    const headers = parseHeaders(part);
    readPart(headers, part.slice(headers.bodyStart), own, depth + 1);
  }
  const alternative = kind === "multipart/alternative" && own.plain.some((text) => text.trim() !== "");
  found.plain.push(...own.plain);
  // Beside plain text HTML is the same again, unless it is a part of its own among several.
  if (!alternative) {
    if (own.plain.length === 0) found.html.push(...own.html);
    else found.plain.push(...own.html.map(toText));
  }
  found.attachments.push(...own.attachments);
}

/** The parts between boundary lines; the last one may lack its end. */
function cutParts(content: string, boundary: string): string[] {
  const mark = `--${boundary}`;
  const parts: string[] = [];
  let start = -1;
  for (let at = content.indexOf(mark); at !== -1; at = content.indexOf(mark, at + mark.length)) {
    if (at > 0 && content[at - 1] !== "\n") continue;
    if (start !== -1) parts.push(content.slice(start, at).replace(/\r?\n$/, ""));
    const lineEnd = content.indexOf("\n", at);
    const closing = content.startsWith("--", at + mark.length);
    if (closing || lineEnd === -1) return parts;
    start = lineEnd + 1;
  }
  if (start !== -1) parts.push(content.slice(start));
  else parts.push(content);
  return parts;
}

function decodeContent(headers: Headers, content: string, charset: string | undefined): string {
  const limited = content.length > maxTextChars * 4 ? content.slice(0, maxTextChars * 4) : content;
  const encoding = rawField(headers, "content-transfer-encoding").toLowerCase();
  const bytes =
    encoding === "base64"
      ? Buffer.from(limited, "base64")
      : encoding === "quoted-printable"
        ? Buffer.from(decodeQuotedPrintable(limited), "latin1")
        : Buffer.from(limited, "latin1");
  return decodeText(bytes, charset).replace(/\r\n?/g, "\n");
}

function decodeQuotedPrintable(text: string): string {
  let joined = "";
  for (const line of text.split("\n")) {
    // Not by a pattern: long runs of blanks would take it quadratic time.
    let end = line.length;
    while (end > 0 && (line[end - 1] === " " || line[end - 1] === "\t" || line[end - 1] === "\r")) end--;
    joined += line[end - 1] === "=" ? line.slice(0, end - 1) : `${line.slice(0, end)}\n`;
  }
  return decodeQuoted(joined);
}

function toText(html: string): string {
  try {
    return htmlToText(html);
  } catch {
    return html.replace(/<[^<>]*>/g, " ");
  }
}

/** Mailboxes write `>From ` where a line of a mail began with «From ». */
function unescapeFrom(text: string): string {
  return text.replace(/^>(>*From )/gm, "$1");
}
