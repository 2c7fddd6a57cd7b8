import { serveStatic } from "@hono/node-server/serve-static";
import type { MiddlewareHandler } from "hono";

/**
 * Serves the files of a folder, packed where the build has packed them, and only once to a browser that keeps them.
 * @param options.cacheControl how long that may be
 */
export function serveAssets(options: { root: string; cacheControl: string }): MiddlewareHandler {
  const serve = serveStatic({ root: options.root, precompressed: true });
  return async (c, next) => {
    const found = await serve(c, next);
    if (!(found instanceof Response)) return;
    const { headers } = found;
    const changedAt = Date.parse(headers.get("last-modified") ?? "");
    const etag = `W/"${changedAt.toString(36)}-${headers.get("content-length")}-${headers.get("content-encoding") ?? "plain"}"`;
    headers.set("etag", etag);
    headers.set("cache-control", options.cacheControl);
    headers.set("x-content-type-options", "nosniff");
    headers.set("vary", "accept-encoding");
    const known = c.req
      .header("if-none-match")
      ?.split(",")
      .some((one) => one.trim() === etag || one.trim() === "*");
    if (!known) return found;
    await found.body?.cancel();
    for (const name of ["content-length", "content-type", "content-encoding"]) headers.delete(name);
    return new Response(null, { status: 304, headers });
  };
}
