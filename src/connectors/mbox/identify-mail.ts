import { hash } from "node:crypto";
import { parseMailDate } from "./parse-date.ts";
import { decodeWords, type Headers, parseHeaders, rawField, readField, readMessageIds } from "./parse-headers.ts";

const maxHeaderChars = 256 * 1024;
const maxSubjectChars = 2_000;
const comparedBodyBytes = 4_096;
const comparedFields = new Set(["from", "date", "subject", "message-id"]);
/** The line above what Mailman appends to each mail. */
const footer = `\n${"_".repeat(20)}`;

/** What is known of a mail from its head alone. */
export interface MailHead {
  headers: Headers;
  /** Its Message-ID, or one made from all that it is. Two different mails may bear the same. */
  id: string;
  /** The key of the mail: its id and a mark of its content, so that different mails with one id both stay. */
  key: string;
  /** A piece of text without headers, which a line that begins with «From » cut off the mail before it. */
  isFragment: boolean;
}

/**
 * Reads a mail's head.
 * @param content all of the mail but its "From " line
 * @param fromLine that line: for mails that state no id it is a part of what they are
 */
export function readHead(content: Buffer, fromLine: string): MailHead {
  const { headers, isFragment } = readMailHeaders(content.toString("latin1", 0, maxHeaderChars), fromLine);
  const stated = readOwnId(headers);
  const mark = markOf(stated === "" ? `${fromLine}\n${content.toString("latin1")}`.trimEnd() : compared(headers, content));
  return {
    headers,
    id: detach(stated === "" ? `none-${mark}` : stated),
    key: detach(stated === "" ? `none-${mark}` : `${stated}#${mark}`),
    isFragment,
  };
}

/**
 * A text that stands by itself. What is cut out of a mail otherwise keeps all of the mail in memory, and a mailbox's
 * ids would hold the mailbox.
 */
export function detach(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}

/** Fields of which every mail has at least one; text that begins with «Note: …» has none of them. */
const mailFields = new Set(["from", "to", "date", "subject", "message-id", "received", "return-path", "sender", "mime-version", "content-type"]);

/**
 * A mail's header fields. Text without any, after a "From " line that bears no date, is a fragment: all of it is words.
 * @param mail the bytes as Latin-1 characters
 */
export function readMailHeaders(mail: string, fromLine: string): { headers: Headers; isFragment: boolean } {
  const headers = parseHeaders(mail.slice(0, maxHeaderChars));
  const isFragment = !headers.fields.some((field) => mailFields.has(field.name)) && parseMailDate(fromLine) === undefined;
  return { headers: isFragment ? { fields: [], bodyStart: 0 } : headers, isFragment };
}

/** The Message-ID that a mail states; "" when it has none. */
export function readOwnId(headers: Headers): string {
  const raw = rawField(headers, "message-id");
  return readMessageIds(raw)[0] ?? raw.replace(/\s+/g, "");
}

/**
 * What makes copies of a mail one: who, when, what about, and how it begins, as its writer sent it. The way it took
 * (Received), what a list appended below its line, and white space do not matter.
 */
function compared(headers: Headers, content: Buffer): string {
  const fields = headers.fields.filter((field) => comparedFields.has(field.name)).map((field) => field.line);
  const body = content.toString("latin1", headers.bodyStart, headers.bodyStart + comparedBodyBytes);
  const end = body.indexOf(footer);
  return [...fields, end === -1 ? body : body.slice(0, end)].map((text) => text.replace(/\s+/g, " ").trim()).join("\n");
}

const markOf = (content: string) => hash("sha1", content, "hex").slice(0, 12);

/** The mails that it stands under, the oldest first: References, then In-Reply-To where that adds one. */
export function readAncestors(headers: Headers): string[] {
  const references = headers.fields.filter((field) => field.name === "references").flatMap((field) => readMessageIds(field.value));
  const answered = readMessageIds(rawField(headers, "in-reply-to"))[0];
  return answered !== undefined && !references.includes(answered) ? [...references, answered] : references;
}

/** When it was sent, and by what that is known. */
export interface MailDate {
  at: Date;
  from: "date" | "received" | "from_line";
}

/** Its date: the Date field, else when a server took it in, else the "From " line's. */
export function readDate(headers: Headers, fromLine: string): MailDate | undefined {
  for (const field of headers.fields) {
    const at = field.name === "date" ? parseMailDate(decodeWords(field.value)) : undefined;
    if (at) return { at, from: "date" };
  }
  for (const name of ["x-list-received-date", "delivery-date", "received"]) {
    for (const field of headers.fields) {
      const at = field.name === name ? parseMailDate(field.value.slice(field.value.lastIndexOf(";") + 1)) : undefined;
      if (at) return { at, from: "received" };
    }
  }
  const at = parseMailDate(fromLine);
  return at && { at, from: "from_line" };
}

/** The subject as people read it. */
export function subjectOf(headers: Headers): string {
  return readField(headers, "subject").slice(0, maxSubjectChars);
}
