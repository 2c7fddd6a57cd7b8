import { array, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";
import { recordKey } from "./store-raw-records.ts";

/** A record that was stored, with the keys of the links that it states. */
export interface StatingRecord {
  stream: string;
  externalId: string;
  linkKeys: readonly string[];
  /** It was held before, and may have stated something else. */
  replaced: boolean;
}

/**
 * Keeps which record states which link. A link that no record states any more is withdrawn, unless a person has decided on
 * it: a list that was corrected parts the people again whom it joined by mistake.
 * Must run in a transaction, after the links and the records.
 * @param input.records those that were stored now
 * @param input.linkIds ids of links by their keys
 * @returns the identities whose links were withdrawn
 */
export async function storeLinkStatements(
  ctx: Ctx,
  input: { sourceId: string; records: readonly StatingRecord[]; linkIds: ReadonlyMap<string, string> },
): Promise<string[]> {
  const { sourceId, records } = input;
  const rows = new Map<string, { stream: string; externalId: string; linkId: string }>();
  for (const { stream, externalId, linkKeys } of records) {
    for (const key of linkKeys) {
      const linkId = input.linkIds.get(key);
      if (linkId !== undefined) rows.set(`${recordKey({ stream, externalId })}\u0000${linkId}`, { stream, externalId, linkId });
    }
  }
  const stated = [...rows.values()];
  const given = sql`unnest(${array(
    stated.map((row) => row.stream),
    "text",
  )}, ${array(
    stated.map((row) => row.externalId),
    "text",
  )}, ${array(
    stated.map((row) => row.linkId),
    "uuid",
  )}) AS n(stream, external_id, link_id)`;
  let unstated: { linkId: string }[] = [];
  const replaced = records.filter((record) => record.replaced);
  if (replaced.length > 0) {
    unstated = await ctx.db.rows<{ linkId: string }>(sql`
      DELETE FROM link_statement s USING unnest(${array(
        replaced.map((record) => record.stream),
        "text",
      )}, ${array(
        replaced.map((record) => record.externalId),
        "text",
      )}) AS k(stream, external_id)
      WHERE s.community_id = ${ctx.community.id} AND s.source_id = ${sourceId} AND s.stream = k.stream AND s.external_id = k.external_id
        AND NOT EXISTS (SELECT FROM ${given} WHERE n.stream = s.stream AND n.external_id = s.external_id AND n.link_id = s.link_id)
      RETURNING s.link_id AS "linkId"`);
  }
  if (stated.length > 0) {
    await ctx.db.execute(sql`
      INSERT INTO link_statement (community_id, source_id, stream, external_id, link_id)
      SELECT ${ctx.community.id}, ${sourceId}, n.stream, n.external_id, n.link_id FROM ${given} ON CONFLICT DO NOTHING`);
  }
  return withdrawUnstatedLinks(
    ctx,
    unstated.map(({ linkId }) => linkId),
  );
}

/**
 * Takes back the links of these that no record states any more; what a person decided stays.
 * @returns the identities at their ends
 */
export async function withdrawUnstatedLinks(ctx: Ctx, linkIds: readonly string[]): Promise<string[]> {
  if (linkIds.length === 0) return [];
  const rows = await ctx.db.rows<{ a: string; b: string }>(sql`
    DELETE FROM identity_link l
    WHERE l.community_id = ${ctx.community.id} AND l.id = ANY(${array([...new Set(linkIds)], "uuid")}) AND l.author = 'rule'
      AND NOT EXISTS (SELECT FROM link_statement s WHERE s.community_id = l.community_id AND s.link_id = l.id)
    RETURNING l.identity_a AS a, l.identity_b AS b`);
  return [...new Set(rows.flatMap(({ a, b }) => [a, b]))];
}
