import { PassThrough } from "node:stream";
import { createReadableStreamFromReadable } from "@react-router/node";
import { isbot } from "isbot";
import { renderToPipeableStream } from "react-dom/server";
import { type EntryContext, type RouterContextProvider, ServerRouter } from "react-router";
import { nonceContext, runtimeContext } from "#app/runtime-context.ts";
import { toAppError } from "#core/errors.ts";

/** How long a page may wait for deferred data before it is sent as it is, in milliseconds. */
export const streamTimeout = 10_000;

/** Renders a page to HTML; crawlers wait for all of it, people get the first part at once. */
export default function handleRequest(
  request: Request,
  status: number,
  headers: Headers,
  routerContext: EntryContext,
  loadContext: RouterContextProvider,
): Promise<Response> | Response {
  headers.set("Content-Type", "text/html; charset=utf-8");
  if (request.method.toUpperCase() === "HEAD") return new Response(null, { status, headers });

  return new Promise((resolve, reject) => {
    let shellSent = false;
    let finalStatus = status;
    let timer: NodeJS.Timeout | undefined = setTimeout(() => abort(), streamTimeout + 1000);
    const nonce = loadContext.get(nonceContext);
    const ready = isbot(request.headers.get("user-agent")) ? "onAllReady" : "onShellReady";

    const { pipe, abort } = renderToPipeableStream(<ServerRouter context={routerContext} url={request.url} nonce={nonce} />, {
      nonce,
      [ready]() {
        shellSent = true;
        const body = new PassThrough({
          final(callback) {
            clearTimeout(timer);
            timer = undefined;
            callback();
          },
        });
        pipe(body);
        resolve(new Response(createReadableStreamFromReadable(body), { headers, status: finalStatus }));
      },
      onShellError: reject,
      onError(error: unknown) {
        finalStatus = 500;
        // Before the shell is out, React Router reports the error itself.
        if (shellSent) loadContext.get(runtimeContext).log.error({ err: error }, "a page failed while it was being sent");
      },
    });
  });
}

/** Everything a page throws that is not an expected failure is logged with its cause. */
export function handleError(error: unknown, { request, context }: { request: Request; context?: Readonly<RouterContextProvider> }): void {
  if (request.signal.aborted) return;
  const appError = toAppError(error);
  if (appError.status < 500) return;
  // Without a context the server itself called us wrongly: its own error handler has the log then.
  if (!context) throw error;
  context.get(runtimeContext).log.error({ err: error, method: request.method, path: new URL(request.url).pathname }, "a page failed");
}
