import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { looksLikeZip, openArchive } from "#core/archive.ts";
import { AppError } from "#core/errors.ts";
import { JsonCutter, type JsonPiece } from "./cut-json.ts";

/** One file of an export, read as a stream and unpacked where it is gzip. */
export interface ExportFile {
  /** Its path inside the folder or zip; its own name when it came alone. */
  name: string;
  /** Bytes as it lies on the disk, or once taken out of a zip. */
  sizeBytes: number;
  /** @param onRead is told how many of those bytes have been taken in, for a progress that minds packing */
  read(signal: AbortSignal, onRead?: (bytes: number) => void): AsyncGenerator<Buffer>;
}

/** An export as people have it: one file, a folder or a zip. */
export interface ExportFiles {
  /** How messages call it. */
  name: string;
  files: readonly ExportFile[];
  /** Whether it is one plain file. */
  isSingle: boolean;
  totalBytes: number;
  close(): Promise<void>;
}

const cutBytes = 64 * 1024;
const lineMaxBytes = 64 * 1024 * 1024;
const smallMaxBytes = 64 * 1024 * 1024;

/**
 * Opens what was brought in; to be closed after use.
 * @throws AppError `unreadable_file` for a damaged zip
 */
export async function openExport(path: string): Promise<ExportFiles> {
  const name = basename(path);
  const found = await stat(path);
  if (!found.isDirectory() && !(await isZip(path))) {
    const file: ExportFile = {
      name,
      sizeBytes: found.size,
      read: (signal, onRead) => readUnpacked(name, createReadStream(path, { highWaterMark: 128 * 1024, signal }), signal, onRead),
    };
    return { name, files: [file], isSingle: true, totalBytes: found.size, close: async () => undefined };
  }
  const archive = await openArchive(path);
  const files = archive.entries.map((entry): ExportFile => {
    return {
      ...entry,
      async *read(signal, onRead) {
        yield* readUnpacked(entry.name, await archive.open(entry.name), signal, onRead);
      },
    };
  });
  const totalBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return { name, files, isSingle: false, totalBytes, close: () => archive.close() };
}

/**
 * Cuts a JSON file into the items of its lists while it streams by.
 * @param options.inside as the cutter has it
 * @param options.onRead as `ExportFile.read` has it
 */
export async function* readPieces(
  file: ExportFile,
  signal: AbortSignal,
  options: { inside?: readonly string[]; onRead?: (bytes: number) => void } = {},
): AsyncGenerator<{ piece: JsonPiece; cutter: JsonCutter }> {
  const cutter = new JsonCutter(file.name, options);
  for await (const chunk of file.read(signal, options.onRead)) {
    // In small cuts: the pieces of a large one would outlive the collector's young generation, and the heap grow by them.
    for (let at = 0; at < chunk.length; at += cutBytes) {
      for (const piece of cutter.push(chunk.subarray(at, at + cutBytes))) yield { piece, cutter };
    }
  }
  cutter.end();
}

/** The lines of a file with their numbers; blank lines are left out. */
export async function* readLines(file: ExportFile, signal: AbortSignal): AsyncGenerator<{ text: string; line: number; bytes: number }> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let line = 0;
  for await (const chunk of file.read(signal)) {
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      const part = chunk.subarray(from, at);
      const bytes = rest.length === 0 ? part : Buffer.concat([...rest, part]);
      rest = [];
      restBytes = 0;
      from = at + 1;
      line += 1;
      const text = bytes.toString("utf8");
      if (text.trim() !== "") yield { text: line === 1 ? withoutMark(text) : text, line, bytes: bytes.length + 1 };
    }
    if (from === chunk.length) continue;
    rest.push(chunk.subarray(from));
    restBytes += chunk.length - from;
    if (restBytes > lineMaxBytes) {
      throw new AppError("too_large", {
        public: `Line ${line + 1} of ${file.name} is longer than ${lineMaxBytes / 1024 / 1024} MB. Check the file.`,
      });
    }
  }
  const text = Buffer.concat(rest).toString("utf8");
  if (text.trim() !== "") yield { text: line === 0 ? withoutMark(text) : text, line: line + 1, bytes: restBytes };
}

/**
 * A small JSON file as a whole.
 * @throws AppError `unreadable_file` with the place where it is no JSON, `too_large`
 */
export async function readJson(file: ExportFile, signal: AbortSignal): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of file.read(signal)) {
    parts.push(part);
    bytes += part.length;
    if (bytes > smallMaxBytes)
      throw new AppError("too_large", { public: `${file.name} is larger than ${smallMaxBytes / 1024 / 1024} MB. Check the file.` });
  }
  const text = withoutMark(Buffer.concat(parts).toString("utf8"));
  return new JsonCutter(file.name).parse({ key: "", text, byte: 0, line: 1 });
}

async function isZip(path: string): Promise<boolean> {
  const handle = await open(path);
  try {
    const head = Buffer.alloc(4);
    await handle.read(head, 0, 4, 0);
    return looksLikeZip(head);
  } finally {
    await handle.close();
  }
}

async function* readUnpacked(name: string, source: Readable, signal: AbortSignal, onRead?: (bytes: number) => void): AsyncGenerator<Buffer> {
  const chunks = countBytes(source, onRead);
  try {
    const first = await chunks.next();
    if (first.done) return;
    const head = first.value;
    const all = (async function* () {
      yield head;
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
    })();
    if (head[0] !== 0x1f || head[1] !== 0x8b) yield* abortable(all, signal);
    else yield* unpack(name, all, signal);
  } finally {
    source.destroy();
  }
}

async function* countBytes(source: Readable, onRead: ((bytes: number) => void) | undefined): AsyncGenerator<Buffer, void> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += (chunk as Buffer).length;
    onRead?.(bytes);
    yield chunk as Buffer;
  }
}

async function* unpack(name: string, packed: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  const input = Readable.from(packed);
  const unpacked = input.pipe(createGunzip({ chunkSize: 256 * 1024 }));
  input.on("error", (error) => unpacked.destroy(error));
  try {
    for await (const chunk of unpacked) {
      signal.throwIfAborted();
      yield chunk as Buffer;
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw new AppError("unreadable_file", {
      public: `${name} cannot be unpacked (${cause instanceof Error ? cause.message : "broken gzip"}). It is cut off or broken: download it again; nothing was stored.`,
      cause,
    });
  } finally {
    input.destroy();
    unpacked.destroy();
  }
}

async function* abortable(chunks: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    yield chunk;
  }
}

function withoutMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** A file's name without its ending and the day of its export, so that the next export of the same is the same. */
export function plainFileName(file: string): string {
  const name = file
    .replace(/\.gz$/i, "")
    .replace(/(?<=.)\.[A-Za-z]{2,6}$/, "")
    .replace(/[-_. (]*\d{4}[-_.]?\d{2}[-_.]?\d{2}(?:[T\-_. ]?\d{2,6}(?:[-_.:]?\d{2})*Z?)?\)?/, "")
    .replace(/ ?\(\d+\)$/, "");
  return name.replace(/^[-_. ]+|[-_. ]+$/g, "") || file;
}
