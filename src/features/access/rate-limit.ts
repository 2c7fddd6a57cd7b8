import type { Clock } from "#core/clock.ts";
import { type Database, sql } from "#core/database/database.ts";

/**
 * Counts an attempt under a key and says whether it is within the limit. Kept in the database, so the limit holds
 * across processes and restarts; one statement, so concurrent attempts are all counted.
 * @param input.key what is limited; hash whatever is personal in it
 * @returns `retryAfterSeconds` until the window ends
 */
export async function hitRateLimit(
  core: { db: Database; clock: Clock },
  input: { key: string; max: number; windowSeconds: number },
): Promise<{ allowed: boolean; retryAfterSeconds: number }> {
  const now = core.clock.now().getTime();
  const windowMs = input.windowSeconds * 1000;
  const row = await core.db.first<{ count: number; start: number }>(sql`
    INSERT INTO auth_rate_limit AS r (key, count, last_request) VALUES (${input.key}, 1, ${now}::bigint)
    ON CONFLICT (key) DO UPDATE SET
      count = CASE WHEN r.last_request <= ${now - windowMs}::bigint THEN 1 ELSE r.count + 1 END,
      last_request = CASE WHEN r.last_request <= ${now - windowMs}::bigint THEN ${now}::bigint ELSE r.last_request END
    RETURNING count, last_request AS start`);
  const end = (row?.start ?? now) + windowMs;
  return { allowed: (row?.count ?? 1) <= input.max, retryAfterSeconds: Math.max(0, Math.ceil((end - now) / 1000)) };
}

/** Forgets the attempts under a key, after one that succeeded. */
export async function clearRateLimit(db: Database, key: string): Promise<void> {
  await db.execute(sql`DELETE FROM auth_rate_limit WHERE key = ${key}`);
}
