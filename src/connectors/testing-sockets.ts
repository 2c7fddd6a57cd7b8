import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

/** A connection as the made-up service holds it. */
export interface ServedSocket {
  /** The path and query that it was opened with. */
  path: string;
  /** What the client sent, parsed, in order. */
  received: unknown[];
  isOpen(): boolean;
  send(message: unknown): void;
  /** Says good-bye with a code. */
  close(code?: number, reason?: string): void;
  /** Breaks off without a word. */
  cut(): void;
  /** Told of each message from now on. */
  onMessage: (message: unknown) => void;
}

/** A WebSocket server on this machine that stands for a remote service. */
export interface SocketServer {
  url: string;
  /** Every connection that was ever opened. */
  sockets: ServedSocket[];
  close(): Promise<void>;
}

/**
 * Starts a server whose every message the test writes, after what the service documents.
 * @param onOpen is told of each new connection
 */
export async function startSocketServer(onOpen: (socket: ServedSocket) => void): Promise<SocketServer> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  const sockets: ServedSocket[] = [];
  server.on("connection", (socket, request) => {
    const served = serve(socket, request);
    sockets.push(served);
    onOpen(served);
  });
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    async close() {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(socket: WebSocket, request: IncomingMessage): ServedSocket {
  const served: ServedSocket = {
    path: request.url ?? "/",
    received: [],
    isOpen: () => socket.readyState === socket.OPEN,
    send: (message) => socket.send(JSON.stringify(message)),
    close: (code = 1000, reason = "") => socket.close(code, reason),
    cut: () => socket.terminate(),
    onMessage: () => undefined,
  };
  socket.on("message", (data) => {
    const message: unknown = JSON.parse(String(data));
    served.received.push(message);
    served.onMessage(message);
  });
  return served;
}
