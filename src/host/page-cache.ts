import { createHash } from "node:crypto";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

/** A public page kept in front of the renderer. */
export interface CachedPage {
  status: number;
  headers: [string, string][];
  /** The page as rendered, and packed once per encoding when first asked for. */
  bodies: Map<Encoding, Uint8Array<ArrayBuffer>>;
  freshUntil: number;
  /** Until then it may still be served while it is rendered anew. */
  staleUntil: number;
}

export type Encoding = "identity" | "gzip" | "br";

/** Keeps the public pages that visitors who are not signed in ask for most. */
export interface PageCache {
  /** A page and whether it should be rendered anew behind it. */
  find(key: string): { page: CachedPage; stale: boolean } | undefined;
  /**
   * Renders at most once at a time per key; others wait for the same page.
   * @param render returns the answer as it would go out
   */
  fill(key: string, render: () => Promise<Response>): Promise<CachedPage | Response>;
  /** After something was written: the next visitor sees it. */
  clear(): void;
  readonly size: number;
}

export interface PageCacheOptions {
  entries: number;
  /** Upper bound on what a page asks for, in seconds; 0 caches nothing. */
  seconds: number;
  now: () => number;
}

/** Headers that belong to one answer and not to the page. */
const perAnswer = new Set(["x-request-id", "content-length", "vary", "date", "content-encoding"]);

/** Pages larger than this are passed on and not kept, in bytes. */
const pageBytesMax = 2_000_000;

/**
 * What identifies a page for everybody alike, or undefined when the request is not for the cache: signed in or
 * otherwise personal (any cookie), or not a plain read.
 */
export function cacheKey(request: Request): string | undefined {
  if (request.method !== "GET" || request.headers.has("cookie") || request.headers.has("authorization") || request.headers.has("range"))
    return undefined;
  if (/no-cache|no-store/.test(request.headers.get("cache-control") ?? "")) return undefined;
  return request.url;
}

export function createPageCache(options: PageCacheOptions): PageCache {
  const { entries, seconds, now } = options;
  const pages = new Map<string, CachedPage>();
  const rendering = new Map<string, Promise<CachedPage | undefined>>();
  let generation = 0;

  async function render(key: string, produce: () => Promise<Response>): Promise<{ page?: CachedPage; response: Response }> {
    const startedIn = generation;
    const response = await produce();
    const maxAge = Math.min(seconds, sharedMaxAge(response));
    if (maxAge <= 0) return { response };
    const body = new Uint8Array(await response.clone().arrayBuffer());
    if (body.length > pageBytesMax) return { response };
    const page: CachedPage = {
      status: response.status,
      headers: withScriptHashes(
        [...response.headers].filter(([name]) => !perAnswer.has(name)),
        body,
      ),
      bodies: new Map([["identity", body]]),
      freshUntil: now() + maxAge * 1000,
      staleUntil: now() + maxAge * 5000,
    };
    // What was rendered before a write must not outlive it.
    if (startedIn === generation) keep(key, page);
    return { page, response };
  }

  function keep(key: string, page: CachedPage): void {
    pages.delete(key);
    pages.set(key, page);
    for (const oldest of pages.keys()) {
      if (pages.size <= entries) break;
      pages.delete(oldest);
    }
  }

  return {
    find(key) {
      const page = pages.get(key);
      if (!page) return undefined;
      const at = now();
      if (at > page.staleUntil) {
        pages.delete(key);
        return undefined;
      }
      keep(key, page);
      return { page, stale: at > page.freshUntil && !rendering.has(key) };
    },
    async fill(key, produce) {
      const underWay = rendering.get(key);
      if (underWay) {
        const page = await underWay.catch(() => undefined);
        return page ?? produce();
      }
      const work = render(key, produce);
      rendering.set(
        key,
        work.then(({ page }) => page),
      );
      rendering.get(key)?.catch(() => undefined);
      try {
        const { page, response } = await work;
        return page ?? response;
      } finally {
        rendering.delete(key);
      }
    },
    clear() {
      generation += 1;
      pages.clear();
    },
    get size() {
      return pages.size;
    },
  };
}

/** The answer for one visitor, packed as their browser understands it. */
export function answerFromCache(page: CachedPage, acceptEncoding: string): Response {
  const { body, headers } = pickEncoding(page, acceptEncoding);
  return new Response(body, { status: page.status, headers });
}

/** The page's body and headers in the best form that a browser takes; packed once, then kept. */
export function pickEncoding(page: CachedPage, acceptEncoding: string): { body: Uint8Array<ArrayBuffer>; headers: [string, string][] } {
  const encoding: Encoding = /\bbr\b/.test(acceptEncoding) ? "br" : /\bgzip\b/.test(acceptEncoding) ? "gzip" : "identity";
  let body = page.bodies.get(encoding);
  if (!body) {
    const plain = page.bodies.get("identity") ?? new Uint8Array();
    body = new Uint8Array(encoding === "br" ? brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }) : gzipSync(plain));
    page.bodies.set(encoding, body);
  }
  const headers: [string, string][] = [...page.headers, ["vary", "accept-encoding, cookie"], ["content-length", String(body.length)]];
  if (encoding !== "identity") headers.push(["content-encoding", encoding]);
  return { body, headers };
}

/** Seconds for which the page itself allows everybody to share it. */
function sharedMaxAge(response: Response): number {
  const control = response.headers.get("cache-control") ?? "";
  if (response.status !== 200 || !/\bpublic\b/.test(control) || /no-store|private|no-cache/.test(control)) return 0;
  if (
    response.headers.has("set-cookie") ||
    !/^(text\/|application\/(xml|atom\+xml|json|manifest\+json))/.test(response.headers.get("content-type") ?? "")
  )
    return 0;
  const vary = (response.headers.get("vary") ?? "").toLowerCase().split(/[\s,]+/);
  if (vary.some((name) => name !== "" && name !== "accept-encoding" && name !== "cookie")) return 0;
  return Number(/s-maxage=(\d+)/.exec(control)?.[1] ?? /max-age=(\d+)/.exec(control)?.[1] ?? 0);
}

/**
 * A page that many share must not share its nonce, which an injected script could then repeat: the policy names the
 * hashes of the page's own inline scripts instead.
 */
function withScriptHashes(headers: [string, string][], body: Uint8Array): [string, string][] {
  const html = headers.some(([name, value]) => name === "content-type" && value.startsWith("text/html"));
  if (!html) return headers;
  const hashes = new Set<string>();
  for (const [, attributes = "", text = ""] of Buffer.from(body.buffer, body.byteOffset, body.length)
    .toString("utf8")
    .matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/gi)) {
    if (!/\bsrc=/.test(attributes) && text !== "") hashes.add(`'sha256-${createHash("sha256").update(text).digest("base64")}'`);
  }
  return headers.map(([name, value]) => [name, name === "content-security-policy" ? value.replace(/'nonce-[^']+'/g, [...hashes].join(" ")) : value]);
}
