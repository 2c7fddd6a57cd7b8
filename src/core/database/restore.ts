import { AppError } from "../errors.ts";
import {
  backupEndSchema,
  backupHeaderSchema,
  backupMark,
  backupTableSchema,
  backupVersion,
  type CopyProgress,
  parseBackupLine,
  quoteName,
} from "./backup.ts";
import type { OwnedDatabase } from "./database.ts";
import { listMigrations, listTables, type RunQuery, type TableInfo } from "./tables.ts";

const batchRows = 1000;
const batchChars = 4_000_000;

export interface RestoreOutcome {
  rows: number;
  createdAt: Date;
  /** The secrets file's text, when the backup holds it. */
  secrets: string | null;
}

/**
 * Puts a backup into a database that has this version's tables, all of it or nothing.
 * @param input.lines the file's lines
 * @param input.overwrite empties tables that hold something; refused otherwise
 * @param input.beforeCommit runs when all rows are in; a throw undoes everything
 * @throws AppError `unreadable_file` for a damaged, cut off or foreign file; `conflict` when the target is in use or of
 *   another version
 */
export async function restoreBackup(
  db: OwnedDatabase,
  input: {
    lines: AsyncIterable<string>;
    overwrite: boolean;
    signal?: AbortSignal;
    onProgress?: (progress: CopyProgress) => void;
    beforeCommit?: (outcome: RestoreOutcome) => void;
  },
): Promise<RestoreOutcome> {
  const client = await db.pool.connect();
  const query: RunQuery = async (text) => (await client.query(text)).rows;
  let finished = false;
  try {
    await query("BEGIN");
    await query("SET LOCAL statement_timeout = 0");
    const lines = input.lines[Symbol.asyncIterator]();
    let at = 0;
    const nextLine = async (): Promise<string | undefined> => {
      at += 1;
      const { value, done } = await lines.next();
      return done ? undefined : value;
    };
    const header = parseBackupLine(backupHeaderSchema, await nextLine(), "The first line");
    if (header.version !== backupVersion) {
      throw new AppError("conflict", {
        public: `The backup has form ${header.version}; this version reads form ${backupVersion}. Restore it with the version that made it.`,
      });
    }
    if (JSON.stringify(header.migrations) !== JSON.stringify(await listMigrations(query))) {
      throw new AppError("conflict", {
        public: "The backup was made by another version of Causeway, whose tables differ. Restore it with that version, then upgrade.",
      });
    }
    const tables = await listTables(query);
    await makeRoom(query, tables, input.overwrite);

    let rows = 0;
    let table: TableInfo | undefined;
    let batch: string[] = [];
    let chars = 0;
    const flush = async () => {
      if (batch.length === 0 || !table) return;
      const columns = table.columns.map(quoteName).join(", ");
      const name = quoteName(table.name);
      const result = await client.query(
        `INSERT INTO ${name} (${columns}) SELECT ${columns} FROM unnest($1::text[]) AS line, jsonb_populate_record(NULL::${name}, line::jsonb) AS r`,
        [batch],
      );
      rows += result.rowCount ?? 0;
      batch = [];
      chars = 0;
      input.onProgress?.({ table: table.name, rows, total: null });
    };
    for (let line = await nextLine(); line !== undefined; line = await nextLine()) {
      input.signal?.throwIfAborted();
      if (line.startsWith(`${backupMark}{"end":`)) {
        await flush();
        const end = parseBackupLine(backupEndSchema, line, `Line ${at}`);
        if (end.rows !== rows)
          throw new AppError("unreadable_file", {
            public: `The backup says that it holds ${end.rows} rows, but has ${rows}. It is damaged; take another backup file.`,
          });
        const outcome: RestoreOutcome = { rows, createdAt: new Date(header.createdAt), secrets: end.secrets };
        input.beforeCommit?.(outcome);
        await query("COMMIT");
        finished = true;
        return outcome;
      }
      if (line.startsWith(backupMark)) {
        await flush();
        const next = parseBackupLine(backupTableSchema, line, `Line ${at}`);
        table = tables.find(({ name, columns }) => name === next.table && columns.join() === next.columns.join());
        if (!table)
          throw new AppError("conflict", { public: `The backup holds a table “${next.table}” that this version does not have in that form.` });
        continue;
      }
      batch.push(line);
      chars += line.length;
      if (batch.length >= batchRows || chars >= batchChars) await flush();
    }
    throw new AppError("unreadable_file", {
      public: "The backup ends in the middle: it was cut off while it was made or copied. Take another backup file.",
    });
  } catch (error) {
    throw error instanceof AppError
      ? error
      : new AppError("unreadable_file", {
          public: `The backup could not be restored: ${error instanceof Error ? error.message : String(error)}. Nothing was changed.`,
          cause: error,
        });
  } finally {
    if (!finished) await client.query("ROLLBACK").catch(() => undefined);
    client.release(!finished);
  }
}

/** Empties what a start of the program itself has put in, or everything when that was asked for. */
async function makeRoom(query: RunQuery, tables: readonly TableInfo[], overwrite: boolean): Promise<void> {
  const names = tables.map(({ name }) => quoteName(name));
  if (!overwrite) {
    for (const { name } of tables) {
      const [row] = await query(`SELECT 1 FROM ${quoteName(name)} LIMIT 1`);
      if (row && name !== "setup_token") {
        throw new AppError("conflict", {
          public: `The database already holds something (in ${name}). Restore into an empty data folder, or replace everything with --overwrite.`,
        });
      }
    }
  }
  if (names.length > 0) await query(`TRUNCATE ${names.join(", ")}`);
}
