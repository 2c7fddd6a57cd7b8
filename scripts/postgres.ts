import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { isExecutable } from "./chromium.ts";

export interface PostgresServer {
  /** A URL whose user may create databases. */
  url: string;
  /** Which server this is, for people. */
  description: string;
  close(): Promise<void>;
}

export const howToGetPostgres =
  "Set TEST_DATABASE_URL to a server whose user may create databases, start one on this machine, or install its programs (Debian, Ubuntu: apt-get install postgresql).";

/**
 * Finds a PostgreSQL server for tests and measurements: TEST_DATABASE_URL, then one that answers on this machine and lets
 * us create databases, then a private one made from the programs that are installed, thrown away on close.
 * @returns undefined when there is neither a server nor its programs
 * @throws Error when TEST_DATABASE_URL does not answer, or the private server does not start
 */
export async function findPostgres(env: NodeJS.ProcessEnv = process.env): Promise<PostgresServer | undefined> {
  const close = async () => {};
  if (env.TEST_DATABASE_URL) {
    const version = await probe(env.TEST_DATABASE_URL, 10_000);
    if (!version.ok) throw new Error(`TEST_DATABASE_URL cannot be used: ${version.reason}`);
    return { url: env.TEST_DATABASE_URL, description: `PostgreSQL ${version.version} of TEST_DATABASE_URL`, close };
  }
  for (const { url, where } of candidates(env)) {
    const found = await probe(url, 1000);
    if (found.ok) return { url, description: `PostgreSQL ${found.version} ${where}`, close };
  }
  const programs = findPrograms(env);
  return programs ? await startPrivate(programs) : undefined;
}

function candidates(env: NodeJS.ProcessEnv): { url: string; where: string }[] {
  const users = [...new Set([env.PGUSER, "postgres", userInfo().username])].filter((user) => user !== undefined);
  const places = [...new Set([env.PGHOST, "/var/run/postgresql", "localhost"])].filter((place) => place !== undefined);
  const port = env.PGPORT ?? "5432";
  const password = env.PGPASSWORD ? `:${encodeURIComponent(env.PGPASSWORD)}` : "";
  return places.flatMap((place) =>
    users.map((user) => {
      const login = `${encodeURIComponent(user)}${password}`;
      const database = encodeURIComponent(env.PGDATABASE ?? "postgres");
      return place.startsWith("/")
        ? { url: socketUrl(login, port, database, place), where: `in ${place}` }
        : { url: `postgres://${login}@${place}:${port}/${database}`, where: `at ${place}:${port}` };
    }),
  );
}

// The host in front is required by the URL's grammar; the one in the query is the one that counts.
function socketUrl(login: string, port: string, database: string, folder: string): string {
  return `postgres://${login}@localhost:${port}/${database}?host=${encodeURIComponent(folder)}`;
}

async function probe(url: string, timeoutMs: number): Promise<{ ok: true; version: string } | { ok: false; reason: string }> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: timeoutMs });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; may: boolean; trigrams: boolean }>(`
      SELECT current_setting('server_version') AS version,
        (SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user) AS may,
        EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') AS trigrams`);
    const row = rows[0];
    if (!row?.may) return { ok: false, reason: "its user may not create databases (ALTER ROLE … CREATEDB)" };
    if (!row.trigrams) return { ok: false, reason: "the server lacks the extension pg_trgm (Debian: package postgresql-contrib)" };
    return { ok: true, version: row.version };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    await client.end().catch(() => {});
  }
}

/** The folder that holds `initdb` and `postgres`, the newest version first. */
function findPrograms(env: NodeJS.ProcessEnv): string | undefined {
  const debian = "/usr/lib/postgresql";
  const versions = listFolder(debian).sort((a, b) => Number(b) - Number(a));
  const folders = [...versions.map((version) => join(debian, version, "bin")), ...(env.PATH ?? "").split(delimiter)];
  return folders.find((folder) => isExecutable(join(folder, "initdb")) && isExecutable(join(folder, "postgres")));
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

async function startPrivate(programs: string): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), "causeway-pg-"));
  const owner = serverUser();
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, "data");
  // The data live for minutes: nothing of them needs to survive a power cut. Memory as a small server would give it: the
  // packaged 128 MB are meant for any machine at all.
  const settings = [
    ...["fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=", "max_connections=100"],
    ...["shared_buffers=1GB", "max_wal_size=4GB", "wal_buffers=32MB"],
  ];
  let server: ChildProcess | undefined;
  const remove = () => {
    server?.kill("SIGQUIT");
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", remove);

  try {
    execFileSync(join(programs, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], {
      ...owner,
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    const postgres = spawn(join(programs, "postgres"), ["-D", data, "-k", folder, ...settings.flatMap((setting) => ["-c", setting])], {
      ...owner,
      cwd: folder,
      stdio: "ignore",
    });
    server = postgres;
    const url = socketUrl("postgres", "5432", "postgres", folder);
    const found = await waitFor(url, postgres);
    return {
      url,
      description: `PostgreSQL ${found}, a private server from ${dirname(programs)} (fsync off)`,
      close: async () => {
        const ended = new Promise((settle) => postgres.once("exit", settle));
        postgres.kill("SIGINT");
        await ended;
        process.removeListener("exit", remove);
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

async function waitFor(url: string, server: ChildProcess): Promise<string> {
  let reason = "";
  for (let attempt = 0; attempt < 150 && server.exitCode === null; attempt += 1) {
    const found = await probe(url, 2000);
    if (found.ok) return found.version;
    reason = found.reason;
    await sleep(200);
  }
  throw new Error(`The private PostgreSQL server did not start: ${reason}`);
}

/** PostgreSQL refuses to run as root: then it runs as the packages' own user, or as nobody. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    try {
      const id = (flag: string) => Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
      return { uid: id("-u"), gid: id("-g") };
    } catch {
      // No such user here: the next name.
    }
  }
  return undefined;
}
