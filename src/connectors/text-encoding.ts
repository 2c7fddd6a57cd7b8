import type { ExportFile } from "./export-files.ts";

/** In what a text file is written; UTF-16 only where its mark says so or every second byte is empty. */
export type TextEncoding = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

/**
 * Finds out in what a text file is written, from its beginning and, for UTF-8, from all of it: a file is UTF-8 only when
 * every byte fits, else it is what spreadsheets in the West write.
 */
export async function findEncoding(file: ExportFile, signal: AbortSignal): Promise<TextEncoding> {
  const strict = new TextDecoder("utf-8", { fatal: true });
  let first = true;
  try {
    for await (const chunk of file.read(signal)) {
      if (first) {
        const wide = wideEncoding(chunk);
        if (wide) return wide;
        first = false;
      }
      strict.decode(chunk, { stream: true });
    }
    strict.decode();
    return "utf-8";
  } catch (error) {
    if (error instanceof TypeError) return "windows-1252";
    throw error;
  }
}

/** What the beginning of a file alone tells; a character that is cut in two at its end is no fault. */
export function guessEncoding(head: Buffer): TextEncoding {
  const wide = wideEncoding(head);
  if (wide) return wide;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return "utf-8";
  } catch {
    return "windows-1252";
  }
}

function wideEncoding(head: Buffer): "utf-16le" | "utf-16be" | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  const pairs = Math.min(head.length, 256) >> 1;
  if (pairs < 4) return undefined;
  let [even, odd] = [0, 0];
  for (let i = 0; i < pairs; i++) {
    if (head[2 * i] === 0) even++;
    if (head[2 * i + 1] === 0) odd++;
  }
  if (odd > pairs * 0.7 && even === 0) return "utf-16le";
  return even > pairs * 0.7 && odd === 0 ? "utf-16be" : undefined;
}

/** Text as it was written, without the mark at its beginning. */
export function decodeHead(head: Buffer, encoding: TextEncoding): string {
  return new TextDecoder(encoding).decode(head, { stream: true });
}

/** A file's bytes as UTF-8, whatever they were. */
export async function* readAsUtf8(chunks: AsyncIterable<Buffer>, encoding: TextEncoding): AsyncGenerator<Buffer> {
  if (encoding === "utf-8") {
    yield* chunks;
    return;
  }
  const decoder = new TextDecoder(encoding);
  for await (const chunk of chunks) yield Buffer.from(decoder.decode(chunk, { stream: true }), "utf8");
  const rest = decoder.decode();
  if (rest !== "") yield Buffer.from(rest, "utf8");
}
