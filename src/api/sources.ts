import { z } from "zod";
import { deriveSoon } from "#app/background/derive.ts";
import { replaySourceJob, requireConnector, startImport } from "#app/background/import-upload.ts";
import { removeSource } from "#app/background/remove-source.ts";
import { storeUpload } from "#app/background/store-upload.ts";
import { connectors } from "#connectors/index.ts";
import { AppError } from "#core/errors.ts";
import { adminRoles, type Ctx, editorRoles, recordAudit, teamRoles } from "#features/access/index.ts";
import { getSource, getSync, listRejected, listSources, listSyncLog, listSyncs, sourcePrivacySchema, updateSource } from "#features/ledger/index.ts";
import { type Api, communityEndpoint, rootEndpoint } from "./kit/endpoint.ts";
import { answerPage, pageOf, pageQuery } from "./kit/list.ts";
import { at, counts, id, visibility } from "./kit/schemas.ts";
import { startedImport } from "./uploads.ts";

const ingestCounts = z
  .object({ new: counts, changed: counts, same: counts, rejected: counts, activitiesByKind: z.record(z.string(), z.int()) })
  .partial();

const sync = z
  .object({
    id,
    sourceId: id,
    sourceName: z.string(),
    trigger: z.string(),
    state: z.enum(["queued", "running", "done", "failed", "cancelled"]),
    subject: z.string().nullable(),
    startedAt: at,
    finishedAt: at.nullable(),
    counts: ingestCounts,
    progress: z.looseObject({
      done: z.number().optional(),
      total: z.number().nullable().optional(),
      unit: z.string().optional(),
      ratePerSecond: z.number().optional(),
      etaSeconds: z.number().nullable().optional(),
    }),
    error: z.object({ code: z.string().optional(), message: z.string() }).nullable(),
  })
  .meta({ id: "Sync" });

const source = z
  .object({
    id,
    connector: z.string(),
    origin: z.string(),
    name: z.string(),
    paused: z.boolean(),
    visibility: visibility.nullable().describe("Nothing of the source is more open than this; null leaves it to the connector."),
    createdAt: at,
    threads: z.int(),
    activities: z.int(),
    oldestAt: z.string().nullable(),
    newestAt: z.string().nullable(),
    rejected: z.int(),
    listenerFailed: z.boolean().describe("The connection over which it sends by itself cannot be made until a person changes something."),
    lastSync: sync.nullable(),
  })
  .meta({ id: "Source" });

const coverage = z
  .object({
    unit: z.string(),
    reported: z.int().nullable().describe("What the source says it has; null when it does not say."),
    held: z.int(),
    gap: z.string().describe("Why the two differ, in words; empty when they agree."),
  })
  .meta({ id: "Coverage" });

const detail = source
  .extend({
    coverage: z.array(coverage),
    streams: z.array(
      z.object({
        name: z.string(),
        lastSuccessAt: at.nullable(),
        nextRunAt: at.nullable(),
        reportedAt: at.nullable(),
        failures: z.int().describe("Runs that failed since the last that did not."),
        records: z.int(),
      }),
    ),
    privacy: sourcePrivacySchema,
    inbox: z.int().describe("Records that arrived by themselves and wait to be taken in."),
    listener: z
      .object({
        state: z.enum(["connecting", "connected", "waiting", "failed", "stopped"]),
        since: at.describe("Since when it is in this state."),
        reason: z.string().describe("Why it waits or failed, with what to do about it; empty while all is well."),
        lastReceivedAt: at.nullable(),
      })
      .nullable()
      .describe(
        "The connection over which the source sends by itself; null where there is none. What failed is tried again once the settings change.",
      ),
  })
  .meta({ id: "SourceDetail" });

const rejected = z
  .object({ stream: z.string(), key: z.string(), place: z.string(), reason: z.string(), remedy: z.string(), excerpt: z.string().nullable(), at })
  .meta({ id: "RejectedRecord" });

const params = z.object({ source: id });
const settingsInQuery = z.string().transform((text, ctx): Record<string, unknown> => {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    ctx.addIssue({ code: "custom", message: "is no JSON object" });
    return z.NEVER;
  }
});
const tag = "Sources";

/** Sources: what is connected, what it brought, how its runs went, and bringing in files. */
export function addSources(api: Api): void {
  rootEndpoint(api, {
    method: "get",
    path: "/connectors",
    tag,
    summary: "List what can be connected or brought in",
    access: "public",
    answer: z.object({
      data: z.array(
        z.object({
          id: z.string(),
          title: z.string(),
          summary: z.string(),
          files: z.boolean(),
          settings: z.unknown().describe("JSON Schema of its settings."),
        }),
      ),
    }),
    async handle() {
      return {
        data: connectors.map((one) => ({
          id: one.id,
          title: one.title,
          summary: one.summary,
          files: one.importFile !== undefined,
          settings: z.toJSONSchema(one.settings, { io: "input", unrepresentable: "any" }),
        })),
      };
    },
  });

  const read = { method: "get", tag, access: teamRoles, scope: "read" } as const;
  communityEndpoint(api, {
    ...read,
    path: "/sources",
    summary: "List sources with what they hold and how their last run went",
    answer: z.object({ data: z.array(source) }),
    handle: async (ctx) => ({ data: await listSources(ctx) }),
  });
  communityEndpoint(api, {
    ...read,
    path: "/sources/{source}",
    summary: "Read a source with its streams and coverage",
    params,
    answer: detail,
    handle: (ctx, request) => present(ctx, request.params.source),
  });
  communityEndpoint(api, {
    ...read,
    path: "/sources/{source}/syncs",
    summary: "List a source's runs, newest first",
    params,
    query: pageQuery,
    answer: pageOf(sync),
    async handle(ctx, { params: { source: sourceId }, query, c }) {
      await present(ctx, sourceId);
      return answerPage(c, await listSyncs(ctx, { sourceId, ...query }));
    },
  });
  communityEndpoint(api, {
    ...read,
    path: "/sources/{source}/rejected",
    summary: "List records that were set aside, with what to do about each",
    access: editorRoles,
    params,
    query: pageQuery,
    answer: pageOf(rejected),
    async handle(ctx, { params: { source: sourceId }, query, c }) {
      await present(ctx, sourceId);
      return answerPage(c, await listRejected(ctx, { sourceId, ...query }));
    },
  });
  communityEndpoint(api, {
    ...read,
    path: "/syncs/{sync}",
    summary: "Watch a run: its state, progress, counts and log",
    params: z.object({ sync: id }),
    answer: sync.extend({ log: z.array(z.object({ at, level: z.enum(["info", "warn", "error"]), message: z.string() })) }),
    async handle(ctx, request) {
      const found = await getSync(ctx, { syncId: request.params.sync });
      if (!found) throw new AppError("not_found", { public: "There is no such run." });
      return { ...found, log: await listSyncLog(ctx, { syncId: found.id }) };
    },
  });
  addSourceCommands(api);
}

function addSourceCommands(api: Api): void {
  communityEndpoint(api, {
    method: "post",
    path: "/imports",
    tag,
    summary: "Bring in an export: send the file itself as the body",
    description: "The file is checked before the answer comes; then it goes on in the background, and the run's address is in `Location`.",
    access: editorRoles,
    scope: "import",
    query: z.object({
      fileName: z.string().min(1).max(255).describe("What the file is called; it helps to recognise it."),
      connector: z.string().optional().describe("Which connector reads it; found out from the file when absent."),
      sourceName: z.string().min(1).max(200).optional(),
      settings: settingsInQuery.optional().describe("The connector's settings as a JSON object, such as a table's mapping."),
    }),
    takesFile: true,
    status: 202,
    answer: startedImport,
    failures: [413, 422, 503],
    async handle(ctx, { query, runtime, c }) {
      const { fileName, connector, sourceName, settings } = query;
      const upload = await storeUpload({ dataDir: runtime.config.dataDir, body: c.req.raw.body, fileName, signal: c.req.raw.signal });
      const started = await startImport(ctx, { jobs: runtime.jobs, upload, connector, sourceName, settings, isSaid: settings !== undefined });
      c.header("location", `/api/v1/communities/${ctx.community.slug}/syncs/${started.syncId}`);
      return started;
    },
  });

  communityEndpoint(api, {
    method: "post",
    path: "/sources/{source}/replay",
    tag,
    summary: "Read a source's stored records anew, without fetching anything",
    access: editorRoles,
    scope: "import",
    params,
    status: 202,
    answer: z.object({ jobId: z.string().nullable().describe("Null when a replay of this source waits already.") }),
    async handle(ctx, { params: { source: sourceId }, runtime }) {
      const { connector } = await present(ctx, sourceId);
      requireConnector(connector);
      const jobId = await runtime.jobs.send(replaySourceJob, { communityId: ctx.community.id, sourceId, connector });
      await recordAudit(ctx, { action: "source.replay_started", objectKind: "source", objectId: sourceId });
      return { jobId: jobId ?? null };
    },
  });

  communityEndpoint(api, {
    method: "patch",
    path: "/sources/{source}",
    tag,
    summary: "Rename, pause or close a source",
    description:
      "A paused source takes nothing in from anywhere: no run, file, webhook or `POST /activities`; all of them hear 503. A source can be closed further, not opened. Send the ETag of what you read as If-Match, and a change in the meantime is not overwritten.",
    access: editorRoles,
    scope: "write",
    params,
    body: z
      .object({ name: z.string().trim().min(1).max(200), paused: z.boolean(), visibility })
      .partial()
      .strict(),
    answer: detail,
    failures: [412],
    current: (ctx, { source: sourceId }) => present(ctx, sourceId),
    async handle(ctx, { params: { source: sourceId }, body, runtime }) {
      const before = await present(ctx, sourceId);
      await updateSource(ctx, { sourceId, ...body });
      await recordAudit(ctx, {
        action: "source.changed",
        objectKind: "source",
        objectId: sourceId,
        detail: { before: { name: before.name, paused: before.paused, visibility: before.visibility }, after: body },
      });
      if (body.visibility !== undefined) await deriveSoon(runtime.jobs, ctx.community.id);
      return present(ctx, sourceId);
    },
  });

  communityEndpoint(api, {
    method: "delete",
    path: "/sources/{source}",
    tag,
    summary: "Remove a source with all that it brought",
    access: adminRoles,
    scope: "admin",
    params,
    status: 204,
    async handle(ctx, { params: { source: sourceId }, runtime }) {
      await removeSource(ctx, { runtime, source: await present(ctx, sourceId) });
    },
  });
}

/** Settings stay inside: they may hold secrets. */
async function present(ctx: Ctx, sourceId: string) {
  const found = await getSource(ctx, { sourceId });
  if (!found) throw new AppError("not_found", { public: "There is no such source." });
  const { settings: _, ...shown } = found;
  return shown;
}
