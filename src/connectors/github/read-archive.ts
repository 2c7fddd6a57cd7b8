import { AppError } from "#core/errors.ts";
import type { RawRecord, RejectedRecord, ReportedCounts } from "#features/ledger/index.ts";
import type { JsonPiece } from "../cut-json.ts";
import { type ExportFile, readPieces } from "../export-files.ts";
import { type ArchivePayload, payloadSchema } from "./archive-format.ts";
import { firstProblem } from "./first-problem.ts";
import { momentOf, streams, threadKey } from "./keys.ts";

/** What a whole archive.json was found to hold. */
export interface ArchiveSummary {
  repo: string;
  reported: ReportedCounts;
}

/** What one item came to. */
export interface ArchiveStep {
  records: RawRecord[];
  rejected: RejectedRecord[];
  /** Characters of the item, to bound what is held at once. */
  size: number;
}

/**
 * Reads the file once from end to end and stores nothing: it is complete, it is JSON, it is this format.
 * @throws AppError `unreadable_file` with the place and the remedy
 */
export async function inspectArchive(file: ExportFile, signal: AbortSignal): Promise<ArchiveSummary> {
  const found = new Set<string>();
  const reported = { issue_opened: 0, pull_request_opened: 0, comment: 0, review: 0, review_comment: 0 };
  let repo: string | undefined;
  for await (const { piece, cutter } of readPieces(file, signal)) {
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
      public: `${file.name} is JSON, but no archive of issues: it should name a "repo" and list "issues" and "pulls", and holds ${members}. Use the archive.json that the i-d-template "archive" command writes.`,
    });
  }
  return { repo, reported };
}

/** The records of a file that was inspected before, item by item. */
export async function* readArchive(file: ExportFile, repo: string, signal: AbortSignal): AsyncGenerator<ArchiveStep> {
  const places = new Map<number, string>();
  for await (const { piece, cutter } of readPieces(file, signal)) {
    if (piece.index === undefined || (piece.key !== "issues" && piece.key !== "pulls")) continue;
    const rejected: RejectedRecord[] = [];
    const records = takeItem({ piece, repo, value: cutter.parse(piece), places, rejected });
    yield { records, rejected, size: piece.text.length };
  }
}

/** One item's opening and what was said in it as records, without those comments of it that cannot be used; each of these is set aside by itself. */
function takeItem(input: { piece: JsonPiece; repo: string; value: unknown; places: Map<number, string>; rejected: RejectedRecord[] }): RawRecord[] {
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
    if (inner === -1) return [];
    value = without(value, path.slice(0, inner + 1));
  }
}

function keep(input: {
  payload: ArchivePayload;
  value: unknown;
  place: string;
  places: Map<number, string>;
  rejected: RejectedRecord[];
}): RawRecord[] {
  const { payload, value, place, places, rejected } = input;
  const { kind, repo } = payload;
  const { number } = payload.item;
  const earlier = places.get(number);
  if (earlier) {
    rejected.push(setAside(place, `repeats number ${number} of ${earlier}; the first one was taken`, value));
    return [];
  }
  places.set(number, place);
  const { comments, reviews, ...opening } = splitItem(value);
  const externalId = threadKey(repo, number);
  // Known by their logins alone: where GitHub itself has told of the same moment, that stands.
  const told = momentOf([payload.item.createdAt, payload.item.updatedAt, payload.item.closedAt], 1);
  const records: RawRecord[] = [
    { stream: kind === "issue" ? streams.issues : streams.pulls, externalId, payload: { kind, repo, item: opening }, ...(told && { asOf: told }) },
  ];
  if (comments.length + reviews.length === 0) return records;
  const { title, url, state, createdAt } = opening;
  const item = { number, title, url, state, createdAt, comments, ...(kind === "pull" && { reviews }) };
  const said = momentOf(timesOf(payload));
  records.push({ stream: streams.conversations, externalId, payload: { kind, repo, item }, ...(said && { asOf: said }) });
  return records;
}

function splitItem(value: unknown): Record<string, unknown> & { comments: unknown[]; reviews: unknown[] } {
  return { ...Object(value), comments: listIn(value, "comments"), reviews: listIn(value, "reviews") };
}

function setAside(place: string, reason: string, value: unknown): RejectedRecord {
  return {
    stream: place.startsWith("issues") ? streams.issues : streams.pulls,
    place,
    reason: `${place} ${reason}`,
    remedy: "Generate the archive again; if the fault stays, look at that item on GitHub. All the rest was taken.",
    excerpt: (JSON.stringify(value) ?? "").slice(0, 300),
  };
}

function timesOf(payload: ArchivePayload): (string | null | undefined)[] {
  const { item } = payload;
  const all: (string | null | undefined)[] = [item.createdAt, item.updatedAt, item.closedAt];
  for (const comment of item.comments) all.push(comment.createdAt, comment.updatedAt);
  if (payload.kind === "pull") {
    for (const review of payload.item.reviews) {
      all.push(review.createdAt, review.updatedAt);
      for (const comment of review.comments) all.push(comment.createdAt, comment.updatedAt);
    }
  }
  return all;
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
