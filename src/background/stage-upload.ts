import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { lookAtTable, table } from "#connectors/table/index.ts";
import { AppError } from "#core/errors.ts";
import type { Jobs } from "#core/jobs.ts";
import { type Ctx, editorRoles, requireRole } from "#features/access/index.ts";
import { type Connector, checkFile, type FileIdentity } from "#features/ledger/index.ts";
import { matchUpload, requireConnector, type StartedImport, startImport } from "./import-upload.ts";
import { removeUpload, type StoredUpload, uploadFolder } from "./store-upload.ts";

/** What a file was found to be, or what keeps it from being read so. */
interface Look {
  identified?: FileIdentity | undefined;
  problem?: string | undefined;
}

/** A file that was sent and waits until somebody says how it comes in. */
export interface StagedUpload extends StoredUpload {
  id: string;
  /** Which connector reads it; null when that is in doubt. */
  connector: string | null;
  /** Which may read it, the surest first. */
  candidates: string[];
  looks: Record<string, Look>;
  /** Once it was brought in. */
  started?: StartedImport | undefined;
}

const counts = z.record(z.string(), z.number());
const noteSchema = z.object({
  communityId: z.string(),
  file: z.string(),
  fileName: z.string(),
  sizeBytes: z.number(),
  connector: z.string().nullable(),
  candidates: z.array(z.string()),
  looks: z.record(
    z.string(),
    z.object({
      identified: z
        .object({ origin: z.string(), name: z.string(), reported: counts.optional(), reportedParts: z.record(z.string(), counts).optional() })
        .optional(),
      problem: z.string().optional(),
    }),
  ),
  started: z.object({ syncId: z.string(), sourceId: z.string(), connector: z.string() }).optional(),
});

/** A name that no stored file has: theirs never begin with a dot. */
const noteName = ".upload.json";

/**
 * Keeps a file until somebody says how it comes in. What nobody knows, or is broken, is refused at once and removed.
 * @param input.connector which connector reads it; found out from the file when absent
 * @throws AppError `unreadable_file`, `invalid_input`
 */
export async function stageUpload(ctx: Ctx, input: { upload: StoredUpload; connector?: string | undefined }): Promise<StagedUpload> {
  requireRole(ctx, editorRoles, { scope: "import" });
  const { upload } = input;
  try {
    const { matches, isSure } = input.connector === undefined ? await matchUpload(upload) : { matches: [], isSure: true };
    const given = input.connector === undefined ? undefined : requireConnector(input.connector);
    const connector = given ?? (isSure ? matches[0]?.connector : undefined);
    const staged: StagedUpload = {
      ...upload,
      id: basename(dirname(upload.path)),
      connector: connector?.id ?? null,
      candidates: given ? [given.id] : matches.map((match) => match.connector.id),
      looks: {},
    };
    if (connector) staged.looks[connector.id] = await lookAt(ctx, { connector, path: upload.path });
    await keepNote(ctx, staged);
    return staged;
  } catch (error) {
    await removeUpload(upload.path);
    throw error;
  }
}

/**
 * A file that waits.
 * @throws AppError `not_found` once it is brought in, given up or forgotten, and for other communities
 */
export async function openUpload(ctx: Ctx, input: { dataDir: string; uploadId: string }): Promise<StagedUpload> {
  requireRole(ctx, editorRoles, { scope: "import" });
  if (!z.uuid().safeParse(input.uploadId).success) throw gone();
  const folder = join(uploadFolder(input.dataDir), input.uploadId);
  const held = await readNote(folder);
  if (held?.communityId !== ctx.community.id) throw gone();
  const { communityId: _, file, ...note } = held;
  return { ...note, id: input.uploadId, path: join(folder, file) };
}

const gone = () => new AppError("not_found", { public: "This file is no longer here: it was brought in or given up. Drop it again." });

/** What was noted of a file; undefined once the file is gone. */
async function readNote(folder: string): Promise<z.output<typeof noteSchema> | undefined> {
  const text = await readFile(join(folder, noteName), "utf8").catch(() => undefined);
  return text === undefined ? undefined : noteSchema.parse(JSON.parse(text));
}

/**
 * What a waiting file is when a connector reads it, found out once.
 * @throws AppError `unreadable_file` when that connector cannot
 */
export async function lookAtUpload(ctx: Ctx, input: { upload: StagedUpload; connector: Connector }): Promise<Look> {
  const { upload, connector } = input;
  const known = upload.looks[connector.id];
  if (known) return known;
  const look = await lookAt(ctx, { connector, path: upload.path });
  upload.looks[connector.id] = look;
  await keepNote(ctx, upload);
  return look;
}

interface StartInput {
  jobs: Pick<Jobs, "send">;
  upload: StagedUpload;
  connector: string;
  sourceName?: string | undefined;
  settings: Record<string, unknown>;
}

/** A claim that was not renewed for so long is nobody's: whoever held it died. */
const claimMs = 60_000;
const claimName = ".starting";

/**
 * Brings a waiting file in. Asked twice, even in one moment, it is brought in once; refused, it waits on for another try.
 * @param input.settings as a person said them
 * @throws AppError `unreadable_file`, `invalid_input`, `not_found`, `busy` when another request is long at it
 */
export async function startUpload(ctx: Ctx, input: StartInput): Promise<StartedImport> {
  const { upload } = input;
  const claim = join(dirname(upload.path), claimName);
  for (const giveUpAt = Date.now() + claimMs / 2; !upload.started && !(await take(claim)); await sleep(100)) {
    if (Date.now() > giveUpAt)
      throw new AppError("busy", { public: "It is being brought in at this moment. Look at the list of sources, and try again in a minute." });
    upload.started = (await readNote(dirname(upload.path)))?.started;
  }
  if (upload.started) return upload.started;
  // A large file takes longer to be looked through than a claim lasts.
  const beat = setInterval(() => {
    const now = new Date();
    // The job may have removed the folder with the claim.
    utimes(claim, now, now).catch(() => undefined);
  }, claimMs / 4);
  try {
    // Whoever held the claim before may have come to the end just now.
    upload.started = (await readNote(dirname(upload.path)))?.started;
    return upload.started ?? (await start(ctx, input));
  } finally {
    clearInterval(beat);
    await rm(claim, { force: true });
  }
}

/** Makes a file that only one can make; one that was left behind by who died is nobody's. */
async function take(claim: string): Promise<boolean> {
  try {
    await writeFile(claim, "", { flag: "wx" });
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") throw gone();
    if (code !== "EEXIST") throw error;
    const made = await stat(claim).catch(() => undefined);
    if (made && Date.now() - made.mtimeMs > claimMs) await rm(claim, { force: true });
    return false;
  }
}

async function start(ctx: Ctx, input: StartInput): Promise<StartedImport> {
  const { upload, settings } = input;
  const connector = requireConnector(input.connector);
  const look = upload.looks[connector.id];
  const started = await startImport(ctx, {
    ...input,
    connector: connector.id,
    identified: isPlain(connector, settings) ? look?.identified : undefined,
    isSaid: true,
    keepsFile: true,
  });
  upload.started = started;
  // The job may have removed the file with all that was noted of it.
  await keepNote(ctx, upload).catch(() => undefined);
  return started;
}

/**
 * Gives a waiting file up.
 * @throws AppError `conflict` while it is brought in
 */
export async function discardUpload({ path, started }: StagedUpload): Promise<void> {
  if (started) throw new AppError("conflict", { public: "It is being brought in already." });
  await removeUpload(path);
}

/** A table is only glanced at: what it is depends on what is said of its columns. */
async function lookAt(ctx: Ctx, { connector, path }: { connector: Connector; path: string }): Promise<Look> {
  try {
    if (connector.id === table.id) {
      await lookAtTable(path);
      return {};
    }
    // What was noted for a run in this process is not kept in a file.
    const { noted: _, ...identified } = (await checkFile(ctx, { connector, path })).identified;
    return { identified };
  } catch (error) {
    if (error instanceof AppError && error.code === "invalid_input" && connector.importFile) return { problem: error.message };
    throw error;
  }
}

/** Whether settings are those by which files are looked at first. */
function isPlain(connector: Connector, settings: Record<string, unknown>): boolean {
  const [said, plain] = [connector.settings.safeParse(settings), connector.settings.safeParse({})];
  return said.success && plain.success && JSON.stringify(said.data) === JSON.stringify(plain.data);
}

async function keepNote(ctx: Ctx, upload: StagedUpload): Promise<void> {
  const { path, id: _, ...kept } = upload;
  const note: z.input<typeof noteSchema> = { ...kept, communityId: ctx.community.id, file: basename(path) };
  // Under another name first, so that nobody reads half of it.
  const half = join(dirname(path), `${noteName}.${process.pid}`);
  await writeFile(half, JSON.stringify(note), { mode: 0o600 });
  await rename(half, join(dirname(path), noteName));
}
