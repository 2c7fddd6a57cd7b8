import { z } from "zod";
import { consumers } from "#app/consumers.ts";
import { sql } from "#core/database/database.ts";
import { defineJob } from "#core/jobs.ts";
import { type Ctx, listAllCommunities, openAsSystem } from "#features/access/index.ts";
import { drainOutbox, removeExpired } from "#features/ledger/index.ts";
import { repairMembers } from "#features/members/index.ts";

/**
 * Keeps what is derived true and the database lean: members are counted anew against drift, and the embedded
 * database, which has no autovacuum of its own, is vacuumed.
 */
export const maintainJob = defineJob({
  name: "maintain",
  title: "Count members anew and tidy the database",
  payload: z.object({}),
  attempts: 2,
  delivery: "At least once; it only recomputes.",
  cron: "20 3 * * *",
  singleton: true,
  timeoutSeconds: 4 * 60 * 60,
  async run(services, _payload, { signal }) {
    for (const { id } of await listAllCommunities(services)) {
      const ctx = await openAsSystem(services, { communityId: id });
      if (!ctx || signal.aborted) return;
      await maintainCommunity(ctx, signal);
    }
    if (services.embedded && !signal.aborted) await services.db.execute(sql`VACUUM (ANALYZE)`);
  },
});

/** Counts a community's members anew and works off what follows from it. */
export async function maintainCommunity(ctx: Ctx, signal?: AbortSignal): Promise<void> {
  await removeExpired(ctx);
  await repairMembers(ctx, { signal });
  await drainOutbox(ctx, { consumers, communityId: ctx.community.id, signal });
}
