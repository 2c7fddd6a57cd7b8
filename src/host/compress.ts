import { Readable } from "node:stream";
import type { ReadableStream as NodeStream } from "node:stream/web";
import { constants, createGzip } from "node:zlib";

const packable = /^(text\/(?!event-stream)|application\/(json|javascript|xml|[\w.-]+\+(json|xml))|image\/svg\+xml)/;

/** Packs an answer for a browser that takes gzip. Streamed pages keep streaming: each part goes out when it is there. */
export function compress(response: Response, acceptEncoding: string): Response {
  const { headers, body } = response;
  if (!body || !/\bgzip\b/.test(acceptEncoding) || headers.has("content-encoding") || !packable.test(headers.get("content-type") ?? ""))
    return response;
  const length = headers.get("content-length");
  if (length !== null && Number(length) < 1024) return response;
  const packed = Readable.fromWeb(body as NodeStream).pipe(createGzip({ flush: constants.Z_SYNC_FLUSH }));
  const next = new Headers(headers);
  next.set("content-encoding", "gzip");
  next.append("vary", "accept-encoding");
  next.delete("content-length");
  // Packed, it is another sequence of bytes for the same page.
  const etag = headers.get("etag");
  if (etag?.startsWith('"')) next.set("etag", `W/${etag}`);
  return new Response(Readable.toWeb(packed) as ReadableStream<Uint8Array>, {
    status: response.status,
    statusText: response.statusText,
    headers: next,
  });
}
