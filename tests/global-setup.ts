import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { openDatabase } from "../src/core/database/database.ts";
import { startInMemory } from "../src/core/database/embedded.ts";
import { migrate } from "../src/core/database/migrate.ts";
import { createLogger } from "../src/core/log.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the run's one database is: shared by all files, each test in a community of its own. */
    database: { embedded: boolean; connection: { host?: string; connectionString?: string; database?: string; user?: string } };
  }
}

/**
 * Tests and the programs they start make their folders in one of this run's own, which goes when the run ends. Its
 * name is short, since the path of a socket below it may not be long.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), "cw-"));
  process.env.TMPDIR = folder;
  const closeDatabase = await openSharedDatabase(project);
  return async () => {
    await closeDatabase();
    rmSync(folder, { recursive: true, force: true });
  };
}

/**
 * One database for the whole run: the embedded one, or with TEST_DATABASE_URL a fresh database on that server,
 * dropped at the end. Tests keep apart by making communities of their own.
 */
async function openSharedDatabase(project: TestProject): Promise<() => Promise<void>> {
  const log = createLogger({ level: "silent" });
  const serverUrl = process.env.TEST_DATABASE_URL;
  if (!serverUrl) {
    const server = await startInMemory();
    const connection = { host: server.socketDir, user: "postgres", database: "postgres" };
    const database = openDatabase({ connection, embedded: true, log });
    await migrate(database);
    await database.close();
    project.provide("database", { embedded: true, connection });
    return () => server.close();
  }

  const name = `causeway_test_${process.pid}_${Date.now().toString(36)}`;
  const admin = openDatabase({ connection: { connectionString: serverUrl }, embedded: false, log });
  await admin.pool.query(`CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const database = openDatabase({ connection: { connectionString: url.href }, embedded: false, log });
  await migrate(database);
  await database.close();
  project.provide("database", { embedded: false, connection: { connectionString: url.href } });
  return async () => {
    await admin.pool.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.close();
  };
}
