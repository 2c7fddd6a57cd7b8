import { type ArrayType, array, namesOf, rowsOf, sql, together } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import type { Ctx } from "../access/index.ts";
import type { NormalizedIdentityLink } from "./batch.ts";
import { cleanText, identityKey, labelInUse, linkKey, type SeenIdentity } from "./merge-batch.ts";

/** What became of a batch's identities: their ids by key, which of them are new, and the rows of those that were held. */
export interface AddedIdentities {
  ids: Map<string, string>;
  created: Set<string>;
  held: Map<string, IdentityRow>;
}

interface IdentityRow {
  id: string;
  platform: string;
  externalId: string;
  emailVerified: boolean;
  avatarUrl: string | null;
  url: string | null;
  kind: string;
  kindReason: string | null;
  kindLocked: boolean;
  firstSeenAt: Date | null;
}

/** The identities that are held, by their keys. */
export async function findIdentities(ctx: Ctx, identities: readonly SeenIdentity[]): Promise<Map<string, IdentityRow>> {
  if (identities.length === 0) return new Map();
  const rows = await ctx.db.rows<IdentityRow>(sql`
    SELECT i.id, i.platform, i.external_id AS "externalId", i.email_verified AS "emailVerified", i.avatar_url AS "avatarUrl", i.url,
           i.kind, i.kind_reason AS "kindReason", i.kind_locked AS "kindLocked", i.first_seen_at AS "firstSeenAt"
    FROM unnest(${array(
      identities.map((i) => i.platform),
      "text",
    )}, ${array(
      identities.map((i) => i.externalId),
      "text",
    )}) AS k(platform, external_id)
    JOIN identity i ON i.community_id = ${ctx.community.id} AND i.platform = k.platform AND i.external_id = k.external_id`);
  return new Map(rows.map((row) => [identityKey(row), row]));
}

/**
 * Adds identities that are not held yet, with their names, and gives every one its id. Must run in a transaction.
 * @param input.held what `findIdentities` found in it
 */
export async function addIdentities(
  ctx: Ctx,
  input: { identities: readonly SeenIdentity[]; held: ReadonlyMap<string, IdentityRow> },
): Promise<AddedIdentities> {
  const added: AddedIdentities = { ids: new Map(), created: new Set(), held: new Map(input.held) };
  const missing = input.identities.filter((identity) => !input.held.has(identityKey(identity)));
  if (missing.length > 0) {
    for (const row of await insertIdentities(ctx, missing)) {
      added.ids.set(identityKey(row), row.id);
      added.created.add(row.id);
    }
    // Another import may have added some between our look and our insert: those exist now.
    const others = missing.filter((identity) => !added.ids.has(identityKey(identity)));
    for (const [key, row] of await findIdentities(ctx, others)) added.held.set(key, row);
  }
  for (const [key, row] of added.held) added.ids.set(key, row.id);
  return added;
}

/**
 * Stores what is said of identities that are held, the names of all of them, and the links that the source states. In the same
 * transaction as `addIdentities`.
 * @returns those that changed, and the ids of the stated links by their keys
 */
export async function describeIdentities(
  ctx: Ctx,
  input: { identities: readonly SeenIdentity[]; added: AddedIdentities; links: readonly NormalizedIdentityLink[]; ids: ReadonlyMap<string, string> },
): Promise<{ changed: Set<string>; linkIds: Map<string, string> }> {
  const { added } = input;
  const changed = new Set<string>();
  const updates: IdentityRow[] = [];
  for (const identity of input.identities) {
    const row = added.held.get(identityKey(identity));
    if (!row) continue;
    const { next, touched, visiblyChanged } = mergeSighting(row, identity);
    if (touched) updates.push(next);
    if (visiblyChanged) changed.add(row.id);
  }
  const [, relabelled, links] = await together([
    updateIdentities(ctx, updates),
    storeLabels(ctx, input.identities, added),
    storeLinks(ctx, input.links, input.ids),
  ]);
  for (const id of await nameIdentities(ctx, relabelled)) changed.add(id);
  for (const id of links.linked) if (!added.created.has(id)) changed.add(id);
  return { changed, linkIds: links.linkIds };
}

/** Applies a sighting to what is held. Pure: what the row becomes, whether it must be written, whether people would notice. */
function mergeSighting(row: IdentityRow, seen: SeenIdentity): { next: IdentityRow; touched: boolean; visiblyChanged: boolean } {
  const next = { ...row };
  let visiblyChanged = false;
  for (const field of ["avatarUrl", "url"] as const) {
    const value = seen[field];
    if (value === undefined || value === row[field]) continue;
    next[field] = cleanText(value);
    visiblyChanged = true;
  }
  if (seen.emailVerified && !row.emailVerified) {
    next.emailVerified = true;
    visiblyChanged = true;
  }
  if (seen.kind && !row.kindLocked && row.kind === "human") {
    next.kind = seen.kind.value;
    next.kindReason = seen.kind.reason;
    visiblyChanged = true;
  }
  const first = seen.firstSeenAt !== null && (row.firstSeenAt === null || seen.firstSeenAt < row.firstSeenAt);
  if (first) next.firstSeenAt = seen.firstSeenAt;
  return { next, touched: visiblyChanged || first, visiblyChanged };
}

async function insertIdentities(ctx: Ctx, identities: readonly SeenIdentity[]): Promise<{ id: string; platform: string; externalId: string }[]> {
  const column = (type: ArrayType, value: (identity: SeenIdentity) => unknown) => array(identities.map(value), type);
  const text = (value: string | undefined) => (value === undefined ? null : cleanText(value));
  const named = (kind: string) => column("text", (identity) => labelInUse(identity.allLabels.values(), kind));
  const columns = {
    id: column("uuid", () => newId()),
    platform: column("text", (i) => i.platform),
    external_id: column("text", (i) => i.externalId),
    display_name: named("name"),
    login: named("login"),
    email: named("email"),
    email_verified: column("boolean", (i) => i.emailVerified ?? false),
    avatar_url: column("text", (i) => text(i.avatarUrl)),
    url: column("text", (i) => text(i.url)),
    kind: column("text", (i) => i.kind?.value ?? "human"),
    kind_reason: column("text", (i) => text(i.kind?.reason)),
    first_seen_at: column("timestamptz", (i) => i.firstSeenAt),
  };
  return ctx.db.rows(sql`
    INSERT INTO identity (community_id, member_id, created_at, ${namesOf(columns)})
    SELECT ${ctx.community.id}, n.id, ${ctx.clock.now()}, n.* FROM ${rowsOf(columns)} AS n
    ON CONFLICT (community_id, platform, external_id) DO NOTHING
    RETURNING id, platform, external_id AS "externalId"`);
}

async function updateIdentities(ctx: Ctx, rows: readonly IdentityRow[]): Promise<void> {
  if (rows.length === 0) return;
  await ctx.db.execute(sql`
    UPDATE identity i SET email_verified = n.email_verified, avatar_url = n.avatar_url, url = n.url, kind = n.kind,
           kind_reason = n.kind_reason, first_seen_at = n.first_seen_at
    FROM unnest(${array(
      rows.map((r) => r.id),
      "uuid",
    )}, ${array(
      rows.map((r) => r.emailVerified),
      "boolean",
    )},
                ${array(
                  rows.map((r) => r.avatarUrl),
                  "text",
                )}, ${array(
                  rows.map((r) => r.url),
                  "text",
                )},
                ${array(
                  rows.map((r) => r.kind),
                  "text",
                )}, ${array(
                  rows.map((r) => r.kindReason),
                  "text",
                )},
                ${array(
                  rows.map((r) => r.firstSeenAt),
                  "timestamptz",
                )})
      AS n(id, email_verified, avatar_url, url, kind, kind_reason, first_seen_at)
    WHERE i.community_id = ${ctx.community.id} AND i.id = n.id`);
}

interface LabelRow {
  identityId: string;
  kind: string;
  value: string;
  first: Date | null;
}

const labelRows = (labels: readonly LabelRow[]) =>
  sql`unnest(${array(
    labels.map((l) => l.identityId),
    "uuid",
  )}, ${array(
    labels.map((l) => l.kind),
    "text",
  )}, ${array(
    labels.map((l) => l.value),
    "text",
  )}, ${array(
    labels.map((l) => l.first),
    "timestamptz",
  )}) AS n(identity_id, kind, value, first_seen_at)`;

/**
 * Notes names that are new, or older than was known. Those held already are left out before the insert, since even an
 * insert that ends in a conflict would write to the row.
 * @returns the identities that were there before and whose names changed
 */
async function storeLabels(ctx: Ctx, identities: readonly SeenIdentity[], stored: AddedIdentities): Promise<string[]> {
  const fresh: LabelRow[] = [];
  const labels: LabelRow[] = [];
  for (const identity of identities) {
    const identityId = stored.ids.get(identityKey(identity));
    if (!identityId) continue;
    const list = stored.created.has(identityId) ? fresh : labels;
    for (const label of identity.allLabels.values()) list.push({ identityId, ...label });
  }
  // Made in this transaction, so nobody else can have named them: nothing to compare with.
  if (fresh.length > 0) {
    await ctx.db.execute(sql`
      INSERT INTO identity_label (community_id, identity_id, kind, value, first_seen_at)
      SELECT ${ctx.community.id}, n.identity_id, n.kind, n.value, n.first_seen_at FROM ${labelRows(fresh)}`);
  }
  if (labels.length === 0) return [];
  const rows = await ctx.db.rows<{ id: string }>(sql`
    INSERT INTO identity_label AS l (community_id, identity_id, kind, value, first_seen_at)
    SELECT ${ctx.community.id}, n.identity_id, n.kind, n.value, n.first_seen_at
    FROM ${labelRows(labels)}
    LEFT JOIN identity_label k ON k.community_id = ${ctx.community.id} AND k.identity_id = n.identity_id AND k.kind = n.kind AND k.value = n.value
    WHERE k.value IS NULL OR n.first_seen_at < k.first_seen_at OR (k.first_seen_at IS NULL AND n.first_seen_at IS NOT NULL)
    ON CONFLICT (community_id, identity_id, kind, value) DO UPDATE SET first_seen_at = LEAST(l.first_seen_at, excluded.first_seen_at)
    RETURNING l.identity_id AS id`);
  return [...new Set(rows.map((row) => row.id))];
}

/** Gives identities the names that are in use by their labels; returns those that got another one. */
async function nameIdentities(ctx: Ctx, identityIds: readonly string[]): Promise<string[]> {
  if (identityIds.length === 0) return [];
  const rows = await ctx.db.rows<{ id: string }>(sql`
    WITH used AS (
      SELECT DISTINCT ON (identity_id, kind) identity_id, kind, value FROM identity_label
      WHERE community_id = ${ctx.community.id} AND identity_id = ANY(${array(identityIds, "uuid")})
      ORDER BY identity_id, kind, first_seen_at DESC NULLS LAST, value COLLATE "C" DESC
    ), named AS (
      SELECT identity_id, max(value) FILTER (WHERE kind = 'name') AS name, max(value) FILTER (WHERE kind = 'login') AS login,
             max(value) FILTER (WHERE kind = 'email') AS email
      FROM used GROUP BY identity_id
    )
    UPDATE identity i SET display_name = n.name, login = n.login, email = n.email FROM named n
    WHERE i.community_id = ${ctx.community.id} AND i.id = n.identity_id
      AND (i.display_name, i.login, i.email) IS DISTINCT FROM (n.name, n.login, n.email)
    RETURNING i.id`);
  return rows.map((row) => row.id);
}

/** Returns the ids of the links by their keys, and the identities of those that are new. */
async function storeLinks(
  ctx: Ctx,
  links: readonly NormalizedIdentityLink[],
  ids: ReadonlyMap<string, string>,
): Promise<{ linkIds: Map<string, string>; linked: string[] }> {
  const linkIds = new Map<string, string>();
  const rows = links.flatMap((link) => {
    const a = ids.get(identityKey(link.a));
    const b = ids.get(identityKey(link.b));
    if (!a || !b || a === b) return [];
    return [{ ...link, key: linkKey(link), low: a < b ? a : b, high: a < b ? b : a }];
  });
  if (rows.length === 0) return { linkIds, linked: [] };
  const stored = await ctx.db.rows<{ low: string; high: string }>(sql`
    INSERT INTO identity_link (community_id, id, identity_a, identity_b, state, rule, evidence, strength, author, created_at, changed_at)
    SELECT ${ctx.community.id}, id, low, high, 'accepted', rule, evidence, strength, 'rule', ${ctx.clock.now()}, ${ctx.clock.now()}
    FROM unnest(${array(
      rows.map(() => newId()),
      "uuid",
    )}, ${array(
      rows.map((r) => r.low),
      "uuid",
    )}, ${array(
      rows.map((r) => r.high),
      "uuid",
    )},
                ${array(
                  rows.map((r) => r.rule),
                  "text",
                )}, ${array(
                  rows.map((r) => cleanText(r.evidence)),
                  "text",
                )},
                ${array(
                  rows.map((r) => r.strength),
                  "real",
                )}) AS n(id, low, high, rule, evidence, strength)
    ON CONFLICT (community_id, identity_a, identity_b, rule) DO NOTHING
    RETURNING identity_a AS low, identity_b AS high`);
  const held = await ctx.db.rows<{ id: string; place: number }>(sql`
    SELECT l.id, n.place::int AS place
    FROM unnest(${array(
      rows.map((r) => r.low),
      "uuid",
    )}, ${array(
      rows.map((r) => r.high),
      "uuid",
    )}, ${array(
      rows.map((r) => r.rule),
      "text",
    )}) WITH ORDINALITY AS n(low, high, rule, place)
    JOIN identity_link l ON l.community_id = ${ctx.community.id} AND l.identity_a = n.low AND l.identity_b = n.high AND l.rule = n.rule`);
  for (const { id, place } of held) linkIds.set(rows[place - 1]?.key ?? "", id);
  return { linkIds, linked: stored.flatMap((row) => [row.low, row.high]) };
}
