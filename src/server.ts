import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { getRequestListener } from "@hono/node-server";
import { AppError, toAppError } from "#core/errors.ts";
import { createSetupToken } from "#features/access/index.ts";
import { createApi } from "./api/index.ts";
import { createApp } from "./host/app.ts";
import { loadPages } from "./host/pages.ts";
import { openRuntime, type Runtime } from "./runtime.ts";
import { startWorker } from "./worker.ts";

export interface ServeOptions {
  role?: string;
  host?: string;
  port?: string;
  /** Pages from source, reloaded as they are edited. */
  dev?: boolean;
}

/** A server under way. */
export interface RunningServer {
  /** Where it listens, or undefined for a worker. */
  url: string | undefined;
  runtime: Runtime;
  /** Stops accepting, lets requests and jobs finish within the settings' time, closes the database. */
  stop(): Promise<void>;
}

/**
 * Starts the server: database, jobs, pages, as its role says.
 * @throws AppError for people: a setting, a folder in use, a port taken, a database that cannot be reached
 */
export async function startServer(options: ServeOptions = {}): Promise<RunningServer> {
  const { role, host, port, dev = false } = options;
  const runtime = await openRuntime({
    exclusive: true,
    overrides: { ...(role === undefined ? {} : { role }), ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }) },
  });
  const closers: (() => Promise<void>)[] = [() => runtime.close()];
  try {
    let url: string | undefined;
    if (runtime.config.role !== "worker") {
      const web = await startWeb(runtime, dev);
      closers.unshift(web.stop);
      url = web.url;
    }
    if (runtime.config.role !== "web") closers.unshift(await startWorker(runtime));
    let stopping: Promise<void> | undefined;
    return {
      url,
      runtime,
      stop: () => {
        stopping ??= runInOrder(closers);
        return stopping;
      },
    };
  } catch (error) {
    await runInOrder(closers).catch(() => undefined);
    throw error;
  }
}

async function runInOrder(steps: (() => Promise<void>)[]): Promise<void> {
  for (const step of steps) await step();
}

async function startWeb(runtime: Runtime, dev: boolean): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer({ requestTimeout: 300_000, headersTimeout: 60_000, keepAliveTimeout: 65_000 });
  const development = dev ? await (await import("./host/dev-pages.ts")).startDevPages(server) : undefined;
  const pages = development?.pages ?? (await loadPages());
  if (!pages) runtime.log.warn("the pages are not built; only the API is served. Build them with: npm start");
  const api = createApi(runtime);
  const app = createApp({ runtime, pages, dev, api: (request, env) => api.fetch(request, env) });
  const handle = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const answer: RequestListener = (incoming, outgoing) => {
    if (!app.answerAtOnce(incoming, outgoing)) void handle(incoming, outgoing);
  };
  server.on("request", development ? development.listener(answer) : answer);
  await listen(server, runtime.config);
  const { port } = server.address() as AddressInfo;
  return {
    url: runtime.config.publicUrlSet
      ? runtime.config.publicUrl
      : `http://${isAnywhere(runtime.config.host) ? "localhost" : bracketed(runtime.config.host)}:${port}`,
    stop: async () => {
      await closeServer(server, runtime.config.shutdownSeconds * 1000);
      await development?.close();
    },
  };
}

function isAnywhere(host: string): boolean {
  return ["0.0.0.0", "::", "127.0.0.1", "::1", ""].includes(host);
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((settle, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const words: Record<string, string> = {
        EADDRINUSE: `Port ${port} on ${host} is taken by another program. Stop that one, or choose another port, for example: PORT=${port + 1} npm start`,
        EACCES: `Port ${port} may not be used by this user. Choose one above 1023, for example: PORT=4400 npm start`,
        EADDRNOTAVAIL: `${host} is no address of this machine. Set HOST to 127.0.0.1 (this machine only) or 0.0.0.0 (all networks).`,
        ENOTFOUND: `HOST is ${JSON.stringify(host)}, which is no address. Set it to 127.0.0.1 (this machine only) or 0.0.0.0 (all networks).`,
      };
      reject(
        new AppError("conflict", {
          public: words[error.code ?? ""] ?? `The server cannot listen on ${host}:${port}: ${error.message}`,
          cause: error,
        }),
      );
    });
    server.listen({ host, port }, () => settle());
  });
}

/** Requests under way may finish; connections that only wait are closed at once, and all of them when time is up. */
async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((settle) => server.close(() => settle()));
  server.closeIdleConnections();
  const idle = setInterval(() => server.closeIdleConnections(), 100);
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(idle);
  clearTimeout(timer);
}

/** Runs a server until it is told to stop; used by `npm start` and `causeway serve`. */
export async function runServer(options: ServeOptions): Promise<void> {
  let server: RunningServer | undefined;
  let stopRequested = 0;
  const stop = (signal: NodeJS.Signals) => {
    stopRequested += 1;
    if (stopRequested > 1) process.exit(signal === "SIGINT" ? 130 : 143);
    process.stderr.write("\nStopping: requests and jobs under way finish first. Once more to force.\n");
    void server?.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  // Before anything is open: a stop during the start must wait for its end and then close.
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  process.on("SIGHUP", stop);
  try {
    server = await startServer(options);
  } catch (error) {
    return fail(error);
  }
  if (stopRequested > 0) {
    await server.stop();
    process.exit(0);
  }
  await announce(server);
}

async function announce({ url, runtime }: RunningServer): Promise<void> {
  if (url === undefined) {
    process.stdout.write("Causeway runs jobs. Ctrl-C stops it.\n");
    return;
  }
  const setup = await createSetupToken(runtime);
  const lines = ["", `  Causeway is ready   ${url}`];
  if (setup) lines.push("", "  Nobody owns it yet. Open this link once, within a day, to set it up:", `  ${url}/setup/${setup.token}`);
  lines.push("", "  Ctrl-C stops it.", "");
  process.stdout.write(`${lines.join("\n")}\n`);
}

function fail(error: unknown): never {
  const appError = toAppError(error);
  process.stderr.write(`${appError.code === "internal" && appError.internal ? `${appError.message} (${appError.internal})` : appError.message}\n`);
  process.exit(appError.exitCode);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { role: { type: "string" }, host: { type: "string" }, port: { type: "string" }, dev: { type: "boolean", default: false } },
  });
  await runServer(values);
}
