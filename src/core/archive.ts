import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import yauzl from "yauzl";
import { AppError } from "./errors.ts";

export interface ArchiveEntry {
  /** With `/` between folders, relative to the archive's root. */
  name: string;
  /** Bytes once unpacked. */
  sizeBytes: number;
}

/** Many files as one: a folder or a zip, read alike and never unpacked to disk. */
export interface Archive {
  /** Its files (no folders), sorted by name. */
  entries: readonly ArchiveEntry[];
  /**
   * @param name as in `entries`
   * @throws AppError `unreadable_file` when there is none of that name, or it is damaged
   */
  open(name: string): Promise<Readable>;
  close(): Promise<void>;
}

/** Over these a zip is taken for a bomb: no export comes near. */
const entriesMax = 2_000_000;
const unpackedMaxBytes = 500 * 1024 ** 3;
const ratioMax = 2_000;
const ratioMattersFromBytes = 1024 ** 3;

/** Whether a file's first bytes are those of a zip. */
export function looksLikeZip(head: Buffer): boolean {
  return head.length >= 4 && head[0] === 0x50 && head[1] === 0x4b && (head.readUInt16LE(2) === 0x0403 || head.readUInt16LE(2) === 0x0605);
}

/**
 * Opens a folder or a zip file.
 * @param path absolute
 * @throws AppError `unreadable_file` for a damaged, encrypted or absurdly packed zip
 */
export async function openArchive(path: string): Promise<Archive> {
  return (await stat(path)).isDirectory() ? openFolder(path) : openZip(path);
}

async function openFolder(root: string): Promise<Archive> {
  const entries: ArchiveEntry[] = [];
  for (const found of await readdir(root, { recursive: true, withFileTypes: true })) {
    // A link may lead out of the folder, to what nobody meant to bring in.
    if (!found.isFile()) continue;
    const path = join(found.parentPath, found.name);
    entries.push({ name: relative(root, path).split(sep).join("/"), sizeBytes: (await stat(path)).size });
  }
  entries.sort(byName);
  const known = new Set(entries.map(({ name }) => name));
  return {
    entries,
    open: async (name) => {
      if (!known.has(name)) throw missing(root, name);
      return createReadStream(join(root, name));
    },
    close: async () => undefined,
  };
}

async function openZip(path: string): Promise<Archive> {
  const zip = await promisify<string, yauzl.Options, yauzl.ZipFile>(yauzl.open)(path, { autoClose: false, lazyEntries: true }).catch(
    (error: unknown) => {
      throw damaged(path, error);
    },
  );
  const openEntry = promisify<yauzl.Entry, Readable>(zip.openReadStream.bind(zip));
  const byEntryName = new Map<string, yauzl.Entry>();
  let total = 0;
  try {
    for await (const entry of eachEntry(zip)) {
      if (entry.fileName.endsWith("/") || entry.fileName.startsWith("__MACOSX/")) continue;
      total += entry.uncompressedSize;
      const bomb = entry.uncompressedSize > ratioMattersFromBytes && entry.uncompressedSize / Math.max(1, entry.compressedSize) > ratioMax;
      if (bomb || total > unpackedMaxBytes || byEntryName.size >= entriesMax) {
        throw new AppError("unreadable_file", {
          public: `${basename(path)} would unpack to far more than an export holds (at ${entry.fileName}). It was not read.`,
        });
      }
      byEntryName.set(entry.fileName, entry);
    }
  } catch (error) {
    zip.close();
    throw error instanceof AppError ? error : damaged(path, error);
  }
  const entries = [...byEntryName.values()].map((entry) => ({ name: entry.fileName, sizeBytes: entry.uncompressedSize })).sort(byName);
  return {
    entries,
    async open(name) {
      const entry = byEntryName.get(name);
      if (!entry) throw missing(path, name);
      // Bit 0 of the general purpose flags (APPNOTE.TXT 4.4.4).
      if ((entry.generalPurposeBitFlag & 1) !== 0) {
        throw new AppError("unreadable_file", { public: `${basename(path)} is protected by a password. Unpack it and bring in the folder.` });
      }
      return await openEntry(entry).catch((error: unknown) => {
        throw damaged(path, error, name);
      });
    },
    close: async () => zip.close(),
  };
}

async function* eachEntry(zip: yauzl.ZipFile): AsyncGenerator<yauzl.Entry> {
  for (let left = zip.entryCount; left > 0; left -= 1) {
    yield await new Promise<yauzl.Entry>((resolve, reject) => {
      zip.once("entry", resolve);
      zip.once("error", reject);
      zip.readEntry();
    }).finally(() => zip.removeAllListeners());
  }
}

function byName(a: ArchiveEntry, b: ArchiveEntry): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function missing(path: string, name: string): AppError {
  return new AppError("unreadable_file", { public: `${basename(path)} has no file ${name}. Is the export whole?` });
}

function damaged(path: string, cause: unknown, name?: string): AppError {
  const words = cause instanceof Error ? cause.message : String(cause);
  return new AppError("unreadable_file", {
    public: `${basename(path)} is a damaged zip file${name ? ` (at ${name})` : ""}: ${words}. Download or make it again; nothing was stored.`,
    cause,
  });
}
