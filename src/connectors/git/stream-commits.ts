import { AppError } from "#core/errors.ts";
import type { RawRecord } from "#features/ledger/index.ts";
import { namesNobody } from "../person.ts";
import { decodeText, decodeUtf8 } from "./decode-text.ts";
import type { Mailmap } from "./mailmap.ts";
import type { CommitPayload } from "./normalize.ts";
import { askGit, type GitPlace, streamGit } from "./run-git.ts";
import { asOfRepository } from "./told-by.ts";
import { readTrailers } from "./trailers.ts";

const fields = ["%H", "%P", "%an", "%ae", "%aN", "%aE", "%ad", "%cn", "%ce", "%cN", "%cE", "%cd", "%(trailers:only,unfold)", "%B"] as const;
const chunkRecords = 500;
const chunkBytes = 4 * 1024 * 1024;

/** What each commit's record says of its repository. */
export interface RepositoryAbout {
  /** `git:` and the oldest root commit; an empty repository has none. */
  origin: string;
  name: string;
  url: string | undefined;
}

/** `git:` and the oldest root commit of all refs; undefined when there is no commit. */
export async function findOrigin(place: GitPlace): Promise<string | undefined> {
  const lines = (await askGit(place, ["rev-list", "--all", "--max-parents=0", "--format=%ct %H"])).split("\n");
  const roots = lines.filter((line) => /^\d/.test(line));
  roots.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1));
  const hash = roots[0]?.split(" ")[1];
  return hash && `git:${hash}`;
}

/** How many authors git itself counts, by the `.mailmap`: each spelling of name and address is one. */
export async function countAuthors(place: GitPlace, config: readonly string[] = []): Promise<number> {
  return (await askGit(place, [...config, "shortlog", "-sne", "--all"])).split("\n").filter((line) => line.trim() !== "").length;
}

/**
 * Commits with their people, some hundred at a time. Differences are not read.
 * @param input.which arguments of `git log` that choose the commits
 * @param input.config settings of this run, as `-c` and `key=value`
 * @param input.given what git reads from its standard input
 */
export async function* streamCommits(input: {
  place: GitPlace;
  about: RepositoryAbout;
  mailmap: Mailmap;
  which: readonly string[];
  config?: readonly string[];
  given?: string;
}): AsyncGenerator<RawRecord[]> {
  const { place, about, mailmap, which, config = [], given } = input;
  const args = [
    ...config,
    "log",
    ...which,
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
  let bytes = 0;
  for await (const values of splitRecords(streamGit(place, args, given))) {
    const payload = readCommit(values, about, mailmap);
    records.push({ stream: "commits", externalId: payload.hash, payload, asOf: asOfRepository });
    bytes += payload.message.length;
    if (records.length >= chunkRecords || bytes >= chunkBytes) {
      yield records;
      records = [];
      bytes = 0;
    }
  }
  if (records.length > 0) yield records;
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

/** Each field by itself, where the whole is no UTF-8. */
function decodeRecord(record: Buffer): string[] {
  const text = decodeUtf8(record);
  if (text !== undefined) return text.split("\0");
  const values: string[] = [];
  let start = 0;
  for (let i = 0; i < fields.length; i++) {
    const end = record.indexOf(0, start);
    values.push(decodeText(record.subarray(start, end === -1 ? record.length : end)));
    start = end + 1;
  }
  return values;
}

function readCommit(values: string[], about: RepositoryAbout, mailmap: Mailmap): CommitPayload {
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
    repository: { origin: about.origin, name: about.name, ...(about.url && { url: about.url }) },
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
