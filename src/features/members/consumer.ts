import { array, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";
import { defineConsumer, enqueueChanges, markDaysOfIdentities } from "../ledger/index.ts";
import { drawLinks } from "./draw-links.ts";
import { rebuildMembers } from "./rebuild-members.ts";
import { recount } from "./recount.ts";

const threadsPerWake = 5000;

/** Makes members of identities: draws links, joins what they connect, counts what was done, keeps bots and team apart. */
export const membersConsumer = defineConsumer({
  name: "members",
  activitiesMax: 100_000,
  async run(ctx, changes) {
    const counted = await recount(ctx, changes);
    const identities = [...new Set([...changes.identities, ...counted])];
    const linked = await drawLinks(ctx, identities);
    const rebuilt = await rebuildMembers(ctx, [...new Set([...identities, ...linked])]);
    await wakeReaders(ctx, rebuilt, { knownThreads: changes.threads });
  },
});

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
