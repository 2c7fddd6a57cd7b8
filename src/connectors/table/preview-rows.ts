import { type Mapping, mappingSchema } from "./mapping.ts";
import { type RowProblem, readRow } from "./read-row.ts";
import { type Row, readTableHead, readTableRows, type TableHead, withTable } from "./read-rows.ts";

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

export interface TablePreview {
  head: TableHead;
  rows: PreviewRow[];
  faults: PreviewFault[];
}

/**
 * The beginning of a table for somebody who says what its columns mean.
 * @throws AppError `unreadable_file` for what is no table
 */
export function lookAtTable(path: string, options: { signal?: AbortSignal; headerRows?: number } = {}): Promise<TableHead> {
  const { signal = new AbortController().signal, ...given } = options;
  return withTable(path, (file) => readTableHead(file, signal, given));
}

/**
 * The first rows of a table as they would become activities, each with what is wrong with it. Nothing is stored.
 * @param n how many rows to show
 * @throws AppError `unreadable_file` for what is no table
 */
export function previewRows(
  path: string,
  mapping: Partial<Mapping> & Pick<Mapping, "time">,
  n: number,
  options: { signal?: AbortSignal; name?: string } = {},
): Promise<TablePreview> {
  const signal = options.signal ?? new AbortController().signal;
  const parsed = mappingSchema.parse(mapping);
  return withTable(path, async (file) => {
    const head = await readTableHead(file, signal, { headerRows: parsed.headerRows });
    const about = { scope: "preview", name: options.name ?? head.name, visibility: "team" as const };
    const preview: TablePreview = { head, rows: [], faults: [] };
    const lines = new Map<string, number>();
    for await (const read of readTableRows(file, head, signal)) {
      if (preview.rows.length + preview.faults.length >= n) break;
      if ("fault" in read) {
        preview.faults.push(read.fault);
        continue;
      }
      const { row, line } = read;
      const reading = readRow(row, parsed, about);
      const first = lines.get(reading.id);
      if (first === undefined) lines.set(reading.id, line);
      const problems = "problems" in reading ? reading.problems : [];
      if (first !== undefined) problems.push(repeated(parsed, reading.id, first));
      preview.rows.push({ line, row, problems, activity: problems.length === 0 && "batch" in reading ? shown(reading.id, reading.batch) : null });
    }
    return preview;
  });
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
