import { json, retryContended, sql, together } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";
import type { NormalizedThread } from "./batch.ts";
import { enqueueChanges } from "./consumer.ts";
import type { EncodedRecords } from "./encode-records.ts";
import { storeLinkStatements } from "./link-statements.ts";
import { identityKey, type SeenIdentity } from "./merge-batch.ts";
import type { RunCounts } from "./run-counts.ts";
import type { SeenKeys } from "./seen-keys.ts";
import type { SeenPeople } from "./seen-people.ts";
import { spreadThreadVisibility } from "./settle-activities.ts";
import { settleThreads } from "./settle-threads.ts";
import { holdSource } from "./sources.ts";
import { deleteActivities, type GoneActivity, type StoredActivities, storeActivities } from "./store-activities.ts";
import { storeAffiliations } from "./store-affiliations.ts";
import { findChannels, storeChannels } from "./store-channels.ts";
import { addIdentities, describeIdentities, findIdentities } from "./store-identities.ts";
import { storeRawRecords, storeRejected } from "./store-raw-records.ts";
import { findThreads, type StoredThreads, storeThreads } from "./store-threads.ts";

export interface IngestInput {
  source: { id: string };
  syncId: string;
  /** The run's stream, whose cursor moves. */
  stream: string;
  records: EncodedRecords;
  /** Where the stream goes on after these records; left alone when undefined. */
  cursor?: unknown;
  counts: RunCounts;
  memory: RunMemory;
  /** One of the records may be held already, whatever the run remembers. */
  mayBeHeld?: boolean;
  /** What is stored was held before: a replay, which goes on while the source is paused. */
  evenPaused?: boolean;
}

/** What a run knows of what it has stored so far. */
export interface RunMemory {
  people: SeenPeople;
  /** Which threads it has stated; kept only where nothing was held when it began. */
  threads: SeenKeys | undefined;
  /**
   * Nothing of the source was held when the run began, and no two records have stated the same since: rows are added without
   * looking for one of the same key first. Should there be one after all, the group is stored anew, and from then on every row
   * is looked for.
   */
  onlyNew: boolean;
}

/**
 * Stores records: identities, channels, threads, activities, raw records, set-aside records, the cursor,
 * the run's counts and the outbox, all in one transaction. Whatever happens, either all of it stands or none.
 * Doing it again with the same records changes nothing.
 * @throws AppError `paused`, or `not_found` when the source was removed
 */
export async function ingest(ctx: Ctx, input: IngestInput): Promise<void> {
  const { memory } = input;
  const { identities } = input.records;
  const familiar = new Map(identities.map((identity) => [identityKey(identity), memory.people.idOf(identity)] as const));
  const strange = identities.filter((identity) => familiar.get(identityKey(identity)) === undefined);
  const restated = input.records.threads.filter(({ externalId }) => memory.threads?.add(externalId) ?? true);

  // Nothing outside the transaction changes before it stands, so it may be tried again.
  const outcome = await retryContended(
    (attempt) => {
      if (attempt > 1) memory.onlyNew = false;
      return ctx.db.transaction((tx) =>
        storeAll({ ...ctx, db: tx }, { ...input, familiar, strange, restated, onlyNew: memory.onlyNew && !input.mayBeHeld }),
      );
    },
    // A record that comes twice in a first import; or another run on the source, taken for dead, has stored the same meanwhile.
    { also: [uniqueViolation] },
  );
  memory.people.add(strange, outcome.people.ids);
  count(input, outcome);
}

const uniqueViolation = "23505";

interface Outcome {
  people: { ids: Map<string, string>; created: Set<string>; changed: Set<string> };
  threads: StoredThreads;
  activities: StoredActivities;
  gone: GoneActivity[];
  /** Threads in which nothing is left. */
  removed: string[];
}

/**
 * What needs no answer of another statement is sent together, and what needs none at all is not awaited: the transaction
 * waits for it. So the database is never kept waiting for us.
 */
async function storeAll(
  ctx: Ctx,
  input: IngestInput & {
    familiar: ReadonlyMap<string, string | undefined>;
    strange: readonly SeenIdentity[];
    restated: readonly NormalizedThread[];
    onlyNew: boolean;
  },
): Promise<Outcome> {
  const { records, strange, restated, onlyNew } = input;
  const sourceId = input.source.id;
  const [{ floor, hasRejected }, heldIdentities, heldChannels, heldThreads] = await together([
    holdSource(ctx, { sourceId, evenPaused: input.evenPaused }),
    findIdentities(ctx, strange),
    findChannels(ctx, { sourceId, channels: records.channels }),
    findThreads(ctx, { sourceId, threads: onlyNew ? restated : records.threads }),
  ]);
  const [added, channels] = await together([
    addIdentities(ctx, { identities: strange, held: heldIdentities }),
    storeChannels(ctx, { sourceId, floor, channels: records.channels, held: heldChannels }),
  ]);
  const ids = new Map(added.ids);
  for (const [key, id] of input.familiar) if (id !== undefined) ids.set(key, id);

  const threads = await storeThreads(ctx, { sourceId, floor, threads: records.threads, held: heldThreads, channels, identities: ids });
  storeRawRecords(ctx, { sourceId, onlyNew, payloads: records.payloads, threads: threads.ids, identities: ids });
  storeRejected(ctx, { sourceId, syncId: input.syncId, rejected: records.rejected, accepted: hasRejected ? records.accepted : [] });
  if (input.cursor !== undefined) storeCursor(ctx, { sourceId, stream: input.stream, cursor: input.cursor });
  const [described, activities, affiliated] = await together([
    describeIdentities(ctx, { identities: strange, added, links: records.links, ids }),
    storeActivities(ctx, { sourceId, onlyNew, floor, activities: records.activities, channels, threads, identities: ids }),
    storeAffiliations(ctx, { merged: records.belongings, unstated: records.unstated, sourceId, identities: ids }),
  ]);
  const parted = await storeLinkStatements(ctx, { sourceId, linkIds: described.linkIds, records: records.stating });
  const changed = new Set([...described.changed, ...affiliated, ...parted].filter((id) => !added.created.has(id)));
  const gone = await deleteActivities(ctx, { sourceId, keys: records.gone });
  const moved = [...channels.movedActivities, ...(await spreadThreadVisibility(ctx, threads.moved))];
  const settled = await settleThreads(ctx, { sourceId, left: records.left, stated: threads.ids, gone });
  const touched = [...activities.created, ...activities.changed, ...gone.map(({ id }) => id), ...moved];
  const touchedThreads = touched.length === 0 ? [...threads.created, ...threads.changed] : threads.ids.values();
  void enqueueChanges(ctx, {
    threads: [...new Set([...touchedThreads, ...settled.changed, ...settled.removed])],
    identities: touched.length === 0 ? [...added.created, ...changed] : [...new Set([...ids.values(), ...changed])],
    activities: touched,
  });
  return { people: { ids, created: added.created, changed }, threads, activities, gone, removed: settled.removed };
}

function count({ counts, records }: IngestInput, { people, threads, activities, gone, removed }: Outcome): void {
  counts.threads.drop(removed);
  counts.threads.add({ created: threads.created, changed: threads.changed, seen: threads.ids.values() });
  counts.activities.new += activities.created.length;
  counts.activities.changed += activities.changed.length + gone.length;
  counts.activities.same += activities.same;
  counts.addKinds(activities.createdByKind);
  counts.identities.add({ created: people.created, changed: people.changed, seen: [...people.ids.values(), ...people.changed] });
  counts.rejected += records.rejected.length;
  for (const [reason, n] of records.leftOut) counts.leftOut.set(reason, (counts.leftOut.get(reason) ?? 0) + n);
  for (const record of records.same) {
    counts.threads.add({ created: [], changed: [], seen: record.threads });
    counts.activities.same += record.activities;
    counts.identities.add({ created: [], changed: [], seen: record.identities });
  }
}

function storeCursor(ctx: Ctx, input: { sourceId: string; stream: string; cursor: unknown }): void {
  void ctx.db.execute(sql`
    INSERT INTO stream (community_id, source_id, name, cursor) VALUES (${ctx.community.id}, ${input.sourceId}, ${input.stream}, ${json(input.cursor)})
    ON CONFLICT (community_id, source_id, name) DO UPDATE SET cursor = excluded.cursor`);
}
