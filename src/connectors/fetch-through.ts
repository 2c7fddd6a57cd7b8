import type { HttpClient } from "#core/http.ts";

export interface FetchThroughOptions {
  signal: AbortSignal;
  /** How long a service may make us wait for its limit in all, in milliseconds. */
  maxWaitMs?: number;
  /** Says of a POST that it only reads, so that it may be sent again. */
  isRead?: (url: string) => boolean;
}

/** The part of `fetch` that vendors' libraries use. */
export type FetchThrough = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * A `fetch` for a vendor's library whose requests go out by the HTTP client: retries, limits and private addresses are minded
 * there, and its waits are shown.
 */
export function fetchThrough(http: HttpClient, options: FetchThroughOptions): FetchThrough {
  const { signal, maxWaitMs, isRead } = options;
  return async (url, init = {}) => {
    const method = readMethod(init.method);
    const response = await http.request({
      url,
      method,
      headers: Object.fromEntries(new Headers(init.headers)),
      signal: init.signal ? AbortSignal.any([signal, init.signal]) : signal,
      ...(typeof init.body === "string" && { body: init.body }),
      ...(maxWaitMs !== undefined && { maxWaitMs }),
      ...(method === "POST" && isRead?.(url.toString()) === true && { idempotent: true }),
    });
    const isEmpty = response.status === 204 || response.status === 304;
    const answer = new Response(isEmpty ? null : new Uint8Array(response.body), { status: response.status, headers: response.headers });
    // Libraries read where an answer came from; the constructor cannot say it.
    Object.defineProperty(answer, "url", { value: response.url });
    return answer;
  };
}

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

function readMethod(given: string | undefined): (typeof methods)[number] {
  const method = methods.find((one) => one === (given ?? "GET").toUpperCase());
  if (!method) throw new TypeError(`${given} is no method that is sent`);
  return method;
}
