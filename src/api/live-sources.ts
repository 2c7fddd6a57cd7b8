import { z } from "zod";
import { requireConnector } from "#app/background/import-upload.ts";
import { pullServices, syncSoon, takeInboxJob } from "#app/background/sync-source.ts";
import { incoming, incomingBody, incomingOrigin, toIncomingRecords } from "#connectors/incoming/index.ts";
import { AppError } from "#core/errors.ts";
import { adminRoles, editorRoles, recordAudit } from "#features/access/index.ts";
import {
  addLiveSource,
  changePrivacy,
  changeSettings,
  ensureSource,
  getSource,
  receiveRecords,
  sourcePrivacySchema,
  tryConnection,
} from "#features/ledger/index.ts";
import { type Api, communityEndpoint } from "./kit/endpoint.ts";
import { id } from "./kit/schemas.ts";

const tag = "Sources";
const params = z.object({ source: id });
const connection = z.object({ connector: z.string(), settings: z.record(z.string(), z.unknown()).default({}) }).strict();
const identity = z.object({
  origin: z.string().describe("Names the thing itself: an export of it and the live source feed one source."),
  name: z.string(),
  says: z.string().describe("As whom we are signed in and what we can see."),
});

/** Live sources: try, add, change, fetch; and activities that programs send. */
export function addLiveSources(api: Api): void {
  const edit = { tag, access: editorRoles, scope: "import" } as const;

  communityEndpoint(api, {
    ...edit,
    method: "post",
    path: "/sources/try",
    summary: "Try the settings of a live source; nothing is stored",
    body: connection,
    answer: identity,
    failures: [502],
    handle: (ctx, { body, runtime }) =>
      tryConnection(ctx, { connector: requireConnector(body.connector), settings: body.settings, services: pullServices(runtime) }),
  });

  communityEndpoint(api, {
    ...edit,
    method: "post",
    path: "/sources",
    summary: "Add a live source: its settings are tried, its secrets sealed, and it is fetched at once",
    body: connection.extend({ name: z.string().trim().min(1).max(200).optional() }).strict(),
    status: 201,
    answer: z.object({ sourceId: id, syncId: id.nullable(), identity }),
    failures: [409, 502],
    async handle(ctx, { body, runtime, c }) {
      const connector = requireConnector(body.connector);
      const added = await addLiveSource(ctx, { connector, settings: body.settings, name: body.name, services: pullServices(runtime) });
      await recordAudit(ctx, {
        action: "source.added",
        objectKind: "source",
        objectId: added.sourceId,
        detail: { connector: connector.id, origin: added.identity.origin },
      });
      const run = connector.pull ? await syncSoon(ctx, { jobs: runtime.jobs, sourceId: added.sourceId, connector: connector.id }) : null;
      c.header("location", `/api/v1/communities/${ctx.community.slug}/sources/${added.sourceId}`);
      return { ...added, syncId: run?.syncId ?? null };
    },
  });

  communityEndpoint(api, {
    ...edit,
    method: "put",
    path: "/sources/{source}/settings",
    summary: "Change a live source's settings after trying them; a secret left out stays as it is",
    params,
    body: z.record(z.string(), z.unknown()),
    answer: identity,
    failures: [409, 502],
    async handle(ctx, { params: { source: sourceId }, body, runtime }) {
      const { connector } = await requireSourceOf(ctx, sourceId);
      const changed = await changeSettings(ctx, {
        connector: requireConnector(connector),
        sourceId,
        settings: body,
        services: pullServices(runtime),
      });
      await recordAudit(ctx, { action: "source.settings_changed", objectKind: "source", objectId: sourceId });
      return changed;
    },
  });

  communityEndpoint(api, {
    tag,
    access: adminRoles,
    scope: "admin",
    method: "put",
    path: "/sources/{source}/privacy",
    summary: "Say what is never stored of a source, and how long the rest is kept",
    description: "Holds from the next run on. What is held already and would no longer come in is removed: private channels, and what is too old.",
    params,
    body: sourcePrivacySchema,
    answer: z.object({ removedActivities: z.int() }),
    async handle(ctx, { params: { source: sourceId }, body }) {
      await requireSourceOf(ctx, sourceId);
      const removed = await changePrivacy(ctx, { sourceId, privacy: body });
      await recordAudit(ctx, { action: "source.privacy_changed", objectKind: "source", objectId: sourceId, detail: { ...body, ...removed } });
      return removed;
    },
  });

  communityEndpoint(api, {
    ...edit,
    method: "post",
    path: "/sources/{source}/sync",
    summary: "Fetch what is new from a live source now",
    params,
    status: 202,
    answer: z.object({ syncId: id }),
    failures: [503],
    async handle(ctx, { params: { source: sourceId }, runtime, c }) {
      const { connector } = await requireSourceOf(ctx, sourceId);
      if (!requireConnector(connector).pull) throw new AppError("invalid_input", { public: "This source is no live one; bring in a newer export." });
      const run = await syncSoon(ctx, { jobs: runtime.jobs, sourceId, connector });
      await recordAudit(ctx, { action: "source.sync_started", objectKind: "source", objectId: sourceId, detail: run });
      c.header("location", `/api/v1/communities/${ctx.community.slug}/syncs/${run.syncId}`);
      return run;
    },
  });

  communityEndpoint(api, {
    ...edit,
    tag: "Activities",
    method: "post",
    path: "/activities",
    summary: "Send activities of your own",
    description:
      "Each has an id of yours: sent again under it, it is changed and never doubled, so a request may be repeated without a thought. They are kept before the answer goes out and taken in within seconds. A source that the team has paused answers 503 with `Retry-After` and keeps nothing of the request: send it again later.",
    query: z.object({ source: z.string().trim().min(1).max(100).default("api").describe("Which of your programs sends; ids count within it.") }),
    body: incomingBody,
    status: 202,
    answer: z.object({ received: z.int(), sourceId: id }),
    failures: [503],
    async handle(ctx, { query, body, runtime }) {
      const source = await ensureSource(ctx, {
        connector: incoming.id,
        origin: incomingOrigin(query.source),
        name: query.source,
        settings: incoming.settings.parse({ program: query.source }),
      });
      const records = toIncomingRecords(body);
      await receiveRecords(ctx, { source, records });
      await runtime.jobs.send(takeInboxJob, { communityId: ctx.community.id, sourceId: source.id, connector: incoming.id }, { key: source.id });
      return { received: records.length, sourceId: source.id };
    },
  });
}

async function requireSourceOf(ctx: Parameters<typeof getSource>[0], sourceId: string) {
  const found = await getSource(ctx, { sourceId });
  if (!found) throw new AppError("not_found", { public: "There is no such source." });
  return found;
}
