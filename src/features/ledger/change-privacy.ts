import { array, json, sql } from "#core/database/database.ts";
import { adminRoles, type Ctx, requireRole, visibilityRank } from "../access/index.ts";
import { enqueueChanges } from "./consumer.ts";
import { parsePrivacy, type SourcePrivacy } from "./source-privacy.ts";
import { markDaysOf, requireSource } from "./sources.ts";

/**
 * Says what is never stored of a source. What is held already and would no longer come in is removed: private channels
 * with all in them, and what is older than is kept.
 * @returns how many activities were removed
 * @throws AppError `forbidden` for all but owners and admins, `not_found`
 */
export async function changePrivacy(ctx: Ctx, input: { sourceId: string; privacy: SourcePrivacy }): Promise<{ removedActivities: number }> {
  requireRole(ctx, adminRoles);
  const source = await requireSource(ctx, input.sourceId);
  return ctx.db.transaction(async (tx) => {
    await tx.execute(sql`UPDATE source SET privacy = ${json(input.privacy)} WHERE community_id = ${ctx.community.id} AND id = ${source.id}`);
    return { removedActivities: await removeUnwanted({ ...ctx, db: tx }, { sourceId: source.id, privacy: input.privacy }) };
  });
}

/** Removes what has grown older than its source keeps, in every source of the community. */
export async function removeExpired(ctx: Ctx): Promise<number> {
  const sources = await ctx.db.rows<{ id: string; privacy: unknown }>(sql`
    SELECT id, privacy FROM source WHERE community_id = ${ctx.community.id} AND privacy ->> 'retentionDays' IS NOT NULL`);
  let removed = 0;
  for (const { id, privacy } of sources) {
    removed += await ctx.db.transaction((tx) => removeUnwanted({ ...ctx, db: tx }, { sourceId: id, privacy: parsePrivacy(privacy) }));
  }
  return removed;
}

async function removeUnwanted(ctx: Ctx, input: { sourceId: string; privacy: SourcePrivacy }): Promise<number> {
  const { privacy, sourceId } = input;
  const tests = [
    ...(privacy.privateChannels === "out" ? [sql`visibility >= ${visibilityRank("restricted")}`] : []),
    ...(privacy.retentionDays === null ? [] : [sql`occurred_at < ${new Date(ctx.clock.now().getTime() - privacy.retentionDays * 86_400_000)}`]),
  ];
  if (tests.length === 0) return 0;
  const scope = sql`community_id = ${ctx.community.id} AND source_id = ${sourceId}`;
  const unwanted = sql`${scope} AND (${sql.join(tests, sql` OR `)})`;
  await markDaysOf(ctx, unwanted);
  const gone = await ctx.db.rows<{ id: string; externalId: string; identityId: string | null; threadId: string | null }>(
    sql`DELETE FROM activity WHERE ${unwanted} RETURNING id, external_id AS "externalId", identity_id AS "identityId", thread_id AS "threadId"`,
  );
  if (gone.length === 0) return 0;
  // A thread of which nothing is left goes; so do the payloads that held the same words. One that states newer things as
  // well stays, and its old part is left out again whenever it is read.
  const emptied = await ctx.db.rows<{ id: string }>(sql`
    DELETE FROM thread t WHERE t.community_id = ${ctx.community.id} AND t.source_id = ${sourceId}
      AND NOT EXISTS (SELECT FROM activity a WHERE a.community_id = t.community_id AND a.thread_id = t.id) RETURNING t.id`);
  await ctx.db.execute(sql`
    DELETE FROM raw_record r WHERE r.community_id = ${ctx.community.id} AND r.source_id = ${sourceId}
      AND (r.external_id = ANY(${array(
        gone.map((row) => row.externalId),
        "text",
      )}) OR r.threads && ${array(
        emptied.map((row) => row.id),
        "uuid",
      )})`);
  const kept = [...new Set(gone.flatMap((row) => row.threadId ?? []))].filter((id) => !emptied.some((thread) => thread.id === id));
  await enqueueChanges(ctx, {
    threads: kept,
    identities: [...new Set(gone.flatMap((row) => row.identityId ?? []))],
    activities: gone.map((row) => row.id),
  });
  return gone.length;
}
