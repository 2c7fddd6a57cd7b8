import { gunzipSync } from "node:zlib";
import { AppError } from "#core/errors.ts";
import type { HttpResponse } from "#core/http.ts";
import type { RecordChunk } from "#features/ledger/index.ts";
import { makeRecord, rejectUndated, timeNear } from "./make-record.ts";
import { readMails } from "./read-mails.ts";

const chunkRecords = 200;
const maxUnpackedBytes = 2 * 1024 * 1024 * 1024;

/**
 * The address of an archive's page as a folder.
 * @throws AppError `invalid_input`
 */
export function parseArchiveUrl(text: string, example: string): URL {
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `https://${text}`);
  if (!url)
    throw new AppError("invalid_input", {
      public: `«${text}» is no web address. Give one like ${example}`,
      issues: [{ path: "url", message: "give a web address" }],
    });
  url.hash = "";
  url.search = "";
  url.pathname = url.pathname.replace(/[^/]*\.html?$/i, "").replace(/\/*$/, "/");
  return url;
}

/**
 * What an answer that is none means for who set it up.
 * @param what the page that was asked for
 */
export function refuseAnswer(response: HttpResponse, what: string, hint: string): AppError {
  const { status, url } = response;
  if (status === 401 || status === 403)
    return new AppError("forbidden", { public: `${what} (${url}) is closed to us (status ${status}): the archive is private. ${hint}` });
  if (status === 404 || status === 410) return new AppError("not_found", { public: `There is no ${what} at ${url} (status ${status}). ${hint}` });
  return new AppError("upstream_failed", { public: `${what} (${url}) answered with status ${status}. Try again later.` });
}

/**
 * Bytes of a mailbox as a server sent them: `.gz` arrives packed, or unpacked where the server calls that an encoding.
 * @throws AppError `upstream_failed` for what is cut off
 */
export function unpackAnswer(response: HttpResponse, name: string): Buffer {
  const { body } = response;
  if (body[0] !== 0x1f || body[1] !== 0x8b) return body;
  try {
    return gunzipSync(body, { maxOutputLength: maxUnpackedBytes });
  } catch (cause) {
    throw new AppError("upstream_failed", {
      public: `${name} arrived cut off or broken (${cause instanceof Error ? cause.message : "gzip"}).`,
      cause,
    });
  }
}

/** The mails of one downloaded mailbox in chunks, the last one marked. */
export async function* readDownloaded(input: {
  name: string;
  list: string;
  bytes: Buffer;
  signal: AbortSignal;
}): AsyncGenerator<RecordChunk & { mails: number; isLast: boolean }> {
  const { name, list, bytes, signal } = input;
  const keys = new Set<string>();
  let chunk: Required<Pick<RecordChunk, "records" | "rejected">> = { records: [], rejected: [] };
  // A month without mails comes as nothing, or as a line end.
  if (bytes.length > 16 || bytes.toString("latin1").trim() !== "") {
    const file = {
      name,
      sizeBytes: bytes.length,
      async *read() {
        yield bytes;
      },
    };
    let firstAt: Date | undefined;
    for await (const placed of readMails(file, { signal, isSingle: true, listener: { onRejected: (one) => chunk.rejected.push(one) } })) {
      firstAt ??= placed.head.at;
      const near = timeNear(placed, firstAt);
      if (keys.has(placed.head.key)) continue;
      if (!placed.head.at && !near) chunk.rejected.push(rejectUndated(placed));
      else {
        keys.add(placed.head.key);
        chunk.records.push(makeRecord(placed, { list, near }));
      }
      if (chunk.records.length < chunkRecords) continue;
      yield { ...chunk, mails: keys.size, isLast: false };
      chunk = { records: [], rejected: [] };
    }
  }
  yield { ...chunk, mails: keys.size, isLast: true };
}
