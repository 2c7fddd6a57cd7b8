import type { CoreContext } from "#core/context.ts";
import { sql } from "#core/database/database.ts";

/**
 * A text that is another one whenever what the ledger shows may have changed: a run stored something, a consumer has
 * work or is done with it, a source went. Cheap enough to be asked every second: it reads the small tables alone.
 */
export async function readChangeStamp(core: CoreContext): Promise<string> {
  const row = await core.db.first<{ stamp: string }>(sql`
    SELECT concat_ws(' ',
      (SELECT concat_ws(' ', count(*), max(heartbeat_at), max(finished_at)) FROM sync),
      (SELECT concat_ws(' ', count(*), min(outbox_id::text), max(outbox_id::text)) FROM outbox_delivery)) AS stamp`);
  return row?.stamp ?? "";
}
