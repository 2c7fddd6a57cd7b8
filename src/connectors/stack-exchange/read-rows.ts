import { SaxesParser } from "saxes";
import { AppError } from "#core/errors.ts";
import type { ExportFile } from "../export-files.ts";

/** One `<row …/>` of a dump. */
export interface DumpRow {
  fields: Record<string, string>;
  line: number;
}

/** What a dump's files hold, by the name of their outermost element. */
export const dumpRoots = ["posts", "users", "comments", "postlinks", "votes", "badges", "tags", "posthistory"] as const;
export type DumpRoot = (typeof dumpRoots)[number];

/**
 * The rows of a file of a dump, while it streams by; files have many gigabytes.
 * @yields the rows of each piece that was read, with the byte up to which it goes (once unpacked)
 * @throws AppError `unreadable_file` with line and column where it is no XML, is cut off, or is no file of a dump
 */
export async function* readRows(file: ExportFile, signal: AbortSignal): AsyncGenerator<{ root: DumpRoot; rows: DumpRow[]; byte: number }> {
  const parser = new SaxesParser<{ position: true; xmlns?: false }>({ position: true });
  const decoder = new TextDecoder("utf-8");
  let element: string | undefined;
  let rows: DumpRow[] = [];
  let depth = 0;
  let fault: string | undefined;
  parser.on("opentag", (tag) => {
    depth++;
    if (depth === 1) element ??= tag.name;
    else if (depth === 2 && tag.name === "row") rows.push({ fields: tag.attributes, line: parser.line });
  });
  parser.on("closetag", () => {
    depth--;
  });
  parser.on("error", ({ message }) => {
    // Old posts hold characters that XML knows no way to write; they are taken as they stand.
    if (/(?:malformed character entity|disallowed character)\.$/.test(message)) return;
    fault ??= message;
  });
  let byte = 0;
  for await (const chunk of file.read(signal)) {
    byte += chunk.length;
    parser.write(decoder.decode(chunk, { stream: true }));
    if (fault !== undefined) throw broken(file.name, fault);
    if (element !== undefined) yield { root: rootOf(file.name, element), rows, byte };
    rows = [];
  }
  const isOpen = depth > 0;
  const { line } = parser;
  parser.write(decoder.decode()).close();
  if (byte === 0) throw broken(file.name, "1:0: it is empty.");
  if (element !== undefined && isOpen) {
    throw new AppError("unreadable_file", {
      public: `${file.name} is cut off: it ends in line ${line.toLocaleString("en")} (byte ${byte.toLocaleString("en")}), and the closing </${element}> is missing. Download or unpack it again; nothing was stored.`,
    });
  }
  if (fault !== undefined || element === undefined) throw broken(file.name, fault ?? "1:0: it holds no element.");
}

function rootOf(name: string, element: string): DumpRoot {
  const found = dumpRoots.find((root) => root === element.toLowerCase());
  if (found) return found;
  throw new AppError("unreadable_file", {
    public: `${name} is XML, but no file of a Stack Exchange dump: it begins with <${element}>, where <posts>, <users> or <comments> was expected.`,
  });
}

function broken(name: string, fault: string): AppError {
  const [, line, column, what] = /^(\d+):(\d+): (.*?)\.?$/s.exec(fault) ?? [];
  return new AppError("unreadable_file", {
    public: `${name} is no whole XML: ${what ?? fault} at line ${Number(line ?? 1).toLocaleString("en")}, column ${column ?? 0}. Download or unpack it again; nothing was stored.`,
  });
}
