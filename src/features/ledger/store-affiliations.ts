import { array, sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import type { Ctx } from "../access/index.ts";
import type { NormalizedAffiliation } from "./batch.ts";
import { cleanText, identityKey, type MergedBatch, organizationKey } from "./merge-batch.ts";
import type { PreparedRecords } from "./prepare-records.ts";

type Belongings = Pick<MergedBatch, "organizations" | "affiliations">;

interface NameRow {
  kind: "domain" | "alias";
  value: string;
  key: string;
}

/**
 * Stores organizations with their names, and who belonged where from when to when. Must run in a transaction, after the
 * identities. What stands there already costs no write; what records no longer state is removed.
 * @returns the identities whose affiliations are others than before
 */
export async function storeAffiliations(
  ctx: Ctx,
  input: { sourceId: string; merged: Belongings; unstated: PreparedRecords["unstated"]; identities: ReadonlyMap<string, string> },
): Promise<Set<string>> {
  const { merged, unstated, sourceId } = input;
  const changed = new Set<string>();
  if (unstated.affiliations.length + unstated.organizations.size > 0) {
    for (const id of await removeUnstated(ctx, { sourceId, merged, unstated })) changed.add(id);
  }
  if (merged.organizations.size + merged.affiliations.size === 0) return changed;
  await storeOrganizations(ctx, merged);
  await storeNames(ctx, namesOf(merged.organizations));
  const rows = [...merged.affiliations.values()].flatMap((affiliation) => {
    const identityId = input.identities.get(identityKey(affiliation.identity));
    return identityId === undefined ? [] : [{ ...affiliation, identityId }];
  });
  for (const id of await insertAffiliations(ctx, { sourceId, rows })) changed.add(id);
  return changed;
}

/** Of two spellings the first in the alphabet is shown, whichever came first. */
async function storeOrganizations(ctx: Ctx, { organizations, affiliations }: Belongings): Promise<void> {
  const names = new Map([...organizations].map(([key, { name }]) => [key, name]));
  for (const { organization } of affiliations.values()) {
    const key = organizationKey(organization);
    const shown = cleanText(organization).trim().replace(/\s+/g, " ");
    const known = names.get(key);
    if (key !== "" && (known === undefined || shown < known)) names.set(key, shown);
  }
  const rows = [...names].sort(([a], [b]) => (a < b ? -1 : 1));
  await ctx.db.execute(sql`
    INSERT INTO organization AS o (community_id, id, key, name)
    SELECT ${ctx.community.id}, n.id, n.key, n.name
    FROM unnest(${array(
      rows.map(() => newId()),
      "uuid",
    )}, ${array(
      rows.map(([key]) => key),
      "text",
    )}, ${array(
      rows.map(([, name]) => name),
      "text",
    )}) AS n(id, key, name)
    LEFT JOIN organization k ON k.community_id = ${ctx.community.id} AND k.key = n.key
    WHERE k.id IS NULL OR n.name COLLATE "C" < k.name COLLATE "C"
    ON CONFLICT (community_id, key) DO UPDATE SET name = LEAST(o.name COLLATE "C", excluded.name COLLATE "C")`);
}

/** The first organization in the alphabet has a name that several claim: the same in whichever order they come. */
function namesOf(organizations: MergedBatch["organizations"]): NameRow[] {
  const names = new Map<string, NameRow>();
  for (const [key, { domains, aliases }] of organizations) {
    const given = [
      ...[...domains].map((value) => ({ kind: "domain" as const, value })),
      ...[...aliases].map((value) => ({ kind: "alias" as const, value })),
    ];
    for (const { kind, value } of given) {
      const known = names.get(`${kind}\u0000${value}`);
      if (!known || key < known.key) names.set(`${kind}\u0000${value}`, { kind, value, key });
    }
  }
  return [...names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

const nameRows = (rows: readonly NameRow[]) =>
  sql`unnest(${array(
    rows.map((row) => row.kind),
    "text",
  )}, ${array(
    rows.map((row) => row.value),
    "text",
  )}, ${array(
    rows.map((row) => row.key),
    "text",
  )}) AS n(kind, value, key)`;

async function storeNames(ctx: Ctx, rows: readonly NameRow[]): Promise<void> {
  if (rows.length === 0) return;
  await ctx.db.execute(sql`
    INSERT INTO organization_name (community_id, kind, value, organization_id)
    SELECT ${ctx.community.id}, n.kind, n.value, o.id
    FROM ${nameRows(rows)}
    JOIN organization o ON o.community_id = ${ctx.community.id} AND o.key = n.key
    LEFT JOIN organization_name k ON k.community_id = ${ctx.community.id} AND k.kind = n.kind AND k.value = n.value
    LEFT JOIN organization held ON held.community_id = ${ctx.community.id} AND held.id = k.organization_id
    WHERE k.value IS NULL OR n.key COLLATE "C" < held.key COLLATE "C"
    ON CONFLICT (community_id, kind, value) DO UPDATE SET organization_id = excluded.organization_id`);
}

async function insertAffiliations(
  ctx: Ctx,
  { sourceId, rows }: { sourceId: string; rows: readonly (NormalizedAffiliation & { identityId: string })[] },
): Promise<string[]> {
  if (rows.length === 0) return [];
  const stored = await ctx.db.rows<{ id: string }>(sql`
    INSERT INTO affiliation (community_id, id, identity_id, organization_id, source_id, from_at, to_at, evidence)
    SELECT ${ctx.community.id}, n.id, n.identity_id, o.id, ${sourceId}, n.from_at, n.to_at, n.evidence
    FROM unnest(${array(
      rows.map(() => newId()),
      "uuid",
    )}, ${array(
      rows.map((row) => row.identityId),
      "uuid",
    )}, ${array(
      rows.map((row) => organizationKey(row.organization)),
      "text",
    )},
                ${array(
                  rows.map((row) => row.from ?? null),
                  "timestamptz",
                )}, ${array(
                  rows.map((row) => row.to ?? null),
                  "timestamptz",
                )},
                ${array(
                  rows.map((row) => cleanText(row.evidence)),
                  "text",
                )}) AS n(id, identity_id, key, from_at, to_at, evidence)
    JOIN organization o ON o.community_id = ${ctx.community.id} AND o.key = n.key
    LEFT JOIN affiliation k ON k.community_id = ${ctx.community.id} AND k.source_id = ${sourceId} AND k.identity_id = n.identity_id
                           AND k.organization_id = o.id AND k.from_at IS NOT DISTINCT FROM n.from_at
    WHERE k.id IS NULL OR (k.to_at, k.evidence) IS DISTINCT FROM (n.to_at, n.evidence)
    ON CONFLICT (community_id, source_id, identity_id, organization_id, from_at)
      DO UPDATE SET to_at = excluded.to_at, evidence = excluded.evidence
    RETURNING identity_id AS id`);
  return stored.map(({ id }) => id);
}

async function removeUnstated(
  ctx: Ctx,
  { sourceId, merged, unstated }: { sourceId: string; merged: Belongings; unstated: PreparedRecords["unstated"] },
): Promise<string[]> {
  const { affiliations } = unstated;
  const removed =
    affiliations.length === 0
      ? []
      : await ctx.db.rows<{ id: string }>(sql`
          DELETE FROM affiliation a
          USING unnest(${array(
            affiliations.map((row) => row.identity.platform),
            "text",
          )}, ${array(
            affiliations.map((row) => row.identity.externalId),
            "text",
          )}, ${array(
            affiliations.map((row) => organizationKey(row.organization)),
            "text",
          )}, ${array(
            affiliations.map((row) => row.from ?? null),
            "timestamptz",
          )}) AS n(platform, external_id, key, from_at), identity i, organization o
          WHERE a.community_id = ${ctx.community.id} AND a.source_id = ${sourceId}
            AND i.community_id = ${ctx.community.id} AND i.platform = n.platform AND i.external_id = n.external_id AND a.identity_id = i.id
            AND o.community_id = ${ctx.community.id} AND o.key = n.key AND a.organization_id = o.id
            AND a.from_at IS NOT DISTINCT FROM n.from_at
          RETURNING a.identity_id AS id`);
  const names = namesOf(unstated.organizations);
  if (names.length > 0) {
    await ctx.db.execute(sql`
      DELETE FROM organization_name k USING ${nameRows(names)}, organization o
      WHERE k.community_id = ${ctx.community.id} AND k.kind = n.kind AND k.value = n.value
        AND o.community_id = ${ctx.community.id} AND o.key = n.key AND k.organization_id = o.id`);
  }
  await removeEmpty(ctx, [...unstated.organizations.keys(), ...affiliations.map((row) => organizationKey(row.organization))], merged);
  return removed.map(({ id }) => id);
}

/** Lets organizations go of which nothing is left: no name, nobody who belonged to them. */
async function removeEmpty(ctx: Ctx, keys: readonly string[], merged: Belongings): Promise<void> {
  const stated = new Set([...merged.organizations.keys(), ...[...merged.affiliations.values()].map((row) => organizationKey(row.organization))]);
  const left = [...new Set(keys)].filter((key) => !stated.has(key));
  if (left.length === 0) return;
  await ctx.db.execute(sql`
    DELETE FROM organization o WHERE o.community_id = ${ctx.community.id} AND o.key = ANY(${array(left, "text")})
      AND NOT EXISTS (SELECT FROM affiliation a WHERE a.community_id = o.community_id AND a.organization_id = o.id)
      AND NOT EXISTS (SELECT FROM organization_name k WHERE k.community_id = o.community_id AND k.organization_id = o.id)`);
}
