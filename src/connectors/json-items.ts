import { AppError } from "#core/errors.ts";
import type { ExportFile } from "./export-files.ts";
import { readLines, readPieces } from "./export-files.ts";

/** One item of a JSON file: of its list, of a list that is a member of its object, or one of its lines. */
export interface JsonItem {
  /** The member of the outermost object that it stands in; empty in a list of its own and in lines. */
  key: string;
  /** Its place in that list; undefined for a member that is no list, and for lines. */
  index: number | undefined;
  line: number;
  value: unknown;
}

/** A line that is no JSON. */
export interface JsonFault {
  line: number;
  reason: string;
  excerpt: string;
}

/** Whether a text is JSON one object a line, and not one JSON value as a whole. */
export function looksLikeJsonLines(text: string): boolean {
  const start = text.trimStart();
  if (!start.startsWith("{")) return false;
  const end = start.indexOf("\n");
  const first = (end === -1 ? start : start.slice(0, end)).trim();
  if (!first.endsWith("}") || (end !== -1 && start.slice(end).trim() === "")) return false;
  try {
    JSON.parse(first);
    return end !== -1;
  } catch {
    return false;
  }
}

/**
 * The items of a JSON file while it streams by: a list, an object whose members are lists, or JSON one object a line.
 * @throws AppError `unreadable_file` with the place where JSON that is one value breaks; a broken line is a fault by itself
 */
export async function* readJsonItems(
  file: ExportFile,
  signal: AbortSignal,
  onRead?: (bytes: number) => void,
): AsyncGenerator<{ item: JsonItem } | { fault: JsonFault }> {
  let isLines = false;
  for await (const chunk of file.read(signal)) {
    isLines = looksLikeJsonLines(chunk.toString("utf8").replace(/^\ufeff/, ""));
    break;
  }
  if (!isLines) {
    for await (const { piece, cutter } of readPieces(file, signal, onRead ? { onRead } : {})) {
      yield { item: { key: piece.key, index: piece.index, line: piece.line, value: cutter.parse(piece) } };
    }
    return;
  }
  const read: ExportFile = { ...file, read: (one) => file.read(one, onRead) };
  for await (const { text, line } of readLines(read, signal)) {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      yield { fault: { line, reason: `It is no JSON: ${error instanceof Error ? error.message : String(error)}`, excerpt: text.slice(0, 300) } };
      continue;
    }
    yield { item: { key: "", index: undefined, line, value } };
  }
}

/**
 * One line of a file of which each line is JSON.
 * @throws AppError `unreadable_file` with the line: for files that are refused as a whole when one is broken
 */
export function parseJsonLine(name: string, text: string, line: number): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new AppError("unreadable_file", {
      public: `${name} is not valid JSON at line ${line.toLocaleString("en")}: it may be cut off there. Get the file again, or take that line out; nothing was stored.`,
      cause,
    });
  }
}
