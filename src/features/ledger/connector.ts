import type { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import type { NormalizedBatch, RawRecord, RejectedRecord } from "./batch.ts";

/** What a pull or a file yields: some records, what was set aside, and where to go on after a crash. */
export interface RecordChunk {
  records: RawRecord[];
  rejected?: RejectedRecord[];
  /** Where the next pull starts once these records are stored; opaque to everybody but the connector. */
  cursor?: unknown;
  /** Units of work done so far and in all (bytes, records, pages), for the progress bar. */
  progress?: { done: number; total?: number; unit: "bytes" | "records" | "pages" };
}

/** What the source says it holds, for the coverage page: per activity kind or unit. */
export interface ReportedCounts {
  [unit: string]: number;
}

export interface PullInput<Settings> {
  settings: Settings;
  stream: string;
  /** The cursor stored with the last chunk, or undefined on the first run. */
  cursor: unknown;
  signal: AbortSignal;
}

export interface ImportFileInput<Settings> {
  settings: Settings;
  /** An absolute path to a file or folder, readable and not empty. */
  path: string;
  /** The file's first bytes, already read (empty for a folder). */
  head: Buffer;
  signal: AbortSignal;
}

/** What a file is found to be before it is read through. */
export interface FileIdentity {
  /**
   * Names what the file is an export of, the same for every export of it: `github:owner/repo`, `git:<root commit>`,
   * `mbox:<list id or file name>`. Files of one origin feed one source, so nothing is doubled.
   */
  origin: string;
  /** What to call the source. */
  name: string;
  reported?: ReportedCounts;
}

export interface Connector<Schema extends z.ZodType = z.ZodType> {
  /** Kebab-case, equal to the folder's name. */
  id: string;
  title: string;
  /** One sentence for the list of sources: what it brings in. */
  summary: string;
  /** Numbers the output of `normalize`: raising it replays stored records on the next run. */
  normalizeVersion: number;
  settings: Schema;
  /** What is collected, the key of an identity, known limits and privacy, in Markdown. */
  docs: { collects: string; identityKey: string; limits: string; privacy: string };
  /** Pull-able streams of a live source; empty for files alone. */
  streams: Record<string, { title: string; everyMinutes?: number }>;
  /** Pure: one stored record to what it says. Throws RecordError for a record that cannot be used. */
  normalize(record: RawRecord, settings: z.output<Schema>): NormalizedBatch;
  pull?(ctx: CoreContext, input: PullInput<z.output<Schema>>): AsyncIterable<RecordChunk>;
  /** 0 to 1: how sure it is that the file is one of its own, from its name and first bytes alone. */
  recognizes?(file: { path: string; head: Buffer; isDirectory: boolean }): number;
  identifyFile?(ctx: CoreContext, input: ImportFileInput<z.output<Schema>>): Promise<FileIdentity>;
  importFile?(ctx: CoreContext, input: ImportFileInput<z.output<Schema>>): AsyncIterable<RecordChunk>;
  webhook?(request: { headers: Headers; body: string }, settings: z.output<Schema>): { records: RawRecord[] } | { ignored: string };
}

/** Thrown by `normalize`: the record is set aside with this reason and the sync goes on. */
export class RecordError extends Error {
  readonly place: string;
  readonly remedy: string;
  /**
   * @param input.reason what is wrong with it
   * @param input.place the field or line inside the record
   * @param input.remedy what its owner can do
   */
  constructor(input: { reason: string; place: string; remedy: string }) {
    super(input.reason);
    this.name = "RecordError";
    this.place = input.place;
    this.remedy = input.remedy;
  }
}

/**
 * Declares a connector. It exists for its types: the settings that `pull`, `importFile` and `normalize` receive
 * are those of the schema.
 */
export function defineConnector<Schema extends z.ZodType>(connector: Connector<Schema>): Connector<Schema> {
  return connector;
}
