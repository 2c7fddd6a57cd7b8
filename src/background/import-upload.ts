import { z } from "zod";
import { consumers } from "#app/consumers.ts";
import { connectors, findConnector } from "#connectors/index.ts";
import { AppError } from "#core/errors.ts";
import { defineJob, type JobRun, type Jobs } from "#core/jobs.ts";
import { type Ctx, openAsSystem } from "#features/access/index.ts";
import { type Connector, drainOutbox, failSync, openFile, queueImport, recognizeFile, replaySource, runImport } from "#features/ledger/index.ts";
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
    const done = await importOrGiveUp(ctx, payload, run, countIngest(services.telemetry));
    if (done) await removeUpload(payload.path);
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
 * @returns the run to watch
 * @throws AppError `unreadable_file`, `invalid_input`
 */
export async function startImport(
  ctx: Ctx,
  input: { jobs: Pick<Jobs, "send">; upload: StoredUpload; connector?: string; sourceName?: string; settings?: unknown },
): Promise<{ syncId: string; sourceId: string; connector: string }> {
  const { upload, sourceName } = input;
  const { path, fileName } = upload;
  try {
    const connector = input.connector === undefined ? await recognized(upload) : requireConnector(input.connector);
    const settings = input.settings ?? {};
    const { syncId, sourceId } = await queueImport(ctx, { connector, path, fileName, sourceName, settings });
    await input.jobs.send(importUploadJob, {
      communityId: ctx.community.id,
      syncId,
      connector: connector.id,
      path,
      fileName,
      sourceName,
      settings,
    });
    return { syncId, sourceId, connector: connector.id };
  } catch (error) {
    await removeUpload(path);
    throw error;
  }
}

/** Surer than this, or this much surer than the next: nobody needs to be asked. */
const sureFrom = 0.9;
const clearlySurer = 0.25;

async function recognized(upload: StoredUpload): Promise<Connector> {
  const matches = recognizeFile(connectors, { ...(await openFile(upload.path)), path: upload.fileName });
  const [best, next] = matches;
  if (best && next && best.confidence < sureFrom && best.confidence - next.confidence < clearlySurer) {
    throw new AppError("invalid_input", {
      public: `“${upload.fileName}” could be one of several things: ${matches.map(({ connector, confidence }) => `${connector.title} (${Math.round(confidence * 100)} %)`).join(", ")}. Say which it is.`,
      issues: matches.map(({ connector }) => ({ path: "connector", message: connector.id })),
    });
  }
  if (!best) {
    throw new AppError("unreadable_file", {
      public: `“${upload.fileName}” is no export that Causeway knows. It reads: ${connectors
        .filter((one) => one.importFile)
        .map((one) => one.title)
        .join(", ")}. Name the connector if it is one of these.`,
    });
  }
  return best.connector;
}
