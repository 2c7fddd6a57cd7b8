import { AppError } from "#core/errors.ts";
import { type ExportFile, openExport } from "../export-files.ts";
import { describeOther, headBytes, type MailFormat, tellFormat } from "./tell-format.ts";

/** What was brought in: the files in it that may hold mails, in the order of their names. */
export interface MailFiles {
  name: string;
  files: readonly ExportFile[];
  /** Files left out by their name alone, with the reason and what to do. */
  leftOut: { name: string; reason: string; remedy: string }[];
  isSingle: boolean;
  totalBytes: number;
  close(): Promise<void>;
}

/** What mail servers keep beside the mails of a maildir. */
const bookkeeping = /^(?:dovecot[\w.-]*|courier[\w.-]*|maildirfolder|maildirsize|subscriptions|\..*)$/;

/**
 * Opens a file, folder or zip of mails; to be closed after use.
 * @throws AppError `unreadable_file` for a damaged zip
 */
export async function openMails(path: string): Promise<MailFiles> {
  const found = await openExport(path);
  const leftOut: MailFiles["leftOut"] = [];
  const files = found.files.filter((file) => {
    if (found.isSingle) return true;
    const base = file.name.slice(file.name.lastIndexOf("/") + 1);
    const folder = /(?:^|\/)(cur|new|tmp)\/[^/]+$/.exec(file.name)?.[1];
    if (folder === undefined) return !bookkeeping.test(base);
    const reason = folder === "tmp" ? "was still being delivered" : unwanted(base);
    if (reason === undefined) return true;
    leftOut.push({
      name: file.name,
      reason,
      remedy: "Nothing needs to be done, unless it belongs to the list: then move it to cur without that flag.",
    });
    return false;
  });
  return { ...found, files, leftOut, totalBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0) };
}

/** Why a maildir's mail is none of the list's, by the flags at the end of its name. */
function unwanted(name: string): string | undefined {
  const flags = /[:;!]2,([A-Za-z]*)$/.exec(name)?.[1] ?? "";
  if (flags.includes("D")) return "is a draft that was never sent (flag D)";
  if (flags.includes("T")) return "was thrown away by the mailbox's owner (flag T)";
  return undefined;
}

/** A file with what it turns out to be and its bytes from the first on. */
export interface OpenedMailFile {
  format: MailFormat | undefined;
  head: string;
  bytes: AsyncGenerator<Buffer>;
}

/** Looks at a file's first bytes and goes on with it. */
export async function openMailFile(file: ExportFile, signal: AbortSignal, onRead?: (bytes: number) => void): Promise<OpenedMailFile> {
  const source = readSoundly(file, signal, onRead);
  const first: Buffer[] = [];
  let size = 0;
  while (size < headBytes) {
    const next = await source.next();
    if (next.done) break;
    first.push(next.value);
    size += next.value.length;
  }
  const start = Buffer.concat(first);
  const head = start.toString("latin1", 0, headBytes);
  return {
    format: tellFormat(head, file.name),
    head,
    bytes: (async function* () {
      if (start.length > 0) yield start;
      yield* source;
    })(),
  };
}

async function* readSoundly(file: ExportFile, signal: AbortSignal, onRead?: (bytes: number) => void): AsyncGenerator<Buffer, void> {
  try {
    yield* file.read(signal, onRead);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof AppError) throw cause;
    throw new AppError("unreadable_file", {
      public: `${file.name} cannot be read to its end: ${cause instanceof Error ? cause.message : String(cause)}. It is damaged or cut off: download or make it again; nothing was stored.`,
      cause,
    });
  }
}

/** Says of a file that is brought in by itself why it is refused. */
export function refuse(name: string, head: string): AppError {
  const { looks, remedy } = describeOther(head);
  return new AppError("unreadable_file", { public: `${name} is no mailbox and no mail: ${looks} ${remedy}` });
}
