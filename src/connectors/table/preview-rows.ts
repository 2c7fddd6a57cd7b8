import { excerptOf } from "../words.ts";
import { type Mapping, mappingSchema } from "./mapping.ts";
import { type RowProblem, readRow } from "./read-row.ts";
import { type Row, type RowRead, readTableHead, readTableRows, type TableHead, withTable } from "./read-rows.ts";

/** One of the first rows, as it would come in. */
export interface PreviewRow {
  /** Where it begins. */
  line: number;
  row: Row;
  /** Null where the row would be set aside. */
  activity: {
    id: string;
    kind: string;
    occurredAt: Date;
    /** The person as they would be known; null where nobody can be named. */
    author: { platform: string; externalId: string; displayName: string | undefined; email: string | undefined } | null;
    unattributed: string | undefined;
    channel: string;
    thread: string | undefined;
    title: string | undefined;
    body: string | undefined;
    url: string | undefined;
    visibility: string | undefined;
    organization: string | undefined;
  } | null;
  problems: RowProblem[];
}

/** A row that cannot even be cut into columns. */
export interface PreviewFault {
  line: number;
  reason: string;
  remedy: string;
  excerpt: string;
}

/** How far a preview has looked, and what it found. */
export interface PreviewCounts {
  rows: number;
  good: number;
  bad: number;
  /** Whether that was all of them. */
  isWhole: boolean;
}

export interface TablePreview {
  head: TableHead;
  rows: PreviewRow[];
  faults: PreviewFault[];
  /** The first rows that would be set aside, those beyond `rows` among them. */
  bad: BadRow[];
  counts: PreviewCounts;
}

/** A row that would be set aside, as it would be told. */
export interface BadRow {
  line: number;
  column: string | undefined;
  reason: string;
  remedy: string;
  excerpt: string;
}

/** Long enough for an answer at a glance. */
const lookMs = 2_000;

/**
 * The beginning of a table for somebody who says what its columns mean. A large file is not read to its end.
 * @throws AppError `unreadable_file` for what is no table
 */
export function lookAtTable(path: string, options: { signal?: AbortSignal; headerRows?: number } = {}): Promise<TableHead> {
  const { signal = new AbortController().signal, ...given } = options;
  return withTable(path, (file) => readTableHead(file, signal, { ...given, isGlance: true }));
}

/**
 * The first rows of a table as they would become activities, each with what is wrong with it. Nothing is stored, and a
 * large file is not read to its end.
 * @param n how many rows to show
 * @param options.scan how many rows to look through for bad ones; `n` when absent
 * @throws AppError `unreadable_file` for what is no table
 */
export function previewRows(
  path: string,
  mapping: Partial<Mapping> & Pick<Mapping, "time">,
  n: number,
  options: { signal?: AbortSignal; name?: string; scan?: number } = {},
): Promise<TablePreview> {
  const signal = options.signal ?? new AbortController().signal;
  const parsed = mappingSchema.parse(mapping);
  return withTable(path, async (file) => {
    const head = await readTableHead(file, signal, { headerRows: parsed.headerRows, isGlance: true });
    const until = performance.now() + lookMs;
    const tally = tallyRows(parsed, n, options.name ?? head.name);
    const { counts } = tally.preview;
    const scan = Math.max(n, options.scan ?? n);
    counts.isWhole = true;
    for await (const read of readTableRows(file, head, signal)) {
      if (counts.rows >= scan || (counts.rows >= n && performance.now() > until)) {
        counts.isWhole = false;
        break;
      }
      tally.add(read);
    }
    return { head, ...tally.preview };
  });
}

/**
 * As `previewRows`, for rows that are held already.
 * @param options.name what to call their channel
 * @param options.isWhole whether these are all that are held
 */
export function previewHeldRows(
  rows: readonly Row[],
  mapping: Mapping,
  options: { show: number; name: string; isWhole: boolean },
): Omit<TablePreview, "head"> {
  const tally = tallyRows(mapping, options.show, options.name);
  tally.preview.counts.isWhole = options.isWhole;
  for (const [i, row] of rows.entries()) tally.add({ row, line: i + 1 });
  return tally.preview;
}

function tallyRows(mapping: Mapping, n: number, name: string) {
  const about = { scope: "preview", name, visibility: "team" as const };
  const preview: Omit<TablePreview, "head"> = { rows: [], faults: [], bad: [], counts: { rows: 0, good: 0, bad: 0, isWhole: false } };
  const lines = new Map<string, number>();
  const { counts } = preview;
  return {
    preview,
    add(read: RowRead) {
      const isShown = preview.rows.length + preview.faults.length < n;
      counts.rows++;
      if ("fault" in read) {
        counts.bad++;
        if (isShown) preview.faults.push(read.fault);
        if (preview.bad.length < n) preview.bad.push({ column: undefined, ...read.fault });
        return;
      }
      const { row, line } = read;
      const reading = readRow(row, mapping, about);
      const first = lines.get(reading.id);
      if (first === undefined) lines.set(reading.id, line);
      const problems = "problems" in reading ? reading.problems : [];
      if (first !== undefined) problems.push(repeated(mapping, reading.id, first));
      if (problems.length === 0) counts.good++;
      else counts.bad++;
      if (isShown)
        preview.rows.push({ line, row, problems, activity: problems.length === 0 && "batch" in reading ? shown(reading.id, reading.batch) : null });
      for (const { column, reason, remedy } of problems) {
        if (preview.bad.length < n) preview.bad.push({ line, column, reason, remedy, excerpt: excerptOf(row) });
      }
    },
  };
}

/** Why a row that says what an earlier one said is left out. */
export function repeated(mapping: Mapping, id: string, line: number): RowProblem {
  return {
    field: "id",
    column: mapping.id,
    reason:
      mapping.id === undefined
        ? `It says the same as the row on line ${line}.`
        : `${mapping.id} is «${id.slice(0, 60)}», as on line ${line} already.`,
    remedy: mapping.id === undefined ? "Take one of the two out, or map a column of ids." : "Give it an id of its own; the first row was taken.",
  };
}

function shown(id: string, batch: Extract<ReturnType<typeof readRow>, { batch: unknown }>["batch"]): PreviewRow["activity"] {
  const [activity] = batch.activities;
  if (!activity) return null;
  const [person] = batch.identities;
  const [affiliation] = batch.affiliations ?? [];
  return {
    id,
    kind: activity.kind,
    occurredAt: activity.occurredAt,
    author: person ? { platform: person.platform, externalId: person.externalId, displayName: person.displayName, email: person.email } : null,
    unattributed: activity.unattributed,
    channel: activity.channel,
    thread: activity.thread,
    title: activity.title,
    body: activity.body,
    url: activity.url,
    visibility: activity.visibility,
    organization: affiliation?.organization,
  };
}
