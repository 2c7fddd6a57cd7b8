import { z } from "zod";
import { requireConnector } from "#app/background/import-upload.ts";
import { discardUpload, openUpload, type StagedUpload, stageUpload, startUpload } from "#app/background/stage-upload.ts";
import { storeUpload } from "#app/background/store-upload.ts";
import { lookAtTable, mappingSchema, previewRows, suggestMapping, table } from "#connectors/table/index.ts";
import { AppError } from "#core/errors.ts";
import { editorRoles } from "#features/access/index.ts";
import { withHeldSettings } from "#features/ledger/index.ts";
import { type Api, communityEndpoint } from "./kit/endpoint.ts";
import { at, id } from "./kit/schemas.ts";

/** What bringing in a file answers. */
export const startedImport = z.object({ syncId: id, sourceId: id, connector: z.string() });

const upload = z
  .object({
    id,
    fileName: z.string(),
    sizeBytes: z.int(),
    connector: z.string().nullable().describe("Which connector reads it; null when that has to be said."),
    candidates: z.array(z.string()).describe("Which may read it, the surest first."),
    name: z.string().nullable().describe("What it is an export of, once that is known."),
    problem: z.string().nullable().describe("What has to be said in its settings before it can be read."),
  })
  .meta({ id: "Upload" });

const badRow = z.object({ line: z.int(), column: z.string().optional(), reason: z.string(), remedy: z.string(), excerpt: z.string() });
const activity = z.object({
  id: z.string(),
  kind: z.string(),
  occurredAt: at,
  author: z.object({ platform: z.string(), externalId: z.string(), displayName: z.string().optional(), email: z.string().optional() }).nullable(),
  unattributed: z.string().optional(),
  channel: z.string(),
  thread: z.string().optional(),
  title: z.string().optional(),
  body: z.string().optional(),
  url: z.string().optional(),
  visibility: z.string().optional(),
  organization: z.string().optional(),
});
const tablePreview = z
  .object({
    columns: z.array(z.string()),
    mapping: z.record(z.string(), z.unknown()).describe("By which the rows below are read: the one given, else what is held, else what is guessed."),
    reasons: z.record(z.string(), z.string()).describe("What speaks for each guess."),
    missing: z.array(z.string()).describe("What has to be said before the table can be read."),
    doubts: z.array(z.string()),
    rows: z.array(z.object({ line: z.int(), activity: activity.nullable() })),
    bad: z.array(badRow),
    counts: z.object({ rows: z.int(), good: z.int(), bad: z.int(), isWhole: z.boolean().describe("Whether all rows were looked at.") }),
  })
  .meta({ id: "TablePreview" });

const params = z.object({ upload: id });
const rowsShown = 20;
const rowsScanned = 5_000;

/** Files that wait until somebody says how they come in. */
export function addUploads(api: Api): void {
  const edit = { tag: "Sources", access: editorRoles, scope: "import" } as const;
  const open = (ctx: Parameters<typeof openUpload>[0], dataDir: string, uploadId: string) => openUpload(ctx, { dataDir, uploadId });

  communityEndpoint(api, {
    ...edit,
    method: "post",
    path: "/uploads",
    summary: "Send an export that is to wait: send the file itself as the body",
    description: "The file is looked at and kept for a week. Bring it in with its settings by `POST /uploads/{upload}/import`.",
    query: z.object({
      fileName: z.string().min(1).max(255).describe("What the file is called; it helps to recognise it."),
      connector: z.string().optional().describe("Which connector reads it; found out from the file when absent."),
    }),
    takesFile: true,
    status: 201,
    answer: upload,
    failures: [413, 422],
    async handle(ctx, { query: { fileName, connector }, runtime, c }) {
      const stored = await storeUpload({ dataDir: runtime.config.dataDir, body: c.req.raw.body, fileName, signal: c.req.raw.signal });
      return present(await stageUpload(ctx, { upload: stored, connector }));
    },
  });

  communityEndpoint(api, {
    ...edit,
    method: "get",
    path: "/uploads/{upload}",
    summary: "Read what a waiting file is",
    params,
    answer: upload,
    handle: async (ctx, request) => present(await open(ctx, request.runtime.config.dataDir, request.params.upload)),
  });

  communityEndpoint(api, {
    ...edit,
    method: "post",
    path: "/uploads/{upload}/preview",
    summary: "Try what the columns of a waiting table mean: its first rows as they would come in, and those that would not",
    params,
    body: z
      .object({ mapping: mappingSchema.optional().describe("What the columns mean; what is held or guessed when absent.") })
      .strict()
      .default({}),
    answer: tablePreview,
    failures: [422],
    async handle(ctx, { params: { upload: uploadId }, body, runtime }) {
      const { path, fileName } = await open(ctx, runtime.config.dataDir, uploadId);
      const settings = { ...(body.mapping && { mapping: body.mapping }) };
      const held = z
        .looseObject({ mapping: mappingSchema.optional() })
        .parse((await withHeldSettings(ctx, { connector: table, path, settings })) ?? {});
      const head = await lookAtTable(path, held.mapping ? { headerRows: held.mapping.headerRows } : {});
      const guess = suggestMapping(head);
      const mapping = mappingSchema.safeParse(held.mapping ?? guess.mapping);
      const preview = mapping.success
        ? await previewRows(path, mapping.data, rowsShown, { name: fileName, scan: rowsScanned })
        : { rows: [], bad: [], counts: { rows: 0, good: 0, bad: 0, isWhole: false } };
      return {
        columns: head.columns,
        mapping: mapping.success ? mapping.data : guess.mapping,
        reasons: held.mapping ? {} : guess.reasons,
        missing: held.mapping ? [] : guess.missing,
        doubts: held.mapping ? [] : guess.doubts,
        rows: preview.rows.map(({ line, activity: shown }) => ({ line, activity: shown })),
        bad: preview.bad,
        counts: preview.counts,
      };
    },
  });

  communityEndpoint(api, {
    ...edit,
    method: "post",
    path: "/uploads/{upload}/import",
    summary: "Bring a waiting file in",
    description:
      "Settings that differ from those of the source that it feeds are kept for it, and what it holds is read anew. Refused, the file waits on.",
    params,
    body: z
      .object({
        connector: z.string().optional().describe("Which connector reads it; the one it was recognised by when absent."),
        sourceName: z.string().trim().min(1).max(200).optional(),
        settings: z.record(z.string(), z.unknown()).default({}),
      })
      .strict(),
    status: 202,
    answer: startedImport,
    failures: [422],
    async handle(ctx, { params: { upload: uploadId }, body, runtime, c }) {
      const staged = await open(ctx, runtime.config.dataDir, uploadId);
      const connector = body.connector ?? staged.connector;
      if (connector === null) {
        throw new AppError("invalid_input", { public: `Say which connector reads it: ${staged.candidates.join(", ")}.` });
      }
      const { settings, sourceName } = body;
      const started = await startUpload(ctx, { jobs: runtime.jobs, upload: staged, connector: requireConnector(connector).id, sourceName, settings });
      c.header("location", `/api/v1/communities/${ctx.community.slug}/syncs/${started.syncId}`);
      return started;
    },
  });

  communityEndpoint(api, {
    ...edit,
    method: "delete",
    path: "/uploads/{upload}",
    summary: "Give a waiting file up",
    params,
    status: 204,
    failures: [409],
    async handle(ctx, { params: { upload: uploadId }, runtime }) {
      await discardUpload(await open(ctx, runtime.config.dataDir, uploadId));
    },
  });
}

function present({ id: uploadId, fileName, sizeBytes, connector, candidates, looks }: StagedUpload) {
  const look = connector === null ? undefined : looks[connector];
  return { id: uploadId, fileName, sizeBytes, connector, candidates, name: look?.identified?.name ?? null, problem: look?.problem ?? null };
}
