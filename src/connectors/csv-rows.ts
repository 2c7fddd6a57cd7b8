import { Readable } from "node:stream";
import { CsvError, type Options, parse } from "csv-parse";
import { parse as parseAll } from "csv-parse/sync";
import { AppError } from "#core/errors.ts";
import type { ExportFile } from "./export-files.ts";
import { readAsUtf8, type TextEncoding } from "./text-encoding.ts";

export type Delimiter = "," | ";" | "\t" | "|";

/** One row: its cells, trimmed, and the line on which it begins. */
export interface CsvRow {
  cells: string[];
  line: number;
}

const delimiters: readonly Delimiter[] = [",", ";", "\t", "|"];
const rowMaxChars = 16 * 1024 * 1024;

const options = (delimiter: Delimiter): Options => ({
  bom: true,
  delimiter,
  // Files that were put together have all of them; a lone carriage return is what old spreadsheets write.
  record_delimiter: ["\r\n", "\n", "\r"],
  relax_column_count: true,
  // Quotes after a space are quotes; those that close too early are letters: the row stays, or is found to be ragged.
  ltrim: true,
  relax_quotes: true,
  skip_empty_lines: true,
  max_record_size: rowMaxChars,
});

/** Rows of the beginning of a file; the last one, which may be cut off, is left out unless the file ends there. */
export function readHeadRows(text: string, delimiter: Delimiter, isWhole = false): string[][] {
  const lines = isWhole ? text : text.slice(0, Math.max(text.lastIndexOf("\n"), text.lastIndexOf("\r")) + 1);
  const whole: string[][] = [];
  try {
    parseAll(lines, { ...options(delimiter), to: 200, on_record: (row: string[]) => void whole.push(row.map(tidyCell)) });
    return whole;
  } catch {
    // A quote that is open at the cut spoils no row before it.
    if (whole.length >= 2) return whole;
    // One that opens early swallows them: those that are whole are read line by line.
    return lines
      .split(/\r\n|\n|\r/)
      .slice(0, 20)
      .flatMap((line) => {
        try {
          return parseAll(line, options(delimiter)).map((row) => row.map(tidyCell));
        } catch {
          return [];
        }
      });
  }
}

/**
 * What separates the cells, from the beginning of a file: what cuts most rows into the same number of them.
 * @returns the separator with how sure that is, from 0 (nothing separates anything) to 1
 */
export function guessDelimiter(text: string, isWhole = false): { delimiter: Delimiter; confidence: number; columns: number } {
  let best = { delimiter: "," as Delimiter, confidence: 0, columns: 1 };
  for (const delimiter of delimiters) {
    const rows = readHeadRows(text, delimiter, isWhole).slice(0, 50);
    const widths = new Map<number, number>();
    for (const row of rows) widths.set(row.length, (widths.get(row.length) ?? 0) + 1);
    const [columns = 1, n = 0] = [...widths].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? [];
    if (columns < 2) continue;
    const confidence = n / rows.length;
    if (confidence > best.confidence + 0.1 || (confidence > best.confidence - 0.1 && columns > best.columns))
      best = { delimiter, confidence, columns };
  }
  return best;
}

/**
 * The rows of a CSV file while it streams by; blank lines are left out.
 * @throws AppError `unreadable_file` for a quote that is never closed, `too_large` for a row without an end
 */
export async function* readCsvRows(
  file: ExportFile,
  form: { delimiter: Delimiter; encoding: TextEncoding },
  signal: AbortSignal,
  onRead?: (bytes: number) => void,
): AsyncGenerator<CsvRow> {
  const source = Readable.from(readAsUtf8(file.read(signal, onRead), form.encoding), { objectMode: false });
  // Where the last whole row ends, which is ahead of what was handed on: a fault stands behind it.
  let end = 0;
  // The parser counts both signs of a line break inside a cell.
  let doubled = 0;
  // On which lines the rows begin that were read and not yet handed on.
  const begins: number[] = [];
  const onRecord = (record: string[], { lines }: { lines: number }): string[] => {
    let breaks = 0;
    if (lines - doubled - end > 1) {
      for (const cell of record) {
        breaks += countOf(cell, "\n");
        doubled += countOf(cell, "\r\n");
      }
    }
    end = lines - doubled;
    begins.push(end - breaks);
    return record.map(tidyCell);
  };
  const parser = source.pipe(parse({ ...options(form.delimiter), on_record: onRecord }));
  source.on("error", (error) => parser.destroy(error));
  try {
    for await (const cells of parser as AsyncIterable<string[]>) yield { cells, line: begins.shift() ?? 0 };
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof CsvError ? unreadable(file.name, error, end + 1) : error;
  } finally {
    source.destroy();
    parser.destroy();
  }
}

function countOf(cell: string, sign: string): number {
  let n = 0;
  for (let at = cell.indexOf(sign); at !== -1; at = cell.indexOf(sign, at + 1)) n++;
  return n;
}

/** A cell without the spaces around it, and without quotes that a space after them has kept. */
function tidyCell(cell: string): string {
  const text = cell.trim();
  const isKept = cell.length > text.length && text.length > 1 && text.startsWith('"') && text.endsWith('"');
  return isKept ? text.slice(1, -1).replaceAll('""', '"') : text;
}

function unreadable(name: string, error: CsvError, line: number): AppError {
  if (error.code === "CSV_QUOTE_NOT_CLOSED") {
    return new AppError("unreadable_file", {
      public: `${name}: a quote that opens in the row on line ${line} is never closed: the file is cut off, or that row is broken. Export it again, or repair the row; nothing was stored.`,
      cause: error,
    });
  }
  if (error.code === "CSV_MAX_RECORD_SIZE") {
    return new AppError("too_large", {
      public: `${name}: the row on line ${line} is longer than ${rowMaxChars / 1024 / 1024} MB. Perhaps a quote before it is never closed.`,
      cause: error,
    });
  }
  return new AppError("unreadable_file", { public: `${name}, line ${line}: ${error.message}. Repair the line; nothing was stored.`, cause: error });
}
