import { closeSync, createReadStream, openSync, readdirSync, readSync } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { createGunzip, gunzipSync } from "node:zlib";
import { AppError } from "#core/errors.ts";

/** One mailbox file of an import: the file itself, or one of a folder's. */
export interface MailboxFile {
  path: string;
  name: string;
  size: number;
  gzip: boolean;
}

/** The mailboxes at a path, and the files of a folder that are none. */
export interface Mailboxes {
  files: MailboxFile[];
  others: string[];
}

/**
 * Finds the mailboxes at a path. A folder's are read in the order of their names.
 * @throws AppError `unreadable_file` saying what the file looks like when it is no mailbox
 */
export async function findMailboxes(path: string): Promise<Mailboxes> {
  const found = await stat(path);
  if (!found.isDirectory()) {
    const head = await readHead(path);
    const start = unpackedHead(head);
    if (!isMailbox(start)) throw new AppError("unreadable_file", { public: `${basename(path)} is no mailbox: ${describe(start)}` });
    return { files: [{ path, name: basename(path), size: found.size, gzip: isGzip(head) }], others: [] };
  }
  const mailboxes: Mailboxes = { files: [], others: [] };
  for (const name of (await readdir(path)).sort()) {
    const file = join(path, name);
    const { size, isFile } = await stat(file).then((s) => ({ size: s.size, isFile: s.isFile() }));
    if (!isFile || name.startsWith(".") || size === 0) continue;
    const head = await readHead(file);
    if (isMailbox(unpackedHead(head))) mailboxes.files.push({ path: file, name, size, gzip: isGzip(head) });
    else mailboxes.others.push(name);
  }
  if (mailboxes.files.length === 0) {
    throw new AppError("unreadable_file", {
      public: `${path} holds no mailbox: none of its files begins with a "From " line. Give a file of a list's archive, or a folder of them.`,
    });
  }
  return mailboxes;
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16_384), 0, 16_384, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Whether one of a folder's first files begins as a mailbox does. */
export function holdsMailbox(folder: string): boolean {
  for (const entry of readdirSync(folder, { withFileTypes: true }).slice(0, 20)) {
    if (!entry.isFile()) continue;
    const file = openSync(join(folder, entry.name), "r");
    try {
      const head = Buffer.alloc(1024);
      if (/^From \S/.test(unpackedHead(head.subarray(0, readSync(file, head))))) return true;
    } finally {
      closeSync(file);
    }
  }
  return false;
}

export function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** The first bytes as text (Latin-1), unpacked where they are gzip. */
export function unpackedHead(head: Buffer): string {
  if (!isGzip(head)) return head.toString("latin1");
  try {
    // Only the start of the file is at hand, so the packed data end early; that is no fault here.
    return gunzipSync(head, { finishFlush: 2 }).toString("latin1");
  } catch {
    return "";
  }
}

/** Whether text begins as a mailbox does, perhaps after blank lines or a stray line or two. */
export function isMailbox(start: string): boolean {
  return !start.startsWith("PK") && /^From /m.test(start) && !/^\s*(?:<[!?a-z]|[{[]|%PDF)/i.test(start);
}

function describe(start: string): string {
  if (/^(?:[\w-]+:.*\r?\n(?:[ \t].*\r?\n)*){2}/.test(start)) {
    return 'it looks like a single mail (.eml). A mailbox starts each mail with a "From " line; put the mail into a mailbox first.';
  }
  if (start.startsWith("PK")) return "it looks like a zip archive: unpack it and import the mailbox in it.";
  if (/^\s*[{[]/.test(start)) return "it looks like JSON.";
  if (/^\s*</.test(start)) return "it looks like a web page or XML. Archives offer the mailbox under a link such as «Gzip'd Text» or «Download».";
  return 'no line in its beginning starts with "From ", as each mail of a mailbox does.';
}

/**
 * A mailbox's bytes, unpacked.
 * @param onRead is told how many bytes of the file, packed or not, have been read
 * @throws AppError `unreadable_file` for a packed file that is broken or cut off
 */
export async function* readBytes(file: MailboxFile, signal: AbortSignal, onRead: (bytes: number) => void = () => undefined): AsyncGenerator<Buffer> {
  const source = createReadStream(file.path, { highWaterMark: 1024 * 1024, signal });
  const bytes = file.gzip ? source.pipe(createGunzip({ chunkSize: 256 * 1024 })) : source;
  if (file.gzip) source.on("error", (error) => bytes.destroy(error));
  try {
    for await (const chunk of bytes) {
      onRead(source.bytesRead);
      yield chunk as Buffer;
    }
  } catch (cause) {
    signal.throwIfAborted();
    if (!file.gzip) throw cause;
    throw new AppError("unreadable_file", {
      public: `${file.name} cannot be unpacked (${cause instanceof Error ? cause.message : "broken gzip"}, after ${source.bytesRead.toLocaleString("en")} bytes). It is cut off or broken: download it again; nothing was stored.`,
      cause,
    });
  } finally {
    source.destroy();
  }
}
