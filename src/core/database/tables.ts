import type pg from "pg";

/** Runs a fixed statement on one connection: what is read must be of one moment. */
export type RunQuery = <T extends pg.QueryResultRow>(text: string) => Promise<T[]>;

/** A table of ours with what a copy of it needs. */
export interface TableInfo {
  name: string;
  /** In the table's order; generated columns are left out, since the database makes them itself. */
  columns: string[];
}

/**
 * The tables of the product, each after those that its foreign keys point to.
 * The job queue's tables are none of them: what waits there is made again from these.
 */
export async function listTables(query: RunQuery): Promise<TableInfo[]> {
  const tables = await query<TableInfo>(`
    SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
    GROUP BY c.relname ORDER BY c.relname`);
  const links = await query<{ child: string; parent: string }>(`
    SELECT child.relname AS child, parent.relname AS parent
    FROM pg_constraint k JOIN pg_class child ON child.oid = k.conrelid JOIN pg_class parent ON parent.oid = k.confrelid
    WHERE k.contype = 'f' AND child.oid <> parent.oid`);
  const ordered: TableInfo[] = [];
  const left = new Map(tables.map((table) => [table.name, table]));
  while (left.size > 0) {
    const free = [...left.values()].filter(({ name }) => !links.some(({ child, parent }) => child === name && left.has(parent)));
    // A ring of foreign keys cannot be ordered; none exists, and a restore would name it.
    for (const table of free.length > 0 ? free : [...left.values()]) {
      ordered.push(table);
      left.delete(table.name);
    }
  }
  return ordered;
}

/** The migrations that this database has had, oldest first. */
export async function listMigrations(query: RunQuery): Promise<string[]> {
  const rows = await query<{ hash: string }>(`SELECT hash FROM drizzle.__drizzle_migrations ORDER BY id`);
  return rows.map(({ hash }) => hash);
}
