import { AppError } from "#core/errors.ts";
import type { RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { type ExportFile, type ExportFiles, readPieces } from "../export-files.ts";
import { type DiscourseCategory, siteOf } from "./format.ts";
import { isObject, listCategories, readValue, type ValueReading } from "./read-value.ts";

/** What saved answers are found to be before anything of them is stored. */
export interface ScannedFiles {
  site: string;
  name: string;
  categories: Map<number, DiscourseCategory>;
  topics: number;
  /** As many as the topics' pages say they have. */
  posts: number;
  warnings: string[];
}

const chunkRecords = 400;
const answerMaxBytes = 256 * 1024 * 1024;
const warningsMax = 20;
const noCategories = new Map<number, DiscourseCategory>();

/** A forum's own pictures of its users lie under its name, also in saved answers, which name it nowhere else. */
const avatarPath = /^\/(?:[^/{}]+\/)?user_avatar\/([a-z0-9.-]+\.[a-z]{2,}|localhost)\//i;

/**
 * Reads every file to its end: which forum it is, which categories are open, what there should be.
 * @param given the forum's address by the settings
 * @throws AppError `unreadable_file` for broken JSON, for nothing that we know, for files of several forums
 */
export async function scanFiles(files: ExportFiles, given: string, signal: AbortSignal): Promise<ScannedFiles> {
  const hosts = new Map<string, string>();
  const titles = new Set<string>();
  const scanned: ScannedFiles = { site: "", name: "", categories: new Map(), topics: 0, posts: 0, warnings: [] };
  const foreign: string[] = [];
  const pages = new Map<number, ValueReading["pages"][number]>();
  const candidates = jsonFiles(files);
  for (const file of candidates) {
    let isKnown = false;
    for await (const { value, place } of readItems(file, signal)) {
      const reading = readValue({ site: "", categories: noCategories, place, value });
      isKnown ||= reading.isKnown;
      for (const page of reading.pages) {
        const known = pages.get(page.topic);
        if (!known || page.has > known.has) pages.set(page.topic, page);
      }
      for (const category of listCategories(value) ?? []) scanned.categories.set(category.id, category);
      if (isObject(value) && isObject(value.about) && typeof value.about.title === "string") titles.add(value.about.title);
      for (const host of hostsIn(reading.records)) if (!hosts.has(host)) hosts.set(host, place);
    }
    if (!isKnown) foreign.push(file.name);
  }
  if (foreign.length === candidates.length) {
    throw new AppError("unreadable_file", {
      public: `${files.name} holds no answers of a Discourse forum: no topic with its "post_stream", no "topic_list", no "latest_posts", no post. Save https://forum/t/123.json or https://forum/latest.json and bring that in.`,
    });
  }
  const own = siteOf(given);
  if (!own && hosts.size > 1) {
    const [first, second] = [...hosts];
    throw new AppError("unreadable_file", {
      public: `${files.name} holds answers of several forums (${first?.[0]} in ${first?.[1]}, ${second?.[0]} in ${second?.[1]}). Their numbers would be mixed up: bring in each forum by itself; nothing was stored.`,
    });
  }
  scanned.site = own?.site ?? [...hosts.keys()][0] ?? `unnamed-${files.name.replace(/(?:\.json|\.gz|\.zip)+$/i, "").toLowerCase()}`;
  scanned.name = [...titles][0] ?? (scanned.site.startsWith("unnamed-") ? files.name : scanned.site);
  scanned.topics = pages.size;
  for (const { of } of pages.values()) scanned.posts += of;
  scanned.warnings.push(
    ...describeLacks(
      [...pages.values()].filter(({ has, of }) => has < of),
      foreign,
    ),
  );
  return scanned;
}

/** The records of saved answers. */
export async function* readFiles(files: ExportFiles, scanned: ScannedFiles, signal: AbortSignal): AsyncGenerator<RecordChunk> {
  let records: RawRecord[] = [];
  let rejected: RejectedRecord[] = [];
  let before = 0;
  for (const file of jsonFiles(files)) {
    for await (const { value, place, byte } of readItems(file, signal)) {
      const reading = readValue({ site: scanned.site, categories: scanned.categories, place, value });
      records.push(...reading.records);
      rejected.push(...reading.rejected);
      if (records.length + rejected.length < chunkRecords) continue;
      yield { records, rejected, progress: { done: Math.min(files.totalBytes, before + byte), total: files.totalBytes, unit: "bytes" } };
      records = [];
      rejected = [];
    }
    before += file.sizeBytes;
  }
  yield { records, rejected, warnings: scanned.warnings, progress: { done: files.totalBytes, total: files.totalBytes, unit: "bytes" } };
}

/** In a folder there may be other things; a file that was brought in by itself is read whatever it is called. */
function jsonFiles(files: ExportFiles): readonly ExportFile[] {
  return files.isSingle ? files.files : files.files.filter(({ name }) => /\.json(?:\.gz)?$/i.test(name) && !/(?:^|\/)\./.test(name));
}

/** The items of a file that is a list, one by one; any other answer as a whole, which is one page of the forum at most. */
async function* readItems(file: ExportFile, signal: AbortSignal): AsyncGenerator<{ value: unknown; place: string; byte: number }> {
  const whole: Record<string, unknown> = {};
  let isList = false;
  let bytes = 0;
  for await (const { piece, cutter } of readPieces(file, signal)) {
    const value = cutter.parse(piece);
    if (piece.key === "" && piece.index !== undefined) {
      isList = true;
      yield { value, place: `${file.name}, item ${piece.index + 1} (line ${piece.line})`, byte: piece.byte };
      continue;
    }
    bytes += piece.text.length;
    if (bytes > answerMaxBytes) {
      throw new AppError("too_large", {
        public: `${file.name} is larger than any answer of a forum (${answerMaxBytes / 1024 / 1024} MB). Check the file.`,
      });
    }
    if (piece.index === undefined) whole[piece.key] = value;
    else {
      const list: unknown = whole[piece.key];
      if (Array.isArray(list)) list.push(value);
      else whole[piece.key] = [value];
    }
  }
  if (!isList) yield { value: whole, place: file.name, byte: bytes };
}

function* hostsIn(records: readonly RawRecord[]): Generator<string> {
  for (const { payload } of records) {
    const part: unknown = isObject(payload) ? (payload.post ?? (isObject(payload.topic) ? payload.topic.user : undefined)) : undefined;
    const template: unknown = isObject(part) ? part.avatar_template : undefined;
    const host = typeof template === "string" ? avatarPath.exec(template)?.[1] : undefined;
    if (host) yield host.toLowerCase();
  }
}

function describeLacks(lacking: ValueReading["pages"], foreign: readonly string[]): string[] {
  const warnings = lacking
    .slice(0, warningsMax)
    .map(
      ({ topic, title, has, of }) =>
        `Topic ${topic} («${title}») has ${of} posts, of which its page holds ${has}: the others are missing unless another file holds them.`,
    );
  if (lacking.length > warningsMax) warnings.push(`${lacking.length - warningsMax} more topics have posts that their pages do not hold.`);
  if (foreign.length > 0) {
    const more = foreign.length > 5 ? ` and ${foreign.length - 5} more` : "";
    warnings.push(`No answers of a forum, and left out: ${foreign.slice(0, 5).join(", ")}${more}.`);
  }
  return warnings;
}
