import { setTimeout as sleep } from "node:timers/promises";
import { Agent, type Dispatcher, fetch, type RequestInit } from "undici";
import { type AddressGuard, type CheckedAddress, createAddressGuard } from "./address-guard.ts";
import type { Config } from "./config.ts";
import { AppError } from "./errors.ts";
import { guardedConnector } from "./guarded-connector.ts";
import type { Logger } from "./log.ts";
import { createPacer, type Wait, waitAsked } from "./rate-limit.ts";
import type { Telemetry } from "./telemetry.ts";
import { type OpenSocket, openWebSocket, type SocketRequest } from "./web-socket.ts";

export type { OpenSocket, SocketRequest } from "./web-socket.ts";

export interface HttpRequest {
  url: string | URL;
  method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  signal?: AbortSignal;
  /** Milliseconds for one try, from connecting to the last byte. */
  timeoutMs?: number;
  /** Bytes of the answer after decompression, at most. */
  maxBytes?: number;
  /** Further tries after a failure that may pass, 3 by default. Only safe methods, PUT and DELETE are tried again. */
  retries?: number;
  /** Says that a POST or PATCH may be repeated without harm (it carries an idempotency key). */
  idempotent?: boolean;
  /** Milliseconds between two requests to the same host. */
  spacingMs?: number;
  /** Milliseconds that a server's limit may make us wait in all; over it the request fails as `rate_limited`. 15 minutes by default. */
  maxWaitMs?: number;
  /** Told before each wait, so that a sync can show it. */
  onWait?: (wait: Wait) => void;
}

export interface HttpResponse {
  status: number;
  ok: boolean;
  headers: Headers;
  /** Where it came from in the end. */
  url: string;
  /** Where permanent redirects alone led from the address asked for: what to ask next time. */
  movedTo?: string;
  body: Buffer;
  text(): string;
  /** @throws AppError `upstream_failed` when it is no JSON */
  json(): unknown;
}

/** Requests to other servers: the one way out of the process. */
export interface HttpClient {
  /**
   * Answers of 4xx come back as values; what may pass (429, 502, 503, 504, lost connections) is tried again first.
   * @throws AppError `upstream_failed` (no answer, or too large: `too_large`), `rate_limited`, `forbidden` for a
   *   private address, `invalid_input` for what is no web address
   */
  request(input: HttpRequest): Promise<HttpResponse>;
  /**
   * Waits as a server asked in its own words, where its headers do not say it: the only way to wait for one, so that each
   * wait is told like those of requests.
   */
  pause(input: { ms: number; reason: string; signal?: AbortSignal; onWait?: (wait: Wait) => void }): Promise<void>;
  /**
   * For protocols other than HTTP: the addresses of a host that may be connected to, and nothing else of it. Absent where
   * there is no way out.
   * @throws AppError `forbidden` for a private address, `upstream_failed` when there is no such host
   */
  resolveHost?(host: string, port: number): Promise<CheckedAddress[]>;
  /**
   * Opens a WebSocket to a server that sends what happens by itself. Absent where there is no way out.
   * @throws AppError as `request`
   */
  openSocket?(input: SocketRequest): Promise<OpenSocket>;
  close(): Promise<void>;
}

export interface HttpClientOptions {
  config: Pick<Config, "outboundAllow" | "outboundTimeoutMs" | "outboundMaxBytes">;
  log: Logger;
  telemetry?: Telemetry;
  /** For tests: replaces the system's name resolution. */
  resolve?: Parameters<typeof createAddressGuard>[1];
  /** For tests: the first pause between tries, in milliseconds. */
  firstPauseMs?: number;
}

const redirectsMax = 5;
const passingStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);
const repeatable = new Set(["GET", "HEAD", "PUT", "DELETE"]);

/** Makes the client with its connection pool. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { config, log } = options;
  const guard = createAddressGuard(config.outboundAllow, options.resolve);
  const pacer = createPacer(Date.now);
  const agent = new Agent({ connect: guardedConnector(guard) });
  return {
    request: (input) => request({ input, guard, pacer, agent, options, log }),
    pause: wait,
    resolveHost: (host, port) => guard.check(host, port),
    openSocket: (input) => openWebSocket(input, { guard, maxBytes: config.outboundMaxBytes }),
    close: () => agent.close(),
  };
}

async function wait({ ms, reason, signal, onWait }: Parameters<HttpClient["pause"]>[0]): Promise<void> {
  if (ms <= 0) return;
  onWait?.({ ms, until: new Date(Date.now() + ms), reason });
  await sleep(ms, undefined, signal ? { signal } : {});
}

interface Parts {
  input: HttpRequest;
  guard: AddressGuard;
  pacer: ReturnType<typeof createPacer>;
  agent: Dispatcher;
  options: HttpClientOptions;
  log: Logger;
}

async function request(parts: Parts): Promise<HttpResponse> {
  const { input, pacer, options, log } = parts;
  const url = parseUrl(input.url);
  const triesMax = 1 + (input.retries ?? 3);
  const mayRepeat = input.idempotent ?? repeatable.has(input.method ?? "GET");
  let waitLeft = input.maxWaitMs ?? 900_000;

  const pause = async (ms: number, reason: string) => {
    if (ms <= 0) return;
    if (ms > waitLeft) {
      throw new AppError("rate_limited", { public: `${url.host} lets us ask again in ${Math.ceil(ms / 1000)} seconds (${reason}). Try again then.` });
    }
    waitLeft -= ms;
    await wait({ ms, reason, signal: input.signal, onWait: input.onWait });
  };

  for (let attempt = 1; ; attempt += 1) {
    const turn = pacer.reserve(url.host, input.spacingMs ?? 0);
    await pause(turn.ms, turn.reason);
    const started = performance.now();
    let failure: unknown;
    let response: HttpResponse | undefined;
    try {
      response = await follow(parts, url);
      options.telemetry?.observeOutbound(url.host, response.status, performance.now() - started);
    } catch (error) {
      options.telemetry?.observeOutbound(url.host, "error", performance.now() - started);
      failure = error;
      input.signal?.throwIfAborted();
      if (error instanceof AppError && error.code !== "upstream_failed") throw error;
    }

    const asked = response && waitAsked(response.headers, response.status, Date.now());
    if (asked) pacer.holdOff(url.host, asked.ms, asked.reason);
    // GitHub answers 403 where others answer 429; only with a stated wait is it a limit and not a refusal.
    const passing = !response || passingStatuses.has(response.status) || (response.status === 403 && asked !== undefined);
    if (response && !passing) return response;
    if (attempt >= triesMax || !mayRepeat) {
      if (response) return response;
      throw failure;
    }
    log.debug({ url: `${url.origin}${url.pathname}`, attempt, status: response?.status, err: failure }, "request will be tried again");
    if (!asked) {
      const step = (options.firstPauseMs ?? 500) * 2 ** (attempt - 1);
      await pause(
        Math.min(30_000, step / 2 + (Math.random() * step) / 2),
        response ? `the server answered ${response.status}` : "the connection failed",
      );
    }
  }
}

/** One try: sends, follows redirects with each target checked anew, reads the answer within its bound. */
async function follow(parts: Parts, start: URL): Promise<HttpResponse> {
  const { input, guard, agent, options } = parts;
  const timeout = AbortSignal.timeout(input.timeoutMs ?? options.config.outboundTimeoutMs);
  const signal = input.signal ? AbortSignal.any([input.signal, timeout]) : timeout;
  let url = start;
  let method: string = input.method ?? "GET";
  let body = input.body;
  let movedTo: string | undefined;
  let isPermanent = true;
  const headers = new Headers({ "user-agent": "Causeway (+https://github.com/causeway)", ...input.headers });
  for (let hop = 0; ; hop += 1) {
    // Literal addresses never reach the agent's lookup, and names fail here with words instead of a socket error.
    await guard.check(url.hostname, Number(url.port || (url.protocol === "https:" ? 443 : 80)));
    const init: RequestInit = {
      method,
      headers: Object.fromEntries(headers),
      redirect: "manual",
      signal,
      dispatcher: agent,
      ...(body === undefined ? {} : { body }),
    };
    const answer = await fetch(url, init).catch((error: unknown) => {
      throw connectionFailure(url, error, timeout.aborted);
    });
    const location = answer.headers.get("location");
    if (answer.status >= 300 && answer.status < 400 && location !== null && answer.status !== 304) {
      await answer.body?.cancel();
      if (hop >= redirectsMax) throw new AppError("upstream_failed", { public: `${start.host} redirects more than ${redirectsMax} times.` });
      const next = parseUrl(new URL(location, url));
      if (next.origin !== url.origin) for (const name of ["authorization", "cookie", "proxy-authorization"]) headers.delete(name);
      if (answer.status === 303 || (answer.status < 303 && method === "POST")) {
        method = method === "HEAD" ? "HEAD" : "GET";
        body = undefined;
        headers.delete("content-type");
      }
      url = next;
      isPermanent &&= answer.status === 301 || answer.status === 308;
      if (isPermanent) movedTo = url.href;
      continue;
    }
    const bytes = await readBounded(answer.body, input.maxBytes ?? options.config.outboundMaxBytes, url).catch((error: unknown) => {
      throw error instanceof AppError ? error : connectionFailure(url, error, timeout.aborted);
    });
    return { ...toResponse(answer.status, new Headers([...answer.headers]), url, bytes), ...(movedTo !== undefined && { movedTo }) };
  }
}

async function readBounded(body: AsyncIterable<Uint8Array> | null, maxBytes: number, url: URL): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new AppError("too_large", { public: `The answer of ${url.host} is larger than ${maxBytes.toLocaleString("en")} bytes.` });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function toResponse(status: number, headers: Headers, url: URL, body: Buffer): HttpResponse {
  return {
    status,
    ok: status >= 200 && status < 300,
    headers,
    url: url.href,
    body,
    text: () => body.toString("utf8"),
    json: () => {
      try {
        return JSON.parse(body.toString("utf8")) as unknown;
      } catch (error) {
        throw new AppError("upstream_failed", { public: `${url.host} answered something that is no JSON (status ${status}).`, cause: error });
      }
    },
  };
}

function parseUrl(input: string | URL): URL {
  const url = URL.parse(input.toString());
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new AppError("invalid_input", { public: `${JSON.stringify(input.toString())} is no web address; it must begin with http:// or https://.` });
  }
  return url;
}

function connectionFailure(url: URL, error: unknown, timedOut: boolean): AppError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (cause instanceof AppError) return cause;
  const detail = timedOut ? "it took too long to answer" : cause instanceof Error ? cause.message : String(cause);
  return new AppError("upstream_failed", { public: `${url.host} could not be reached: ${detail}.`, cause: error });
}
