import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { AppError } from "#core/errors.ts";
import type { RawRecord, RecordChunk, RejectedRecord, ReportedCounts } from "#features/ledger/index.ts";
import { JsonCutter, type JsonPiece } from "../cut-json.ts";
import { type ArchivePayload, firstProblem, payloadSchema } from "./format.ts";
import { threadKey } from "./normalize.ts";

const chunkRecords = 200;
const chunkBytes = 4 * 1024 * 1024;

/** What the whole file was found to hold. */
export interface ArchiveSummary {
  repo: string;
  reported: ReportedCounts;
}

/**
 * Reads the file once from end to end and stores nothing: it is complete, it is JSON, it is this format.
 * @throws AppError `unreadable_file` with the place and the remedy
 */
export async function inspectArchive(path: string, head: Buffer, signal: AbortSignal): Promise<ArchiveSummary> {
  const name = basename(path);
  refuseOtherFormats(name, head);
  const found = new Set<string>();
  const reported = { issue_opened: 0, pull_request_opened: 0, comment: 0, review: 0, review_comment: 0 };
  let repo: string | undefined;
  for await (const { piece, cutter } of readPieces(path, signal)) {
    found.add(piece.key);
    const value = cutter.parse(piece);
    if (piece.index === undefined) {
      if (piece.key === "repo" && typeof value === "string") repo = value;
    } else if (piece.key === "issues" || piece.key === "pulls") {
      reported[piece.key === "issues" ? "issue_opened" : "pull_request_opened"]++;
      const reviews = listIn(value, "reviews");
      reported.comment += listIn(value, "comments").length;
      reported.review += reviews.length;
      for (const review of reviews) reported.review_comment += listIn(review, "comments").length;
    }
  }
  if (!repo || !/^[^/\s]+\/[^/\s]+$/.test(repo) || !(found.has("issues") || found.has("pulls") || found.has("magic"))) {
    const members = [...found].slice(0, 8).join(", ") || "nothing";
    throw new AppError("unreadable_file", {
      public: `${name} is JSON, but no archive of issues: it should name a "repo" and list "issues" and "pulls", and holds ${members}. Use the archive.json that the i-d-template "archive" command writes.`,
    });
  }
  return { repo, reported };
}

/** The records of a file that was inspected before, some hundred at a time. */
export async function* readArchive(path: string, signal: AbortSignal): AsyncGenerator<RecordChunk> {
  const total = (await stat(path)).size;
  const repo = await findRepo(path, signal);
  const places = new Map<number, string>();
  let records: RawRecord[] = [];
  let rejected: RejectedRecord[] = [];
  let bytes = 0;
  for await (const { piece, cutter } of readPieces(path, signal)) {
    if (piece.index === undefined || (piece.key !== "issues" && piece.key !== "pulls")) continue;
    const item = takeItem({ piece, repo, value: cutter.parse(piece), places, rejected });
    if (item) records.push(item);
    bytes += piece.text.length;
    if (records.length + rejected.length >= chunkRecords || bytes >= chunkBytes) {
      yield { records, rejected, progress: { done: piece.byte, total, unit: "bytes" } };
      records = [];
      rejected = [];
      bytes = 0;
    }
  }
  yield { records, rejected, progress: { done: total, total, unit: "bytes" } };
}

/** One item as a record, without those comments of it that cannot be used; each of these is set aside by itself. */
function takeItem(input: {
  piece: JsonPiece;
  repo: string;
  value: unknown;
  places: Map<number, string>;
  rejected: RejectedRecord[];
}): RawRecord | undefined {
  const { piece, repo, places, rejected } = input;
  const place = `${piece.key}[${piece.index}]`;
  const kind = piece.key === "issues" ? "issue" : "pull";
  let value = input.value;
  // Each round takes out one faulty comment or review, so the number of rounds is that of the faults.
  for (;;) {
    const parsed = payloadSchema.safeParse({ kind, repo, item: value });
    if (parsed.success) return keep({ payload: parsed.data, value, place, places, rejected });
    const path = (parsed.error.issues[0]?.path ?? []).slice(1);
    const problem = firstProblem(parsed.error);
    const faulty = `${place}${problem.path.replace(/^\.item/, "")}`;
    rejected.push(setAside(faulty, problem.reason, value));
    const inner = path.findLastIndex((part, i) => typeof part === "number" && (path[i - 1] === "comments" || path[i - 1] === "reviews"));
    if (inner === -1) return undefined;
    value = without(value, path.slice(0, inner + 1));
  }
}

function keep(input: {
  payload: ArchivePayload;
  value: unknown;
  place: string;
  places: Map<number, string>;
  rejected: RejectedRecord[];
}): RawRecord | undefined {
  const { payload, value, place, places, rejected } = input;
  const { number } = payload.item;
  const earlier = places.get(number);
  if (earlier) {
    rejected.push(setAside(place, `repeats number ${number} of ${earlier}; the first one was taken`, value));
    return undefined;
  }
  places.set(number, place);
  return {
    stream: payload.kind === "issue" ? "issues" : "pulls",
    externalId: threadKey(payload.repo, number),
    payload: { kind: payload.kind, repo: payload.repo, item: value },
    asOf: latest(payload),
  };
}

function setAside(place: string, reason: string, value: unknown): RejectedRecord {
  return {
    stream: place.startsWith("issues") ? "issues" : "pulls",
    place,
    reason: `${place} ${reason}`,
    remedy: "Generate the archive again; if the fault stays, look at that item on GitHub. All the rest was taken.",
    excerpt: (JSON.stringify(value) ?? "").slice(0, 300),
  };
}

function latest(payload: ArchivePayload): string {
  const { item } = payload;
  const all: (string | null | undefined)[] = [item.createdAt, item.updatedAt, item.closedAt];
  for (const comment of item.comments) all.push(comment.createdAt, comment.updatedAt);
  if (payload.kind === "pull") {
    for (const review of payload.item.reviews) {
      all.push(review.createdAt, review.updatedAt);
      for (const comment of review.comments) all.push(comment.createdAt, comment.updatedAt);
    }
  }
  let newest = 0;
  for (const at of all) if (at) newest = Math.max(newest, Date.parse(at));
  return new Date(newest).toISOString();
}

async function* readPieces(path: string, signal: AbortSignal): AsyncGenerator<{ piece: JsonPiece; cutter: JsonCutter }> {
  const cutter = new JsonCutter(basename(path));
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024, signal })) {
    for (const piece of cutter.push(chunk as Buffer)) yield { piece, cutter };
  }
  cutter.end();
}

async function findRepo(path: string, signal: AbortSignal): Promise<string> {
  for await (const { piece, cutter } of readPieces(path, signal)) {
    if (piece.key === "repo" && piece.index === undefined) return String(cutter.parse(piece));
  }
  throw new AppError("unreadable_file", { public: `${basename(path)} names no "repo". It was changed while it was read; try again.` });
}

function listIn(value: unknown, key: string): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  const list: unknown = Reflect.get(value, key);
  return Array.isArray(list) ? list : [];
}

/** A copy of a value without the list item at a path. */
function without(value: unknown, path: readonly PropertyKey[]): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(value)) {
    if (rest.length === 0) return value.filter((_, i) => i !== step);
    return value.map((part: unknown, i) => (i === step ? without(part, rest) : part));
  }
  if (typeof value !== "object" || value === null) return value;
  return { ...value, [step]: without(Reflect.get(value, step), rest) };
}

function refuseOtherFormats(name: string, head: Buffer): void {
  const start = head
    .subarray(0, 512)
    .toString("latin1")
    .replace(/^\u00ef\u00bb\u00bf/, "")
    .trimStart();
  const looksLike =
    head[0] === 0x1f && head[1] === 0x8b
      ? "gzip: unpack it first (gunzip)"
      : start.startsWith("PK")
        ? "a zip archive: unpack it first"
        : (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)
          ? "UTF-16 text: save it as UTF-8"
          : start.startsWith("[")
            ? "a JSON list, perhaps an answer of GitHub's REST API"
            : start.startsWith("<")
              ? "a web page or XML, perhaps a download that asked for a sign-in"
              : start.startsWith("From ")
                ? "a mailbox: import it with mbox"
                : start.startsWith("{") || start === ""
                  ? undefined
                  : "not JSON at all";
  if (looksLike) {
    throw new AppError("unreadable_file", {
      public: `${name} is no archive.json: it looks like ${looksLike}. An archive is one JSON object with "repo", "issues" and "pulls".`,
    });
  }
}
