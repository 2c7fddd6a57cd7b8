import { readFileSync } from "node:fs";
import { sql } from "#core/database/database.ts";
import type { Runtime } from "../runtime.ts";

const journal = new URL("../../db/migrations/meta/_journal.json", import.meta.url);
const known = (JSON.parse(readFileSync(journal, "utf8")) as { entries: unknown[] }).entries.length;

export interface Readiness {
  ready: boolean;
  database: boolean;
  migrations: boolean;
  queue: boolean;
}

/** Whether requests can be served: the database answers, its tables are of this version, the queue is there. */
export async function isReady(runtime: Runtime): Promise<Readiness> {
  const applied = await runtime.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM drizzle.__drizzle_migrations`).catch(() => undefined);
  const database = applied !== undefined;
  const migrations = (applied?.n ?? 0) >= known;
  const queue = database && (await runtime.jobs.isReady().catch(() => false));
  return { ready: database && migrations && queue, database, migrations, queue };
}
