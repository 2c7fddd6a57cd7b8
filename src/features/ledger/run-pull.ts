import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import type { HttpClient } from "#core/http.ts";
import { type Ctx, editorRoles, requireRole } from "../access/index.ts";
import type { RawRecord } from "./batch.ts";
import type { Connector, RecordChunk } from "./connector.ts";
import { holdsRecords, parseSettings } from "./import-file.ts";
import { runRecords, type SyncOutcome, type SyncProgress } from "./run-records.ts";
import { maskSettings, openSettings, type PullServices } from "./source-settings.ts";
import { refusePaused, requireSource } from "./sources.ts";
import type { SyncTrigger } from "./sync-runs.ts";

export interface RunPullInput {
  connector: Connector;
  sourceId: string;
  stream: string;
  trigger?: SyncTrigger;
  /** Opens the settings' secrets and reaches the source; a connector that makes its records itself needs neither. */
  services?: PullServices;
  /** A run that was queued before. */
  syncId?: string;
  signal?: AbortSignal;
  onProgress?: (progress: SyncProgress) => void;
}

/**
 * Pulls a stream of a live source from where the last run left off.
 * @throws AppError `not_found`, `invalid_input`, `busy`, `paused`, or what the connector reports
 */
export async function runPull(ctx: Ctx, input: RunPullInput): Promise<SyncOutcome> {
  requireRole(ctx, editorRoles, { scope: "import" });
  const { connector, stream } = input;
  if (!connector.pull || !(stream in connector.streams)) {
    throw new AppError("invalid_input", { public: `${connector.title} has no stream called «${stream}».` });
  }
  const source = await requireSource(ctx, input.sourceId);
  refusePaused(source);
  const settings = parseSettings(connector, openSettings({ connector, source, services: input.services, communityId: ctx.community.id }));
  const http = input.services?.http ?? noHttp;
  const held = await ctx.db.first<{ cursor: unknown }>(sql`
    SELECT cursor FROM stream WHERE community_id = ${ctx.community.id} AND source_id = ${source.id} AND name = ${stream}`);
  const workDir = input.services ? await openWorkDir(input.services.dataDir, source.id) : "";
  const pull = connector.pull.bind(connector);
  return runRecords(ctx, {
    source,
    connector,
    settings,
    stream,
    trigger: input.trigger ?? "manual",
    fresh: !(await holdsRecords(ctx, source.id)),
    force: false,
    chunks: (signal, onWait) => pull(ctx, { settings, stream, cursor: held?.cursor ?? undefined, signal, workDir, http: tellingWaits(http, onWait) }),
    signal: input.signal,
    onProgress: input.onProgress,
    syncId: input.syncId,
  });
}

const workDirOf = (dataDir: string, sourceId: string): string => join(dataDir, "sources", sourceId);

/** Removes what a source had kept between its runs: it holds the source's words like any table. */
export async function removeWorkDir(input: { dataDir: string; sourceId: string }): Promise<void> {
  await rm(workDirOf(input.dataDir, input.sourceId), { recursive: true, force: true });
}

/** The source's own folder, made where there is none yet. */
export async function openWorkDir(dataDir: string, sourceId: string): Promise<string> {
  const folder = workDirOf(dataDir, sourceId);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** The client, with each of its waits told to the run as well as to who asked. */
function tellingWaits(http: HttpClient, onWait: (wait: { until: Date; reason: string }) => void): HttpClient {
  return {
    request: (request) =>
      http.request({
        ...request,
        onWait: (wait) => {
          onWait(wait);
          request.onWait?.(wait);
        },
      }),
    pause: (pause) =>
      http.pause({
        ...pause,
        onWait: (wait) => {
          onWait(wait);
          pause.onWait?.(wait);
        },
      }),
    ...(http.resolveHost && { resolveHost: http.resolveHost.bind(http) }),
    close: () => http.close(),
  };
}

const noHttp: HttpClient = {
  request: () => Promise.reject(new AppError("internal", { public: "This run has no way out to other servers." })),
  pause: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/**
 * Reads the stored records of a source anew, by today's normaliser and without fetching anything.
 * @throws AppError `not_found`, `busy`
 */
export async function replaySource(
  ctx: Ctx,
  input: { connector: Connector; sourceId: string; signal?: AbortSignal; onProgress?: (progress: SyncProgress) => void },
): Promise<SyncOutcome[]> {
  requireRole(ctx, editorRoles, { scope: "import" });
  const source = await requireSource(ctx, input.sourceId);
  const settings = parseSettings(input.connector, maskSettings(input.connector, source.settings));
  const streams = await ctx.db.rows<{ stream: string; n: number }>(sql`
    SELECT stream, count(*) AS n FROM raw_record WHERE community_id = ${ctx.community.id} AND source_id = ${source.id} GROUP BY stream ORDER BY stream`);
  const outcomes: SyncOutcome[] = [];
  for (const { stream, n } of streams) {
    outcomes.push(
      await runRecords(ctx, {
        source,
        connector: input.connector,
        settings,
        stream,
        trigger: "replay",
        fresh: false,
        force: true,
        chunks: () => readStored(ctx, { sourceId: source.id, stream, total: n }),
        signal: input.signal,
        onProgress: input.onProgress,
      }),
    );
  }
  return outcomes;
}

async function* readStored(ctx: Ctx, input: { sourceId: string; stream: string; total: number }): AsyncGenerator<RecordChunk> {
  let after = "";
  let done = 0;
  for (;;) {
    const rows = await ctx.db.rows<{ externalId: string; payload: string; asOf: Date | null }>(sql`
      SELECT external_id AS "externalId", payload, as_of AS "asOf" FROM raw_record
      WHERE community_id = ${ctx.community.id} AND source_id = ${input.sourceId} AND stream = ${input.stream} AND external_id > ${after}
      ORDER BY external_id LIMIT 500`);
    const last = rows.at(-1);
    if (!last) return;
    after = last.externalId;
    done += rows.length;
    const records = rows.map(
      (row): RawRecord => ({
        stream: input.stream,
        externalId: row.externalId,
        payload: JSON.parse(row.payload) as unknown,
        ...(row.asOf ? { asOf: row.asOf.toISOString() } : {}),
      }),
    );
    yield { records, progress: { done, total: input.total, unit: "records" } };
  }
}
