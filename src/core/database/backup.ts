import type pg from "pg";
import { z } from "zod";
import { AppError } from "../errors.ts";
import type { OwnedDatabase } from "./database.ts";
import { listMigrations, listTables } from "./tables.ts";

export const backupFormat = "causeway-backup";
/** Raised when the file's form changes; a restore names both numbers when they differ. */
export const backupVersion = 1;
/** Begins every line that is no row. */
export const backupMark = "#";

/** The first line of a backup. */
export const backupHeaderSchema = z.object({
  format: z.literal(backupFormat),
  version: z.number().int(),
  createdAt: z.iso.datetime(),
  /** Which migrations the database had: rows fit tables of the same form only. */
  migrations: z.array(z.string()),
});
export const backupTableSchema = z.object({ table: z.string(), columns: z.array(z.string()) });
/** The last line: without it the file was cut off. */
export const backupEndSchema = z.object({ end: z.literal(true), rows: z.number().int(), secrets: z.string().nullable() });

const rowsPerFetch = 2000;

export interface CopyProgress {
  table: string;
  rows: number;
  /** By the planner's estimate while a backup is made; null for a restore, which cannot know. */
  total: number | null;
}

/**
 * The whole database as lines of text, as it stands at one moment, whatever is written meanwhile: a header, then for
 * each table its name and columns and one line of JSON per row, then an end with the number of rows.
 * The text of a row is PostgreSQL's own, so that no value passes through JavaScript.
 * @param input.secrets the secrets file's text, kept in the last line; null leaves it out
 */
export async function* readBackup(
  db: OwnedDatabase,
  input: { secrets: string | null; now: Date; signal?: AbortSignal; onProgress?: (progress: CopyProgress) => void },
): AsyncGenerator<string> {
  const client = await db.pool.connect();
  const query = async <T extends pg.QueryResultRow>(text: string) => (await client.query<T>(text)).rows;
  let finished = false;
  try {
    await query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const tables = await listTables(query);
    const [estimate] = await query<{ n: number | null }>(
      "SELECT sum(greatest(reltuples, 0))::bigint AS n FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'",
    );
    yield toLine<typeof backupHeaderSchema>({
      format: backupFormat,
      version: backupVersion,
      createdAt: input.now.toISOString(),
      migrations: await listMigrations(query),
    });
    let rows = 0;
    for (const table of tables) {
      yield toLine<typeof backupTableSchema>({ table: table.name, columns: table.columns });
      const columns = table.columns.map(quoteName).join(", ");
      await query(`DECLARE rows_of NO SCROLL CURSOR FOR SELECT to_jsonb(r)::text AS line FROM (SELECT ${columns} FROM ${quoteName(table.name)}) r`);
      for (;;) {
        input.signal?.throwIfAborted();
        const page = await query<{ line: string }>(`FETCH ${rowsPerFetch} FROM rows_of`);
        if (page.length === 0) break;
        rows += page.length;
        yield `${page.map(({ line }) => line).join("\n")}\n`;
        input.onProgress?.({ table: table.name, rows, total: estimate?.n ? Math.max(estimate.n, rows) : null });
      }
      await query("CLOSE rows_of");
    }
    await query("COMMIT");
    finished = true;
    yield toLine<typeof backupEndSchema>({ end: true, rows, secrets: input.secrets });
  } finally {
    // One that was left in the middle is dropped: its transaction ends with it.
    client.release(!finished);
  }
}

function toLine<Schema extends z.ZodType>(value: z.input<Schema>): string {
  return `${backupMark}${JSON.stringify(value)}\n`;
}

/** Reads a line of a backup by a schema. @throws AppError `unreadable_file` naming the line */
export function parseBackupLine<Schema extends z.ZodType>(schema: Schema, line: string | undefined, place: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(line?.slice(backupMark.length) ?? ""));
  } catch (error) {
    throw new AppError("unreadable_file", {
      public: `${place} is not what a Causeway backup holds there. The file is damaged or something else; take another backup file.`,
      cause: error,
    });
  }
}

/** A name as SQL text; ours come from the catalogue, a backup's are compared with it first. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
