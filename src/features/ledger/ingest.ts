import { json, retryContended, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";
import { enqueueChanges } from "./consumer.ts";
import { storeLinkStatements } from "./link-statements.ts";
import { identityKey } from "./merge-batch.ts";
import type { PreparedRecords } from "./prepare-records.ts";
import type { RunCounts } from "./run-counts.ts";
import { holdSource } from "./sources.ts";
import { deleteActivities, storeActivities } from "./store-activities.ts";
import { storeAffiliations } from "./store-affiliations.ts";
import { storeIdentities } from "./store-identities.ts";
import { type RawRow, storeRawRecords, storeRejected } from "./store-raw-records.ts";
import { spreadThreadVisibility, storeChannels, storeThreads } from "./store-threads.ts";

export interface IngestInput {
  source: { id: string };
  syncId: string;
  /** The run's stream, whose cursor moves. */
  stream: string;
  prepared: PreparedRecords;
  /** Where the stream goes on after these records; left alone when undefined. */
  cursor?: unknown;
  counts: RunCounts;
}

/**
 * Stores prepared records: identities, channels, threads, activities, raw records, set-aside records, the cursor,
 * the run's counts and the outbox, all in one transaction. Whatever happens, either all of it stands or none.
 * Doing it again with the same records changes nothing.
 */
export async function ingest(ctx: Ctx, input: IngestInput): Promise<void> {
  const { prepared, source, counts } = input;
  // Sorted, so that two imports that share people lock them in one order and never wait for each other in a circle.
  const identities = [...prepared.merged.identities.values()].sort((a, b) => (identityKey(a) < identityKey(b) ? -1 : 1));

  // Nothing outside the transaction changes before it stands, so it may be tried again.
  const outcome = await retryContended(() =>
    ctx.db.transaction(async (tx) => {
      const inTx: Ctx = { ...ctx, db: tx };
      const floor = await holdSource(inTx, source.id);
      const people = await storeIdentities(inTx, { identities, links: [...prepared.merged.links.values()] });
      const affiliated = await storeAffiliations(inTx, { ...prepared, sourceId: source.id, identities: people.ids });
      for (const id of affiliated) if (!people.created.has(id)) people.changed.add(id);
      const channels = await storeChannels(inTx, { sourceId: source.id, floor, channels: [...prepared.merged.channels.values()] });
      const threads = await storeThreads(inTx, {
        sourceId: source.id,
        floor,
        threads: [...prepared.merged.threads.values()],
        channels,
        identities: people.ids,
      });
      const activities = await storeActivities(inTx, {
        sourceId: source.id,
        floor,
        activities: [...prepared.merged.activities.values()],
        channels,
        threads,
        identities: people.ids,
      });
      const gone = await deleteActivities(inTx, { sourceId: source.id, keys: prepared.gone });
      const moved = [...channels.movedActivities, ...(await spreadThreadVisibility(inTx, threads.moved))];
      await storePayloads(inTx, input, { people: people.ids, threads: threads.ids });
      const parted = await storeLinkStatements(inTx, {
        sourceId: source.id,
        linkIds: people.linkIds,
        records: prepared.raw.map(({ record, linkKeys, replaced }) => ({ ...record, linkKeys, replaced })),
      });
      for (const id of parted) if (!people.created.has(id)) people.changed.add(id);
      await storeRejected(inTx, {
        sourceId: source.id,
        syncId: input.syncId,
        rejected: prepared.rejected,
        accepted: prepared.raw.filter((row) => row.normalizeVersion > 0).map((row) => row.record),
      });
      if (input.cursor !== undefined) await storeCursor(inTx, { sourceId: source.id, stream: input.stream, cursor: input.cursor });

      const touched = [...activities.created, ...activities.changed, ...gone, ...moved];
      await enqueueChanges(inTx, {
        threads: touched.length === 0 ? [...threads.created, ...threads.changed] : [...threads.ids.values()],
        identities: touched.length === 0 ? [...people.created, ...people.changed] : [...new Set([...people.ids.values(), ...affiliated, ...parted])],
        activities: touched,
      });
      return { people, threads, activities, gone };
    }),
  );

  const { people, threads, activities, gone } = outcome;
  counts.threads.add({ created: threads.created, changed: threads.changed, seen: threads.ids.values() });
  counts.activities.new += activities.created.length;
  counts.activities.changed += activities.changed.length + gone.length;
  counts.activities.same += activities.same;
  counts.addKinds(activities.createdByKind);
  counts.identities.add({ created: people.created, changed: people.changed, seen: [...people.ids.values(), ...people.changed] });
  counts.rejected += prepared.rejected.length;
  for (const [reason, n] of prepared.leftOut) counts.leftOut.set(reason, (counts.leftOut.get(reason) ?? 0) + n);
  for (const record of prepared.same) {
    counts.threads.add({ created: [], changed: [], seen: record.threads });
    counts.activities.same += record.activities;
    counts.identities.add({ created: [], changed: [], seen: record.identities });
  }
}

async function storePayloads(ctx: Ctx, input: IngestInput, ids: { people: Map<string, string>; threads: Map<string, string> }): Promise<void> {
  const byVersion = Map.groupBy(input.prepared.raw, (row) => row.normalizeVersion);
  for (const [normalizeVersion, group] of byVersion) {
    const rows = group.map(
      (row): RawRow => ({
        stream: row.record.stream,
        externalId: row.record.externalId,
        payloadText: row.payloadText,
        hash: row.hash,
        asOf: row.record.asOf ?? null,
        threads: row.threadKeys.flatMap((key) => ids.threads.get(key) ?? []),
        activities: row.activities,
        identities: row.identityKeys.flatMap((key) => ids.people.get(key) ?? []),
      }),
    );
    await storeRawRecords(ctx, { sourceId: input.source.id, normalizeVersion, rows });
  }
}

async function storeCursor(ctx: Ctx, input: { sourceId: string; stream: string; cursor: unknown }): Promise<void> {
  await ctx.db.execute(sql`
    INSERT INTO stream (community_id, source_id, name, cursor) VALUES (${ctx.community.id}, ${input.sourceId}, ${input.stream}, ${json(input.cursor)})
    ON CONFLICT (community_id, source_id, name) DO UPDATE SET cursor = excluded.cursor`);
}
