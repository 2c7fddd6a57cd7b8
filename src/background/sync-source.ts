import { z } from "zod";
import { consumers } from "#app/consumers.ts";
import { AppError } from "#core/errors.ts";
import { defineJob, type Jobs } from "#core/jobs.ts";
import type { Services } from "#core/services.ts";
import { type Ctx, openAsSystem } from "#features/access/index.ts";
import {
  drainOutbox,
  listDueSources,
  listWaitingInboxes,
  type PullServices,
  pullSource,
  queueSync,
  refusePaused,
  requireSource,
  takeInbox,
} from "#features/ledger/index.ts";
import { countIngest } from "./count-ingest.ts";
import { requireConnector } from "./import-upload.ts";

const attempts = 5;
const day = 24 * 60 * 60;

/** What pulls need of the process. */
export function pullServices({ http, secrets, config }: Pick<Services, "http" | "secrets" | "config">): PullServices {
  return { http, secrets, dataDir: config.dataDir };
}

/** Pulls a live source: what is due of it, or all of it when somebody asked. */
export const syncSourceJob = defineJob({
  name: "sync-source",
  title: "Fetch what is new from a live source",
  payload: z.object({
    communityId: z.uuid(),
    sourceId: z.uuid(),
    connector: z.string(),
    trigger: z.enum(["schedule", "manual"]).default("schedule"),
    syncId: z.uuid().optional(),
  }),
  attempts: 1,
  delivery: "At least once; a run goes on from its cursor, and what fails is due again later.",
  singleton: true,
  timeoutSeconds: day,
  concurrency: 3,
  async run(services, { communityId, sourceId, connector, trigger, syncId }, { signal }) {
    const ctx = await openAsSystem(services, { communityId });
    if (!ctx) return;
    try {
      await pullSource(ctx, {
        connector: requireConnector(connector),
        sourceId,
        trigger,
        syncId,
        dueOnly: trigger === "schedule",
        services: pullServices(services),
        signal,
        onProgress: countIngest(services.telemetry),
      });
    } catch (error) {
      // What people can mend stands on the source's page with its remedy; only our own mistakes are the queue's business.
      if (!(error instanceof AppError) || error.code === "internal") throw error;
      services.log.info({ sourceId, code: error.code, reason: error.message }, "a source could not be fetched");
    }
    await takeWhatWaited(ctx, { connector: requireConnector(connector), sourceId, signal });
    await drainOutbox(services, { consumers, communityId, signal });
  },
});

/** What arrived during a long run had to wait for its end, and its own job asks again later and later. */
async function takeWhatWaited(ctx: Ctx, input: Parameters<typeof takeInbox>[1]): Promise<void> {
  if (input.signal?.aborted) return;
  await takeInbox(ctx, input).catch((error: unknown) => {
    if (!(error instanceof AppError) || error.code !== "busy") throw error;
  });
}

/** Finds sources whose next run is due. */
export const scheduleSyncsJob = defineJob({
  name: "schedule-syncs",
  title: "Start what is due: runs of live sources, and inboxes that wait",
  payload: z.object({}),
  attempts: 1,
  delivery: "At most once a minute; what is missed is due still in the next.",
  cron: "* * * * *",
  singleton: true,
  async run(services) {
    for (const due of await listDueSources(services)) {
      await services.jobs.send(syncSourceJob, { ...due, trigger: "schedule" }, { key: due.sourceId });
    }
    for (const waiting of await listWaitingInboxes(services)) await services.jobs.send(takeInboxJob, waiting, { key: waiting.sourceId });
  },
});

/** Takes in what webhooks and the API have left for a source. */
export const takeInboxJob = defineJob({
  name: "take-inbox",
  title: "Take in what arrived by webhook or API",
  payload: z.object({ communityId: z.uuid(), sourceId: z.uuid(), connector: z.string() }),
  attempts: attempts * 4,
  delivery: "At least once; a record leaves the inbox only when it is stored, and storing it twice changes nothing.",
  singleton: true,
  concurrency: 2,
  async run(services, { communityId, sourceId, connector }, { signal }) {
    const ctx = await openAsSystem(services, { communityId });
    if (!ctx) return;
    const outcome = await takeInbox(ctx, { connector: requireConnector(connector), sourceId, signal }).catch((error: unknown) => {
      // What was not taken in stays in the inbox and is taken when the source goes on.
      if (error instanceof AppError && error.code === "paused") return undefined;
      throw error;
    });
    if (outcome) await drainOutbox(services, { consumers, communityId, signal });
  },
});

/**
 * Has a live source pulled now, by whichever process runs jobs.
 * @returns the run to watch
 * @throws AppError `paused`
 */
export async function syncSoon(ctx: Ctx, input: { jobs: Pick<Jobs, "send">; sourceId: string; connector: string }): Promise<{ syncId: string }> {
  const { jobs, sourceId, connector } = input;
  requireConnector(connector);
  refusePaused(await requireSource(ctx, sourceId));
  const syncId = await queueSync(ctx, { sourceId, trigger: "manual" });
  await jobs.send(syncSourceJob, { communityId: ctx.community.id, sourceId, connector, trigger: "manual", syncId }, { key: syncId });
  return { syncId };
}
