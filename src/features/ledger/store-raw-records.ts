import { array, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";
import type { RejectedRecord } from "./batch.ts";

/** What is held of a record that came before. */
export interface HeldRecord {
  externalId: string;
  hash: string;
  asOf: Date | null;
  normalizeVersion: number;
  threads: string[];
  activities: number;
  identities: string[];
}

export interface RawRow {
  externalId: string;
  payloadText: string;
  hash: string;
  asOf: string | null;
  threads: string[];
  activities: number;
  identities: string[];
}

/** Looks up what is held of records, without their payloads. */
export async function findHeldRecords(
  ctx: Ctx,
  input: { sourceId: string; stream: string; externalIds: readonly string[] },
): Promise<Map<string, HeldRecord>> {
  const rows = await ctx.db.rows<HeldRecord>(sql`
    SELECT external_id AS "externalId", encode(hash, 'hex') AS hash, as_of AS "asOf", normalize_version AS "normalizeVersion",
           threads::text[] AS threads, activities, identities::text[] AS identities
    FROM raw_record WHERE community_id = ${ctx.community.id} AND source_id = ${input.sourceId} AND stream = ${input.stream}
      AND external_id = ANY(${array(input.externalIds, "text")})`);
  return new Map(rows.map((row) => [row.externalId, row]));
}

/** The payloads of held records, parsed. */
export async function readPayloads(
  ctx: Ctx,
  input: { sourceId: string; stream: string; externalIds: readonly string[] },
): Promise<Map<string, unknown>> {
  if (input.externalIds.length === 0) return new Map();
  const rows = await ctx.db.rows<{ externalId: string; payload: string }>(sql`
    SELECT external_id AS "externalId", payload FROM raw_record
    WHERE community_id = ${ctx.community.id} AND source_id = ${input.sourceId} AND stream = ${input.stream}
      AND external_id = ANY(${array(input.externalIds, "text")})`);
  return new Map(rows.map((row) => [row.externalId, JSON.parse(row.payload) as unknown]));
}

/** Stores payloads as they came; a record that came before is replaced. */
export async function storeRawRecords(
  ctx: Ctx,
  input: { sourceId: string; stream: string; normalizeVersion: number; rows: readonly RawRow[] },
): Promise<void> {
  const { rows } = input;
  if (rows.length === 0) return;
  await ctx.db.execute(sql`
    INSERT INTO raw_record (community_id, source_id, stream, external_id, payload, hash, as_of, threads, activities, identities, normalize_version, fetched_at)
    SELECT ${ctx.community.id}, ${input.sourceId}, ${input.stream}, external_id, payload, decode(hash, 'hex'), as_of, threads::uuid[], activities,
           identities::uuid[], ${input.normalizeVersion}, ${ctx.clock.now()}
    FROM unnest(${array(
      rows.map((r) => r.externalId),
      "text",
    )}, ${array(
      rows.map((r) => r.payloadText),
      "text",
    )},
                ${array(
                  rows.map((r) => r.hash),
                  "text",
                )}, ${array(
                  rows.map((r) => r.asOf),
                  "timestamptz",
                )},
                ${array(
                  rows.map((r) => `{${r.threads.join(",")}}`),
                  "text",
                )}, ${array(
                  rows.map((r) => r.activities),
                  "integer",
                )},
                ${array(
                  rows.map((r) => `{${r.identities.join(",")}}`),
                  "text",
                )})
      AS n(external_id, payload, hash, as_of, threads, activities, identities)
    ON CONFLICT (community_id, source_id, stream, external_id) DO UPDATE SET
      payload = excluded.payload, hash = excluded.hash, as_of = excluded.as_of, threads = excluded.threads, activities = excluded.activities,
      identities = excluded.identities, normalize_version = excluded.normalize_version, fetched_at = excluded.fetched_at`);
}

/** Sets records aside with their reason; those that are fine by now leave the list. */
export async function storeRejected(
  ctx: Ctx,
  input: { sourceId: string; syncId: string; stream: string; rejected: readonly RejectedRecord[]; accepted: readonly string[] },
): Promise<void> {
  if (input.accepted.length > 0) {
    await ctx.db.execute(sql`
      DELETE FROM rejected_record WHERE community_id = ${ctx.community.id} AND source_id = ${input.sourceId} AND stream = ${input.stream}
        AND key = ANY(${array(input.accepted, "text")})`);
  }
  const byKey = new Map(input.rejected.map((r) => [r.externalId ?? r.place, r]));
  const rows = [...byKey.entries()].map(([key, record]) => ({ key, ...record }));
  if (rows.length === 0) return;
  await ctx.db.execute(sql`
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
