import { parseMailDate } from "./parse-date.ts";
import { mailFields } from "./parse-headers.ts";

/** What a file turns out to be by its first bytes. */
export type MailFormat = "mailbox" | "mail" | "subscriptions";

/** As much of a file as is looked at. */
export const headBytes = 16_384;

/**
 * Tells mailboxes from single mails.
 * @param start the first bytes as Latin-1 characters
 * @param name the file's: `.eml` is one mail whatever stands in it, as mails quote mailboxes and patches
 */
export function tellFormat(start: string, name: string): MailFormat | undefined {
  const text = withoutMark(start);
  if (isSubscriptions(text)) return "subscriptions";
  if (isOther(text)) return undefined;
  if (isMailName(name)) return headerFields(cutFromLine(text).mail).some((field) => mailFields.has(field)) ? "mail" : undefined;
  if (cutFromLine(text).fromLine !== "") return "mailbox";
  const later = hasLaterMail(text);
  if (!later && headerFields(text).some((field) => mailFields.has(field))) return "mail";
  return later || /^From \S+(?:@| at ).*$/m.test(text) ? "mailbox" : undefined;
}

/** Whether a file's name says that it is one mail: `.eml`, or a maildir's `cur` and `new`. */
export function isMailName(name: string): boolean {
  return /\.eml(?:\.gz)?$/i.test(name) || /(?:^|\/)(?:cur|new)\/[^/]+$/.test(name);
}

/** A single mail may begin with the line that a mailbox put before it. An old way to write the field `From :` is none. */
export function cutFromLine(text: string): { fromLine: string; mail: string } {
  const line = /^From (?![ \t]*:)[^\n]*(?:\n|$)/.exec(text)?.[0] ?? "";
  return { fromLine: line.trimEnd(), mail: text.slice(line.length) };
}

/** A page of a group's members as Groups.io's API answers it. */
function isSubscriptions(text: string): boolean {
  return /^\s*\{/.test(text) && /"group_name"\s*:/.test(text) && /"(?:object"\s*:\s*"subscription\w*|user_status)"/.test(text);
}

/** The names of the header fields that text begins with. */
function headerFields(text: string): string[] {
  const names: string[] = [];
  for (const line of text.slice(0, 8_192).split("\n")) {
    if (/^[ \t]/.test(line) && names.length > 0) continue;
    const name = /^([!-9;-~]+)[ \t]*:/.exec(line)?.[1];
    if (name === undefined) break;
    names.push(name.toLowerCase());
  }
  return names;
}

/** A dated «From » line with a header field below it: a mailbox whose beginning is odd or missing. */
function hasLaterMail(text: string): boolean {
  for (const [, line] of text.matchAll(/^(From \S.*)\r?\n[!-9;-~]+[ \t]*:/gm)) if (line !== undefined && parseMailDate(line)) return true;
  return /^From (?:nobody|\S+)\r?\n[!-9;-~]+[ \t]*:/m.test(text);
}

const isOther = (text: string) => text.startsWith("PK") || text.startsWith("%PDF") || text.startsWith("!BDN") || /^\s*(?:<[!?a-z]|[{[])/i.test(text);

/** What else a file looks like, and what its owner can do: the words after «… is no mailbox and no mail:». */
export function describeOther(start: string): { looks: string; remedy: string } {
  const text = withoutMark(start);
  if (text.trim() === "") return { looks: "it is empty.", remedy: "The export or its download was cut off; make it again." };
  if (text.startsWith("PK")) return { looks: "it looks like a zip archive inside of another.", remedy: "Unpack it, and bring in what is in it." };
  if (text.startsWith("!BDN") || text.startsWith("\u00d0\u00cf\u0011\u00e0"))
    return {
      looks: "it looks like a file of Outlook (.pst, .msg).",
      remedy: "Open it in a mail program that saves mails as .eml or folders as mbox (Thunderbird does), and bring those in.",
    };
  if (/^\d+\s*\r?\n[!-9;-~]+:/.test(text))
    return {
      looks: "it looks like a mail of Apple Mail (.emlx).",
      remedy: "In Apple Mail choose Mailbox > Export Mailbox, and bring in the mbox that it makes.",
    };
  if (/^\s*[{[]/.test(text)) return { looks: "it looks like JSON.", remedy: giveMailbox };
  if (/^\s*<[!?a-z]/i.test(text))
    return {
      looks: "it looks like a web page or XML.",
      remedy: "Archives offer the mailbox under a link such as «Gzip'd Text» or «Download»: bring in what that link gives.",
    };
  return {
    looks: 'it begins neither with a "From " line, as a mailbox does, nor with header fields such as "Subject:", as a mail does.',
    remedy: giveMailbox,
  };
}

const giveMailbox = "Give a list's archive as mbox (also .gz or .zip), a maildir, or mails saved as .eml.";

function withoutMark(text: string): string {
  return text.startsWith("\u00ef\u00bb\u00bf") ? text.slice(3) : text;
}
