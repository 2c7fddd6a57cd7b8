import type { Context, MiddlewareHandler } from "hono";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { addSessionCookies, clientIpHeader, findViewer } from "#features/access/index.ts";
import type { ApiEnv, ApiRuntime } from "./env.ts";

const windowMs = 60_000;
/** Windows kept at most; beyond, those that ended are dropped. */
const windowsMax = 20_000;

/**
 * Finds out who asks: an API key as bearer token, else the session cookie, else nobody. A key that does not work is
 * an error, never a visitor. Who comes by cookie must come from our own pages to change anything.
 */
export function identifyCaller(runtime: ApiRuntime): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const given = c.req.header("x-request-id") ?? "";
    c.set("runtime", runtime);
    c.set("requestId", /^[\w-]{8,64}$/.test(given) ? given : newId());
    c.header("x-request-id", c.var.requestId);
    c.set("caller", await findViewer(runtime, { headers: c.req.raw.headers, auth: runtime.auth }));
    await next();
    addSessionCookies(c.res.headers, c.var.caller.cookies);
  };
}

/** Refuses keys that do not work, and changes sent by other sites with a visitor's cookie. */
export const refuseImpostors: MiddlewareHandler<ApiEnv> = async (c, next) => {
  const { caller } = c.var;
  if (caller.rejectedKey) {
    throw new AppError("unauthenticated", {
      public: "This API key does not work: it is mistyped, expired or revoked. Make a new one under Settings, API keys.",
    });
  }
  const isSafe = c.req.method === "GET" || c.req.method === "HEAD" || c.req.method === "OPTIONS";
  if (!isSafe && caller.sessionId !== null && !c.var.runtime.auth.isSameSite(c.req.raw)) {
    throw new AppError("forbidden", {
      public: "This request comes from another site. Scripts use an API key in the Authorization header instead of the cookie.",
    });
  }
  await next();
};

/**
 * Limits requests per minute: of each key, each account, and for visitors of each address. Counted in this process;
 * several web processes each allow the limit.
 */
export function limitRate(runtime: ApiRuntime): MiddlewareHandler<ApiEnv> {
  const windows = new Map<string, { startMs: number; count: number }>();
  const limit = runtime.config.apiRequests;
  return async (c, next) => {
    const nowMs = runtime.clock.now().getTime();
    const key = whoCounts(c);
    let window = windows.get(key);
    if (!window || nowMs - window.startMs >= windowMs) {
      if (windows.size >= windowsMax) dropEnded(windows, nowMs);
      window = { startMs: nowMs, count: 0 };
      windows.set(key, window);
    }
    window.count += 1;
    const resetSeconds = Math.max(1, Math.ceil((window.startMs + windowMs - nowMs) / 1000));
    c.header("ratelimit-limit", String(limit));
    c.header("ratelimit-remaining", String(Math.max(0, limit - window.count)));
    c.header("ratelimit-reset", String(resetSeconds));
    if (window.count > limit) {
      c.header("retry-after", String(resetSeconds));
      throw new AppError("rate_limited", { public: `More than ${limit} requests in a minute. Wait ${resetSeconds} seconds.` });
    }
    await next();
  };
}

function whoCounts(c: Context<ApiEnv>): string {
  const { apiKey, account } = c.var.caller;
  if (apiKey) return `key:${apiKey.id}`;
  if (account) return `account:${account.id}`;
  return `address:${c.req.header(clientIpHeader) ?? "unknown"}`;
}

function dropEnded(windows: Map<string, { startMs: number; count: number }>, nowMs: number): void {
  for (const [key, { startMs }] of windows) if (nowMs - startMs >= windowMs) windows.delete(key);
  // All of them are of this minute: somebody comes from very many addresses. Forgetting is better than growing.
  if (windows.size >= windowsMax) windows.clear();
}
