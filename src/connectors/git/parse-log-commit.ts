import type { LogBlock } from "./cut-log.ts";
import { decodeText } from "./decode-text.ts";
import { findTrailers } from "./message-trailers.ts";
import { type LogDate, parseLogDate } from "./parse-log-date.ts";

interface Signature {
  name: string;
  email: string;
}

/** A commit as a log tells it. */
export interface LoggedCommit {
  hash: string;
  /** Full hashes where the log gives them, else as it shortens them; a log may keep quiet about a single one. */
  parents: string[];
  /** Further hashes on the first line: parents (`--parents`) or children (`--children`), which the text does not say. */
  relatives: string[];
  /** Whether an empty `parents` means that there is none. */
  knowsParents: boolean;
  author: Signature;
  authorDate: string;
  committer?: Signature;
  committerDate?: string;
  message: string;
  trailers: string;
  /** What the log leaves out of the moment. */
  doubt?: string;
}

export type ReadCommit = { commit: LoggedCommit } | { fault: { hash?: string; place: string; reason: string; remedy: string } };

const firstLine = /^commit (?:[<>=+^-] ?)?([0-9a-f]{4,64})((?: [0-9a-f]{4,64}\b)*)(?=[\s(]|$)/;
const headLine = /^([A-Za-z][A-Za-z-]*):? +([\s\S]*)$/;

/** How to write a log that leaves nothing out. */
export const rewrite = "Write the log anew: git log --all --no-abbrev-commit --parents --pretty=fuller --date=iso-strict > log.txt";

/**
 * Reads one commit of a log in git's medium, fuller or raw form, with or without files and differences below it.
 * Positions are in bytes, so that each text is decoded by itself.
 */
export function parseLogCommit({ bytes, line }: LogBlock): ReadCommit {
  const text = bytes.toString("latin1", 0, bytes.length);
  const place = `line ${line}`;
  const opening = firstLine.exec(text);
  const hash = opening?.[1] ?? "";
  if (hash === "") return { fault: { place, reason: "Here stands no commit.", remedy: "Nothing of the log is lost by it." } };
  if (hash.length !== 40 && hash.length !== 64) {
    return {
      fault: { hash, place, reason: `The hash ${hash} is shortened, so the commit cannot be told from others.`, remedy: rewrite },
    };
  }
  const heads = new Map<string, { start: number; end: number }[]>();
  let at = nextLine(text, 0);
  while (at < text.length && !isBlank(text, at)) {
    const end = lineEnd(text, at);
    const found = headLine.exec(text.slice(at, end));
    // A signature (`gpgsig`) goes on over lines that begin with a space.
    if (found?.[1] && text[at] !== " ") {
      const start = end - (found[2] ?? "").length;
      const given = heads.get(found[1]);
      if (given) given.push({ start, end });
      else heads.set(found[1], [{ start, end }]);
    }
    at = nextLine(text, at);
  }
  const read = (...names: string[]) => {
    for (const name of names) {
      const range = heads.get(name)?.[0];
      if (range) return decodeText(bytes.subarray(range.start, range.end)).trim();
    }
    return undefined;
  };
  const isRaw = heads.has("tree");
  const written = isRaw ? splitRaw(read("author")) : { who: read("Author"), when: read("AuthorDate", "Date") };
  const committed = isRaw ? splitRaw(read("committer")) : { who: read("Commit"), when: read("CommitDate") };
  const fault = (reason: string, remedy: string) => ({ fault: { hash, place, reason, remedy } });
  // Git leaves the empty line out below the very last commit when that has no message; so rare that a cut is likelier.
  if (at >= text.length) return fault("The text ends in the head of this commit: it is cut off, or the commit has no message.", rewrite);
  if (written.who === undefined) return fault("The commit names no author.", rewrite);
  if (written.when === undefined) return fault("The log was written in a form without dates (short or full).", rewrite);
  const authorDate = parseLogDate(written.when);
  const committerDate = committed.when === undefined ? undefined : parseLogDate(committed.when);
  if (!authorDate && !committerDate) return fault(`The date «${written.when.slice(0, 60)}» names no moment.`, rewrite);
  const message = readMessage(bytes, text, nextLine(text, at));
  const merge = read("Merge")?.split(/\s+/) ?? [];
  const relatives = opening?.[2]?.trim().split(" ").filter(Boolean) ?? [];
  const doubt = doubtOf(authorDate, committerDate);
  return {
    commit: {
      hash,
      parents: isRaw ? (heads.get("parent") ?? []).map(({ start, end }) => text.slice(start, end).trim()) : merge,
      relatives,
      knowsParents: isRaw,
      author: readSignature(written.who),
      authorDate: authorDate?.raw ?? written.when,
      ...(committed.who !== undefined && { committer: readSignature(committed.who) }),
      ...(committed.when !== undefined && { committerDate: committerDate?.raw ?? committed.when }),
      message,
      trailers: findTrailers(message),
      ...(doubt && { doubt }),
    },
  };
}

function doubtOf(author: LogDate | undefined, committer: LogDate | undefined): string | undefined {
  return author ? author.doubt : committer?.doubt;
}

/** The indented lines, up to what stands below them: notes, files, differences. */
function readMessage(bytes: Buffer, text: string, from: number): string {
  const parts: Buffer[] = [];
  let blanks = 0;
  for (let at = from; at < text.length; at = nextLine(text, at)) {
    const indented = text.startsWith("    ", at);
    if (!indented && isBlank(text, at)) {
      blanks++;
      continue;
    }
    if (!indented) break;
    // An editor that trims lines leaves the blank ones inside a message without their spaces.
    for (; blanks > 0; blanks--) parts.push(Buffer.from("\n"));
    parts.push(bytes.subarray(at + 4, nextLine(text, at)));
  }
  return decodeText(Buffer.concat(parts)).replace(/\s+$/, "");
}

/** `Name <address> seconds zone` */
function splitRaw(value: string | undefined): { who?: string; when?: string } {
  const found = /^(.*>)\s*(.*)$/.exec(value ?? "");
  return found ? { who: found[1] ?? "", when: found[2] ?? "" } : {};
}

/** The address stands in the last pair of brackets: names may hold some too. */
function readSignature(value: string): Signature {
  const open = value.lastIndexOf("<");
  if (open === -1) return { name: value.trim(), email: "" };
  return {
    name: value.slice(0, open).trim(),
    email: value
      .slice(open + 1)
      .replace(/>\s*$/, "")
      .trim(),
  };
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  const found = end === -1 ? text.length : end;
  return text[found - 1] === "\r" && found > at ? found - 1 : found;
}

function nextLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end + 1;
}

function isBlank(text: string, at: number): boolean {
  const char = text[at];
  return char === "\n" || (char === "\r" && text[at + 1] === "\n");
}
