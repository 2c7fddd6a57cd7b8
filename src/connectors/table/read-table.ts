import { AppError } from "#core/errors.ts";
import type { FileIdentity, ImportFileInput, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { type ExportFile, plainFileName } from "../export-files.ts";
import { excerptOf } from "../words.ts";
import { type Mapping, mappingSchema } from "./mapping.ts";
import { repeated } from "./preview-rows.ts";
import { type RowAbout, readRow } from "./read-row.ts";
import { overTable, type Row, readTableHead, readTableRows, type TableHead, withTable } from "./read-rows.ts";
import { suggestMapping } from "./suggest-mapping.ts";

export interface TableSettings {
  table: string;
  mapping?: Mapping | undefined;
  visibility: RowAbout["visibility"];
}

/** What is kept of a row: itself, of which table it is, and what its columns were taken for when nobody said it. */
export interface RowPayload {
  table: string;
  name: string;
  row: Row;
  guess?: Mapping;
}

const rowsPerChunk = 500;
/** Beyond this many, a repeated id is no longer told with its line; the first row with it is changed by the next. */
const idsRemembered = 500_000;

/** The origin of a table: its name, or what its header is like. */
export function tableOrigin(settings: Pick<TableSettings, "table">, head: Pick<TableHead, "fingerprint">): string {
  return `table:${settings.table === "" ? head.fingerprint : settings.table.toLowerCase()}`;
}

/** The scope of ids that count inside one table alone. */
export const tableScope = (settings: Pick<TableSettings, "table">, table: string): string =>
  `table:${settings.table === "" ? table : settings.table.toLowerCase()}`;

/**
 * What its columns mean, as a person said, else as their names say beyond doubt.
 * @throws AppError `invalid_input` for what a person has to say, and for columns that are not there
 */
export function mappingFor(head: TableHead, settings: Pick<TableSettings, "mapping">): { mapping: Mapping; isGuess: boolean } {
  if (settings.mapping) {
    const absent = Object.entries(settings.mapping).filter(
      ([field, column]) => isColumnField(field) && typeof column === "string" && !isThere(head, column),
    );
    const [first] = absent;
    if (first) {
      throw new AppError("invalid_input", {
        public: `${head.name} has no column «${String(first[1])}». It has: ${head.columns.slice(0, 30).join(", ")}${head.columns.length > 30 ? " …" : ""}.`,
        issues: absent.map(([field, column]) => ({ path: `mapping.${field}`, message: `there is no column «${String(column)}»` })),
      });
    }
    return { mapping: settings.mapping, isGuess: false };
  }
  const { mapping, missing, doubts } = suggestMapping(head);
  if (missing.length > 0 || doubts.length > 0) {
    const why = missing.length > 0 ? `no column of «${head.columns.slice(0, 12).join(", ")}» could be told to be the time` : doubts.join(" ");
    throw new AppError("invalid_input", {
      public: `What the columns of ${head.name} mean has to be said: ${why}. Give the setting mapping, such as {"time": "${head.columns[0]}", "timeFormat": "dd/MM/yyyy", "title": "…"}; nothing was stored.`,
      issues: [{ path: "mapping", message: why }],
    });
  }
  return { mapping: mappingSchema.parse(mapping), isGuess: true };
}

const isColumnField = (field: string) => !["headerRows", "kindValue", "timeFormat", "timeZone", "authorPlatform"].includes(field);

/** In JSON a field may be missing in all of the first rows. */
function isThere(head: TableHead, column: string): boolean {
  return head.form.kind === "json" || head.columns.includes(column);
}

/**
 * Reads a table to its end and stores nothing.
 * @throws AppError `unreadable_file` for what is no table or breaks off, `invalid_input` for what has to be said of its columns
 */
export function identifyTable({ path, settings, signal }: Omit<ImportFileInput<TableSettings>, "head">): Promise<FileIdentity> {
  return withTable(path, async (file) => {
    const { head, mapping } = await open(file, settings, signal);
    const about = aboutOf(head, settings);
    const reported: Record<string, number> = {};
    for await (const read of readTableRows(file, head, signal)) {
      const reading = "row" in read ? readRow(read.row, mapping, about) : undefined;
      // A row that is set aside is one that the table holds all the same.
      const kind = reading && "batch" in reading ? (reading.batch.activities[0]?.kind ?? mapping.kindValue) : mapping.kindValue;
      if (mapping.kind === undefined || (reading && "batch" in reading)) reported[kind] = (reported[kind] ?? 0) + 1;
    }
    return { origin: tableOrigin(settings, head), name: settings.table || plainFileName(file.name), reported };
  });
}

/** The table's rows as records; those that cannot be used are set aside with line and column. */
export function importTable({ path, settings, signal }: Omit<ImportFileInput<TableSettings>, "head">): AsyncGenerator<RecordChunk> {
  return overTable(path, async function* (file): AsyncGenerator<RecordChunk> {
    const { head, mapping, isGuess } = await open(file, settings, signal);
    const about = aboutOf(head, settings);
    const seen = new Map<string, number>();
    let done = 0;
    let records: RecordChunk["records"] = [];
    let rejected: RejectedRecord[] = [];
    const onRead = (bytes: number) => {
      done = bytes;
    };
    for await (const read of readTableRows(file, head, signal, onRead)) {
      if ("fault" in read) {
        const { line, ...fault } = read.fault;
        rejected.push({ stream: "rows", place: `${file.name}, line ${line}`, ...fault });
      } else {
        const { row, line } = read;
        const reading = readRow(row, mapping, about);
        const first = seen.get(reading.id);
        const problems = first !== undefined ? [repeated(mapping, reading.id, first)] : "problems" in reading ? reading.problems : [];
        if (first === undefined && seen.size < idsRemembered) seen.set(reading.id, line);
        for (const { column, field, reason, remedy } of problems) {
          rejected.push({ stream: "rows", place: `${file.name}, line ${line}, ${column ?? field}`, reason, remedy, excerpt: excerptOf(row) });
        }
        if (problems.length === 0 && "batch" in reading) {
          const payload: RowPayload = { table: head.fingerprint, name: about.name, row, ...(isGuess && { guess: mapping }) };
          records.push({ stream: "rows", externalId: reading.id, payload, ...(reading.asOf && { asOf: reading.asOf }) });
        }
      }
      if (records.length + rejected.length >= rowsPerChunk) {
        yield { records, rejected, progress: { done, total: file.sizeBytes, unit: "bytes" } };
        records = [];
        rejected = [];
      }
    }
    yield { records, rejected, progress: { done: file.sizeBytes, total: file.sizeBytes, unit: "bytes" } };
  });
}

async function open(file: ExportFile, settings: TableSettings, signal: AbortSignal) {
  const head = await readTableHead(file, signal, settings.mapping ? { headerRows: settings.mapping.headerRows } : {});
  return { head, ...mappingFor(head, settings) };
}

function aboutOf(head: TableHead, settings: TableSettings): RowAbout {
  return { scope: tableScope(settings, head.fingerprint), name: settings.table || plainFileName(head.name), visibility: settings.visibility };
}
