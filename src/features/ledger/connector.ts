import type { z } from "zod";
import type { ArchiveEntry } from "#core/archive.ts";
import type { CoreContext } from "#core/context.ts";
import type { HttpClient } from "#core/http.ts";
import type { NormalizedBatch, RawRecord, RejectedRecord } from "./batch.ts";

/** What a pull or a file yields: some records, what was set aside, and where to go on after a crash. */
export interface RecordChunk {
  records: RawRecord[];
  rejected?: RejectedRecord[];
  /** Where the next pull starts once these records are stored; opaque to everybody but the connector. */
  cursor?: unknown;
  /** What the source says it holds, once it is known: the other half of coverage. Replaces what was said before. */
  reported?: ReportedCounts;
  /** As `reported`, where it is said of parts (the months of a list): each part is replaced by itself, and all add up. */
  reportedParts?: Record<string, ReportedCounts>;
  /** Lines for the run's log that its owner should read: what is missing and why. */
  warnings?: string[];
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
  /** A folder of this source alone, kept from run to run, for what is cheaper kept than fetched again; it may be lost. */
  workDir: string;
  /** The way out: retries, rate limits and private addresses are minded; waits are shown on the run's page. */
  http: HttpClient;
}

/** What a try of the settings gets: nothing of it is kept. */
export type ConnectInput<Settings> = Pick<PullInput<Settings>, "settings" | "signal" | "http">;

/** What a live source turns out to be when its settings are tried. */
export interface LiveIdentity {
  /** As a file's origin: an export and the live source of one thing name the same, so both feed one source. */
  origin: string;
  name: string;
  /** One sentence for who set it up: as whom we are signed in and what we can see. */
  says: string;
}

/** A request that another server sent to a source's address. */
export interface WebhookRequest {
  /** Lower-cased names. */
  headers: Headers;
  /** The body as it came: signatures are over these very bytes. */
  body: string;
  query: URLSearchParams;
}

/**
 * `records` go the way of a pull, under the same streams and ids; `answer` is sent back as it is (a challenge);
 * `ignored` says why nothing came of it.
 */
export type WebhookOutcome = { records: RawRecord[] } | { answer: string } | { ignored: string };

/** How a listener's connection is. `reason` says why it is not there, for who looks at the source's page. */
export type ListenState = { state: "connected" } | { state: "connecting" } | { state: "waiting"; reason: string };

export interface ListenInput<Settings> extends Pick<PullInput<Settings>, "settings" | "signal" | "http"> {
  /** The folder of this source's pulls, to look up what they keep there. They write it, a listener does not. */
  workDir: string;
  /**
   * Keeps records so that no crash loses them; only then is an event acknowledged. They go the way of a pull, under the
   * same streams and ids.
   * @throws when they could not be kept: leave the event unacknowledged, so that it is sent again
   */
  receive(records: readonly RawRecord[]): Promise<void>;
  onState(state: ListenState): void;
}

export interface ImportFileInput<Settings> {
  settings: Settings;
  /** An absolute path to a file or folder, readable and not empty. */
  path: string;
  /** The file's first bytes as they lie on the disk, so gzip is still packed (empty for a folder). */
  head: Buffer;
  signal: AbortSignal;
  /** For `importFile`: what `identifyFile` noted of this very file just now, if it did. */
  noted?: unknown;
}

/** What a dropped file shows before it is read. */
export interface GlimpsedFile {
  /** Its path, or the name that its owner gave it. */
  path: string;
  /** The first 64 KB, unpacked where it is gzip; empty for a folder or a zip. */
  head: Buffer;
  isDirectory: boolean;
  /** Names and sizes of the files in a folder or zip, sorted, at most 5,000; empty otherwise. */
  entries: readonly ArchiveEntry[];
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
  /**
   * As `reported`, for each part of it: exports that each hold a part of the origin add up, and one that comes again
   * replaces what it said before. Together they make `reported`.
   */
  reportedParts?: Record<string, ReportedCounts>;
  /** What was learned on the way that `importFile` would have to find out again. It is handed on in memory and never kept. */
  noted?: unknown;
}

/** What tells an activity's thread, of one that is held. */
export interface ArrangedActivity {
  externalId: string;
  kind: string;
  replyTo?: string;
  /** Absent where the words were taken away. */
  title?: string;
  occurredAt: Date;
  attributes: unknown;
}

/**
 * Puts all activities of a source into threads, each stated by the record of the same external id. Pure: the same for the
 * same activities, in whichever order they come.
 */
export interface ThreadArranger {
  /** The kinds of activities that it puts into threads; others stay where they are. */
  kinds: readonly string[];
  /** Is told of every activity of these kinds. */
  add(activity: ArrangedActivity): void;
  /** Once all were added: the external id of the thread of one of them. */
  threadOf(activity: Pick<ArrangedActivity, "externalId" | "kind">): string;
  /** What a thread is called that an activity of this title opens; undefined leaves it as it is called. */
  titleOf(opening: { title: string }): string | undefined;
}

export interface Connector<Schema extends z.ZodType = z.ZodType> {
  /** Kebab-case, equal to the folder's name. */
  id: string;
  /** Earlier or shorter names under which the command line and stored sources may call it. */
  aliases?: readonly string[];
  title: string;
  /** One sentence for the list of sources: what it brings in. */
  summary: string;
  /** Numbers the output of `normalize`: raising it replays stored records on the next run. */
  normalizeVersion: number;
  settings: Schema;
  /** What is collected, the key of an identity, known limits and privacy, in Markdown. */
  docs: {
    collects: string;
    identityKey: string;
    limits: string;
    privacy: string;
    /** Step by step to the export file, from the source's own menus on. */
    gettingTheFile?: string;
    /** Step by step to the token or app, with the rights it needs and no more. */
    connecting?: string;
  };
  /**
   * Kinds of records. Those that can be pulled have a schedule; a file's records use the same names, so that a record
   * from a file and the same one from the live source are one.
   */
  streams: Record<string, { title: string; everyMinutes?: number }>;
  /** Pure: one stored record to what it says. Throws RecordError for a record that cannot be used. */
  normalize(record: RawRecord, settings: z.output<Schema>): NormalizedBatch;
  /**
   * For sources whose records do not know their thread by themselves (mails that name only the one they answer, months that
   * are brought in one by one): called after each run that brought something.
   */
  arrangeThreads?(): ThreadArranger;
  /**
   * Tries the settings of a live source.
   * @throws AppError `forbidden`, `not_found`, `upstream_failed` …, in words that say what to change
   */
  connect?(ctx: CoreContext, input: ConnectInput<z.output<Schema>>): Promise<LiveIdentity>;
  pull?(ctx: CoreContext, input: PullInput<z.output<Schema>>): AsyncIterable<RecordChunk>;
  /** For services that send over a connection that we open: what is new arrives at once, and the pull finds what was missed. */
  listen?: {
    /** Whether the settings ask for it. Secrets are masked: of them only whether they are set can be told. */
    isOn(settings: z.output<Schema>): boolean;
    /**
     * Listens until the signal aborts, then finishes what it has begun and returns. Connections that end are opened again
     * here, with growing pauses.
     * @throws AppError `forbidden`, `invalid_input` or `not_found` for what only other settings mend: it is not tried again before
     *   they change; anything else is tried again later
     */
    run(ctx: CoreContext, input: ListenInput<z.output<Schema>>): Promise<void>;
  };
  /** 0 to 1: how sure it is that the file is one of its own, from its name, first bytes and entries alone. */
  recognizes?(file: GlimpsedFile): number;
  /**
   * The file's origin from its beginning alone, for connectors whose settings say how a file is to be read: what is held of
   * its source then counts wherever nothing else is given, and what is given is kept for the next file.
   */
  peekOrigin?(ctx: CoreContext, input: Omit<ImportFileInput<z.output<Schema>>, "head">): Promise<string>;
  identifyFile?(ctx: CoreContext, input: ImportFileInput<z.output<Schema>>): Promise<FileIdentity>;
  importFile?(ctx: CoreContext, input: ImportFileInput<z.output<Schema>>): AsyncIterable<RecordChunk>;
  /**
   * Reads a request that the source sent us, its signature first.
   * @throws AppError `forbidden` for a wrong signature, `invalid_input` for what cannot be read
   */
  webhook?(request: WebhookRequest, settings: z.output<Schema>): WebhookOutcome | Promise<WebhookOutcome>;
}

/** Whether a connector is called so: by its id, or by a name that it had before. */
export function isCalled(connector: Connector, name: string): boolean {
  return connector.id === name || (connector.aliases?.includes(name) ?? false);
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
