import { createWriteStream } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";

/** A file that somebody sent, kept until it is brought in. */
export interface StoredUpload {
  path: string;
  /** What its owner called it. */
  fileName: string;
  sizeBytes: number;
}

/** Twenty times the largest archive that a project of ten thousand issues makes. */
export const uploadMaxBytes = 4 * 1024 ** 3;
const keptMs = 7 * 24 * 60 * 60 * 1000;

/** Where files wait that somebody sent. */
export const uploadFolder = (dataDir: string): string => join(dataDir, "uploads");

/**
 * Writes a stream to a file in the data folder, as it comes: memory stays flat whatever its size.
 * @throws AppError `too_large` beyond the limit, `invalid_input` for nothing at all; no file stays behind
 */
export async function storeUpload(input: {
  dataDir: string;
  body: ReadableStream<Uint8Array> | null;
  fileName: string;
  maxBytes?: number;
  signal?: AbortSignal;
}): Promise<StoredUpload> {
  const maxBytes = input.maxBytes ?? uploadMaxBytes;
  const folder = uploadFolder(input.dataDir);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeForgotten(folder);
  // The name comes from outside: only its last part and harmless letters become part of a path.
  const fileName = basename(input.fileName.replaceAll("\\", "/")).slice(-120) || "upload";
  // It stands in a folder of its own, so that what reads it calls it by its own name.
  const own = join(folder, newId());
  await mkdir(own, { mode: 0o700 });
  const path = join(own, fileName.replace(/[^\w.-]+/g, "_").replace(/^\.+/, "_"));
  let sizeBytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes)
        done(
          new AppError("too_large", {
            public: `The file is larger than ${describeBytes(maxBytes)}. Bring it in on the server's own command line: causeway import.`,
          }),
        );
      else done(null, chunk);
    },
  });
  if (!input.body) throw nothingSent();
  try {
    // The DOM's and Node's names for one and the same class.
    const source = Readable.fromWeb(input.body as NodeReadableStream<Uint8Array>);
    await pipeline(source, meter, createWriteStream(path, { mode: 0o600 }), { ...(input.signal ? { signal: input.signal } : {}) });
    if (sizeBytes === 0) throw nothingSent();
  } catch (error) {
    await removeUpload(path);
    throw error;
  }
  return { path, fileName, sizeBytes };
}

/**
 * Removes a stored file with the folder that was made for it.
 * @param path as `storeUpload` gave it
 */
export async function removeUpload(path: string): Promise<void> {
  await rm(dirname(path), { recursive: true, force: true });
}

/** Uploads whose import never came, such as after a crash between the two. */
async function removeForgotten(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > keptMs) await rm(path, { recursive: true, force: true });
  }
}

function nothingSent(): AppError {
  return new AppError("invalid_input", { public: "The request holds no file. Send the file itself as the request's body." });
}

function describeBytes(bytes: number): string {
  return bytes >= 1024 ** 3 ? `${Math.round(bytes / 1024 ** 3)} GB` : bytes >= 1024 ** 2 ? `${Math.round(bytes / 1024 ** 2)} MB` : `${bytes} bytes`;
}
