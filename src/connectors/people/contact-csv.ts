import { hash } from "node:crypto";
import { AppError } from "#core/errors.ts";
import type { NormalizedIdentity } from "#features/ledger/index.ts";
import { guessDelimiter, readCsvRows, readHeadRows } from "../csv-rows.ts";
import { decodeHead, findEncoding, guessEncoding } from "../text-encoding.ts";
import { excerptOf } from "../words.ts";
import { type Entry, type ReadInput, text } from "./entry.ts";

export type Fields = Record<string, string>;

/** A column's name in one spelling: `First Name`, `first_name` and `firstName` are one. */
export function columnKey(name: string): string {
  // `GitHub` is one word; `firstName` is two.
  return (/^[a-z]+[A-Z]\w*$/.test(name) ? name.replace(/([a-z])([A-Z])/g, "$1_$2") : name)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
}

/** The columns of a CSV file, from its beginning. */
export function readColumns(head: string): string[] {
  const { delimiter } = guessDelimiter(head);
  return (readHeadRows(head, delimiter)[0] ?? readHeadRows(head, delimiter, true)[0] ?? []).map(columnKey);
}

/**
 * The rows of a CSV file with a header, by the column's key. Cells without words are left out, and so are columns that
 * nobody needs.
 * @param input.leftOut columns that are not kept
 */
export async function* readContacts(
  { file, signal, onRead }: ReadInput,
  input: { leftOut: readonly string[]; toEntry: (fields: Fields, place: string) => Entry },
): AsyncGenerator<Entry> {
  const { head, isWhole } = await readHead(file, signal);
  const encoding = await findEncoding(file, signal);
  const { delimiter } = guessDelimiter(decodeHead(head, guessEncoding(head)), isWhole);
  let columns: string[] | undefined;
  for await (const { cells, line } of readCsvRows(file, { delimiter, encoding }, signal, onRead)) {
    if (!columns) {
      columns = cells.map(columnKey);
      continue;
    }
    const place = `${file.name}, line ${line}`;
    if (cells.length !== columns.length && cells.slice(columns.length).some((cell) => cell !== "")) {
      const problem = { field: "", reason: `The row has ${cells.length} cells, and the header ${columns.length}: what stands where cannot be told.` };
      yield { place, problem: { ...problem, remedy: "Look for a separator or quote that is missing." }, excerpt: excerptOf(cells) };
      continue;
    }
    const fields: Fields = {};
    for (const [i, column] of columns.entries()) {
      const cell = text(cells[i]);
      if (cell !== undefined && column !== "" && !input.leftOut.includes(column)) fields[column] = cell;
    }
    if (Object.keys(fields).length > 0) yield input.toEntry(fields, place);
  }
  if (!columns) throw new AppError("unreadable_file", { public: `${file.name} has no header and no rows. Nothing was stored.` });
}

async function readHead(file: ReadInput["file"], signal: AbortSignal): Promise<{ head: Buffer; isWhole: boolean }> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of file.read(signal)) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= 65_536) return { head: Buffer.concat(parts).subarray(0, 65_536), isWhole: false };
  }
  return { head: Buffer.concat(parts), isWhole: true };
}

/** What a row without an id is known by: its first handle, or else what it says. */
export function rowKey(identities: readonly NormalizedIdentity[], fields: Fields): string {
  const [first] = identities;
  return first ? `${first.platform}:${first.externalId}` : hash("sha256", JSON.stringify(Object.entries(fields).sort()), "hex").slice(0, 32);
}
