import type { Socket } from "node:net";
import { Agent, ping, WebSocket } from "undici";
import type { AddressGuard } from "./address-guard.ts";
import { AppError } from "./errors.ts";
import { guardedConnector } from "./guarded-connector.ts";

export interface SocketRequest {
  url: string | URL;
  /** Gives up opening it. An open socket is closed by its owner, who may have something to finish first. */
  signal?: AbortSignal;
  headers?: Record<string, string>;
  /** Milliseconds until it must be open. */
  openTimeoutMs?: number;
  /** Milliseconds between pings; where nothing at all came since the last one, the connection is dead and ends. */
  pingEveryMs?: number;
  /** Each text message, in the order in which they came. Must not throw. */
  onMessage(text: string, socket: OpenSocket): void;
}

/** How a connection ended: 1006 and no reason where it broke off. */
export interface SocketEnd {
  code: number;
  reason: string;
}

export interface OpenSocket {
  /** @returns false when it is closed already, so nothing was sent */
  send(text: string): boolean;
  /** @param code 1000, or 3000 to 4999 as the service defines them */
  close(code?: number): void;
  /** Settles when it has ended, whoever ended it. */
  closed: Promise<SocketEnd>;
}

/** A server that does not answer our good-bye is not waited for. */
const closeGraceMs = 1000;
const brokenOff = 1006;

/**
 * Opens a WebSocket to an address that the guard lets through.
 * @throws AppError `invalid_input` for what is no ws: or wss: address, `forbidden` for a private one, `upstream_failed`
 */
export async function openWebSocket(input: SocketRequest, { guard, maxBytes }: { guard: AddressGuard; maxBytes: number }): Promise<OpenSocket> {
  const url = URL.parse(input.url.toString());
  if (!url || (url.protocol !== "wss:" && url.protocol !== "ws:")) {
    throw new AppError("invalid_input", {
      public: `${JSON.stringify(input.url.toString())} is no address of a WebSocket; it must begin with wss://.`,
    });
  }
  // Literal addresses never reach the connector's lookup, and names fail here with words instead of a socket error.
  await guard.check(url.hostname, Number(url.port || (url.protocol === "wss:" ? 443 : 80)));
  let raw: Socket | undefined;
  const connect = guardedConnector(guard);
  const agent = new Agent({
    webSocket: { maxPayloadSize: maxBytes },
    connect: (options, done) =>
      connect(options, (...result) => {
        raw = result[1] ?? undefined;
        done(...result);
      }),
  });
  const socket = new WebSocket(url, { dispatcher: agent, ...(input.headers && { headers: input.headers }) });
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<SocketEnd>();
  let failure = "";
  let watch: NodeJS.Timeout | undefined;
  let grace: NodeJS.Timeout | undefined;
  const end = (code: number, reason: string): void => {
    clearInterval(watch);
    clearTimeout(grace);
    raw?.destroy();
    void agent.destroy();
    closed.resolve({ code, reason });
    opened.reject(
      new AppError("upstream_failed", { public: `${url.host} could not be reached: ${failure || reason || "the connection was refused"}.` }),
    );
  };
  const open: OpenSocket = {
    send(text) {
      if (socket.readyState !== socket.OPEN) return false;
      socket.send(text);
      return true;
    },
    close(code = 1000) {
      socket.close(code);
      grace ??= setTimeout(() => end(code, "closed by us"), closeGraceMs);
    },
    closed: closed.promise,
  };
  socket.addEventListener("open", () => opened.resolve());
  socket.addEventListener("message", ({ data }) => {
    if (typeof data === "string") input.onMessage(data, open);
  });
  socket.addEventListener("error", ({ error, message }) => {
    failure = message || (error instanceof Error ? error.message : "");
  });
  socket.addEventListener("close", ({ code, reason }) => end(code, reason));

  const giveUp = () => end(brokenOff, "it was given up");
  input.signal?.addEventListener("abort", giveUp, { once: true });
  const timeout = setTimeout(() => end(brokenOff, "it took too long to answer"), input.openTimeoutMs ?? 15_000);
  try {
    if (input.signal?.aborted) giveUp();
    await opened.promise;
  } finally {
    clearTimeout(timeout);
    input.signal?.removeEventListener("abort", giveUp);
  }

  let heard = -1;
  watch = setInterval(() => {
    // Pongs are not told of, but any byte is a sign of life.
    if (raw && raw.bytesRead === heard) return end(brokenOff, "nothing came any more");
    heard = raw?.bytesRead ?? 0;
    ping(socket);
  }, input.pingEveryMs ?? 20_000);
  return open;
}
