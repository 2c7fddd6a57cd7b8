import { array, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";
import { type Changes, defineConsumer, enqueueChanges, markDaysOfIdentities } from "../ledger/index.ts";
import { drawLinks } from "./draw-links.ts";
import { rebuildMembers } from "./rebuild-members.ts";
import { recount } from "./recount.ts";

const threadsPerWake = 5000;
/** More activities than this at once are an import: its identities are placed and counted together when it has ended. */
const importActivities = 5000;
/** How many waiting identities one call works off: the embedded database serves nobody else meanwhile. */
const waitingPerCall = 4000;

/**
 * Makes members of identities: draws links, joins what they connect, counts what was done, keeps bots and team apart.
 * What an import touched is only noted, and worked off after its last part: each person is counted once and not once
 * per part. A delivery to itself, behind all that wait, sees to that, so a crash loses nothing.
 */
export const membersConsumer = defineConsumer({
  name: "members",
  activitiesMax: 100_000,
  fills: [{ table: "member" }, { table: "member_text" }, { table: "member_day", columns: ["community_id", "day", "identity_id"] }],
  async run(ctx, changes) {
    if (changes.activities.length > importActivities) {
      await noteWaiting(ctx, changes);
      return;
    }
    // The counts of some thousand people fit into memory; with the server's default they would be sorted on disk.
    await ctx.db.execute(sql`SET LOCAL work_mem = '64MB'`);
    const waiting = await takeWaiting(ctx);
    const counted = await recount(ctx, { ...changes, whole: waiting.ids });
    const identities = [...new Set([...changes.identities, ...waiting.ids, ...counted])];
    const linked = await drawLinks(ctx, identities);
    const rebuilt = await rebuildMembers(ctx, [...new Set([...identities, ...linked])]);
    await wakeReaders(ctx, rebuilt, { knownThreads: changes.threads });
    if (waiting.next) await wakeSelf(ctx, waiting.next);
  },
});

async function noteWaiting(ctx: Ctx, changes: Changes): Promise<void> {
  await ctx.db.execute(sql`
    INSERT INTO dirty_identity (community_id, identity_id)
    SELECT a.community_id, a.identity_id FROM activity a
    WHERE a.community_id = ${ctx.community.id} AND a.id = ANY(${array(changes.activities, "uuid")}) AND a.identity_id IS NOT NULL
    UNION SELECT ${ctx.community.id}::uuid, id FROM unnest(${array(changes.identities, "uuid")}) AS given(id)
    ON CONFLICT DO NOTHING`);
  const any = await ctx.db.first<{ id: string }>(sql`SELECT identity_id AS id FROM dirty_identity WHERE community_id = ${ctx.community.id} LIMIT 1`);
  if (any) await wakeSelf(ctx, any.id);
}

async function takeWaiting(ctx: Ctx): Promise<{ ids: string[]; next: string | undefined }> {
  const rows = await ctx.db.rows<{ id: string }>(sql`
    SELECT identity_id AS id FROM dirty_identity WHERE community_id = ${ctx.community.id} ORDER BY identity_id LIMIT ${waitingPerCall + 1}`);
  const ids = rows.slice(0, waitingPerCall).map(({ id }) => id);
  if (ids.length > 0) {
    await ctx.db.execute(sql`DELETE FROM dirty_identity WHERE community_id = ${ctx.community.id} AND identity_id = ANY(${array(ids, "uuid")})`);
  }
  return { ids, next: rows[waitingPerCall]?.id };
}

async function wakeSelf(ctx: Ctx, identityId: string): Promise<void> {
  await enqueueChanges(ctx, { threads: [], identities: [identityId], activities: [] }, ["members"]);
}

/**
 * Tells the other consumers what they derived from who is who: a merge changes who answered whom, a mark changes
 * whose activity is counted where.
 * @param options.knownThreads threads that they hear of anyway
 */
export async function wakeReaders(
  ctx: Ctx,
  rebuilt: { moved: readonly string[]; marked: readonly string[] },
  options: { knownThreads?: readonly string[] } = {},
): Promise<void> {
  const identities = [...new Set([...rebuilt.moved, ...rebuilt.marked])];
  if (identities.length === 0) return;
  const known = new Set(options.knownThreads);
  const rows = await ctx.db.rows<{ id: string }>(sql`
    SELECT DISTINCT thread_id AS id FROM activity
    WHERE community_id = ${ctx.community.id} AND identity_id = ANY(${array(identities, "uuid")}) AND thread_id IS NOT NULL`);
  const threads = rows.map(({ id }) => id).filter((id) => !known.has(id));
  for (let at = 0; at < threads.length; at += threadsPerWake) {
    await enqueueChanges(ctx, { threads: threads.slice(at, at + threadsPerWake), identities: [], activities: [] }, ["rollup", "questions"]);
  }
  if (rebuilt.marked.length > 0) {
    await markDaysOfIdentities(ctx, rebuilt.marked);
    await enqueueChanges(ctx, { threads: [], identities: [...rebuilt.marked], activities: [] }, ["rollup"]);
  }
}
