import type { CoreContext } from "#core/context.ts";
import { array, json, sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { adminRoles, type Ctx, editorRoles, requireRole, type Visibility, visibilityRank } from "../access/index.ts";
import type { ReportedCounts } from "./connector.ts";
import { enqueueChanges } from "./consumer.ts";
import { withdrawUnstatedLinks } from "./link-statements.ts";
import { parsePrivacy, type SourcePrivacy } from "./source-privacy.ts";

export interface SourceRef {
  id: string;
  connector: string;
  origin: string;
  name: string;
  paused: boolean;
  settings: unknown;
  privacy: SourcePrivacy;
}

/**
 * The source of an origin, made when there is none yet: two exports of one thing feed one source.
 * @param input.settings parsed by the connector's schema; kept only when the source is new
 */
export async function ensureSource(ctx: Ctx, input: { connector: string; origin: string; name: string; settings?: unknown }): Promise<SourceRef> {
  await ctx.db.execute(sql`
    INSERT INTO source (community_id, id, connector, origin, name, settings, created_at)
    VALUES (${ctx.community.id}, ${newId()}, ${input.connector}, ${input.origin}, ${input.name}, ${json(input.settings ?? {})}, ${ctx.clock.now()})
    ON CONFLICT (community_id, origin) DO NOTHING`);
  const found = await findSource(ctx, sql`s.origin = ${input.origin}`);
  if (!found) throw new AppError("internal", { public: "The source could not be stored.", internal: input.origin });
  return found;
}

/**
 * A source by its id.
 * @throws AppError `not_found`
 */
export async function requireSource(ctx: Ctx, sourceId: string): Promise<SourceRef> {
  const found = await findSource(ctx, sql`s.id = ${sourceId}`);
  if (!found) throw new AppError("not_found", { public: "There is no such source in this community. It may have been removed." });
  return found;
}

/**
 * Keeps a source as it is until the transaction ends: nobody removes, closes or pauses it while something of it is being stored.
 * @param input.evenPaused what is held already is read anew, which a pause does not forbid
 * @returns the rank that nothing of it is more open than, and whether records of it were set aside
 * @throws AppError `not_found` when it was removed, `paused`
 */
export async function holdSource(
  ctx: Ctx,
  input: { sourceId: string; evenPaused?: boolean | undefined },
): Promise<{ floor: number; hasRejected: boolean }> {
  const row = await ctx.db.first<{ name: string; paused: boolean; floor: number; hasRejected: boolean }>(sql`
    SELECT s.name, s.paused, COALESCE(s.visibility_floor, 0) AS floor,
           EXISTS (SELECT FROM rejected_record r WHERE r.community_id = s.community_id AND r.source_id = s.id) AS "hasRejected"
    FROM source s WHERE s.community_id = ${ctx.community.id} AND s.id = ${input.sourceId} FOR SHARE`);
  if (!row) throw new AppError("not_found", { public: "The source was removed while it was being brought in." });
  if (!input.evenPaused) refusePaused(row);
  return row;
}

/** The source that holds what an origin names, if there is one. */
export function findSourceOfOrigin(ctx: Ctx, origin: string): Promise<SourceRef | undefined> {
  return findSource(ctx, sql`s.origin = ${origin}`);
}

async function findSource(ctx: Ctx, condition: ReturnType<typeof sql>): Promise<SourceRef | undefined> {
  const row = await ctx.db.first<Omit<SourceRef, "privacy"> & { privacy: unknown }>(sql`
    SELECT s.id, s.connector, s.origin, s.name, s.paused, s.settings, s.privacy
    FROM source s WHERE s.community_id = ${ctx.community.id} AND ${condition}`);
  return row && { ...row, privacy: parsePrivacy(row.privacy) };
}

const pausedRetrySeconds = 60 * 60;

/**
 * A paused source takes nothing in, from anywhere: no run on its schedule or by hand, no file, no webhook, no program.
 *
 * To senders that is 503, and neither 404 nor 200. Discourse switches a hook off that meets 404 or 410 and sends again
 * after anything else; Slack sends again three times, and ends an app's events only when nearly all of an hour's failed;
 * GitHub never sends again by itself, but keeps what failed to be sent again by hand. Whoever has heard 200 has forgotten
 * it: taking it to drop it would lose it, taking it to keep it would be no pause. What a hook misses, the next pull brings.
 * @throws AppError `paused`
 */
export function refusePaused(source: { name: string; paused: boolean }): void {
  if (!source.paused) return;
  throw new AppError("paused", {
    public: `«${source.name}» is paused and takes nothing in. Let it go on on its page, then send or fetch again.`,
    retryAfterSeconds: pausedRetrySeconds,
  });
}

/** The source that a webhook's address names, in whichever community; nobody is asked who calls, its signature says that. */
export async function findWebhookSource(core: CoreContext, sourceId: string): Promise<{ communityId: string; source: SourceRef } | undefined> {
  const row = await core.db.first<Omit<SourceRef, "privacy"> & { communityId: string; privacy: unknown }>(sql`
    SELECT s.community_id AS "communityId", s.id, s.connector, s.origin, s.name, s.paused, s.settings, s.privacy
    FROM source s WHERE s.id = ${sourceId}`);
  if (!row) return undefined;
  const { communityId, ...source } = row;
  return { communityId, source: { ...source, privacy: parsePrivacy(source.privacy) } };
}

/** The stream under which what files brought is noted. */
export const fileStream = "file";

/** Whether a row of `stream` only notes what a file says that holds a part of its source. */
export const isPart = (stream: string): boolean => stream.startsWith(`${fileStream}/`);

/**
 * Notes what the source says it holds, for coverage.
 * @param input.part of which part that is said, such as one month; what other parts said stays
 */
export async function storeReported(ctx: Ctx, input: { sourceId: string; stream: string; part?: string; reported: ReportedCounts }): Promise<void> {
  const name = input.part === undefined ? input.stream : `${input.stream}/${input.part}`;
  await ctx.db.execute(sql`
    INSERT INTO stream (community_id, source_id, name, reported, reported_at)
    VALUES (${ctx.community.id}, ${input.sourceId}, ${name}, ${json(input.reported)}, ${ctx.clock.now()})
    ON CONFLICT (community_id, source_id, name) DO UPDATE SET reported = excluded.reported, reported_at = excluded.reported_at`);
}

/**
 * Renames a source, pauses it, or closes it: nothing of a source is more open than its visibility.
 * @throws AppError `forbidden` for viewers, product and developers; `not_found`
 */
export async function updateSource(ctx: Ctx, input: { sourceId: string; name?: string; paused?: boolean; visibility?: Visibility }): Promise<void> {
  requireRole(ctx, editorRoles);
  const source = await requireSource(ctx, input.sourceId);
  await ctx.db.transaction(async (tx) => {
    await tx.execute(sql`
      UPDATE source SET name = COALESCE(${input.name ?? null}, name), paused = COALESCE(${input.paused ?? null}, paused)
      WHERE community_id = ${ctx.community.id} AND id = ${source.id}`);
    if (input.visibility !== undefined) await closeSource({ ...ctx, db: tx }, source.id, visibilityRank(input.visibility));
  });
}

async function closeSource(ctx: Ctx, sourceId: string, rank: number): Promise<void> {
  const scope = sql`community_id = ${ctx.community.id} AND source_id = ${sourceId} AND visibility < ${rank}`;
  await ctx.db.execute(sql`UPDATE source SET visibility_floor = ${rank} WHERE community_id = ${ctx.community.id} AND id = ${sourceId}`);
  await ctx.db.execute(sql`UPDATE channel SET visibility = ${rank} WHERE ${scope}`);
  const threads = await ctx.db.rows<{ id: string }>(sql`UPDATE thread SET visibility = ${rank} WHERE ${scope} RETURNING id`);
  const activities = await ctx.db.rows<{ id: string; identityId: string | null }>(
    sql`UPDATE activity SET visibility = ${rank} WHERE ${scope} RETURNING id, identity_id AS "identityId"`,
  );
  await enqueueChanges(ctx, {
    threads: threads.map((row) => row.id),
    identities: [...new Set(activities.flatMap((row) => row.identityId ?? []))],
    activities: activities.map((row) => row.id),
  });
}

/**
 * Removes a source with all that it brought: threads, activities, raw records. Consumers are told, and drop what
 * they derived from them.
 */
export async function deleteSource(ctx: Ctx, input: { sourceId: string }): Promise<void> {
  requireRole(ctx, adminRoles);
  const source = await requireSource(ctx, input.sourceId);
  await ctx.db.transaction(async (tx) => {
    const inTx: Ctx = { ...ctx, db: tx };
    const scope = sql`community_id = ${ctx.community.id} AND source_id = ${source.id}`;
    // One removal at a time, so that two never wait for each other.
    await tx.execute(sql`SELECT FROM community WHERE id = ${ctx.community.id} FOR NO KEY UPDATE`);
    // A group that is being stored ends first; the next one finds no source any more.
    await tx.execute(sql`SELECT FROM source WHERE community_id = ${ctx.community.id} AND id = ${source.id} FOR UPDATE`);
    await markDaysOf(inTx, scope);
    const people = await tx.rows<{ id: string }>(sql`
      SELECT identity_id AS id FROM activity WHERE ${scope} AND identity_id IS NOT NULL
      UNION SELECT unnest(identities) FROM raw_record WHERE ${scope}`);
    const links = await tx.rows<{ id: string }>(sql`SELECT DISTINCT link_id AS id FROM link_statement WHERE ${scope}`);
    const gone = await tx.rows<{ id: string }>(sql`DELETE FROM activity WHERE ${scope} RETURNING id`);
    await tx.execute(sql`DELETE FROM thread WHERE ${scope}`);
    await tx.execute(sql`DELETE FROM raw_record WHERE ${scope}`);
    await tx.execute(sql`DELETE FROM channel WHERE ${scope}`);
    await tx.execute(sql`DELETE FROM source WHERE community_id = ${ctx.community.id} AND id = ${source.id}`);
    // The source's own statements went with it.
    const parted = await withdrawUnstatedLinks(
      inTx,
      links.map(({ id }) => id),
    );
    const ids = people.map(({ id }) => id);
    // Nobody may be forgotten whom a group that is being stored right now has just found: those end first.
    await tx.execute(sql`SELECT FROM source WHERE community_id = ${ctx.community.id} ORDER BY id FOR UPDATE`);
    const mates = await forgetUnstatedIdentities(inTx, ids);
    await enqueueChanges(inTx, { threads: [], identities: [...new Set([...ids, ...parted, ...mates])], activities: gone.map((row) => row.id) });
  });
}

/**
 * Deletes those of these identities that no source states and no activity names any more: whoever removes a list of people
 * removes the people of it.
 * @returns the identities that were of one member with them
 */
async function forgetUnstatedIdentities(ctx: Ctx, ids: readonly string[]): Promise<string[]> {
  const forgotten = await ctx.db.rows<{ id: string; memberId: string }>(sql`
    WITH unstated AS (
      SELECT id FROM unnest(${array(ids, "uuid")}) AS given(id)
      EXCEPT SELECT unnest(identities) FROM raw_record WHERE community_id = ${ctx.community.id})
    DELETE FROM identity i
    WHERE i.community_id = ${ctx.community.id} AND i.id IN (SELECT id FROM unstated)
      AND NOT EXISTS (SELECT FROM activity a WHERE a.community_id = i.community_id AND a.identity_id = i.id)
    RETURNING i.id, i.member_id AS "memberId"`);
  if (forgotten.length === 0) return [];
  const forgottenIds = forgotten.map(({ id }) => id);
  await ctx.db.execute(sql`
    DELETE FROM identity_label WHERE community_id = ${ctx.community.id} AND identity_id = ANY(${array(forgottenIds, "uuid")})`);
  const memberIds = [...new Set(forgotten.map(({ memberId }) => memberId))];
  const mates = await ctx.db.rows<{ id: string }>(sql`
    SELECT id FROM identity WHERE community_id = ${ctx.community.id} AND member_id = ANY(${array(memberIds, "uuid")})`);
  return mates.map(({ id }) => id);
}

/** Has the days of some activities counted anew, before they go. */
export async function markDaysOf(ctx: Ctx, scope: ReturnType<typeof sql>): Promise<void> {
  await ctx.db.execute(sql`
    INSERT INTO dirty_day (community_id, day)
    SELECT DISTINCT community_id, to_char(occurred_at AT TIME ZONE ${ctx.community.timeZone}, 'YYYY-MM-DD') FROM activity WHERE ${scope}
    ON CONFLICT DO NOTHING`);
}
