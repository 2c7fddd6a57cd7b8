import { countOf } from "#core/text/count-of.ts";
import type { RawRecord, RecordChunk, RejectedRecord, ReportedCounts } from "#features/ledger/index.ts";
import type { ExportFile, ExportFiles } from "../export-files.ts";
import { excerptOf } from "../words.ts";
import { type Chosen, chooseRepository, RepositoryCounts, type RepositorySettings } from "./choose-repository.ts";
import type { About } from "./format.ts";
import type { Entry } from "./make-record.ts";
import { ItemProblem, makeRecord } from "./make-record.ts";
import { inspectArchive, readArchive } from "./read-archive.ts";
import { readItem } from "./read-item.ts";
import { type FileForm, type ReadValue, readJsonItems, readObjectLines, tellForm } from "./read-values.ts";
import { nothingFound } from "./refuse-export.ts";

/** What an export was found to be before anything of it is stored. */
export interface InspectedExport {
  chosen: Chosen;
  reported?: ReportedCounts;
  forms: Map<string, FileForm>;
  /** Files that hold nothing of ours, and what they are instead. */
  foreign: Map<string, string>;
}

const chunkRecords = 400;
const chunkChars = 4 * 1024 * 1024;

/**
 * Reads every file to its end and stores nothing: each is complete and can be read, and it is clear which repository they are of.
 * @throws AppError `unreadable_file` with place and remedy, `invalid_input` when a repository has to be named
 */
export async function inspectExport(files: ExportFiles, settings: RepositorySettings, signal: AbortSignal): Promise<InspectedExport> {
  const counts = new RepositoryCounts();
  const forms = new Map<string, FileForm>();
  const foreign = new Map<string, string>();
  const archives: { repo: string; reported: ReportedCounts }[] = [];
  for (const file of candidates(files)) {
    const form = await tellForm(file, signal);
    forms.set(file.name, form);
    if (form === "archive") {
      const archive = await inspectArchive(file, signal);
      archives.push(archive);
      counts.add({ repo: archive.repo });
      continue;
    }
    const before = counts.seen;
    for await (const { value } of readValues(file, form, { signal, wanted: (repo) => !counts.add({ repo: repo.name, id: repo.id }) })) {
      const reading = readItem(value);
      if ("foreign" in reading) foreign.set(file.name, reading.foreign);
      else if (reading.place) counts.add(reading.place);
      else if (reading.past) counts.addNameless();
      else counts.addUnplaced();
    }
    // One odd item among ours is set aside by itself; a file of nothing but these is none of ours.
    if (counts.seen > before) foreign.delete(file.name);
    else if (!foreign.has(file.name)) foreign.set(file.name, "an empty list");
  }
  if (counts.seen === 0) throw nothingFound(files.name, foreign);
  const chosen = chooseRepository(files.name, counts, settings);
  const own = archives.filter(({ repo }) => chosen.covers({ repo }));
  return { chosen, forms, foreign, ...(own.length > 0 && { reported: sum(own.map(({ reported }) => reported)) }) };
}

/** The records of an export. */
export async function* readExport(files: ExportFiles, inspected: InspectedExport, signal: AbortSignal): AsyncGenerator<RecordChunk> {
  const run = new Run(inspected, files.totalBytes);
  let before = 0;
  for (const file of candidates(files)) {
    const form = inspected.forms.get(file.name);
    if (form === undefined || inspected.foreign.has(file.name)) continue;
    const counted: ExportFile = { ...file, read: (abort) => file.read(abort, (bytes) => run.at(before + bytes)) };
    if (form === "archive") yield* readOwnArchive(counted, run, signal);
    else {
      const options = {
        signal,
        wanted: (repo: { id: number; name: string }) => run.wants({ repo: repo.name, id: repo.id }),
        onBroken: run.setAsideLine,
      };
      for await (const read of readValues(counted, form, options)) {
        run.take(read);
        if (run.isFull) yield run.chunk();
      }
    }
    before += file.sizeBytes;
  }
  run.at(files.totalBytes);
  yield { ...run.chunk(), warnings: run.warnings() };
}

async function* readOwnArchive(file: ExportFile, run: Run, signal: AbortSignal): AsyncGenerator<RecordChunk> {
  const { repo } = run.chosen.about;
  for await (const step of readArchive(file, repo, signal)) {
    run.add(step);
    if (run.isFull) yield run.chunk();
  }
}

interface ReadOptions {
  signal: AbortSignal;
  wanted: (repo: { id: number; name: string }) => boolean;
  onBroken?: (line: { place: string; text: string; reason: string }) => void;
}

function readValues(file: ExportFile, form: FileForm, options: ReadOptions): AsyncGenerator<ReadValue> {
  if (form === "json") return readJsonItems(file, options.signal);
  return readObjectLines(file, { ...options, onBroken: options.onBroken ?? (() => undefined) });
}

/** In a folder there may be other things, and hidden ones; a file that was brought in by itself is read whatever it is called. */
function candidates(files: ExportFiles): readonly ExportFile[] {
  return files.isSingle ? files.files : files.files.filter(({ name }) => !/(?:^|\/)\.|\.(?:md|txt|pdf|html?|png|csv|ya?ml)$/i.test(name));
}

/** What is gathered of one reading. */
class Run {
  readonly chosen: Chosen;
  readonly #foreign: Map<string, string>;
  readonly #totalBytes: number;
  readonly #ignored = new Map<string, number>();
  #records: RawRecord[] = [];
  #rejected: RejectedRecord[] = [];
  #chars = 0;
  #bytes = 0;
  #others = 0;
  #nameless = 0;

  constructor({ chosen, foreign }: InspectedExport, totalBytes: number) {
    this.chosen = chosen;
    this.#foreign = foreign;
    this.#totalBytes = totalBytes;
  }

  get isFull(): boolean {
    return this.#records.length + this.#rejected.length >= chunkRecords || this.#chars >= chunkChars;
  }

  at(bytes: number): void {
    this.#bytes = Math.min(bytes, this.#totalBytes);
  }

  wants(place: { repo: string; id?: number; host?: string | undefined }): boolean {
    if (this.chosen.covers(place)) return true;
    this.#others++;
    return false;
  }

  add(step: { records: RawRecord[]; rejected: RejectedRecord[]; size: number }): void {
    this.#records.push(...step.records);
    this.#rejected.push(...step.rejected);
    this.#chars += step.size;
  }

  take({ value, place }: ReadValue): void {
    const reading = readItem(value);
    if ("foreign" in reading) {
      this.#reject({ stream: "items", place, reason: `It is ${reading.foreign}.`, value });
      return;
    }
    if (!reading.place && reading.past) {
      this.#nameless++;
      return;
    }
    if (reading.place && !this.wants(reading.place)) return;
    if (reading.ignored !== undefined) this.#ignored.set(reading.ignored, (this.#ignored.get(reading.ignored) ?? 0) + 1);
    const { about } = this.chosen;
    for (const entry of reading.entries) this.#make(about, entry, { value, place });
  }

  readonly setAsideLine = (line: { place: string; text: string; reason: string }): void => {
    this.#reject({ stream: "items", place: line.place, reason: `It is no JSON: ${line.reason}.`, value: line.text });
  };

  chunk(): RecordChunk {
    const chunk: RecordChunk = {
      records: this.#records,
      rejected: this.#rejected,
      progress: { done: this.#bytes, total: this.#totalBytes, unit: "bytes" },
    };
    this.#records = [];
    this.#rejected = [];
    this.#chars = 0;
    return chunk;
  }

  /** What was passed by, counted. */
  warnings(): string[] {
    const lines = [...this.#ignored].map(([reason, n]) => `Not brought in: ${countOf(n, "row")} of ${reason}.`);
    if (this.#others > 0) lines.push(`${countOf(this.#others, "row is", "rows are")} of other repositories than ${this.chosen.about.repo}.`);
    if (this.#nameless > 0)
      lines.push(
        `${countOf(this.#nameless, "row names", "rows name")} no repository (GH Archive has some such), so nobody can tell where such a row belongs.`,
      );
    for (const [file, what] of [...this.#foreign].slice(0, 20)) lines.push(`${file} was left out: it is ${what}.`);
    return lines;
  }

  #make(about: About, entry: Entry, from: ReadValue): void {
    try {
      const record = makeRecord(about, entry);
      this.#records.push(record);
    } catch (error) {
      if (!(error instanceof ItemProblem)) throw error;
      const field = error.field === "" ? "" : `${error.field} `;
      this.#reject({
        stream: entry.stream,
        place: error.field === "" ? from.place : `${from.place}, ${error.field}`,
        reason: `${field}${error.message}`,
        value: from.value,
      });
    }
  }

  #reject(input: { stream: string; place: string; reason: string; value: unknown }): void {
    const { stream, place, reason, value } = input;
    this.#rejected.push({
      stream,
      place,
      reason,
      remedy: "Look at that item, or get the file again. All the rest was taken.",
      excerpt: excerptOf(value),
    });
  }
}

function sum(all: readonly ReportedCounts[]): ReportedCounts {
  const total: ReportedCounts = {};
  for (const counts of all) for (const [unit, n] of Object.entries(counts)) total[unit] = (total[unit] ?? 0) + n;
  return total;
}
