import { mkdirSync } from "node:fs";
import type { PoolConfig } from "pg";
import { systemClock } from "#core/clock.ts";
import { type Config, type ConfigOverrides, type Environment, loadConfig, unknownVariables } from "#core/config.ts";
import { createSecretBox } from "#core/crypto.ts";
import { type OwnedDatabase, openDatabase } from "#core/database/database.ts";
import { type EmbeddedDatabase, startEmbedded } from "#core/database/embedded.ts";
import { migrate } from "#core/database/migrate.ts";
import { AppError } from "#core/errors.ts";
import { createHttpClient } from "#core/http.ts";
import { createJobs, type JobDefinition, type Jobs } from "#core/jobs.ts";
import { createLogger } from "#core/log.ts";
import { createMailer } from "#core/mail.ts";
import { openSecrets } from "#core/secrets.ts";
import type { Services } from "#core/services.ts";
import { createTelemetry, type Telemetry } from "#core/telemetry.ts";
import { type Auth, createAuth } from "#features/access/index.ts";
import { jobs as allJobs } from "./jobs.ts";

/** A running process: everything that features, pages, the API and the CLI are handed. */
export interface Runtime extends Services {
  db: OwnedDatabase;
  /** Signing in and out. */
  auth: Auth;
  /** Stops jobs, then the clients, then the database. Calling it again waits for the same end. */
  close(): Promise<void>;
}

export interface RuntimeOptions {
  /** Refuse to join another process's embedded database: for servers, of which a folder has one. */
  exclusive?: boolean;
  env?: Environment;
  cwd?: string;
  /** Settings from the command line. */
  overrides?: ConfigOverrides;
  /** What this kind of process uses where nobody said anything. */
  defaults?: ConfigOverrides;
  /** No limit on a statement's time: for imports, backups and other commands. */
  unlimitedStatements?: boolean;
  /** Said while something takes long enough for a person to wonder. */
  onNotice?: (message: string) => void;
  /** For tests: other jobs than the product's. */
  jobs?: readonly JobDefinition[];
}

/**
 * Opens everything a process needs, in order: settings, log, database (embedded or `DATABASE_URL`), migrations,
 * secrets, then the http client, mail and jobs.
 * @throws AppError with words for a person when a setting is wrong, the folder is in use, or the database cannot be reached
 */
export async function openRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const config = loadConfig(options);
  const log = createLogger({ level: config.logLevel, pretty: process.stderr.isTTY });
  const mistyped = unknownVariables(options.env);
  if (mistyped.length > 0) log.warn({ variables: mistyped }, "these variables are not known and have no effect");
  const telemetry = createTelemetry({ process: true });

  makeDataDir(config);
  const secrets = createSecretBox(openSecrets(config.secretsFile));
  const { db, embedded } = await openDatabaseOf(config, { ...options, log, telemetry });
  const closers: (() => Promise<void>)[] = [() => db.close(), () => closeEmbedded(embedded, options)];

  try {
    await migrate(db);
    const http = createHttpClient({ config, log, telemetry });
    closers.unshift(() => http.close());
    const jobs: Jobs = createJobs({ db, log, telemetry, definitions: options.jobs ?? allJobs, pollSeconds: config.jobPollSeconds });
    closers.unshift(() => jobs.stop(config.shutdownSeconds * 1000));
    const mail = createMailer({ config, db, clock: systemClock, log, jobs: () => jobs });

    const auth = createAuth({
      db,
      log,
      clock: systemClock,
      publicUrl: config.publicUrl,
      trustRequestHost: !config.publicUrlSet,
      secret: secrets.authSecret,
      ...(mail.configured ? { sendMail: (draft) => mail.queue(draft) } : {}),
    });

    let closing: Promise<void> | undefined;
    return {
      config,
      log,
      clock: systemClock,
      db,
      secrets,
      telemetry,
      http,
      jobs,
      mail,
      auth,
      embedded: embedded !== undefined,
      close: () => {
        closing ??= closeAll(closers);
        return closing;
      },
    };
  } catch (error) {
    await closeAll(closers).catch(() => undefined);
    throw error;
  }
}

async function closeAll(closers: (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers) await close().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** A server goes down in bounded time; a command lets others that joined its database finish. */
async function closeEmbedded(embedded: EmbeddedDatabase | undefined, options: RuntimeOptions): Promise<void> {
  await embedded?.close({
    ...(options.exclusive ? { graceMs: 5000 } : {}),
    onWaiting: () => options.onNotice?.("Waiting for another command that uses this database …"),
  });
}

function makeDataDir(config: Config): void {
  try {
    mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new AppError("forbidden", {
      public: `The data folder ${config.dataDir} cannot be made (${(error as NodeJS.ErrnoException).code}). Set CAUSEWAY_DATA_DIR to a folder that this user may write.`,
      cause: error,
    });
  }
}

async function openDatabaseOf(
  config: Config,
  options: RuntimeOptions & { log: ReturnType<typeof createLogger>; telemetry: Telemetry },
): Promise<{ db: OwnedDatabase; embedded: EmbeddedDatabase | undefined }> {
  const embedded = config.databaseUrl
    ? undefined
    : await startEmbedded({ dataDir: config.dataDir, exclusive: options.exclusive ?? false, log: options.log });
  const connection: PoolConfig = embedded
    ? embedded.connection
    : { connectionString: config.databaseUrl, application_name: "causeway", connectionTimeoutMillis: 10_000, keepAlive: true };
  const db = openDatabase({
    connection,
    embedded: embedded !== undefined,
    log: options.log,
    maxConnections: config.databaseConnections,
    slowQueryMs: config.slowQueryMs,
    ...(options.unlimitedStatements ? {} : { statementTimeoutMs: config.statementTimeoutMs }),
    onQuery: options.telemetry.observeQuery,
  });
  try {
    await db.pool.query("SELECT 1");
  } catch (error) {
    await db.close().catch(() => undefined);
    await embedded?.close();
    throw cannotReach(config, error);
  }
  return { db, embedded };
}

function cannotReach(config: Config, error: unknown): AppError {
  if (!config.databaseUrl) {
    return new AppError("internal", {
      public: `The embedded database in ${config.dataDir} does not answer. Stop other Causeway processes that use the folder and start again.`,
      cause: error,
    });
  }
  const url = new URL(config.databaseUrl);
  const { code, message } = error as NodeJS.ErrnoException;
  const remedies: Record<string, string> = {
    ECONNREFUSED: "Nothing listens there: start PostgreSQL, or correct host and port.",
    ENOTFOUND: "There is no such host: correct the name.",
    "28P01": "The password is wrong: correct it.",
    "28000": "PostgreSQL refuses this user: check the user name and pg_hba.conf.",
    "3D000": `The database does not exist. Make it: createdb ${url.pathname.slice(1)}`,
  };
  return new AppError("upstream_failed", {
    public: `The database at ${url.hostname}:${url.port || 5432}${url.pathname} (DATABASE_URL, user ${url.username || "not given"}) cannot be used: ${message || code}. ${remedies[code ?? ""] ?? "Check DATABASE_URL and that the server accepts connections from here."}`,
    cause: error,
  });
}
