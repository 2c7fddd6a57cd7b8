import { type SQL, sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import { PgDialect } from "drizzle-orm/pg-core";
import pg from "pg";
import type { Logger } from "../log.ts";
import { type ArrayType, encodeArray } from "./binary-array.ts";

export type { SQL } from "drizzle-orm";
export { sql } from "drizzle-orm";

const dialect = new PgDialect();

// Counters and sequences are bigint in the database; none comes near 2^53, so numbers are safe and far handier.
pg.types.setTypeParser(20, (value) => Number(value));

/** Row values that the driver can send. Dates and JSON objects are converted by the driver. */
export type Row = Record<string, unknown>;

/**
 * The database as the rest of the code sees it: raw SQL by `rows`, simple statements by `orm`
 * (Drizzle's query builder), and transactions that hand over the same interface.
 */
export interface Database {
  /** Runs a statement; timestamps come back as Date, bigint as number, jsonb parsed. */
  rows<T extends object = Row>(query: SQL): Promise<T[]>;
  /** The first row, or undefined. */
  first<T extends object = Row>(query: SQL): Promise<T | undefined>;
  /** Runs a statement and says how many rows it touched. */
  execute(query: SQL): Promise<number>;
  /**
   * Runs `work` in one transaction; a throw rolls back. Inside a transaction it opens a savepoint. Statements may be sent
   * before the one ahead is answered and run in their order. A statement whose answer is of no interest need not be awaited
   * at all: the transaction ends well only if it does. What sends several, one after the other, must have ended before `work` does: `together`.
   */
  transaction<T>(work: (tx: Database) => Promise<T>): Promise<T>;
  /** Drizzle's query builder on the same connection or pool. */
  readonly orm: NodePgDatabase;
  /** Whether this is the embedded database. */
  readonly embedded: boolean;
}

export interface DatabaseOptions {
  /** A PostgreSQL connection string, or a socket folder in `host`. */
  connection: pg.PoolConfig;
  embedded: boolean;
  log: Logger;
  /** Connections kept at most; embedded ones queue behind each other anyway. */
  maxConnections?: number;
  /** Statements over this are logged with their text, in milliseconds. */
  slowQueryMs?: number;
  /** Statements over this are cancelled, in milliseconds; 0 for never (imports, migrations). */
  statementTimeoutMs?: number;
  /** Called for each statement with its duration, for the metrics. */
  onQuery?: (durationMs: number) => void;
}

export interface OwnedDatabase extends Database {
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

interface Runner {
  query(text: string, values: unknown[]): Promise<pg.QueryResult>;
}

/**
 * An array as one typed parameter, for `= ANY(...)` and `unnest(...)`: the statement's text stays the same
 * whatever the array's length, so plans are reused and no limit on parameters is met.
 * @param values null stands for SQL's NULL
 * @param type the element type in SQL, such as `uuid` or `timestamptz`
 */
export function array(values: readonly unknown[], type: ArrayType): SQL {
  return sql`${sql.param(encodeArray(values, type) ?? values)}::${sql.raw(type)}[]`;
}

/**
 * Arrays of one length as the rows of a subquery: `INSERT … SELECT … FROM ${rowsOf({ id: array(…), name: array(…) })} AS n`. The rows
 * are made one by one as they are read; of several arrays in one `unnest` in a FROM list, each is first written out as a table.
 * @param columns the arrays by the columns' names
 */
export function rowsOf(columns: Readonly<Record<string, SQL>>): SQL {
  const list = Object.entries(columns).map(([name, values]) => sql`unnest(${values}) AS ${sql.identifier(name)}`);
  return sql`(SELECT ${sql.join(list, sql`, `)})`;
}

/** The names of columns, for an INSERT. */
export function namesOf(columns: Readonly<Record<string, SQL>>): SQL {
  const names = Object.keys(columns).map((name) => sql.identifier(name));
  return sql.join(names, sql`, `);
}

export type { ArrayType } from "./binary-array.ts";

/** A value as jsonb. Needed because the driver would send a JS array as a PostgreSQL array. */
export function json(value: unknown): SQL {
  return sql`${JSON.stringify(value)}::jsonb`;
}

/**
 * Opens a pool on a database.
 * @throws nothing here; the first statement reports a connection that fails
 */
export function openDatabase(options: DatabaseOptions): OwnedDatabase {
  const pool = new pg.Pool({
    max: options.maxConnections ?? 10,
    idleTimeoutMillis: 30_000,
    // What a transaction sends side by side is on its way at once, and the server never waits for us between two statements.
    pipeline: true,
    ...options.connection,
    ...(options.statementTimeoutMs ? { statement_timeout: options.statementTimeoutMs } : {}),
  });
  // A connection that dies while idle must not take the process with it; the pool replaces it.
  pool.on("error", (error) => options.log.warn({ err: error }, "an idle database connection was lost"));

  const base = onRunner(pool, drizzle(pool), options);
  return {
    ...base,
    pool,
    transaction: (work) => inTransaction(pool, options, work),
    close: () => pool.end(),
  };
}

function onRunner(runner: Runner, orm: NodePgDatabase, options: DatabaseOptions): Omit<Database, "transaction"> {
  async function run(query: SQL): Promise<pg.QueryResult> {
    const { sql: text, params } = dialect.sqlToQuery(query);
    const started = performance.now();
    try {
      return await runner.query(text, params);
    } catch (error) {
      if (error instanceof Error) error.message = `${error.message} (in: ${shorten(text)})`;
      throw error;
    } finally {
      const durationMs = performance.now() - started;
      options.onQuery?.(durationMs);
      if (durationMs > (options.slowQueryMs ?? 1000)) {
        options.log.warn({ durationMs: Math.round(durationMs), sql: shorten(text) }, "slow query");
      }
    }
  }
  return {
    orm,
    embedded: options.embedded,
    // The row type is the caller's statement about its own SQL; tests of each query hold it to that.
    rows: async <T extends object>(query: SQL) => (await run(query)).rows as T[],
    first: async <T extends object>(query: SQL) => (await run(query)).rows[0] as T | undefined,
    execute: async (query) => (await run(query)).rowCount ?? 0,
  };
}

async function inTransaction<T>(pool: pg.Pool, options: DatabaseOptions, work: (tx: Database) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    const onTheirWay: OnTheirWay = new Set();
    void noteIn(onTheirWay)(client.query("BEGIN"));
    const result = await work(onClient(client, { options, onTheirWay, depth: 0 }));
    await together([...onTheirWay, client.query("COMMIT")]);
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch((rollbackError: Error) => {
      // The connection itself is gone: the server has rolled back already, and the pool must drop the client.
      broken = rollbackError;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/**
 * Statements of a transaction that have not been answered, or have failed. The end of the transaction is sent behind them:
 * after a failure PostgreSQL rolls back instead without a word, so whoever waits for the end has to wait for them too.
 */
type OnTheirWay = Set<Promise<unknown>>;

function noteIn(onTheirWay: OnTheirWay): <T>(statement: Promise<T>) => Promise<T> {
  return (statement) => {
    onTheirWay.add(statement);
    statement.then(
      () => onTheirWay.delete(statement),
      // Told at the end at the latest; until then a failure must not count as unhandled.
      () => undefined,
    );
    return statement;
  };
}

/** PostgreSQL's codes for a transaction that lost against another and may simply be tried again: deadlock, serialization. */
const contended = new Set(["40P01", "40001"]);
const triesWhenContended = 4;

/**
 * Runs a transaction again when PostgreSQL ended it in favour of another one.
 * @param work opens its transaction itself and changes nothing outside it; is told how often it was tried, itself counted
 * @param options.also further codes of PostgreSQL's that mean the same here
 */
export async function retryContended<T>(work: (attempt: number) => Promise<T>, options: { also?: readonly string[] } = {}): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      if (!(contended.has(code) || options.also?.includes(code)) || attempt >= triesWhenContended) throw error;
    }
  }
}

/** Of a statement in a transaction that an earlier statement's failure has ended. */
const aborted = "25P02";

/**
 * Waits for statements that were sent side by side. All of them have ended before this does, so that none comes after the
 * rollback of a failed transaction.
 * @throws what failed first, not what failed because of it
 */
export async function together<const Work extends readonly Promise<unknown>[]>(work: Work) {
  const failures = (await Promise.allSettled(work)).flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  if (failures.length > 0) throw failures.find((error) => !(error instanceof Error && "code" in error && error.code === aborted)) ?? failures[0];
  return Promise.all(work);
}

function onClient(client: pg.PoolClient, input: { options: DatabaseOptions; onTheirWay: OnTheirWay; depth: number }): Database {
  const { options, depth } = input;
  const base = onRunner(client, drizzle(client), options);
  const note = noteIn(input.onTheirWay);
  return {
    ...base,
    rows: <T extends object>(query: SQL) => note(base.rows<T>(query)),
    first: <T extends object>(query: SQL) => note(base.first<T>(query)),
    execute: (query) => note(base.execute(query)),
    transaction: async (work) => {
      const savepoint = `nested_${depth}`;
      await client.query(`SAVEPOINT ${savepoint}`);
      try {
        const onTheirWay: OnTheirWay = new Set();
        const result = await work(onClient(client, { options, onTheirWay, depth: depth + 1 }));
        await together([...onTheirWay, client.query(`RELEASE SAVEPOINT ${savepoint}`)]);
        return result;
      } catch (error) {
        await client.query(`ROLLBACK TO SAVEPOINT ${savepoint}`);
        throw error;
      }
    },
  };
}

function shorten(text: string): string {
  const flat = text.replace(/\s+/g, " ").trim();
  return flat.length > 400 ? `${flat.slice(0, 400)}…` : flat;
}
