import { setImmediate as nextTurn } from "node:timers/promises";
import type { Ctx } from "../access/index.ts";
import type { NormalizedAffiliation, NormalizedBatch, RawRecord, RejectedRecord } from "./batch.ts";
import { type Connector, RecordError } from "./connector.ts";
import { activityKey, addToBatch, emptyBatch, hashPayload, identityKey, linkKey, type MergedBatch } from "./merge-batch.ts";
import { keepOut, type SourcePrivacy } from "./source-privacy.ts";
import { findHeldRecords, type HeldRecord, type RawRow, readPayloads, recordKey } from "./store-raw-records.ts";

/** Records that were read and understood, ready to be stored in one transaction. */
export interface PreparedRecords {
  merged: MergedBatch;
  raw: (RawRow & {
    /** The links that it states, by their keys. */
    linkKeys: string[];
    /** Held before, with another payload or read by another normaliser. */
    replaced: boolean;
  })[];
  /** Held already with the same payload, read by the same normaliser. */
  same: HeldRecord[];
  /** Threads that changed records stated before: one that loses all it held goes. */
  left: Set<string>;
  /** What records stated before and state no longer. */
  gone: { externalId: string; kind: string }[];
  /** Likewise: who belonged where, and names and domains of organizations. */
  unstated: { affiliations: NormalizedAffiliation[]; organizations: MergedBatch["organizations"] };
  rejected: RejectedRecord[];
  /** Records that the source's owner wants left at the door, by the reason. */
  leftOut: Map<string, number>;
}

export interface PrepareInput {
  source: { id: string; privacy: SourcePrivacy };
  connector: Connector;
  settings: unknown;
  records: readonly { record: RawRecord; payloadText: string }[];
  rejected: readonly RejectedRecord[];
  /** Nothing of the source is held yet: there is nothing to compare with. */
  fresh: boolean;
  /** Read unchanged records anew: a replay. */
  force: boolean;
}

const recordsPerTurn = 10;

/**
 * Tells new records from held ones and normalises the new. Nothing is written. A record that cannot be used is set
 * aside with its reason; it never stops the others.
 */
export async function prepareRecords(ctx: Ctx, input: PrepareInput): Promise<PreparedRecords> {
  const { connector } = input;
  const prepared: PreparedRecords = {
    merged: emptyBatch(),
    raw: [],
    same: [],
    left: new Set(),
    gone: [],
    unstated: { affiliations: [], organizations: new Map() },
    rejected: [...input.rejected],
    leftOut: new Map(),
  };
  const byId = new Map<string, { record: RawRecord; payloadText: string; hash: string }>();
  for (const [at, { record, payloadText }] of input.records.entries()) {
    // While this group is read, those before it are being stored: their statements get their turn in between.
    if (at % recordsPerTurn === 0) await nextTurn();
    const key = recordKey(record);
    const before = byId.get(key);
    if (before && isOlder(record.asOf, before.record.asOf)) continue;
    byId.set(key, { record, payloadText, hash: hashPayload(payloadText) });
  }
  const held = input.fresh
    ? new Map<string, HeldRecord>()
    : await findHeldRecords(ctx, { sourceId: input.source.id, records: [...byId.values()].map(({ record }) => record) });

  const changed: RawRecord[] = [];
  let since = 0;
  for (const [key, entry] of byId) {
    since += 1;
    if (since % recordsPerTurn === 0) await nextTurn();
    const known = held.get(key);
    if (known && !input.force && known.normalizeVersion === connector.normalizeVersion) {
      if (known.hash === entry.hash || isOlder(entry.record.asOf, known.asOf?.toISOString())) {
        prepared.same.push(known);
        continue;
      }
    }
    for (const thread of known?.threads ?? []) prepared.left.add(thread);
    if (known && !input.force && known.normalizeVersion > 0) changed.push(entry.record);
    normalizeInto(prepared, {
      connector,
      settings: input.settings,
      privacy: input.source.privacy,
      now: ctx.clock.now(),
      replaced: known !== undefined,
      ...entry,
    });
  }
  if (changed.length > 0) await findGone(ctx, { ...input, changed }, prepared);
  return prepared;
}

function normalizeInto(
  prepared: PreparedRecords,
  input: {
    connector: Connector;
    settings: unknown;
    privacy: SourcePrivacy;
    now: Date;
    replaced: boolean;
    record: RawRecord;
    payloadText: string;
    hash: string;
  },
): void {
  const { record } = input;
  let batch: NormalizedBatch;
  let normalizeVersion = input.connector.normalizeVersion;
  try {
    batch = input.connector.normalize(record, input.settings);
  } catch (error) {
    prepared.rejected.push(describeRejection(record, error));
    batch = { identities: [], channels: [], threads: [], activities: [] };
    // Version 0 is read anew on every run, so that a record set aside gets its chance once it can be read.
    normalizeVersion = 0;
  }
  const refusal = keepOut(batch, input);
  if (refusal !== undefined) {
    prepared.leftOut.set(refusal, (prepared.leftOut.get(refusal) ?? 0) + 1);
    return;
  }
  addToBatch(prepared.merged, batch);
  // Without the payload itself, which is the largest thing in memory and has been read.
  prepared.raw.push({
    stream: record.stream,
    externalId: record.externalId,
    asOf: record.asOf,
    payloadText: input.payloadText,
    hash: input.hash,
    normalizeVersion,
    threadKeys: batch.threads.map((thread) => thread.externalId),
    activities: batch.activities.length,
    identityKeys: [...new Set(batch.identities.map(identityKey))],
    linkKeys: (batch.links ?? []).map(linkKey),
    replaced: input.replaced,
  });
}

function describeRejection(record: RawRecord, error: unknown): RejectedRecord {
  const excerpt = JSON.stringify(record.payload)?.slice(0, 300);
  if (error instanceof RecordError) {
    return { stream: record.stream, externalId: record.externalId, place: error.place, reason: error.message, remedy: error.remedy, excerpt };
  }
  return {
    stream: record.stream,
    externalId: record.externalId,
    place: record.externalId,
    reason: `The record could not be read: ${error instanceof Error ? error.message : String(error)}`,
    remedy: "It is kept as it came and read again on every run; a newer version of Causeway may understand it.",
    excerpt,
  };
}

/** Compares what changed records stated before with what they state now: what is missing was deleted at the source. */
async function findGone(ctx: Ctx, input: PrepareInput & { changed: readonly RawRecord[] }, prepared: PreparedRecords): Promise<void> {
  const before = await readPayloads(ctx, { sourceId: input.source.id, records: input.changed });
  const stated = emptyBatch();
  for (const { stream, externalId, payload } of before) {
    let old: NormalizedBatch;
    try {
      old = input.connector.normalize({ stream, externalId, payload }, input.settings);
    } catch {
      // What was held could not be read either, so it stated nothing that could be missing now.
      continue;
    }
    for (const activity of old.activities) {
      if (!prepared.merged.activities.has(activityKey(activity))) prepared.gone.push({ externalId: activity.externalId, kind: activity.kind });
    }
    if (old.organizations || old.affiliations) {
      addToBatch(stated, { ...noBatch, organizations: old.organizations ?? [], affiliations: old.affiliations ?? [] });
    }
  }
  for (const [key, affiliation] of stated.affiliations) if (!prepared.merged.affiliations.has(key)) prepared.unstated.affiliations.push(affiliation);
  for (const [key, before] of stated.organizations) {
    const now = prepared.merged.organizations.get(key);
    const domains = new Set([...before.domains].filter((domain) => !now?.domains.has(domain)));
    const aliases = new Set([...before.aliases].filter((alias) => !now?.aliases.has(alias)));
    if (!now || domains.size + aliases.size > 0) prepared.unstated.organizations.set(key, { name: before.name, domains, aliases });
  }
}

const noBatch: NormalizedBatch = { identities: [], channels: [], threads: [], activities: [] };

function isOlder(a: string | undefined, b: string | null | undefined): boolean {
  return a !== undefined && b !== null && b !== undefined && new Date(a) < new Date(b);
}
