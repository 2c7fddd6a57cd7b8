import { hash } from "node:crypto";
import { parseMailDate } from "./parse-date.ts";
import { decodeWords, type Headers, mailFields, parseHeaders, rawField, readField, readMessageIds } from "./parse-headers.ts";
import { readSubject } from "./read-subject.ts";

const maxHeaderChars = 256 * 1024;
const maxSubjectChars = 2_000;
const maxReferences = 40;
const comparedBodyChars = 1024 * 1024;
/** The line above what Mailman appends to each mail. */
const footer = `\n${"_".repeat(20)}`;

/** What is known of a mail from its head alone. */
export interface MailHead {
  headers: Headers;
  /** Its Message-ID, or one made from all that it is. Two different mails may bear the same. */
  id: string;
  /** The key of the mail: the same whichever way its copy came. */
  key: string;
  /** The oldest mail of its thread, as far as it says. */
  thread: string;
  /** A piece of text without headers, which a line that begins with «From » cut off the mail before it. */
  isFragment: boolean;
  /** When it was sent, as far as it says so itself. */
  at: Date | undefined;
}

/**
 * Reads a mail's head.
 *
 * Archives write mails anew: Pipermail hides addresses and takes out attachments, HyperKitty encodes all of it afresh, lists
 * append footers. What stays is the Message-ID and the second in which a mail was sent; so these are its key, and only
 * mails that lack them are told apart by their words.
 * @param content all of the mail but its "From " line
 * @param fromLine that line; "" where there is none
 * @param previousId the mail before it in the file, of which it may be a piece
 */
export function readHead(content: Buffer, fromLine: string, previousId = ""): MailHead {
  const { headers, isFragment } = readMailHeaders(content.toString("latin1", 0, maxHeaderChars), fromLine);
  const sent = isFragment ? undefined : sentAt(headers);
  const at = sent ?? (isFragment ? undefined : readDate(headers, fromLine)?.at);
  const stated = readOwnId(headers);
  if (stated === "") {
    const mark = markOf(
      isFragment ? [previousId, fromLine, content.toString("latin1")] : [sent?.toISOString() ?? fromLine, ...words(headers, content)],
    );
    const key = `none-${mark}`;
    return { headers, id: key, key, thread: detach(readAncestors(headers)[0] ?? key), isFragment, at };
  }
  const mark = sent ? sent.toISOString().replace(/\.\d+|[-:]/g, "") : `undated-${markOf([subjectLetters(headers)])}`;
  return { headers, id: detach(stated), key: detach(`${stated}#${mark}`), thread: detach(readAncestors(headers)[0] ?? stated), isFragment, at };
}

/**
 * A text that stands by itself. What is cut out of a mail otherwise keeps all of the mail in memory, and a mailbox's
 * ids would hold the mailbox.
 */
export function detach(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}

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

/** What a mail without id is: who, what about, and its words, without the white space and the footer that the way it took added. */
function words(headers: Headers, content: Buffer): string[] {
  const fields = headers.fields.filter(({ name }) => name === "from" || name === "subject").map(({ line }) => line.replaceAll("\r", ""));
  const body = content.toString("latin1", headers.bodyStart, headers.bodyStart + comparedBodyChars);
  const end = body.indexOf(footer);
  return [...fields, (end === -1 ? body : body.slice(0, end)).replace(/\s+/g, " ").trim()];
}

/** A subject's letters and digits without reply marks and tags: what no charset and no list changes. */
function subjectLetters(headers: Headers): string {
  return readSubject(subjectOf(headers)).key.replace(/[^a-z0-9]/g, "");
}

const markOf = (parts: readonly string[]) => hash("sha1", parts.join("\n"), "hex").slice(0, 12);

/** The mails that it stands under, the oldest first: References, then In-Reply-To where that adds one. */
export function readAncestors(headers: Headers): string[] {
  const references = headers.fields.filter((field) => field.name === "references").flatMap((field) => readMessageIds(field.value));
  const answered = readMessageIds(rawField(headers, "in-reply-to"))[0];
  const all = answered !== undefined && !references.includes(answered) ? [...references, answered] : references;
  // The oldest name the thread, the latest the mail that is answered; nobody needs thousands between them.
  return all.length > maxReferences ? [...all.slice(0, 5), ...all.slice(5 - maxReferences)] : all;
}

/** When it was sent, and by what that is known. */
export interface MailDate {
  at: Date;
  from: "date" | "received" | "from_line";
}

/** When it was sent, as its Date field says. */
function sentAt(headers: Headers): Date | undefined {
  for (const field of headers.fields) {
    const at = field.name === "date" ? parseMailDate(decodeWords(field.value)) : undefined;
    if (at) return at;
  }
  return undefined;
}

/** Its date: the Date field, else when a server took it in, else the "From " line's. */
export function readDate(headers: Headers, fromLine: string): MailDate | undefined {
  const sent = sentAt(headers);
  if (sent) return { at: sent, from: "date" };
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
