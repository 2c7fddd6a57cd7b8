import { sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";
import { wakeReaders } from "./consumer.ts";
import { drawLinks } from "./draw-links.ts";
import { rebuildMembers } from "./rebuild-members.ts";
import { recount } from "./recount.ts";

const identitiesPerStep = 5000;

/**
 * Draws, joins and counts all members anew, some thousand identities at a time: what a job does at night against
 * drift, and what follows a change of the rules or of the community's time zone.
 * @returns how many identities were looked at
 */
export async function repairMembers(ctx: Ctx, options: { onProgress?: (done: number) => void; signal?: AbortSignal } = {}): Promise<number> {
  let done = 0;
  let after = "00000000-0000-0000-0000-000000000000";
  while (!options.signal?.aborted) {
    const ids = (
      await ctx.db.rows<{ id: string }>(sql`
        SELECT id FROM identity WHERE community_id = ${ctx.community.id} AND id > ${after}::uuid ORDER BY id LIMIT ${identitiesPerStep}`)
    ).map(({ id }) => id);
    const last = ids.at(-1);
    if (last === undefined) break;
    await ctx.db.transaction(async (tx) => {
      const inTx: Ctx = { ...ctx, db: tx };
      await recount(inTx, { identities: ids, activities: [] });
      const linked = await drawLinks(inTx, ids);
      await wakeReaders(inTx, await rebuildMembers(inTx, [...new Set([...ids, ...linked])]));
    });
    after = last;
    done += ids.length;
    options.onProgress?.(done);
  }
  await ctx.db.execute(sql`
    DELETE FROM member m WHERE m.community_id = ${ctx.community.id}
      AND NOT EXISTS (SELECT FROM identity i WHERE i.community_id = m.community_id AND i.id = m.id AND i.member_id = m.id)`);
  return done;
}
