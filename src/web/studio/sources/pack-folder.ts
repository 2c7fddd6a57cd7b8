import { Zip, ZipPassThrough } from "fflate";

/** A file with its path inside the folder that was dropped or chosen. */
export interface FolderFile {
  path: string;
  file: File;
}

/** Browsers keep what is packed in memory; beyond this the command line is the way. */
export const folderMaxBytes = 1024 ** 3;

/**
 * Packs files into one zip without compressing, so that a folder travels like any export.
 * @throws Error in words when the folder is empty or too large
 */
export async function packFolder(name: string, files: readonly FolderFile[]): Promise<File> {
  const kept = files.filter(({ path }) => !path.split("/").some((part) => part.startsWith(".")));
  const size = kept.reduce((sum, { file }) => sum + file.size, 0);
  if (kept.length === 0) throw new Error("The folder is empty.");
  if (size > folderMaxBytes) {
    throw new Error(`The folder holds more than ${folderMaxBytes / 1024 ** 3} GB. Bring it in on the server's own command line.`);
  }
  const parts: BlobPart[] = [];
  const packed = new Promise<void>((resolve, reject) => {
    const zip = new Zip((error, chunk, final) => {
      if (error) return reject(error);
      // A copy, since the packer may use its buffer again.
      parts.push(new Uint8Array(chunk));
      if (final) resolve();
    });
    void (async () => {
      for (const { path, file } of kept) {
        const entry = new ZipPassThrough(path);
        zip.add(entry);
        for await (const chunk of readChunks(file)) entry.push(chunk);
        entry.push(new Uint8Array(0), true);
      }
      zip.end();
    })().catch(reject);
  });
  await packed;
  return new File(parts, `${name}.zip`, { type: "application/zip" });
}

async function* readChunks(file: File): AsyncGenerator<Uint8Array> {
  const reader = file.stream().getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** The files of what was dropped, folders opened. */
export async function filesOf(items: DataTransferItemList): Promise<{ name: string; folder: boolean; files: FolderFile[] }> {
  // All at once: the list is emptied as soon as the event is over.
  const dropped = [...items].flatMap((item) => {
    const entry = item.webkitGetAsEntry();
    const file = item.getAsFile();
    return entry || file ? [{ entry, file }] : [];
  });
  const files: FolderFile[] = [];
  for (const { entry, file } of dropped) {
    if (entry) await collect(entry, files);
    else if (file) files.push({ path: file.name, file });
  }
  const [first] = dropped;
  return { name: first?.entry?.name ?? first?.file?.name ?? "upload", folder: dropped.length > 1 || (first?.entry?.isDirectory ?? false), files };
}

async function collect(entry: FileSystemEntry, files: FolderFile[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    files.push({ path: entry.fullPath.replace(/^\//, ""), file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader gives a hundred entries or so at a time, until it gives none.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const one of some) await collect(one, files);
  }
}
