import { hash } from "node:crypto";
import { AppError } from "#core/errors.ts";
import { type Delimiter, guessDelimiter, readCsvRows, readHeadRows } from "../csv-rows.ts";
import { type ExportFile, openExport } from "../export-files.ts";
import { readJsonItems } from "../json-items.ts";
import { decodeHead, findEncoding, guessEncoding, type TextEncoding } from "../text-encoding.ts";
import { excerptOf } from "../words.ts";
import { readTime } from "./read-time.ts";

/** One row: a CSV file's cells by their column, or a JSON object as it stands. */
export type Row = Record<string, unknown>;

/** How a table is written. */
export type TableForm = { kind: "csv"; delimiter: Delimiter; encoding: TextEncoding } | { kind: "json"; list: string };

/** A table's beginning: enough to ask what its columns mean. */
export interface TableHead {
  /** The file's name. */
  name: string;
  form: TableForm;
  /** How many rows the header has; 0 in JSON. */
  headerRows: number;
  /** The columns, or in JSON the paths, in their order. */
  columns: string[];
  /** The first rows. */
  sample: { row: Row; line: number }[];
  /** Names the header: tables with equal columns have equal ones. */
  fingerprint: string;
}

/** A row, or why there is none. */
export type RowRead = { row: Row; line: number } | { fault: { line: number; reason: string; remedy: string; excerpt: string } };

const headBytes = 256 * 1024;
const sampleRows = 100;
const headerRowsMax = 5;
const pathDepthMax = 4;

/** Opens a table for as long as it is used. */
export async function withTable<T>(path: string, use: (file: ExportFile) => Promise<T>): Promise<T> {
  const files = await openExport(path);
  try {
    return await use(onlyFile(files));
  } finally {
    await files.close();
  }
}

/** As `withTable`, for what is read bit by bit. */
export async function* overTable<T>(path: string, use: (file: ExportFile) => AsyncGenerator<T>): AsyncGenerator<T> {
  const files = await openExport(path);
  try {
    yield* use(onlyFile(files));
  } finally {
    await files.close();
  }
}

function onlyFile(files: Awaited<ReturnType<typeof openExport>>): ExportFile {
  const [file] = files.files;
  if (files.isSingle && file) return file;
  throw new AppError("unreadable_file", { public: `${files.name} is a folder or a zip. Tables are brought in one file at a time.` });
}

/**
 * Looks at a table's beginning: how it is written, what its columns are called, its first rows.
 * @param options.headerRows how many rows the header has; found out when absent
 * @param options.isGlance guesses the encoding from the beginning, so that a large file is not read to its end
 * @throws AppError `unreadable_file` for what is no table
 */
export async function readTableHead(
  file: ExportFile,
  signal: AbortSignal,
  options: { headerRows?: number; isGlance?: boolean } = {},
): Promise<TableHead> {
  const { head, isWhole } = await readHead(file, signal);
  const encoding = guessEncoding(head);
  const text = decodeHead(head, encoding).replace(/^\ufeff/, "");
  if (/^\s*[[{]/.test(text)) return readJsonHead(file, signal);
  const { delimiter, columns: width } = guessDelimiter(text, isWhole);
  const rows = readHeadRows(text, delimiter, isWhole).filter((row) => row.some((cell) => cell !== ""));
  if (rows.length === 0 || text.includes("\u0000")) throw noTable(file.name);
  const guessed = guessHeaderRows(rows);
  const headerRows = Math.min(options.headerRows ?? guessed, rows.length);
  const columns = nameColumns(rows.slice(0, headerRows));
  if (width < 2 && columns.length < 2) throw noTable(file.name);
  const form: TableForm = { kind: "csv", delimiter, encoding: options.isGlance ? encoding : await findEncoding(file, signal) };
  const sample: TableHead["sample"] = [];
  for await (const read of readTableRows(file, { form, headerRows, columns }, signal)) {
    if ("row" in read) sample.push(read);
    if (sample.length >= sampleRows) break;
  }
  // By the header as it is found out: so a later file leads to what was said of this one, its header's rows among it.
  const fingerprint = fingerprintOf(nameColumns(rows.slice(0, Math.min(guessed, rows.length))));
  return { name: file.name, form, headerRows, columns, sample, fingerprint };
}

async function readJsonHead(file: ExportFile, signal: AbortSignal): Promise<TableHead> {
  const lists = new Map<string, { row: Row; line: number }[]>();
  let seen = 0;
  for await (const read of readJsonItems(file, signal)) {
    seen++;
    if ("item" in read && isRow(read.item.value)) {
      const { key, index, line, value } = read.item;
      // The members of one object are no rows, unless they are lists.
      if (index !== undefined || key === "") lists.set(key, [...(lists.get(key) ?? []), { row: value, line }]);
    }
    if (seen >= 2 * sampleRows) break;
  }
  const [list, sample = []] = [...lists].sort((a, b) => b[1].length - a[1].length)[0] ?? [];
  if (list === undefined) {
    throw new AppError("unreadable_file", {
      public: `${file.name} is JSON, but neither a list of objects nor one object a line, so it has no rows. Nothing was stored.`,
    });
  }
  const columns = columnsOf(sample.map(({ row }) => row));
  const fingerprint = fingerprintOf([...new Set(sample.flatMap(({ row }) => Object.keys(row)))].sort());
  return { name: file.name, form: { kind: "json", list }, headerRows: 0, columns, sample: sample.slice(0, sampleRows), fingerprint };
}

function noTable(name: string): AppError {
  return new AppError("unreadable_file", {
    public: `${name} is no table: nothing in it separates columns. CSV, TSV, a JSON list and JSON one object a line can be read. Nothing was stored.`,
  });
}

/** The rows of a table while it streams by; those that do not fit its header are faults with their line. */
export async function* readTableRows(
  file: ExportFile,
  table: Pick<TableHead, "form" | "headerRows" | "columns">,
  signal: AbortSignal,
  onRead?: (bytes: number) => void,
): AsyncGenerator<RowRead> {
  const { form, columns } = table;
  if (form.kind === "json") {
    for await (const read of readJsonItems(file, signal, onRead)) {
      if ("fault" in read) {
        yield { fault: { ...read.fault, remedy: "Repair the line; all the rest was taken." } };
        continue;
      }
      const { key, index, line, value } = read.item;
      if (key !== form.list || (key !== "" && index === undefined)) continue;
      if (isRow(value)) yield { row: value, line };
      else
        yield {
          fault: { line, reason: "It is no object, so it has no fields.", remedy: "Take it out; all the rest was taken.", excerpt: excerptOf(value) },
        };
    }
    return;
  }
  let headerLeft = table.headerRows;
  for await (const { cells, line } of readCsvRows(file, form, signal, onRead)) {
    if (!cells.some((cell) => cell !== "")) continue;
    if (headerLeft > 0) {
      headerLeft--;
      continue;
    }
    if (cells.length < columns.length || cells.slice(columns.length).some((cell) => cell !== "")) {
      const reason = `The row has ${cells.length} cells, and the header ${columns.length}: which belongs where cannot be told.`;
      yield {
        fault: { line, reason, remedy: "Look for a separator or a quote that is missing there.", excerpt: excerptOf(cells.join(form.delimiter)) },
      };
      continue;
    }
    const row: Row = {};
    for (const [i, column] of columns.entries()) {
      const cell = cells[i];
      if (cell !== undefined && cell !== "") row[column] = cell;
    }
    yield { row, line };
  }
}

/** What a row says in a column, or at a path: `user.name`. */
export function cellOf(row: Row, column: string): unknown {
  if (Object.hasOwn(row, column)) return row[column];
  let at: unknown = row;
  for (const part of column.split(".")) {
    if (!isRow(at) || !Object.hasOwn(at, part)) return undefined;
    at = at[part];
  }
  return at;
}

/** A column's name is the last that its header says; empty and repeated ones are numbered. */
export function nameColumns(header: readonly (readonly string[])[]): string[] {
  const width = Math.max(0, ...header.map((row) => row.length));
  const used = new Map<string, number>();
  return Array.from({ length: width }, (_, i) => {
    const words = header.map((row) => row[i] ?? "").filter((cell) => cell !== "");
    const name = (words.at(-1) ?? `column ${i + 1}`).replace(/\s+/g, " ").slice(0, 200);
    const n = (used.get(name) ?? 0) + 1;
    used.set(name, n);
    return n === 1 ? name : `${name} (${n})`;
  });
}

/** The header ends before the first row in which some cells are times, numbers or addresses. */
function guessHeaderRows(rows: readonly (readonly string[])[]): number {
  const looksLikeData = (cell: string) =>
    /^\d+(?:[.,]\d+)?$/.test(cell) ||
    /^\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}\b/.test(cell) ||
    /^[^\s@]+@[^\s@]+\.\w+$/.test(cell) ||
    readTime(cell, { format: "auto", zone: "UTC" }) !== undefined;
  const first = rows.slice(0, headerRowsMax).findIndex((row) => {
    const cells = row.filter((cell) => cell !== "");
    // Options of a survey are now and then numbers, too.
    return cells.filter(looksLikeData).length >= Math.max(1, cells.length * 0.05);
  });
  return Math.max(1, first);
}

function fingerprintOf(columns: readonly string[]): string {
  return hash("sha256", JSON.stringify(columns.map((column) => column.trim().toLowerCase())), "hex").slice(0, 12);
}

/** The columns, or in JSON the paths, of some rows. */
export function columnsOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap((row) => pathsOf(row)))];
}

function pathsOf(row: Row, prefix = "", depth = 1): string[] {
  return Object.entries(row).flatMap(([key, value]) => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    return isRow(value) && depth < pathDepthMax ? pathsOf(value, path, depth + 1) : [path];
  });
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function readHead(file: ExportFile, signal: AbortSignal): Promise<{ head: Buffer; isWhole: boolean }> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of file.read(signal)) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= headBytes) return { head: Buffer.concat(parts).subarray(0, headBytes), isWhole: false };
  }
  return { head: Buffer.concat(parts), isWhole: true };
}
