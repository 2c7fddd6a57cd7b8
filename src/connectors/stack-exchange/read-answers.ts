import { AppError } from "#core/errors.ts";
import type { RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { type ExportFile, type ExportFiles, readPieces } from "../export-files.ts";
import { hostOf } from "../words.ts";
import { siteFrom } from "./format.ts";
import { isObject, readItem } from "./read-item.ts";

const chunkRecords = 400;

/** What saved answers of the API are found to be. */
export interface ScannedAnswers {
  /** Undefined where neither the settings nor a link in them names it. */
  site: string | undefined;
  /** By kind; what stands in several answers counts once. */
  counts: Record<string, number>;
}

/**
 * Reads saved answers to their end: which site, how much.
 * @throws AppError `unreadable_file` for broken JSON, other JSON, or answers of several sites
 */
export async function scanAnswers(files: ExportFiles, given: string, signal: AbortSignal): Promise<ScannedAnswers> {
  const sites = new Map<string, string>();
  const kinds = new Map<string, string>();
  let isKnown = false;
  let refusal: string | undefined;
  for (const file of answerFiles(files)) {
    for await (const item of readItems(file, signal)) {
      if (item.kind === "refusal") refusal ??= item.message;
      if (item.kind === "wrapper") isKnown = true;
      if (item.kind !== "item") continue;
      const reading = readItem({ ...item, site: "" });
      isKnown ||= reading.records.length > 0;
      for (const record of reading.records) kinds.set(`${record.stream} ${record.externalId}`, kindOf(record));
      for (const link of linksIn(item.value)) {
        const host = /^https?:\/\//.test(link) ? hostOf(link) : undefined;
        const site = host && siteFrom(host);
        if (site && !sites.has(site)) sites.set(site, item.place);
      }
    }
  }
  if (!isKnown) {
    throw new AppError("unreadable_file", {
      public: refusal
        ? `${files.name} is a refusal of the API: ${refusal}. Ask it again; nothing was stored.`
        : `${files.name} holds no answers of the Stack Exchange API: an object with "items", or a list of questions, was expected.`,
    });
  }
  const own = siteFrom(given);
  const [first, second] = [...sites];
  if (!own && first && second) {
    throw new AppError("unreadable_file", {
      public: `${files.name} holds answers of several sites (${first[0]} at ${first[1]}, ${second[0]} at ${second[1]}). Their numbers would be mixed up: bring in each site by itself.`,
    });
  }
  const counts: Record<string, number> = {};
  for (const kind of kinds.values()) counts[kind] = (counts[kind] ?? 0) + 1;
  return { site: own ?? first?.[0], counts };
}

/** The records of saved answers. */
export async function* readAnswers(files: ExportFiles, site: string, signal: AbortSignal): AsyncGenerator<RecordChunk> {
  let records: RawRecord[] = [];
  let rejected: RejectedRecord[] = [];
  let before = 0;
  for (const file of answerFiles(files)) {
    for await (const item of readItems(file, signal)) {
      if (item.kind !== "item") continue;
      const reading = readItem({ ...item, site });
      records.push(...reading.records);
      rejected.push(...reading.rejected);
      if (records.length + rejected.length < chunkRecords) continue;
      yield { records, rejected, progress: { done: Math.min(files.totalBytes, before + item.byte), total: files.totalBytes, unit: "bytes" } };
      records = [];
      rejected = [];
    }
    before += file.sizeBytes;
  }
  yield { records, rejected, progress: { done: files.totalBytes, total: files.totalBytes, unit: "bytes" } };
}

/** Saved answers often bear no ending at all. */
function answerFiles(files: ExportFiles): readonly ExportFile[] {
  if (files.isSingle) return files.files;
  return files.files.filter(({ name }) => /(?:^|\/)[^/.][^/]*$/.test(name) && (/\.json(?:\.gz)?$/i.test(name) || !/\.[a-z]\w{0,5}$/i.test(name)));
}

type Item = { kind: "item"; value: unknown; place: string; byte: number } | { kind: "wrapper" } | { kind: "refusal"; message: string };

async function* readItems(file: ExportFile, signal: AbortSignal): AsyncGenerator<Item> {
  for await (const { piece, cutter } of readPieces(file, signal)) {
    const value = cutter.parse(piece);
    if (piece.index !== undefined && (piece.key === "" || piece.key === "items")) {
      const place = `${file.name}, ${piece.key}[${piece.index}]`;
      yield { kind: "item", value, place, byte: piece.byte };
    } else if (piece.key === "quota_remaining" || piece.key === "has_more") yield { kind: "wrapper" };
    else if (piece.key === "error_message") yield { kind: "refusal", message: String(value) };
  }
}

const kindOf = ({ stream }: RawRecord): string => ({ questions: "question_opened", answers: "answer", comments: "comment" })[stream] ?? "user";

/** Links that name the site: of the item, and of who wrote it. */
function linksIn(value: unknown): string[] {
  if (!isObject(value)) return [];
  const owner = isObject(value.owner) ? value.owner.link : undefined;
  return [value.link, owner].filter((link) => typeof link === "string");
}
