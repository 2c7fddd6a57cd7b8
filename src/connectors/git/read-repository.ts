import { constants } from "node:fs";
import { open, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError } from "#core/errors.ts";
import type { FileIdentity, RawRecord, RecordChunk } from "#features/ledger/index.ts";
import { namesNobody } from "../person.ts";
import { Mailmap } from "./mailmap.ts";
import type { CommitPayload } from "./normalize.ts";
import { askGit, type GitPlace, streamGit } from "./run-git.ts";
import { readTrailers } from "./trailers.ts";

const fields = ["%H", "%P", "%an", "%ae", "%aN", "%aE", "%ad", "%cn", "%ce", "%cN", "%cE", "%cd", "%(trailers:only,unfold)", "%B"] as const;
const chunkRecords = 500;
const chunkBytes = 4 * 1024 * 1024;
const maxMailmapBytes = 8 * 1024 * 1024;

interface Repository {
  place: GitPlace;
  bare: boolean;
  shallow: boolean;
  /** `git:` and the oldest root commit; an empty repository has none. */
  origin: string;
  name: string;
  url: string | undefined;
  commits: number;
}

/**
 * What a folder is, after git has walked every commit in it: a broken history is refused before anything is stored.
 * @throws AppError `unreadable_file` when it is no repository, is broken, or git is missing
 */
export async function inspectRepository(path: string, signal: AbortSignal): Promise<FileIdentity> {
  const repository = await openRepository(path, signal);
  return {
    origin: repository.origin,
    name: repository.shallow ? `${repository.name} (shallow clone)` : repository.name,
    reported: { commit: repository.commits, authors: await countAuthors(repository.place) },
  };
}

/** How many authors git itself counts, by the `.mailmap` in the tree: each spelling of name and address is one. */
async function countAuthors(place: GitPlace): Promise<number> {
  return (await askGit(place, ["shortlog", "-sne", "--all"])).split("\n").filter((line) => line.trim() !== "").length;
}

async function openRepository(path: string, signal: AbortSignal): Promise<Repository> {
  const real = await realpath(path);
  if (!(await stat(real)).isDirectory()) {
    throw new AppError("unreadable_file", {
      public: `${path} is a file. Give the folder of a git repository: a clone, its .git folder, or a bare repository.`,
    });
  }
  const folder = basename(real) === ".git" ? dirname(real) : real;
  const place: GitPlace = { folder, ceiling: dirname(folder), signal };
  const [bare, shallow] = (await askGit(place, ["rev-parse", "--is-bare-repository", "--is-shallow-repository"])).split("\n");
  const url = (await askGit(place, ["config", "--default", "", "--get", "remote.origin.url"])).trim();
  const rootLines = (await askGit(place, ["rev-list", "--all", "--max-parents=0", "--format=%ct %H"])).split("\n");
  const roots = rootLines.filter((line) => /^\d/.test(line));
  roots.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1));
  const name = nameOf(url) ?? basename(folder).replace(/\.git$/, "");
  return {
    place,
    bare: bare === "true",
    shallow: shallow === "true",
    origin: `git:${roots[0]?.split(" ")[1] ?? `empty/${name}`}`,
    name,
    url: webUrl(url),
    commits: Number.parseInt(await askGit(place, ["rev-list", "--all", "--count"]), 10),
  };
}

/** `owner/name` of a remote address, without anything secret that it may hold. */
function nameOf(url: string): string | undefined {
  const path = /^[a-z+]+:\/\/[^/]*\/(.+)$/i.exec(url)?.[1] ?? /^[^/:]+:(?!\/)(.+)$/.exec(url)?.[1];
  return path?.replace(/\/+$/, "").replace(/\.git$/, "") || undefined;
}

/** The web page of a repository on the hosts whose addresses are known to be one. */
function webUrl(url: string): string | undefined {
  const match = /(?:@|:\/\/)(?:[^/@]*@)?(github\.com|gitlab\.com|codeberg\.org)[:/](.+?)(?:\.git)?\/*$/.exec(url);
  return match ? `https://${match[1]}/${match[2]}` : undefined;
}

/** Every commit that any ref reaches, some hundred at a time. Differences are not read. */
export async function* readRepository(path: string, signal: AbortSignal): AsyncGenerator<RecordChunk> {
  const repository = await openRepository(path, signal);
  const mailmap = new Mailmap(await readMailmap(repository));
  const total = repository.commits;
  const args = [
    "log",
    "--all",
    "-z",
    "--encoding=UTF-8",
    "--date=raw",
    "--no-color",
    "--no-notes",
    "--no-show-signature",
    "--no-patch",
    `--format=tformat:${fields.join("%x00")}`,
  ];
  let records: RawRecord[] = [];
  let done = 0;
  let bytes = 0;
  for await (const values of splitRecords(streamGit(repository.place, args))) {
    const payload = readCommit(values, repository, mailmap);
    records.push({ stream: "commits", externalId: payload.hash, payload });
    done++;
    bytes += payload.message.length;
    if (records.length >= chunkRecords || bytes >= chunkBytes) {
      yield { records, progress: { done, total, unit: "records" } };
      records = [];
      bytes = 0;
    }
  }
  const rejected = repository.shallow
    ? [
        {
          stream: "commits",
          place: "the start of the history",
          reason: "The clone is shallow: commits before its boundary are not in it.",
          remedy: 'Run "git fetch --unshallow" in it and import it again.',
        },
      ]
    : [];
  yield { records, rejected, progress: { done, total, unit: "records" } };
}

/** Cuts git's output at every NUL into the fields of one commit after the other. */
async function* splitRecords(output: AsyncIterable<Buffer>): AsyncGenerator<string[]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of output) {
    const buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (;;) {
      const end = endOfRecord(buffer, start);
      if (end === -1) break;
      yield decodeRecord(buffer.subarray(start, end));
      start = end + 1;
    }
    rest = buffer.subarray(start);
  }
  if (rest.length > 0) throw new AppError("upstream_failed", { public: "git stopped in the middle of a commit. Import the repository again." });
}

function endOfRecord(buffer: Buffer, start: number): number {
  let at = start - 1;
  for (let i = 0; i < fields.length; i++) {
    at = buffer.indexOf(0, at + 1);
    if (at === -1) return -1;
  }
  return at;
}

const strict = new TextDecoder("utf-8", { fatal: true });
const western = new TextDecoder("windows-1252");

/** Text that is no UTF-8 although it should be is read as Western, field by field: no commit is lost over a letter. */
function decodeRecord(record: Buffer): string[] {
  const text = decode(record);
  if (text !== undefined) return text.split("\0");
  const values: string[] = [];
  let start = 0;
  for (let i = 0; i < fields.length; i++) {
    const end = record.indexOf(0, start);
    const field = record.subarray(start, end === -1 ? record.length : end);
    values.push(decode(field) ?? western.decode(field));
    start = end + 1;
  }
  return values;
}

function decode(bytes: Buffer): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

function readCommit(values: string[], repository: Repository, mailmap: Mailmap): CommitPayload {
  // Where a commit has no such line, git prints the placeholder itself.
  const [
    hash = "",
    parents = "",
    an = "",
    ae = "",
    aN = "",
    aE = "",
    ad = "",
    cn = "",
    ce = "",
    cN = "",
    cE = "",
    cd = "",
    trailers = "",
    message = "",
  ] = values.map((value, i) => (value === fields[i] && i < 12 ? "" : value));
  const payload: CommitPayload = {
    repository: { origin: repository.origin, name: repository.name, ...(repository.url && { url: repository.url }) },
    hash,
    parents: parents === "" ? [] : parents.split(" "),
    author: { name: an, email: ae },
    mappedAuthor: { name: aN, email: aE },
    authorDate: ad,
    committer: { name: cn, email: ce },
    mappedCommitter: { name: cN, email: cE },
    committerDate: cd,
    trailers,
    message,
  };
  if (!mailmap.isEmpty) addMailmap(payload, mailmap);
  return payload;
}

function addMailmap(payload: CommitPayload, mailmap: Mailmap): void {
  const { author, mappedAuthor } = payload;
  if (author.email !== mappedAuthor.email) {
    const line = mailmap.find(author)?.line;
    payload.mailmap = [{ from: author, to: mappedAuthor, ...(line && { line }) }];
  }
  const shared = new Set<string>();
  if (mailmap.isShared(author.email)) shared.add(author.email.toLowerCase());
  for (const { name, email } of payload.trailers === "" ? [] : readTrailers(payload.trailers)) {
    if (mailmap.isShared(email)) shared.add(email.toLowerCase());
    const found = mailmap.find({ name, email });
    if (!found || found.mapped.email.toLowerCase() === email.toLowerCase() || (namesNobody(email) && name === "")) continue;
    payload.mailmap = [...(payload.mailmap ?? []), { from: { name, email }, to: found.mapped, line: found.line }];
  }
  if (shared.size > 0) payload.sharedAddresses = [...shared];
}

/** The `.mailmap` that git itself uses: the one in the work tree, or HEAD's in a bare repository. */
async function readMailmap(repository: Repository): Promise<string> {
  if (!repository.bare) {
    try {
      const file = await open(join(repository.place.folder, ".mailmap"), constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        return (await file.stat()).size > maxMailmapBytes ? "" : await file.readFile("utf8");
      } finally {
        await file.close();
      }
    } catch {
      return "";
    }
  }
  try {
    return await askGit(repository.place, ["cat-file", "blob", "HEAD:.mailmap"]);
  } catch {
    repository.place.signal.throwIfAborted();
    return "";
  }
}
