import type { z } from "zod";
import type { NormalizedBatch, RejectedRecord } from "#features/ledger/index.ts";
import type { ExportFile } from "../export-files.ts";

export type Stream = "people" | "organizations" | "activities";

/** What is wrong with a part of an entry; the rest of it is used all the same. */
export interface Problem {
  /** The field, as a path inside the entry; empty for all of it. */
  field: string;
  reason: string;
  remedy?: string;
}

/** What an entry says, and what of it cannot be used. Without a batch nothing of it can. */
export interface Understood {
  batch?: NormalizedBatch;
  problems: Problem[];
}

/** One entry of a file, or something in it that is wrong. */
export type Entry =
  | { stream: Stream; externalId: string; value: unknown; place: string; asOf?: string }
  | { place: string; problem: Problem; excerpt: string };

export interface ReadInput {
  file: ExportFile;
  signal: AbortSignal;
  onRead: (bytes: number) => void;
  settings: PeopleSettings;
}

export interface PeopleSettings {
  list: string;
  mailmap: "auto" | "people" | "organizations";
  visibility: "public" | "members" | "team" | "restricted";
}

/** What a file's entries have in common. */
export interface About {
  /** Names what the file is an export of; ids that mean nothing elsewhere count inside it. */
  registry: string;
  visibility: PeopleSettings["visibility"];
}

/** One form in which people are kept. */
export interface Format {
  title: string;
  /** 0 to 1, from the file's name and its beginning. */
  recognizes(file: { name: string; text: string }): number;
  /**
   * The file's entries, in its order.
   * @throws AppError `unreadable_file` with the place where it breaks off or is something else
   */
  read(input: ReadInput): AsyncGenerator<Entry>;
  /** Pure: one entry as `read` gave it. */
  understand(value: unknown, about: About): Understood;
  /** What the file itself says it is an export of, from its beginning; absent where it does not say. */
  origin?(text: string): { origin: string; name: string } | undefined;
}

/** The problems that a schema found, as people write paths: `enrollments[0].end`. */
export function problemsOf(error: z.ZodError, prefix = ""): Problem[] {
  return error.issues.map((issue) => ({ field: joinPath(prefix, issue.path), reason: inWords(issue.message) }));
}

function inWords(message: string): string {
  const [, expected, received] = /^Invalid input: expected (.+), received (\w+)$/.exec(message) ?? [];
  if (received === "undefined") return "It is missing.";
  if (received !== undefined) return `It is a ${received}, where a ${expected} belongs.`;
  const [, most] = /^Too big: expected number to be <=(\d+)$/.exec(message) ?? [];
  const [, least] = /^Too small: expected number to be >=(\d+)$/.exec(message) ?? [];
  if (most !== undefined) return `It is more than ${most}.`;
  if (least !== undefined) return `It is less than ${least}.`;
  if (/^Too small: expected string/.test(message)) return "It is empty.";
  return /^[a-z]/.test(message) ? `It ${message}.` : message;
}

function joinPath(prefix: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, prefix);
}

/** A problem as it is shown: with the file's place before the field. */
export function toRejected(stream: Stream, input: { place: string; problem: Problem; excerpt: string }): RejectedRecord {
  const { place, problem } = input;
  return {
    stream,
    place: problem.field === "" ? place : `${place}, ${problem.field}`,
    reason: problem.reason,
    remedy: problem.remedy ?? "Correct it where the file comes from and bring the file in again; all the rest was taken.",
    excerpt: input.excerpt,
  };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A text that says something, without the spaces around it. */
export function text(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}
