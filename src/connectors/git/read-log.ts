import { basename } from "node:path";
import { AppError } from "#core/errors.ts";
import type { FileIdentity, RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { type ExportFile, openExport } from "../export-files.ts";
import { excerptOf } from "../words.ts";
import { cutLog, type LogBlock } from "./cut-log.ts";
import type { CommitPayload } from "./normalize.ts";
import { type LoggedCommit, parseLogCommit, rewrite } from "./parse-log-commit.ts";
import { RootFinder } from "./root-finder.ts";
import { asOfSource } from "./told-by.ts";

export interface LogSettings {
  repositoryName: string;
  firstCommit: string;
}

interface LogInput {
  path: string;
  settings: LogSettings;
  signal: AbortSignal;
}

const chunkRecords = 500;
const chunkBytes = 4 * 1024 * 1024;

/** How sure it is, from its beginning, that a file is a git log that can be read, or one whose form must be refused in words. */
export function recognizeLog(head: Buffer): number {
  const text = head[0] === 0xff && head[1] === 0xfe ? head.toString("utf16le", 2) : head.toString("latin1");
  if (/^commit (?:[<>=+^-] ?)?[0-9a-f]{40}(?:[0-9a-f]{24})?\b.*\r?\n(?:\S.*\r?\n){0,8}?(?:Author: |author |tree )/m.test(text)) return 1;
  return /^(?:[*|\\/ ]+)?commit [0-9a-f]{7,64}\b.*\r?\n(?:[|\\/* ]*)(?:Merge|Author|Reflog|tree)\b/m.test(text) ? 0.9 : 0;
}

/**
 * What a log's text is of: of the repository whose first commit it shows. Of one that does not show parents the last is
 * taken, which is the first commit if the log is whole; a part of a history is a source of its own unless the settings
 * say whose it is. File names say nothing: `log.txt` is many a repository's.
 * @throws AppError `unreadable_file` when no commit in it can be used
 */
export async function identifyLog({ path, settings, signal }: LogInput): Promise<FileIdentity> {
  const { origin, name, commits, isWhole } = await scanLog({ path, settings, signal });
  return { origin, name, ...(isWhole && { reported: { commit: commits } }) };
}

/** The commits of a log, some hundred at a time. */
export async function* importLog({ path, settings, signal }: LogInput): AsyncGenerator<RecordChunk> {
  const { origin, name } = await scanLog({ path, settings, signal });
  // The repository itself knows its name and who may see it better than a text about it.
  const repository = { origin, name, ...(origin.startsWith("git:") && { partial: true as const }) };
  yield* withLog(path, async function* (file) {
    let records: RawRecord[] = [];
    let rejected: RejectedRecord[] = [];
    let bytes = 0;
    let done = 0;
    const progress = () => ({ done, total: file.sizeBytes, unit: "bytes" as const });
    for await (const block of cutLog(file, signal, (read) => (done = read))) {
      const read = readBlock(block);
      if (!read) continue;
      if ("rejected" in read) rejected.push(read.rejected);
      else {
        const { commit } = read;
        records.push({ stream: "commits", externalId: commit.hash, payload: toPayload(commit, repository), asOf: asOfSource(commit) });
        bytes += commit.message.length;
      }
      if (records.length + rejected.length >= chunkRecords || bytes >= chunkBytes) {
        yield { records, rejected, progress: progress() };
        records = [];
        rejected = [];
        bytes = 0;
      }
    }
    yield { records, rejected, progress: progress() };
  });
}

/** Reads the whole text, keeping nothing but what tells the repository. */
async function scanLog({ path, settings, signal }: LogInput) {
  const roots = new RootFinder();
  let firstFault: RejectedRecord | undefined;
  for await (const block of blocksOf(path, signal)) {
    const read = readBlock(block);
    if (!read) continue;
    if ("rejected" in read) firstFault ??= read.rejected;
    else roots.add(read.commit);
  }
  if (roots.commits === 0) throw await explainNothing(path, signal, firstFault);
  const name =
    settings.repositoryName ||
    basename(path)
      .replace(/\.gz$/i, "")
      .replace(/\.(?:txt|log)$/i, "");
  const root = settings.firstCommit || roots.root;
  const origin = !root && settings.repositoryName ? `git-log:${settings.repositoryName.toLowerCase()}` : `git:${root ?? roots.end}`;
  return { name, origin, commits: roots.commits, isWhole: roots.isWhole };
}

async function* blocksOf(path: string, signal: AbortSignal): AsyncGenerator<LogBlock> {
  yield* withLog(path, (file) => cutLog(file, signal));
}

async function* withLog<T>(path: string, use: (file: ExportFile) => AsyncGenerator<T>): AsyncGenerator<T> {
  const files = await openExport(path);
  try {
    const [file] = files.files;
    if (!file || files.files.length > 1) {
      throw new AppError("unreadable_file", { public: `${files.name} holds ${files.files.length} files. Bring in one log at a time.` });
    }
    yield* use(file);
  } finally {
    await files.close();
  }
}

function readBlock(block: LogBlock): { commit: LoggedCommit } | { rejected: RejectedRecord } | undefined {
  const read = parseLogCommit(block);
  if ("commit" in read) return read;
  const excerpt = excerptOf(block.bytes.toString("utf8", 0, 400));
  // Empty lines before the first commit are nothing that could be missing.
  if (excerpt.trim() === "") return undefined;
  const { hash, ...fault } = read.fault;
  return { rejected: { stream: "commits", ...(hash && { externalId: hash }), ...fault, excerpt } };
}

async function explainNothing(path: string, signal: AbortSignal, fault: RejectedRecord | undefined): Promise<AppError> {
  const name = basename(path);
  let head = "";
  for await (const block of blocksOf(path, signal)) {
    head = block.bytes.toString("utf8", 0, 2000);
    break;
  }
  const form = refusedForm(head);
  if (form) return new AppError("unreadable_file", { public: `${name} ${form}. ${rewrite}` });
  const why = fault ? ` (${fault.place}: ${fault.reason.replace(/\.$/, "")})` : "";
  const remedy = fault && !fault.place.endsWith(" 1") ? fault.remedy : rewrite;
  return new AppError("unreadable_file", { public: `${name} holds no commit that can be read${why}. ${remedy}, or give the folder of a clone.` });
}

function refusedForm(head: string): string | undefined {
  if (/^[*|\\/ ]+commit [0-9a-f]{7,}/m.test(head)) return "was written with --graph, whose lines stand between the words";
  if (/^From [0-9a-f]{40} /.test(head)) return "is a series of patches as mails, not a log";
  if (/^[*|\\/ ]*[0-9a-f]{7,64} \S/.test(head)) return "was written with --oneline, so it tells neither authors nor dates";
  return undefined;
}

function toPayload(commit: LoggedCommit, repository: CommitPayload["repository"]): CommitPayload {
  const { hash, parents, author, authorDate, committer = author, committerDate = authorDate, message, trailers, doubt } = commit;
  return {
    repository,
    hash,
    parents,
    author,
    mappedAuthor: author,
    authorDate,
    committer,
    mappedCommitter: committer,
    committerDate,
    trailers,
    message,
    ...(doubt && { dateDoubt: doubt }),
  };
}
