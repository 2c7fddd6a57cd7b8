import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate as applyMigrations } from "drizzle-orm/node-postgres/migrator";
import { AppError } from "../errors.ts";
import type { OwnedDatabase } from "./database.ts";

const migrationsFolder = fileURLToPath(new URL("../../../db/migrations", import.meta.url));
/** Any fixed number will do: it only has to be the same in every process that migrates. */
const migrationLock = 7_283_401;

/**
 * Long texts are compressed by lz4 where the server has it: it costs a fraction of the usual method's time. Who may not
 * set it for the database, or has a server without it, keeps the usual one.
 */
const preferFastCompression = `DO $$ BEGIN
  EXECUTE format('ALTER DATABASE %I SET default_toast_compression = lz4', current_database());
  PERFORM set_config('default_toast_compression', 'lz4', false);
EXCEPTION WHEN OTHERS THEN NULL; END $$`;

/**
 * Brings the database's tables up to this version, once however many processes start together.
 * @throws AppError `internal` with PostgreSQL's words when a migration fails; nothing of it stays
 */
export async function migrate(database: OwnedDatabase): Promise<void> {
  const client = await database.pool.connect();
  try {
    await client.query("SET statement_timeout = 0");
    await client.query("SELECT pg_advisory_lock($1)", [migrationLock]);
    try {
      // The embedded database has one session for all clients, so its advisory locks keep nobody out; an open
      // transaction does. Drizzle's own commit ends it.
      if (database.embedded) await client.query("BEGIN");
      await client.query("CREATE EXTENSION IF NOT EXISTS pg_trgm");
      await client.query(preferFastCompression);
      await applyMigrations(drizzle(client), { migrationsFolder });
    } finally {
      if (database.embedded) await client.query("ROLLBACK");
      await client.query("SELECT pg_advisory_unlock($1)", [migrationLock]);
      await client.query("RESET statement_timeout");
    }
  } catch (error) {
    throw new AppError("internal", {
      public: `The database could not be brought up to date: ${rootMessage(error)}. Nothing was changed. If the data comes from another version, start that version, make a backup, and begin with an empty data folder.`,
      cause: error,
    });
  } finally {
    client.release();
  }
}

/** PostgreSQL's own words: Drizzle wraps them in the whole text of the statement. */
function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? rootMessage(error.cause) : error.message;
}
