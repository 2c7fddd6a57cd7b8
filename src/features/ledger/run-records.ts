import { setImmediate as nextTurn } from "node:timers/promises";
import { AppError, toAppError } from "#core/errors.ts";
import { countOf } from "#core/text/count-of.ts";
import type { Ctx } from "../access/index.ts";
import { arrangeThreads } from "./arrange-threads.ts";
import type { IngestCounts, RawRecord, RejectedRecord } from "./batch.ts";
import type { Connector, RecordChunk } from "./connector.ts";
import { analyzeKeys } from "./consumer.ts";
import { type EncodedRecords, encodeRecords } from "./encode-records.ts";
import { ingest, type RunMemory } from "./ingest.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { prepareRecords } from "./prepare-records.ts";
import { RunCounts } from "./run-counts.ts";
import { SeenKeys } from "./seen-keys.ts";
import { SeenPeople } from "./seen-people.ts";
import { type SourcePrivacy, toStorable } from "./source-privacy.ts";
import { fileStream, storeReported } from "./sources.ts";
import { recordKey } from "./store-raw-records.ts";
import { beat, failSync, finishSync, logSync, type SyncTrigger, startSync, wasCutShort } from "./sync-runs.ts";

export interface SyncProgress {
  phase: "reading" | "storing" | "done";
  done: number;
  total: number | null;
  unit: "bytes" | "records" | "pages";
  /** Activities stored a second since the run began. */
  ratePerSecond: number;
  etaSeconds: number | null;
  counts: IngestCounts;
  /** The source makes us wait, until when and why. */
  waiting?: { until: string; reason: string } | undefined;
}

export interface SyncOutcome {
  syncId: string;
  sourceId: string;
  counts: IngestCounts;
  rejected: number;
}

export interface RunRecordsInput {
  source: { id: string; privacy: SourcePrivacy };
  connector: Connector;
  settings: unknown;
  stream: string;
  trigger: SyncTrigger;
  subject?: string;
  /** A run that was queued before; a new one otherwise. */
  syncId?: string;
  fresh: boolean;
  force: boolean;
  chunks: (signal: AbortSignal, onWait: (wait: { until: Date; reason: string }) => void) => AsyncIterable<RecordChunk>;
  signal?: AbortSignal;
  onProgress?: (progress: SyncProgress) => void;
}

/** A transaction holds about this much: large enough to be fast, small enough to be short and to bound memory. */
const recordsPerBatch = 1_000;
const payloadCharsPerBatch = 3_000_000;

/**
 * What the groups of all runs may weigh while they are read and stored: a group is held several times over (as text, as
 * objects, as rows), and several sources are brought in at once. One for the process, for so is the memory.
 */
const inFlight = new MemoryBudget(12_000_000);
/** What a record takes besides its text, in characters of text. */
const recordWeight = 1_000;

/** Groups that are being stored or wait for it: enough that neither side waits for the other when one takes longer for once. */
const groupsAhead = 2;

const heartbeatMs = 20_000;
/** Whoever watches sees no more than this; groups may be stored many times as often. */
const showEveryMs = 400;

interface Group {
  records: { record: RawRecord; payloadText: string }[];
  rejected: RejectedRecord[];
  chars: number;
  cursor: unknown;
  progress: RecordChunk["progress"];
  reported: RecordChunk["reported"];
  reportedParts: NonNullable<RecordChunk["reportedParts"]>;
  warnings: string[];
}

/**
 * Takes the records of a file, a pull or a replay into the ledger, group by group: while groups are being stored,
 * the next is read and normalised. Stops cleanly between groups when told to.
 * @throws AppError whatever the connector reports, or `conflict` when stopped, `paused` when its source is paused; groups stored before that stay
 */
export async function runRecords(ctx: Ctx, input: RunRecordsInput): Promise<SyncOutcome> {
  const syncId = await startSync(ctx, { sourceId: input.source.id, trigger: input.trigger, subject: input.subject, syncId: input.syncId });
  const counts = new RunCounts();
  const memory: RunMemory = { people: new SeenPeople(), threads: input.fresh ? new SeenKeys(4) : undefined, onlyNew: input.fresh };
  const seen = new SeenKeys(8);
  const startedMs = performance.now();
  const shown = { at: startedMs };
  const abort = new AbortController();
  const signal = input.signal ? AbortSignal.any([input.signal, abort.signal]) : abort.signal;
  let last: SyncProgress = describe(undefined, counts, startedMs);
  /** Groups that are being stored or wait for it, each after the one before. */
  const underWay: Promise<void>[] = [];
  const allStored = () => underWay.at(-1) ?? Promise.resolve();
  let refreshed = Promise.resolve();
  let waiting: SyncProgress["waiting"];
  // Only for whoever watches: the run does not depend on it.
  const show = () => beat(ctx, { syncId, counts: last.counts, progress: { ...last, waiting, counts: undefined } }).catch(() => undefined);
  // A limit may make a run wait for an hour: without a sign of life it would be taken for dead.
  const heart = setInterval(show, heartbeatMs);
  try {
    let groups = 0;
    const onWait = (wait: { until: Date; reason: string }) => {
      waiting = { until: wait.until.toISOString(), reason: wait.reason };
      input.onProgress?.({ ...last, waiting });
      void show();
    };
    for await (const group of groupChunks(input.chunks(signal, onWait), input.source.privacy)) {
      signal.throwIfAborted();
      if (group.reported) await storeReported(ctx, { sourceId: input.source.id, stream: input.stream, reported: group.reported });
      for (const [part, reported] of Object.entries(group.reportedParts)) {
        await storeReported(ctx, { sourceId: input.source.id, stream: fileStream, part, reported });
      }
      for (const message of group.warnings) await logSync(ctx, { syncId, level: "warn", message });
      groups += 1;
      if (isTurningPoint(groups)) {
        await refreshed;
        // Beside what is being read and stored, which need not wait for it.
        refreshed = analyzeKeys(ctx);
        // Awaited with the next, or at the end; until then a failure must not count as unhandled.
        refreshed.catch(() => undefined);
      }
      const giveBack = await inFlight.take(group.chars + group.records.length * recordWeight);
      try {
        const repeats = group.records.filter(({ record }) => seen.add(recordKey(record))).length > 0;
        // What came before must be held by then: it may be the newer of the two, or state what this one no longer does.
        if (repeats) await allStored();
        const fresh = input.fresh && !repeats;
        const records = await encodeRecords(await prepareRecords(ctx, { ...input, fresh, records: group.records, rejected: group.rejected }));
        // They have been read, and must not take up memory until the group is stored.
        group.records = [];
        while (underWay.length >= groupsAhead) await underWay.shift();
        const storing = allStored()
          .then(() => store(ctx, { ...input, fresh, syncId, records, group, counts, memory, startedMs, shown }))
          .then((progress) => {
            last = progress;
            waiting = undefined;
          })
          .finally(giveBack);
        // Awaited later; until then a failure must not count as unhandled.
        storing.catch(() => undefined);
        underWay.push(storing);
      } catch (error) {
        giveBack();
        throw error;
      }
    }
    await allStored();
    await refreshed;
    if (input.connector.arrangeThreads && (counts.broughtSomething || (await wasCutShort(ctx, { sourceId: input.source.id, syncId })))) {
      await arrangeThreads(ctx, { sourceId: input.source.id, arranger: input.connector.arrangeThreads(), counts });
    }
    const result = counts.toJSON();
    await finishSync(ctx, { syncId, sourceId: input.source.id, stream: input.stream, counts: result, progress: { ...last, phase: "done" } });
    await logSync(ctx, { syncId, level: "info", message: summarize(result, counts.leftOut) });
    input.onProgress?.({ ...last, phase: "done", etaSeconds: 0, counts: result });
    return { syncId, sourceId: input.source.id, counts: result, rejected: counts.rejected };
  } catch (error) {
    const cancelled = input.signal?.aborted ?? false;
    const failure = cancelled
      ? new AppError("conflict", { public: "The run was stopped. What it had stored stays; run it again to go on.", cause: error })
      : toAppError(error);
    abort.abort();
    // Groups that are being stored end first, so that the run's last word is true.
    await Promise.allSettled([...underWay, refreshed]);
    await failSync(ctx, { syncId, error: failure, cancelled: cancelled || failure.code === "paused", counts: counts.toJSON() });
    throw failure;
  } finally {
    clearInterval(heart);
  }
}

/**
 * A long run meets tables many times larger than those its plans were made for: the checks of foreign keys, planned
 * when the tables were empty, would read them from end to end for each row. The picture is refreshed as they grow.
 */
function isTurningPoint(groups: number): boolean {
  return [2, 8, 32, 128, 512].includes(groups);
}

async function store(
  ctx: Ctx,
  input: RunRecordsInput & {
    syncId: string;
    records: EncodedRecords;
    group: Group;
    counts: RunCounts;
    memory: RunMemory;
    startedMs: number;
    shown: { at: number };
  },
): Promise<SyncProgress> {
  await ingest(ctx, {
    source: input.source,
    syncId: input.syncId,
    stream: input.stream,
    records: input.records,
    cursor: input.group.cursor,
    counts: input.counts,
    memory: input.memory,
    mayBeHeld: !input.fresh,
    evenPaused: input.trigger === "replay",
  });
  const progress = describe(input.group.progress, input.counts, input.startedMs);
  const now = performance.now();
  if (now - input.shown.at >= showEveryMs) {
    input.shown.at = now;
    await beat(ctx, { syncId: input.syncId, counts: progress.counts, progress: { ...progress, counts: undefined } });
  }
  input.onProgress?.(progress);
  return progress;
}

const emptyGroup = (): Group => ({
  records: [],
  rejected: [],
  chars: 0,
  cursor: undefined,
  progress: undefined,
  reported: undefined,
  reportedParts: {},
  warnings: [],
});

function isFull({ records, chars }: Group): boolean {
  return records.length >= recordsPerBatch || chars >= payloadCharsPerBatch;
}

async function* groupChunks(chunks: AsyncIterable<RecordChunk>, privacy: SourcePrivacy): AsyncGenerator<Group> {
  let group = emptyGroup();
  for await (const chunk of chunks) {
    await nextTurn();
    for (const record of chunk.records) {
      // A chunk of large records is stored in parts; where its reading goes on is noted with the last.
      if (isFull(group)) {
        yield group;
        group = { ...emptyGroup(), progress: group.progress };
      }
      const storable = toStorable(record, privacy);
      group.records.push(storable);
      group.chars += storable.payloadText.length;
    }
    group.rejected.push(...(chunk.rejected ?? []));
    group.cursor = chunk.cursor ?? group.cursor;
    group.progress = chunk.progress ?? group.progress;
    group.reported = chunk.reported ?? group.reported;
    Object.assign(group.reportedParts, chunk.reportedParts);
    group.warnings.push(...(chunk.warnings ?? []));
    if (isFull(group)) {
      yield group;
      group = emptyGroup();
    }
  }
  const { records, rejected, warnings, cursor, reported, reportedParts } = group;
  if (records.length + rejected.length + warnings.length + Object.keys(reportedParts).length > 0 || cursor !== undefined || reported !== undefined)
    yield group;
}

function describe(progress: RecordChunk["progress"], counts: RunCounts, startedMs: number): SyncProgress {
  const seconds = Math.max(0.001, (performance.now() - startedMs) / 1000);
  const done = progress?.done ?? 0;
  const total = progress?.total ?? null;
  const { activities } = counts;
  return {
    phase: "storing",
    done,
    total,
    unit: progress?.unit ?? "records",
    ratePerSecond: Math.round((activities.new + activities.changed + activities.same) / seconds),
    etaSeconds: total !== null && done > 0 ? Math.round((seconds / done) * (total - done)) : null,
    counts: counts.toJSON(),
  };
}

function summarize(counts: IngestCounts, leftOut: ReadonlyMap<string, number>): string {
  const { activities, threads, identities } = counts.new;
  const aside = counts.rejected.activities > 0 ? ` ${countOf(counts.rejected.activities, "record")} set aside.` : "";
  const out = [...leftOut].map(([reason, n]) => ` ${countOf(n, "record")} left out: ${reason}.`).join("");
  const fresh = `${countOf(activities, "activity", "activities")}, ${countOf(threads, "thread")} and ${countOf(identities, "identity", "identities")} new`;
  const changed = countOf(counts.changed.activities, "activity", "activities");
  return `${fresh}; ${changed} changed, ${counts.same.activities.toLocaleString("en")} the same.${aside}${out}`;
}
