import type { ExportFile } from "../export-files.ts";

/** The text of one commit in a log, from its first line to where the next begins. */
export interface LogBlock {
  bytes: Buffer;
  /** The line of the file on which it begins, from 1. */
  line: number;
}

/** Heads and messages are far smaller; what is larger are differences, which nobody reads here. */
const keptMax = 4 * 1024 * 1024;
const newline = 10;
const opening = Buffer.from("\ncommit ");
const heads = /^commit (?:[<>=+^-] ?)?[0-9a-f]{4,64}(?:[\s(]|$)/;

/**
 * Cuts a log into its commits while it streams by. What stands before the first commit comes as a block too.
 * Messages are indented, so nothing in them is taken for a commit.
 */
export async function* cutLog(file: ExportFile, signal: AbortSignal, onRead?: (bytes: number) => void): AsyncGenerator<LogBlock> {
  // With a line end before it, the first commit begins as all others do.
  let held: Buffer = Buffer.from("\n");
  let from = 1;
  let line = 1;
  let skipped = 0;
  for await (const chunk of readAsUtf8(file, signal, onRead)) {
    const searched = Math.max(0, held.length - opening.length - 80);
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let at = held.indexOf(opening, searched);
    while (at !== -1 && at + 80 <= held.length) {
      if (heads.test(held.toString("latin1", at + 1, at + 80))) {
        const bytes = held.subarray(from, at + 1);
        if (bytes.length > 0) yield { bytes, line };
        line += skipped + countLines(bytes);
        skipped = 0;
        from = at + 1;
      }
      at = held.indexOf(opening, at + 1);
    }
    held = held.subarray(Math.max(0, from - 1));
    from = Math.min(from, 1);
    if (held.length > keptMax * 2) {
      const tail = held.length - opening.length - 80;
      skipped += countLines(held.subarray(keptMax, tail));
      held = Buffer.concat([held.subarray(0, keptMax), held.subarray(tail)]);
    }
  }
  for (let at = held.indexOf(opening, from); at !== -1; at = held.indexOf(opening, at + 1)) {
    if (!heads.test(held.toString("latin1", at + 1, at + 80))) continue;
    const bytes = held.subarray(from, at + 1);
    if (bytes.length > 0) yield { bytes, line };
    line += skipped + countLines(bytes);
    skipped = 0;
    from = at + 1;
  }
  if (held.length > from) yield { bytes: held.subarray(from), line };
}

/** PowerShell's `>` writes UTF-16; a mark at the start says which. */
async function* readAsUtf8(file: ExportFile, signal: AbortSignal, onRead?: (bytes: number) => void): AsyncGenerator<Buffer> {
  let decoder: TextDecoder | undefined;
  let first = true;
  for await (const chunk of file.read(signal, onRead)) {
    let bytes = chunk;
    if (first) {
      first = false;
      if (bytes[0] === 0xff && bytes[1] === 0xfe) decoder = new TextDecoder("utf-16le");
      else if (bytes[0] === 0xfe && bytes[1] === 0xff) decoder = new TextDecoder("utf-16be");
      else if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) bytes = bytes.subarray(3);
    }
    yield decoder ? Buffer.from(decoder.decode(bytes, { stream: true })) : bytes;
  }
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) lines++;
  return lines;
}
