import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { equalInConstantTime } from "#core/crypto.ts";
import { toAppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { clientIpHeader } from "#features/access/index.ts";
import type { Runtime } from "../runtime.ts";
import { serveAssets } from "./assets.ts";
import { type ChangeWatch, createChangeWatch, readContentStamp } from "./change-watch.ts";
import { type ClientAddress, createClientAddress, isLoopback } from "./client-address.ts";
import { compress } from "./compress.ts";
import { answerFromCache, cacheKey, createPageCache, type PageCache, pickEncoding } from "./page-cache.ts";
import type { Pages } from "./pages.ts";
import { isReady } from "./readiness.ts";
import { securityHeaders } from "./security-headers.ts";
import { answerWebhook } from "./webhooks.ts";
import { gaugeWork } from "./work-gauges.ts";

type Env = { Bindings: HttpBindings };

export interface AppOptions {
  runtime: Runtime;
  /** The page renderer, or undefined where only the API and health are served. */
  pages: Pages | undefined;
  /** Answers below /api/v1. */
  api?: (request: Request, env: HttpBindings) => Response | Promise<Response>;
  dev?: boolean;
}

const clientFiles = fileURLToPath(new URL("../../build/client", import.meta.url));

/**
 * The whole of what the process answers: health, metrics, assets, sign-in, API, and pages, the public ones from a
 * cache in front of the renderer.
 */
export function createApp(options: AppOptions): { fetch: Hono<Env>["fetch"]; pageCache: PageCache; answerAtOnce: AnswerAtOnce } {
  const { runtime, pages, dev = false } = options;
  const { config, telemetry } = runtime;
  const clients = createClientAddress(config.trustedProxies);
  const pageCache = createPageCache({ entries: config.pageCacheEntries, seconds: dev ? 0 : config.pageCacheSeconds, now: Date.now });
  const changes = createChangeWatch({ read: () => readContentStamp(runtime), onChange: pageCache.clear, now: Date.now });
  gaugeWork(runtime);
  const app = new Hono<Env>();

  app.get("/healthz", (c) => c.text("ok"));
  app.get("/readyz", async (c) => {
    const state = await isReady(runtime);
    return c.json(state, state.ready ? 200 : 503);
  });
  app.get("/metrics", async (c) => {
    if (!mayReadMetrics(c, runtime, clients))
      return c.text("Metrics are for this machine, or for who shows CAUSEWAY_METRICS_TOKEN as a bearer token.\n", 403);
    const { body, contentType } = await telemetry.expose();
    return c.body(body, 200, { "content-type": contentType });
  });

  if (pages && !dev) {
    app.use("/assets/*", serveAssets({ root: clientFiles, cacheControl: "public, max-age=31536000, immutable" }));
    const servePublic = serveAssets({ root: clientFiles, cacheControl: "public, max-age=3600" });
    app.get("*", async (c, next) => {
      // Only what looks like a file: pages have no extension, and a lookup per page would cost as much as the cache saves.
      if (!/\.[a-z0-9]{2,11}$/i.test(c.req.path) || c.req.path.endsWith(".data")) return next();
      return servePublic(c, next);
    });
  }

  app.all("*", async (c) => {
    const started = performance.now();
    const key = pages && cacheKey(c.req.raw);
    if (key !== undefined && !changes.isCurrent()) await changes.look();
    const cached = key === undefined ? undefined : pageCache.find(key);
    if (key !== undefined && cached && !cached.stale) {
      telemetry.observePageCache("hit");
      return answerFromCache(cached.page, c.req.header("accept-encoding") ?? "");
    }

    const request = await incoming(c, clients, options);
    const produce = () => answer(c, request, options);
    let response: Response;
    if (key !== undefined && cached) {
      // Stale: this visitor is served at once, the next one gets the new page.
      telemetry.observePageCache("hit");
      void pageCache.fill(key, produce).catch((error: unknown) => runtime.log.error({ err: error }, "a page could not be rendered anew"));
      return answerFromCache(cached.page, c.req.header("accept-encoding") ?? "");
    }
    if (key === undefined) {
      telemetry.observePageCache("bypass");
      response = await produce();
      // Whatever was written may stand on a public page.
      if (c.req.method !== "GET" && c.req.method !== "HEAD" && response.status < 400) pageCache.clear();
    } else {
      telemetry.observePageCache("miss");
      const filled = await pageCache.fill(key, produce);
      response = filled instanceof Response ? filled : answerFromCache(filled, c.req.header("accept-encoding") ?? "");
    }
    const durationMs = performance.now() - started;
    // Whoever left before the answer was there saw no failure, and nothing here failed.
    const status = response.status >= 500 && c.req.raw.signal.aborted ? 499 : response.status;
    telemetry.observeRequest(routeOf(c.req.path), status, durationMs);
    request.log[status >= 500 ? "error" : "info"]({ method: c.req.method, path: c.req.path, status, durationMs: Math.round(durationMs) }, "request");
    return compress(response, c.req.header("accept-encoding") ?? "");
  });

  app.onError((error, c) => {
    const appError = toAppError(error);
    if (appError.status >= 500) runtime.log.error({ err: error, path: c.req.path }, "request failed");
    return new Response(`${appError.message}\n`, { status: appError.status, headers: { "content-type": "text/plain; charset=utf-8" } });
  });
  return { fetch: app.fetch, pageCache, answerAtOnce: (incoming, outgoing) => answerAtOnce(incoming, outgoing, { pageCache, changes, telemetry }) };
}

/** Answers a request for a fresh public page before anything else is made of it. @returns whether it did */
export type AnswerAtOnce = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

function answerAtOnce(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { pageCache, changes, telemetry }: { pageCache: PageCache; changes: ChangeWatch; telemetry: Runtime["telemetry"] },
): boolean {
  const { method, url, headers } = incoming;
  if (
    method !== "GET" ||
    headers.cookie !== undefined ||
    headers.authorization !== undefined ||
    headers.range !== undefined ||
    headers["cache-control"] !== undefined
  )
    return false;
  const found = pageCache.find(`http://${headers.host}${url}`);
  if (!found || found.stale || !changes.isCurrent()) return false;
  telemetry.observePageCache("hit");
  const answer = pickEncoding(found.page, String(headers["accept-encoding"] ?? ""));
  outgoing.writeHead(found.page.status, Object.fromEntries(answer.headers)).end(answer.body);
  return true;
}

interface Incoming {
  request: Request;
  requestId: string;
  nonce: string;
  log: Runtime["log"];
  headers: Record<string, string>;
}

/** The request as the inside sees it: with the client's address in a header that nobody outside can set. */
async function incoming(c: Context<Env>, clients: ClientAddress, { runtime, dev = false }: AppOptions): Promise<Incoming> {
  const peer = c.env.incoming?.socket?.remoteAddress ?? "";
  const given = c.req.header("x-request-id") ?? "";
  const requestId = /^[\w-]{8,64}$/.test(given) ? given : newId();
  const headers = new Headers(c.req.raw.headers);
  headers.set(clientIpHeader, clients.of(peer, c.req.header("x-forwarded-for") ?? null));
  headers.set("x-request-id", requestId);
  const url = new URL(c.req.url);
  if (clients.isTrusted(peer)) {
    if (c.req.header("x-forwarded-proto") === "https") url.protocol = "https:";
    const host = c.req.header("x-forwarded-host");
    if (host) url.host = host;
  } else {
    headers.delete("x-forwarded-host");
    headers.delete("x-forwarded-proto");
  }
  const { method } = c.req;
  const body = method === "GET" || method === "HEAD" ? null : c.req.raw.body;
  const request = new Request(url, { method, headers, signal: c.req.raw.signal, ...(body ? { body, duplex: "half" } : {}) });
  const nonce = randomBytes(16).toString("base64url");
  return {
    request,
    requestId,
    nonce,
    log: runtime.log.child({ requestId }),
    headers: { ...securityHeaders({ nonce, secure: runtime.config.publicUrl.startsWith("https:"), dev }), "x-request-id": requestId },
  };
}

async function answer(c: Context<Env>, input: Incoming, options: AppOptions): Promise<Response> {
  const { runtime, pages, api } = options;
  const { path } = c.req;
  let response: Response;
  const hook = c.req.method === "POST" ? /^\/hooks\/([0-9a-f-]{36})$/.exec(path)?.[1] : undefined;
  if (hook !== undefined) response = await answerWebhook(runtime, input.request, hook);
  else if (path.startsWith("/api/auth/")) response = await runtime.auth.handle(input.request);
  else if (api && (path === "/api/v1" || path.startsWith("/api/v1/"))) response = await api(input.request, c.env);
  else if (pages) response = await pages.render(input.request, { runtime: { ...runtime, log: input.log }, nonce: input.nonce });
  else response = new Response("There is nothing here.\n", { status: 404, headers: { "content-type": "text/plain" } });
  // Answers of fetch and redirects have headers that cannot be changed: a copy takes ours, and keeps what a page set itself.
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(input.headers)) if (!headers.has(name)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

function mayReadMetrics(c: Context<Env>, runtime: Runtime, clients: ClientAddress): boolean {
  const token = /^Bearer (.+)$/.exec(c.req.header("authorization") ?? "")?.[1];
  if (runtime.config.metricsToken && token !== undefined) return equalInConstantTime(token, runtime.config.metricsToken);
  const forwarded = c.req.header("x-forwarded-for") ?? null;
  const peer = c.env.incoming?.socket?.remoteAddress ?? "";
  // A proxy on this machine passes on requests of the whole world; only one that we trust says whose they are.
  if (forwarded !== null && !clients.isTrusted(peer)) return false;
  return isLoopback(clients.of(peer, forwarded));
}

/** Few labels, so that the metrics stay small whatever addresses are tried. */
function routeOf(path: string): string {
  if (path.startsWith("/api/auth/")) return "auth";
  if (path.startsWith("/api/")) return "api";
  if (path.startsWith("/hooks/")) return "hooks";
  if (path === "/studio" || path.startsWith("/studio/")) return "studio";
  return "portal";
}
