import { array, sql } from "#core/database/database.ts";
import { type Ctx, editorRoles, requireRole } from "../access/index.ts";
import type { IngestCounts, RawRecord, RejectedRecord } from "./batch.ts";
import { type CheckedFile, holdsRecords, type RunImportInput } from "./import-file.ts";
import { activityKey, hashActivity, identityKey } from "./merge-batch.ts";
import { type PreparedRecords, prepareRecords } from "./prepare-records.ts";
import { RunCounts } from "./run-counts.ts";
import { noPrivacy, toStorable } from "./source-privacy.ts";
import { findSourceOfOrigin } from "./sources.ts";

/** What an import would do. */
export interface ImportPreview {
  origin: string;
  name: string;
  /** The source that the file would feed; null when it would be a new one. */
  sourceId: string | null;
  counts: IngestCounts;
  /** What would be set aside, by reason, with the first place of each. */
  setAside: { reason: string; remedy: string; place: string; n: number }[];
  /** Records that the source's privacy would leave out, by reason. */
  leftOut: Record<string, number>;
}

const recordsPerGroup = 1_000;

/**
 * Reads a file as an import does, compares it with what is held, and stores nothing.
 * @param ctx without a community (undefined) everything would be new
 * @param input.checked what `checkFile` said of the file
 * @throws AppError as `runImport` does before it stores anything
 */
export async function previewImport(
  core: Parameters<NonNullable<RunImportInput["connector"]["importFile"]>>[0],
  input: {
    ctx: Ctx | undefined;
    connector: RunImportInput["connector"];
    checked: CheckedFile;
    signal?: AbortSignal;
    onProgress?: (progress: { done: number; total: number | null; unit: "bytes" | "records" | "pages"; activities: number }) => void;
  },
): Promise<ImportPreview> {
  const { ctx, connector, checked } = input;
  if (ctx) requireRole(ctx, editorRoles, { scope: "import" });
  const source = ctx && (await findSourceOfOrigin(ctx, checked.identified.origin));
  const fresh = !ctx || !source || !(await holdsRecords(ctx, source.id));
  const counts = new RunCounts();
  const setAside = new Map<string, ImportPreview["setAside"][number]>();
  const privacy = source?.privacy ?? noPrivacy;
  const anyCtx = ctx ?? ({ ...core, community: { id: "", slug: "", name: "", timeZone: "UTC" }, viewer: { kind: "system" } } satisfies Ctx);

  const take = async (records: RawRecord[], rejected: RejectedRecord[]) => {
    const prepared = await prepareRecords(anyCtx, {
      source: { id: source?.id ?? "", privacy },
      connector,
      settings: checked.settings,
      records: records.map((record) => toStorable(record, privacy)),
      rejected,
      fresh,
      force: false,
    });
    for (const { reason, remedy, place } of prepared.rejected) {
      const known = setAside.get(reason);
      if (known) known.n += 1;
      else setAside.set(reason, { reason, remedy, place, n: 1 });
    }
    for (const [reason, n] of prepared.leftOut) counts.leftOut.set(reason, (counts.leftOut.get(reason) ?? 0) + n);
    counts.rejected += prepared.rejected.length;
    await compare(fresh ? undefined : ctx, { sourceId: source?.id ?? "", prepared, counts });
  };

  const signal = input.signal ?? new AbortController().signal;
  let records: RawRecord[] = [];
  let rejected: RejectedRecord[] = [];
  const file = { settings: checked.settings, path: checked.file.path, head: checked.file.rawHead, signal };
  for await (const chunk of checked.importFile(core, file)) {
    signal.throwIfAborted();
    records.push(...chunk.records);
    rejected.push(...(chunk.rejected ?? []));
    if (records.length >= recordsPerGroup) {
      await take(records, rejected);
      records = [];
      rejected = [];
    }
    const { activities } = counts;
    if (chunk.progress)
      input.onProgress?.({
        ...chunk.progress,
        total: chunk.progress.total ?? null,
        activities: activities.new + activities.changed + activities.same,
      });
  }
  await take(records, rejected);
  return {
    origin: checked.identified.origin,
    name: source?.name ?? checked.identified.name,
    sourceId: source?.id ?? null,
    counts: counts.toJSON(),
    setAside: [...setAside.values()].sort((a, b) => b.n - a.n),
    leftOut: Object.fromEntries(counts.leftOut),
  };
}

/** Counts as an import would, from what is held; without a context nothing is. */
async function compare(ctx: Ctx | undefined, input: { sourceId: string; prepared: PreparedRecords; counts: RunCounts }): Promise<void> {
  const { prepared, counts, sourceId } = input;
  const { activities, threads, identities } = prepared.merged;
  const held = await readHeld(ctx, sourceId, prepared);
  const newKinds = new Map<string, number>();
  for (const activity of activities.values()) {
    const known = held.activities.get(activityKey(activity));
    if (known === undefined) {
      counts.activities.new += 1;
      newKinds.set(activity.kind, (newKinds.get(activity.kind) ?? 0) + 1);
    } else if (known === hashActivity(activity).toString()) counts.activities.same += 1;
    else counts.activities.changed += 1;
  }
  counts.addKinds(newKinds);
  counts.activities.changed += prepared.gone.length;
  counts.threads.add({ created: [...threads.keys()].filter((key) => !held.threads.has(key)), changed: [], seen: threads.keys() });
  counts.identities.add({ created: [...identities.keys()].filter((key) => !held.identities.has(key)), changed: [], seen: identities.keys() });
  for (const record of prepared.same) {
    counts.activities.same += record.activities;
    counts.threads.add({ created: [], changed: [], seen: record.threads });
    counts.identities.add({ created: [], changed: [], seen: record.identities });
  }
}

async function readHeld(ctx: Ctx | undefined, sourceId: string, { merged }: PreparedRecords) {
  const nothing = { activities: new Map<string, string>(), threads: new Set<string>(), identities: new Set<string>() };
  if (!ctx) return nothing;
  const scope = sql`${ctx.community.id}`;
  const ids = (values: Iterable<{ externalId: string }>) =>
    array(
      [...values].map(({ externalId }) => externalId),
      "text",
    );
  const activities = await ctx.db.rows<{ externalId: string; kind: string; hash: string }>(sql`
    SELECT a.external_id AS "externalId", a.kind, a.content_hash::text AS hash FROM activity a
    WHERE a.community_id = ${scope} AND a.source_id = ${sourceId} AND a.external_id = ANY(${ids(merged.activities.values())})`);
  const threads = await ctx.db.rows<{ externalId: string }>(sql`
    SELECT t.external_id AS "externalId" FROM thread t
    WHERE t.community_id = ${scope} AND t.source_id = ${sourceId} AND t.external_id = ANY(${ids(merged.threads.values())})`);
  const identities = await ctx.db.rows<{ platform: string; externalId: string }>(sql`
    SELECT i.platform, i.external_id AS "externalId" FROM identity i
    WHERE i.community_id = ${scope} AND i.external_id = ANY(${ids(merged.identities.values())})`);
  return {
    activities: new Map(activities.map((row) => [activityKey(row), row.hash])),
    threads: new Set(threads.map((row) => row.externalId)),
    identities: new Set(identities.map(identityKey)),
  };
}
