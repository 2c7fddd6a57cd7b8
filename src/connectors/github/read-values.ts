import { AppError } from "#core/errors.ts";
import { type ExportFile, readLines, readPieces } from "../export-files.ts";
import { isRow, type Row } from "./row.ts";

/** How a file is written: an archive.json, one object a line, or JSON as the API answers. */
export type FileForm = "archive" | "lines" | "json";

/** The number and name of an event's repository, read from its line without parsing the rest. */
export const eventRepo = /^\{"id":"\d+","type":"\w+","actor":\{[^{}]*\},"repo":\{"id":(\d+),"name":"([^"\\/]+\/[^"\\/]+)"/;

const answerMaxBytes = 256 * 1024 * 1024;
const headBytes = 65_536;

/** Reads a file's beginning and tells how it is written. */
export async function tellForm(file: ExportFile, signal: AbortSignal): Promise<FileForm> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of file.read(signal)) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes >= headBytes) break;
  }
  const head = Buffer.concat(parts).subarray(0, headBytes);
  refuseOtherFormats(file.name, head);
  return formOf(
    head
      .toString("utf8")
      .replace(/^\ufeff/, "")
      .trimStart(),
  );
}

/** @param head the beginning of a file's text, cut anywhere */
export function formOf(head: string): FileForm {
  if (head.startsWith("[")) return "json";
  if (looksLikeArchive(head)) return "archive";
  const [first = "", second] = head.split("\n", 2);
  if (/^\{"id":"\d+","type":"\w+Event"/.test(first)) return "lines";
  if (/^\{.*"type":"\w+Event"/.test(first) && /"actor"\s*:/.test(first)) return "lines";
  return second !== undefined && parses(first) ? "lines" : "json";
}

/** An archive's own mark, or a `repo` that is a text, as no answer of the API has it. */
export function looksLikeArchive(head: string): boolean {
  return /"magic"\s*:\s*"E!vIA5L86J2I"/.test(head) || /^\{[\s\S]*"repo"\s*:\s*"[^"/]+\/[^"/]+"/.test(head);
}

/** One object of a file with its place in words. */
export interface ReadValue {
  value: unknown;
  place: string;
}

/**
 * The objects of a file that holds one a line. Lines of the event feed that are not wanted are passed by unread.
 * @param wanted told of the repository of an event's line; says whether the line is needed
 * @param onBroken told of a line that is no JSON, unless it is the last: then the file was cut off
 * @throws AppError `unreadable_file` for a file that was cut off
 */
export async function* readObjectLines(
  file: ExportFile,
  input: {
    signal: AbortSignal;
    wanted: (repo: { id: number; name: string }) => boolean;
    onBroken: (line: { place: string; text: string; reason: string }) => void;
  },
): AsyncGenerator<ReadValue> {
  let broken: { place: string; text: string; reason: string } | undefined;
  let last: { text: string; line: number } | undefined;
  for await (const { text, line } of readLines(file, input.signal)) {
    if (broken) input.onBroken(broken);
    broken = undefined;
    last = undefined;
    const place = `${file.name}, line ${line}`;
    const repo = eventRepo.exec(text);
    if (repo && !input.wanted({ id: Number(repo[1]), name: repo[2] ?? "" })) {
      last = { text, line };
      continue;
    }
    try {
      for (const value of parseLine(text)) yield { value, place };
    } catch (error) {
      broken = { place, text, reason: error instanceof Error ? error.message : String(error) };
    }
  }
  if (last && !parses(last.text)) broken = { place: `${file.name}, line ${last.line}`, text: last.text, reason: "" };
  if (broken) {
    throw new AppError("unreadable_file", {
      public: `${broken.place} is the last one and is no complete JSON: the file was cut off. Download or make it again; nothing was stored.`,
      internal: broken.reason,
    });
  }
}

/** The objects of one line; in some hours of the first years several follow each other without a line end. */
function parseLine(text: string): unknown[] {
  try {
    return [JSON.parse(text) as unknown];
  } catch (error) {
    const parts = text.split(/(?<=\})(?=\{"(?:type|id|repo|payload|created_at|actor|public|url|org|repository|actor_attributes)":)/);
    if (parts.length === 1) throw error;
    // A part that ends inside a text is no object by itself and joins the next.
    const values: unknown[] = [];
    let open = "";
    for (const part of parts) {
      open += part;
      if (!parses(open)) continue;
      values.push(JSON.parse(open) as unknown);
      open = "";
    }
    if (open !== "") throw error;
    return values;
  }
}

function parses(text: string): boolean {
  try {
    return isRow(JSON.parse(text));
  } catch {
    return false;
  }
}

/**
 * The items of a JSON file: of a list, of lists in a list (pages that were put together), of the `items` of a search, or the
 * one object that it is.
 * @throws AppError `unreadable_file` with line and byte where it is no JSON or cut off
 */
export async function* readJsonItems(file: ExportFile, signal: AbortSignal): AsyncGenerator<ReadValue> {
  const whole: Row = {};
  let isList = false;
  let bytes = 0;
  for await (const { piece, cutter } of readPieces(file, signal)) {
    const value = cutter.parse(piece);
    if (piece.index !== undefined && (piece.key === "" || piece.key === "items")) {
      isList = true;
      const place = `${file.name}, item ${piece.index + 1} (line ${piece.line})`;
      if (Array.isArray(value)) for (const part of value) yield { value: part, place };
      else yield { value, place };
      continue;
    }
    bytes += piece.text.length;
    if (bytes > answerMaxBytes) {
      throw new AppError("too_large", {
        public: `${file.name} is larger than any answer of GitHub (${answerMaxBytes / 1024 / 1024} MB). Check the file.`,
      });
    }
    if (piece.index === undefined) whole[piece.key] = value;
    else {
      const list = whole[piece.key];
      if (Array.isArray(list)) list.push(value);
      else whole[piece.key] = [value];
    }
  }
  if (!isList && Object.keys(whole).length > 0) yield { value: whole, place: file.name };
}

function refuseOtherFormats(name: string, head: Buffer): void {
  const start = head
    .subarray(0, 512)
    .toString("latin1")
    .replace(/^\u00ef\u00bb\u00bf/, "")
    .trimStart();
  const looksLike =
    (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)
      ? "UTF-16 text: save it as UTF-8"
      : start.startsWith("<")
        ? "a web page or XML, perhaps a download that asked for a sign-in"
        : start.startsWith("From ")
          ? "a mailbox: import it with mbox"
          : start.startsWith("{") || start.startsWith("[") || start === ""
            ? undefined
            : "not JSON at all";
  if (looksLike) {
    throw new AppError("unreadable_file", {
      public: `${name} is nothing that GitHub gives: it looks like ${looksLike}. An archive.json, hours of GH Archive and answers of the REST API are JSON.`,
    });
  }
}
