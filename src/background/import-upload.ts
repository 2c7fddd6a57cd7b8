import { z } from "zod";
import { consumers } from "#app/consumers.ts";
import { connectors, findConnector } from "#connectors/index.ts";
import { AppError } from "#core/errors.ts";
import { defineJob, type JobRun, type Jobs } from "#core/jobs.ts";
import { type Ctx, openAsSystem, recordAudit } from "#features/access/index.ts";
import {
  type Connector,
  drainOutbox,
  type FileIdentity,
  failSync,
  openFile,
  queueImport,
  recognizeFile,
  replaySource,
  runImport,
} from "#features/ledger/index.ts";
import { countIngest } from "./count-ingest.ts";
import { removeUpload, type StoredUpload } from "./store-upload.ts";

const attempts = 5;

const importPayload = z.object({
  communityId: z.uuid(),
  syncId: z.uuid(),
  connector: z.string(),
  path: z.string(),
  fileName: z.string(),
  sourceName: z.string().optional(),
  settings: z.unknown(),
  isSaid: z.boolean().optional(),
  /** What the source held before was read by other settings. */
  needsReplay: z.boolean().optional(),
  sourceId: z.uuid().optional(),
});

/** Brings an uploaded file into the ledger and removes the file. */
export const importUploadJob = defineJob({
  name: "import-upload",
  title: "Bring in an uploaded file",
  payload: importPayload,
  attempts,
  delivery: "At least once; a run that died goes on where it stopped, and nothing is brought in twice.",
  timeoutSeconds: 24 * 60 * 60,
  concurrency: 4,
  async run(services, payload, run) {
    const ctx = await openAsSystem(services, { communityId: payload.communityId });
    if (!ctx) return;
    const onProgress = countIngest(services.telemetry);
    const done = await importOrGiveUp(ctx, payload, run, onProgress);
    if (done) await removeUpload(payload.path);
    if (done && payload.needsReplay && payload.sourceId !== undefined) {
      const connector = requireConnector(payload.connector);
      await replaySource(ctx, { connector, sourceId: payload.sourceId, signal: run.signal, onProgress });
    }
    await drainOutbox(services, { consumers, communityId: ctx.community.id, signal: run.signal });
  },
});

/** @returns whether the file is no longer needed: it was brought in, or no further try can help */
async function importOrGiveUp(
  ctx: Ctx,
  payload: z.output<typeof importPayload>,
  run: JobRun,
  onProgress: ReturnType<typeof countIngest>,
): Promise<boolean> {
  try {
    await runImport(ctx, { ...payload, connector: requireConnector(payload.connector), signal: run.signal, onProgress });
    return true;
  } catch (error) {
    const mayHelp = !(error instanceof AppError) || (error.code !== "paused" && error.status >= 500) || run.signal.aborted;
    if (mayHelp && run.attempt < attempts) throw error;
    // The run's page says why; a retry of the job would say the same again.
    if (error instanceof AppError) await failSync(ctx, { syncId: payload.syncId, error, cancelled: false, counts: {} });
    else throw error;
    return true;
  }
}

/** Reads a source's stored records anew. */
export const replaySourceJob = defineJob({
  name: "replay-source",
  title: "Read a source's stored records anew",
  payload: z.object({ communityId: z.uuid(), sourceId: z.uuid(), connector: z.string() }),
  attempts: 3,
  delivery: "At least once; reading records twice changes nothing.",
  timeoutSeconds: 24 * 60 * 60,
  async run(services, payload, { signal }) {
    const ctx = await openAsSystem(services, { communityId: payload.communityId });
    if (!ctx) return;
    const onProgress = countIngest(services.telemetry);
    await replaySource(ctx, { connector: requireConnector(payload.connector), sourceId: payload.sourceId, signal, onProgress });
    await drainOutbox(services, { consumers, communityId: ctx.community.id, signal });
  },
});

/**
 * The connector of an id, or of a name that it had before.
 * @throws AppError `invalid_input` naming those there are
 */
export function requireConnector(id: string): Connector {
  const connector = findConnector(id);
  if (!connector)
    throw new AppError("invalid_input", { public: `There is no connector “${id}”. There are: ${connectors.map((one) => one.id).join(", ")}.` });
  return connector;
}

/**
 * Checks an uploaded file and queues its import. A file that nobody knows, or that is broken, is refused at once and removed.
 * @param input.connector which connector reads it; found out from the file when absent
 * @param input.isSaid the settings were said by a person, and count for the source from now on
 * @param input.keepsFile leaves the file where it is when it is refused, for another try
 * @returns the run to watch
 * @throws AppError `unreadable_file`, `invalid_input`
 */
export async function startImport(
  ctx: Ctx,
  input: {
    jobs: Pick<Jobs, "send">;
    upload: StoredUpload;
    connector?: string | undefined;
    sourceName?: string | undefined;
    settings?: unknown;
    identified?: FileIdentity | undefined;
    isSaid?: boolean;
    keepsFile?: boolean;
  },
): Promise<StartedImport> {
  const { upload, sourceName, isSaid = false } = input;
  const { path, fileName } = upload;
  try {
    const connector = input.connector === undefined ? await recognizeUpload(upload) : requireConnector(input.connector);
    const settings = input.settings ?? {};
    const queued = await queueImport(ctx, { connector, path, fileName, sourceName, settings, isSaid, identified: input.identified });
    const { syncId, sourceId, needsReplay } = queued;
    await input.jobs.send(importUploadJob, {
      communityId: ctx.community.id,
      syncId,
      connector: connector.id,
      path,
      fileName,
      sourceName,
      settings,
      isSaid,
      needsReplay,
      sourceId,
    });
    await recordAudit(ctx, {
      action: "source.import_started",
      objectKind: "source",
      objectId: sourceId,
      detail: { fileName, sizeBytes: upload.sizeBytes, syncId },
    });
    return { syncId, sourceId, connector: connector.id };
  } catch (error) {
    if (!input.keepsFile) await removeUpload(path);
    throw error;
  }
}

/** A run that was queued. */
export interface StartedImport {
  syncId: string;
  sourceId: string;
  connector: string;
}

/** Surer than this, or this much surer than the next: nobody needs to be asked. */
const sureFrom = 0.9;
const clearlySurer = 0.25;

/**
 * Which connectors may read an uploaded file, the surest first, and whether that is beyond doubt.
 * @throws AppError `unreadable_file` when nobody knows it
 */
export async function matchUpload(upload: StoredUpload): Promise<{ matches: { connector: Connector; confidence: number }[]; isSure: boolean }> {
  const matches = recognizeFile(connectors, { ...(await openFile(upload.path)), path: upload.fileName });
  const [best, next] = matches;
  if (!best) {
    throw new AppError("unreadable_file", {
      public: `“${upload.fileName}” is no export that Causeway knows. It reads: ${connectors
        .filter((one) => one.importFile)
        .map((one) => one.title)
        .join(", ")}. Name the connector if it is one of these.`,
    });
  }
  return { matches, isSure: !next || best.confidence >= sureFrom || best.confidence - next.confidence >= clearlySurer };
}

async function recognizeUpload(upload: StoredUpload): Promise<Connector> {
  const { matches, isSure } = await matchUpload(upload);
  const [best] = matches;
  if (!best || !isSure) {
    throw new AppError("invalid_input", {
      public: `“${upload.fileName}” could be one of several things: ${matches.map(({ connector, confidence }) => `${connector.title} (${Math.round(confidence * 100)} %)`).join(", ")}. Say which it is.`,
      issues: matches.map(({ connector }) => ({ path: "connector", message: connector.id })),
    });
  }
  return best.connector;
}
