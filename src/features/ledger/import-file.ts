import { open, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { constants, gunzipSync } from "node:zlib";
import { z } from "zod";
import { looksLikeZip, openArchive } from "#core/archive.ts";
import type { CoreContext } from "#core/context.ts";
import { json, sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { type Ctx, editorRoles, requireRole } from "../access/index.ts";
import { type Connector, type FileIdentity, type GlimpsedFile, isCalled } from "./connector.ts";
import { type RunRecordsInput, runRecords, type SyncOutcome, type SyncProgress } from "./run-records.ts";
import { asObject, dropSecrets, maskSettings } from "./source-settings.ts";
import { ensureSource, fileStream, findSourceOfOrigin, refusePaused, type SourceRef, storeReported } from "./sources.ts";
import { queueSync } from "./sync-runs.ts";

const headBytes = 65_536;

export interface OpenedFile extends GlimpsedFile {
  /** The first bytes as they lie on the disk. */
  rawHead: Buffer;
  sizeBytes: number;
}

/** Enough of a large archive to tell what it is. */
const entriesSeen = 5_000;

/**
 * Looks at a file before anything reads it.
 * @throws AppError `not_found`, `forbidden` or `unreadable_file`, naming the path and what to do
 */
export async function openFile(path: string): Promise<OpenedFile> {
  const absolute = resolve(path);
  const found = await stat(absolute).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") {
      throw new AppError("not_found", { public: `There is no file at ${absolute}. Check the path.` });
    }
    throw unreadable(absolute, error);
  });
  if ((found.mode & 0o444) === 0) {
    throw new AppError("forbidden", {
      public: `${absolute} may not be read by anybody (its permissions are ${(found.mode & 0o777).toString(8).padStart(3, "0")}). Allow reading with: chmod u+r`,
    });
  }
  if (found.isDirectory())
    return { path: absolute, head: Buffer.alloc(0), rawHead: Buffer.alloc(0), isDirectory: true, entries: await listEntries(absolute), sizeBytes: 0 };
  if (!found.isFile()) {
    throw new AppError("unreadable_file", { public: `${absolute} is neither a file nor a folder. Give the path of an export.` });
  }
  if (found.size === 0) {
    throw new AppError("unreadable_file", { public: `${absolute} is empty (0 bytes). The export or its download was cut off; make it again.` });
  }
  const head = await readHead(absolute, found.size);
  if (looksLikeZip(head)) {
    return { path: absolute, head: Buffer.alloc(0), rawHead: head, isDirectory: false, entries: await listEntries(absolute), sizeBytes: found.size };
  }
  return { path: absolute, head: unpackHead(head), rawHead: head, isDirectory: false, entries: [], sizeBytes: found.size };
}

async function listEntries(path: string): Promise<OpenedFile["entries"]> {
  const archive = await openArchive(path);
  await archive.close();
  return archive.entries.slice(0, entriesSeen);
}

/** The beginning of what a gzip file holds; other bytes come back as they are. */
function unpackHead(head: Buffer): Buffer {
  if (head[0] !== 0x1f || head[1] !== 0x8b) return head;
  try {
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 64 * headBytes }).subarray(0, headBytes);
  } catch {
    // Not gzip after all, or damaged from its first block on: whoever reads it says so with the place.
    return head;
  }
}

async function readHead(absolute: string, size: number): Promise<Buffer> {
  const handle = await open(absolute, "r").catch((error: NodeJS.ErrnoException) => {
    throw unreadable(absolute, error);
  });
  try {
    const head = Buffer.alloc(Math.min(headBytes, size));
    await handle.read(head, 0, head.length, 0);
    return head;
  } finally {
    await handle.close();
  }
}

function folderGiven({ title }: Connector, path: string): AppError {
  return new AppError("unreadable_file", { public: `${path} is a folder. ${title} is read from a file: give the path of the export itself.` });
}

function unreadable(path: string, error: NodeJS.ErrnoException): AppError {
  if (error.code === "EACCES" || error.code === "EPERM") {
    return new AppError("forbidden", { public: `${path} may not be read by this user. Change its permissions or run as its owner.`, cause: error });
  }
  return new AppError("unreadable_file", { public: `${path} could not be opened: ${error.message}`, cause: error });
}

/**
 * Which connectors know a file, the surest first.
 * @returns only those that are at all sure; an empty list means nobody knows it
 */
export function recognizeFile(connectors: readonly Connector[], file: OpenedFile): { connector: Connector; confidence: number }[] {
  return connectors
    .map((connector) => ({ connector, confidence: connector.recognizes?.(file) ?? 0 }))
    .filter((match) => match.confidence > 0)
    .sort((a, b) => b.confidence - a.confidence);
}

export interface RunImportInput {
  connector: Connector;
  path: string;
  /** As typed or sent; parsed by the connector's schema here. */
  settings?: unknown;
  sourceName?: string;
  signal?: AbortSignal;
  onProgress?: (progress: SyncProgress) => void;
  /** What the user called the file, when the path is a temporary one. */
  fileName?: string;
  /** What `checkFile` said of the same file, which then is not read twice. */
  checked?: CheckedFile;
  /** What the file was found to be earlier, by the same settings: then it is not read for that again. */
  identified?: FileIdentity | undefined;
  /** The settings were said by a person: where they differ from what the file's source holds, they are kept for it. */
  isSaid?: boolean | undefined;
  /** A run that `queueImport` opened. */
  syncId?: string;
}

/**
 * Checks a file, makes its source and notes a run that is to come: what a person who brings in a file waits for.
 * The run itself is `runImport` with the same input and the run's id.
 * @returns `needsReplay` when what the source holds was read by other settings
 * @throws AppError as `runImport` does, before anything is stored
 */
export async function queueImport(
  ctx: Ctx,
  input: Omit<RunImportInput, "syncId" | "onProgress">,
): Promise<{ syncId: string; sourceId: string; needsReplay: boolean }> {
  const { source, file, settingsChanged } = await identify(ctx, input);
  const needsReplay = settingsChanged && (await holdsRecords(ctx, source.id));
  const syncId = await queueSync(ctx, { sourceId: source.id, trigger: "import", subject: input.fileName ?? basename(file.path) });
  return { syncId, sourceId: source.id, needsReplay };
}

/**
 * Brings an export file or folder into the ledger. The file is checked as a whole first: a broken one changes nothing.
 * Bringing it in again does nothing new; a run that died goes on where it stopped.
 * @returns `needsReplay` as `queueImport` has it
 * @throws AppError `unreadable_file` and its kin with place and remedy, `invalid_input` for settings, `busy`, `paused`
 */
export async function runImport(ctx: Ctx, input: RunImportInput): Promise<SyncOutcome & { needsReplay: boolean }> {
  const { settings, file, identified, source, importFile, settingsChanged } = await identify(ctx, input);
  const { connector } = input;
  const fileInput = { settings, path: file.path, head: file.rawHead, noted: identified.noted };
  const parts = Object.entries(identified.reportedParts ?? {});
  for (const [part, reported] of parts) await storeReported(ctx, { sourceId: source.id, stream: fileStream, part, reported });
  if (identified.reported && parts.length === 0) await storeReported(ctx, { sourceId: source.id, stream: fileStream, reported: identified.reported });
  const fresh = !(await holdsRecords(ctx, source.id));
  const outcome = await runRecords(ctx, {
    source,
    connector,
    settings,
    stream: fileStream,
    trigger: "import",
    subject: input.fileName ?? basename(file.path),
    fresh,
    force: false,
    chunks: (runSignal) => importFile(ctx, { ...fileInput, signal: runSignal }),
    signal: input.signal,
    onProgress: input.onProgress,
    syncId: input.syncId,
  } satisfies RunRecordsInput);
  return { ...outcome, needsReplay: settingsChanged && !fresh };
}

/** A file that was read to its end and found sound, and where it comes from. */
export interface CheckedFile {
  file: OpenedFile;
  settings: unknown;
  identified: FileIdentity;
  importFile: NonNullable<Connector["importFile"]>;
}

/**
 * Reads a file to its end and stores nothing: what can be said before there is even a community for it.
 * @throws AppError `unreadable_file` and its kin with place and remedy, `invalid_input` for settings
 */
export async function checkFile(
  core: CoreContext,
  input: Pick<RunImportInput, "connector" | "path" | "settings" | "signal" | "identified">,
): Promise<CheckedFile> {
  const { connector } = input;
  if (!connector.importFile || !connector.identifyFile) {
    throw new AppError("invalid_input", { public: `${connector.title} has no files to bring in; it is a live source.` });
  }
  const settings = parseSettings(connector, input.settings ?? {});
  const file = await openFile(input.path);
  const signal = input.signal ?? new AbortController().signal;
  if (input.identified) return { file, settings, identified: input.identified, importFile: connector.importFile.bind(connector) };
  const identified = await connector.identifyFile(core, { settings, path: file.path, head: file.rawHead, signal }).catch((error: unknown) => {
    throw file.isDirectory && (error as NodeJS.ErrnoException).code === "EISDIR" ? folderGiven(connector, file.path) : error;
  });
  return { file, settings, identified, importFile: connector.importFile.bind(connector) };
}

async function identify(ctx: Ctx, input: Omit<RunImportInput, "syncId" | "onProgress">) {
  requireRole(ctx, editorRoles, { scope: "import" });
  const checked = input.checked ?? (await checkFile(ctx, { ...input, settings: await withHeldSettings(ctx, input) }));
  const source = await ensureSource(ctx, {
    connector: input.connector.id,
    origin: checked.identified.origin,
    name: input.sourceName ?? checked.identified.name,
    settings: dropSecrets(input.connector, checked.settings),
  });
  refusePaused(source);
  const settingsChanged = await keepSettings(ctx, { connector: input.connector, source, parsed: checked.settings, given: input });
  return { ...checked, source, settingsChanged };
}

/**
 * What is given, over what is held of the source that the file would feed: so that whoever said once how such a file is
 * read need not say it again. Connectors that read every file alike take the given as it is.
 * @throws AppError `invalid_input` for settings, `unreadable_file` and its kin
 */
export async function withHeldSettings(
  ctx: Ctx,
  input: { connector: Connector; path: string; settings?: unknown; signal?: AbortSignal },
): Promise<unknown> {
  const { connector } = input;
  if (!connector.peekOrigin) return input.settings;
  const file = await openFile(input.path);
  const signal = input.signal ?? new AbortController().signal;
  const origin = await connector.peekOrigin(ctx, { settings: parseSettings(connector, input.settings ?? {}), path: file.path, signal });
  const source = await findSourceOfOrigin(ctx, origin);
  if (!source || !isCalled(connector, source.connector)) return input.settings;
  return { ...dropSecrets(connector, source.settings), ...givenOf(input.settings) };
}

/**
 * Keeps how a file was read for the next one of its source.
 * @returns whether that differs from what was kept before
 */
async function keepSettings(
  ctx: Ctx,
  input: { connector: Connector; source: SourceRef; parsed: unknown; given: Pick<RunImportInput, "settings" | "isSaid"> },
): Promise<boolean> {
  const { connector, source, given } = input;
  const parsed = dropSecrets(connector, input.parsed);
  if (connector.peekOrigin) return storeSettings(ctx, { source, settings: parsed });
  if (!given.isSaid) return false;
  const held = connector.settings.safeParse(maskSettings(connector, source.settings));
  const before = held.success ? dropSecrets(connector, held.data) : {};
  const changed = Object.keys(givenOf(given.settings)).filter(
    (name) => name in parsed && JSON.stringify(before[name]) !== JSON.stringify(parsed[name]),
  );
  if (changed.length === 0) return false;
  return storeSettings(ctx, {
    source,
    settings: { ...asObject(source.settings), ...Object.fromEntries(changed.map((name) => [name, parsed[name]])) },
  });
}

/**
 * Stores a source's settings as they stand.
 * @returns whether they differ from those before
 */
export async function storeSettings(ctx: Ctx, input: { source: Pick<SourceRef, "id">; settings: unknown }): Promise<boolean> {
  const rows = await ctx.db.rows<{ id: string }>(sql`
    UPDATE source SET settings = ${json(input.settings)}
    WHERE community_id = ${ctx.community.id} AND id = ${input.source.id} AND settings IS DISTINCT FROM ${json(input.settings)} RETURNING id`);
  return rows.length > 0;
}

/** A form sends what was left empty as empty text: that is nothing given. */
function givenOf(settings: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings ?? {}).filter(([, value]) => value !== undefined && value !== ""));
}

/**
 * Settings as the connector's schema reads them.
 * @throws AppError `invalid_input` with each field's problem
 */
export function parseSettings(connector: Connector, settings: unknown): unknown {
  const parsed = connector.settings.safeParse(settings);
  if (parsed.success) return parsed.data;
  throw new AppError("invalid_input", {
    public: `The settings for ${connector.title} are not right: ${z.prettifyError(parsed.error)}`,
    issues: parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message })),
  });
}

export async function holdsRecords(ctx: Ctx, sourceId: string): Promise<boolean> {
  const row = await ctx.db.first<{ held: boolean }>(
    sql`SELECT EXISTS (SELECT FROM raw_record WHERE community_id = ${ctx.community.id} AND source_id = ${sourceId}) AS held`,
  );
  return row?.held ?? false;
}
