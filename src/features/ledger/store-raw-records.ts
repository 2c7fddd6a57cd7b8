import { setImmediate as nextTurn } from "node:timers/promises";
import { type ArrayType, array, rowsOf, type SQL, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";
import type { RejectedRecord } from "./batch.ts";

/** What is held of a record that came before. */
export interface HeldRecord {
  stream: string;
  externalId: string;
  hash: string;
  asOf: Date | null;
  normalizeVersion: number;
  threads: string[];
  activities: number;
  identities: string[];
}

/** A record that was read, as it is to be kept. */
export interface RawRow {
  stream: string;
  externalId: string;
  payloadText: string;
  hash: string;
  asOf: string | undefined;
  /** 0 for one that could not be read. */
  normalizeVersion: number;
  /** What it states, by the keys under which the batch has it. */
  threadKeys: readonly string[];
  identityKeys: readonly string[];
  activities: number;
}

/** Payloads as they are sent, but for the ids of what they state. */
export interface EncodedPayloads {
  /** By the names of the table's columns; the hash in hexadecimal. */
  columns: Record<string, SQL>;
  threadKeys: (readonly string[])[];
  identityKeys: (readonly string[])[];
}

/** A record's key within its source: the same from a file, a pull and a webhook. */
export const recordKey = (record: { stream: string; externalId: string }): string => `${record.stream}\u0000${record.externalId}`;

const givenKeys = (records: readonly { stream: string; externalId: string }[]) =>
  sql`unnest(${array(
    records.map((record) => record.stream),
    "text",
  )}, ${array(
    records.map((record) => record.externalId),
    "text",
  )}) AS k(stream, external_id)`;

/** The held record of each given key. Each is looked up by itself, as `findThreads` does: the planner would rather read many more. */
const eachHeld = (ctx: Ctx, sourceId: string) => sql`CROSS JOIN LATERAL (
  SELECT * FROM raw_record r
  WHERE r.community_id = ${ctx.community.id} AND r.source_id = ${sourceId} AND r.stream = k.stream AND r.external_id = k.external_id LIMIT 1
) r`;

/** Looks up what is held of records, without their payloads. */
export async function findHeldRecords(
  ctx: Ctx,
  input: { sourceId: string; records: readonly { stream: string; externalId: string }[] },
): Promise<Map<string, HeldRecord>> {
  // Ids in one text: taking an array's text apart is the slowest part of what the driver does.
  const rows = await ctx.db.rows<Omit<HeldRecord, "threads" | "identities"> & { threads: string; identities: string }>(sql`
    SELECT r.stream, r.external_id AS "externalId", encode(hash, 'hex') AS hash, as_of AS "asOf", normalize_version AS "normalizeVersion",
           array_to_string(threads, ' ') AS threads, activities, array_to_string(identities, ' ') AS identities
    FROM ${givenKeys(input.records)} ${eachHeld(ctx, input.sourceId)}`);
  const split = (ids: string) => (ids === "" ? [] : ids.split(" "));
  return new Map(rows.map((row) => [recordKey(row), { ...row, threads: split(row.threads), identities: split(row.identities) }]));
}

/** The payloads of held records, parsed. */
export async function readPayloads(
  ctx: Ctx,
  input: { sourceId: string; records: readonly { stream: string; externalId: string }[] },
): Promise<{ stream: string; externalId: string; payload: unknown }[]> {
  if (input.records.length === 0) return [];
  const rows = await ctx.db.rows<{ stream: string; externalId: string; payload: string }>(sql`
    SELECT r.stream, r.external_id AS "externalId", r.payload FROM ${givenKeys(input.records)} ${eachHeld(ctx, input.sourceId)}`);
  return rows.map((row) => ({ ...row, payload: JSON.parse(row.payload) as unknown }));
}

/** Makes payloads ready to be sent, so that their texts need not be held until then; column by column as `encodeActivities`. */
export async function encodePayloads(rows: readonly RawRow[]): Promise<EncodedPayloads> {
  const column = async (type: ArrayType, value: (row: RawRow) => unknown) => {
    await nextTurn();
    return array(rows.map(value), type);
  };
  return {
    columns: {
      stream: await column("text", (row) => row.stream),
      external_id: await column("text", (row) => row.externalId),
      payload: await column("text", (row) => row.payloadText),
      hash: await column("text", (row) => row.hash),
      as_of: await column("timestamptz", (row) => row.asOf),
      activities: await column("integer", (row) => row.activities),
      normalize_version: await column("integer", (row) => row.normalizeVersion),
    },
    threadKeys: rows.map((row) => row.threadKeys),
    identityKeys: rows.map((row) => row.identityKeys),
  };
}

/** What came before gives way. */
const takeLater = sql`
    ON CONFLICT (community_id, source_id, stream, external_id) DO UPDATE SET
      payload = excluded.payload, hash = excluded.hash, as_of = excluded.as_of, threads = excluded.threads, activities = excluded.activities,
      identities = excluded.identities, normalize_version = excluded.normalize_version, fetched_at = excluded.fetched_at`;

/**
 * Stores payloads as they came; a record that came before is replaced. In a transaction, which waits for what is on its way.
 * @param input.onlyNew as of `storeActivities`
 */
export function storeRawRecords(
  ctx: Ctx,
  input: {
    sourceId: string;
    onlyNew: boolean;
    payloads: EncodedPayloads;
    threads: ReadonlyMap<string, string>;
    identities: ReadonlyMap<string, string>;
  },
): void {
  const { columns, threadKeys, identityKeys } = input.payloads;
  if (threadKeys.length === 0) return;
  const threads = layEndToEnd(threadKeys, input.threads);
  const identities = layEndToEnd(identityKeys, input.identities);
  void ctx.db.execute(sql`
    INSERT INTO raw_record (community_id, source_id, stream, external_id, payload, hash, as_of, threads, activities, identities, normalize_version, fetched_at)
    SELECT ${ctx.community.id}, ${input.sourceId}, stream, external_id, payload, decode(hash, 'hex'), as_of, (${threads.ids})[thread_from:thread_to],
           activities, (${identities.ids})[identity_from:identity_to], normalize_version, ${ctx.clock.now()}
    FROM ${rowsOf({ ...columns, ...threads.ranges("thread"), ...identities.ranges("identity") })} AS n
    ${input.onlyNew ? sql`` : takeLater}`);
}

/** Lists of ids as one array and where each begins and ends in it: arrays of arrays must be of one length in PostgreSQL. */
function layEndToEnd(all: readonly (readonly string[])[], ids: ReadonlyMap<string, string>): { ids: SQL; ranges(name: string): Record<string, SQL> } {
  const laid: string[] = [];
  const from: number[] = [];
  const to: number[] = [];
  for (const keys of all) {
    from.push(laid.length + 1);
    for (const key of keys) {
      const id = ids.get(key);
      if (id !== undefined) laid.push(id);
    }
    to.push(laid.length);
  }
  const ranges = (name: string) => ({ [`${name}_from`]: array(from, "integer"), [`${name}_to`]: array(to, "integer") });
  return { ids: array(laid, "uuid"), ranges };
}

/** Sets records aside with their reason; those that are fine by now leave the list. In a transaction, as `storeRawRecords`. */
export function storeRejected(
  ctx: Ctx,
  input: { sourceId: string; syncId: string; rejected: readonly RejectedRecord[]; accepted: readonly { stream: string; externalId: string }[] },
): void {
  if (input.accepted.length > 0) {
    void ctx.db.execute(sql`
      DELETE FROM rejected_record r USING ${givenKeys(input.accepted)}
      WHERE r.community_id = ${ctx.community.id} AND r.source_id = ${input.sourceId} AND r.stream = k.stream AND r.key = k.external_id`);
  }
  const byKey = new Map(input.rejected.map((r) => [`${r.stream}\u0000${r.externalId ?? r.place}`, { key: r.externalId ?? r.place, ...r }]));
  const rows = [...byKey.values()];
  if (rows.length === 0) return;
  void ctx.db.execute(sql`
    INSERT INTO rejected_record (community_id, source_id, sync_id, stream, key, place, reason, remedy, excerpt, at)
    SELECT ${ctx.community.id}, ${input.sourceId}, ${input.syncId}, stream, key, place, reason, remedy, excerpt, ${ctx.clock.now()}
    FROM unnest(${array(
      rows.map((r) => r.stream),
      "text",
    )}, ${array(
      rows.map((r) => r.key),
      "text",
    )}, ${array(
      rows.map((r) => r.place),
      "text",
    )},
                ${array(
                  rows.map((r) => r.reason),
                  "text",
                )}, ${array(
                  rows.map((r) => r.remedy),
                  "text",
                )},
                ${array(
                  rows.map((r) => r.excerpt?.replaceAll("\u0000", "\ufffd").slice(0, 500) ?? null),
                  "text",
                )})
      AS n(stream, key, place, reason, remedy, excerpt)
    ON CONFLICT (community_id, source_id, stream, key) DO UPDATE SET
      sync_id = excluded.sync_id, place = excluded.place, reason = excluded.reason, remedy = excluded.remedy, excerpt = excluded.excerpt, at = excluded.at`);
}
