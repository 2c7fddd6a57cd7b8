import { createReadStream, createWriteStream } from "node:fs";
import { chmod, mkdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import type { Command } from "commander";
import { readBackup } from "#core/database/backup.ts";
import { restoreBackup } from "#core/database/restore.ts";
import { AppError } from "#core/errors.ts";
import { openSecrets, parseSecrets, serializeSecrets, writeSecrets } from "#core/secrets.ts";
import { openFile } from "#features/ledger/index.ts";
import { createProgressBar } from "./progress-bar.ts";
import type { Session } from "./session.ts";

type Run = (action: (session: Session) => Promise<unknown>) => Promise<void>;

/** `backup` and `restore`: everything in one file, from either kind of database into either. */
export function addBackup(program: Command, run: Run): void {
  program
    .command("backup")
    .description("write the whole database and the secrets into one file, also while the server runs")
    .argument("[file]", "where to; by default causeway-<moment>.backup in this folder")
    .option("--without-secrets", "leave out the keys: stored tokens then cannot be read after a restore elsewhere")
    .option("--json", "print one JSON object")
    .action((file: string | undefined, options: BackupOptions) => run((session) => writeBackup(session, file, options)));
  program
    .command("restore")
    .description("put a backup into an empty database; the server must not be running")
    .argument("<file>", "a file that `causeway backup` made")
    .option("--overwrite", "replace everything that the database holds")
    .option("--keep-secrets", "keep this installation's own keys instead of the backup's")
    .option("--json", "print one JSON object")
    .action((file: string, options: RestoreOptions) => run((session) => restoreFile(session, file, options)));
}

interface BackupOptions {
  withoutSecrets?: boolean;
  json?: boolean;
}

/** Writes beside the target and renames at the end: a backup that was cut off never looks like one. */
export async function writeBackup(session: Session, file: string | undefined, options: BackupOptions): Promise<void> {
  const runtime = await session.runtime();
  const now = runtime.clock.now();
  const path = resolve(session.cwd, file ?? `causeway-${now.toISOString().slice(0, 19).replaceAll(":", "-")}.backup`);
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}`);
  const bar = createProgressBar(session);
  let rows = 0;
  try {
    await mkdir(dirname(path), { recursive: true });
    const secrets = options.withoutSecrets ? null : serializeSecrets(openSecrets(runtime.config.secretsFile));
    const lines = readBackup(runtime.db, {
      secrets,
      now,
      signal: session.signal,
      onProgress: (progress) => {
        rows = progress.rows;
        bar.show({ label: "Backing up", done: progress.rows, total: progress.total, unit: "rows", detail: progress.table });
      },
    });
    await pipeline(Readable.from(lines), createGzip({ level: 6 }), createWriteStream(draft, { mode: 0o600 }));
    await chmod(draft, 0o600);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw writeFailure(path, error);
  } finally {
    bar.end();
  }
  const { size } = await stat(path);
  if (options.json) session.out(JSON.stringify({ file: path, rows, bytes: size }));
  else
    session.out(
      `${path}: ${rows.toLocaleString("en")} rows, ${(size / 1_000_000).toFixed(1)} MB. ${options.withoutSecrets ? "" : "It holds the keys of this installation: keep it as safe as a password."}`.trim(),
    );
}

interface RestoreOptions {
  overwrite?: boolean;
  keepSecrets?: boolean;
  json?: boolean;
}

/** All of the file or nothing; the keys change with the rows. */
export async function restoreFile(session: Session, file: string, options: RestoreOptions): Promise<void> {
  const path = resolve(session.cwd, file);
  const { rawHead: head } = await openFile(path);
  if (head[0] !== 0x1f || head[1] !== 0x8b)
    throw new AppError("unreadable_file", { public: `${path} is no Causeway backup. Give a file that \`causeway backup\` made.` });
  const runtime = await session.runtime({ exclusive: true });
  const bar = createProgressBar(session);
  try {
    const outcome = await restoreBackup(runtime.db, {
      lines: linesOf(path),
      overwrite: options.overwrite ?? false,
      signal: session.signal,
      onProgress: (progress) => bar.show({ label: "Restoring", done: progress.rows, total: null, unit: "rows", detail: progress.table }),
      beforeCommit: ({ secrets }) => {
        if (secrets !== null && !options.keepSecrets) writeSecrets(runtime.config.secretsFile, parseSecrets(secrets, "The backup"));
      },
    });
    bar.end();
    if (options.json) session.out(JSON.stringify({ rows: outcome.rows, createdAt: outcome.createdAt }));
    else
      session.out(
        `Restored ${outcome.rows.toLocaleString("en")} rows as of ${outcome.createdAt.toISOString().slice(0, 16).replace("T", " ")} UTC.${outcome.secrets === null ? " The backup holds no keys: stored tokens must be entered again." : ""}`,
      );
  } finally {
    bar.end();
  }
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const source = createReadStream(path);
  const unpacked = createGunzip();
  source.on("error", (error) => unpacked.destroy(error));
  source.pipe(unpacked);
  try {
    yield* splitLines(unpacked);
  } catch (error) {
    throw new AppError("unreadable_file", {
      public: `${path} ends in the middle or is damaged. Take another backup file. Nothing was changed.`,
      cause: error,
    });
  } finally {
    source.destroy();
  }
}

/** At line feeds alone: `readline` also breaks at U+2028 and U+2029, which stand unescaped in people's words. */
async function* splitLines(input: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  for await (const chunk of input) {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, at)]).toString("utf8");
      rest = [];
      from = at + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length > 0) yield Buffer.concat(rest).toString("utf8");
}

function writeFailure(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const words: Record<string, string> = {
    EACCES: "this user may not write there",
    EPERM: "this user may not write there",
    ENOSPC: "the disk is full",
    ENOENT: "there is no such folder",
    EISDIR: "it is a folder",
    EROFS: "the file system is read-only",
  };
  return code !== undefined && words[code]
    ? new AppError("forbidden", { public: `The backup cannot be written to ${path}: ${words[code]}. Nothing was left behind.`, cause: error })
    : error;
}
