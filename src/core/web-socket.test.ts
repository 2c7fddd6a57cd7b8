import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { createHttpClient } from "./http.ts";
import { createLogger } from "./log.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function client(over: { outboundAllow?: string[]; outboundMaxBytes?: number } = {}) {
  const http = createHttpClient({
    config: { outboundAllow: ["127.0.0.1"], outboundTimeoutMs: 1000, outboundMaxBytes: 100_000, ...over },
    log: createLogger({ level: "silent" }),
  });
  closers.push(() => http.close());
  if (!http.openSocket) throw new Error("the client opens no sockets");
  return http.openSocket.bind(http);
}

async function serve(options: { autoPong?: boolean } = {}): Promise<{ url: string; server: WebSocketServer }> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", ...options });
  await new Promise((resolve) => server.once("listening", resolve));
  closers.push(() => {
    for (const one of server.clients) one.terminate();
    server.close();
  });
  return { server, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const nothing = () => undefined;

test("a socket gives messages in their order, those too that come with the very opening, and says how it ended", async () => {
  const { server, url } = await serve();
  server.on("connection", (socket) => {
    for (const text of ["one", "two"]) socket.send(text);
    socket.on("message", (data) => socket.send(`${String(data)} back`, () => socket.close(4001, "enough")));
  });
  const heard: string[] = [];
  const socket = await client()({ url, onMessage: (text) => void heard.push(text) });
  expect(socket.send("three")).toBe(true);
  expect(await socket.closed).toEqual({ code: 4001, reason: "enough" });
  expect(heard).toEqual(["one", "two", "three back"]);
  expect(socket.send("four")).toBe(false);
});

test("private addresses, names of them and what is no address of a WebSocket are refused before anything is sent", async () => {
  const { server, url } = await serve();
  let opened = 0;
  server.on("connection", () => {
    opened += 1;
  });
  const guarded = client({ outboundAllow: [] });
  await expect(guarded({ url, onMessage: nothing })).rejects.toMatchObject({ code: "forbidden" });
  await expect(guarded({ url: url.replace("127.0.0.1", "localhost"), onMessage: nothing })).rejects.toMatchObject({ code: "forbidden" });
  await expect(guarded({ url: "https://example.org", onMessage: nothing })).rejects.toMatchObject({ code: "invalid_input" });
  expect(opened).toBe(0);
});

test("a server that refuses, that does not answer, or is not there fails in words", async () => {
  const plain = createServer((_, response) => response.writeHead(403).end());
  const silent = createServer(nothing).on("upgrade", nothing);
  for (const server of [plain, silent]) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
  }
  const at = (server: typeof plain) => `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const open = client();
  await expect(open({ url: at(plain), onMessage: nothing })).rejects.toMatchObject({ code: "upstream_failed" });
  await expect(open({ url: at(silent), onMessage: nothing, openTimeoutMs: 100 })).rejects.toThrow(/too long/);
  await expect(open({ url: at(silent), onMessage: nothing, signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ code: "upstream_failed" });
  await expect(open({ url: "ws://127.0.0.1:1", onMessage: nothing })).rejects.toMatchObject({ code: "upstream_failed" });
});

test("a connection on which nothing comes any more, not even pongs, ends; a quiet one that answers pings stays", async () => {
  const deaf = await serve({ autoPong: false });
  const quiet = await serve();
  const open = client();
  const dead = await open({ url: deaf.url, onMessage: nothing, pingEveryMs: 80 });
  const alive = await open({ url: quiet.url, onMessage: nothing, pingEveryMs: 80 });
  expect(await dead.closed).toMatchObject({ code: 1006 });
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(alive.send("still there")).toBe(true);
  alive.close();
  await alive.closed;
});

test("closing does not wait for a server that does not say good-bye, and a message over the bound ends the connection", async () => {
  const { server, url } = await serve();
  server.on("connection", (socket, request) => {
    if (request.url === "/large") socket.send("x".repeat(200_000));
    else socket.pause();
  });
  const open = client();
  const stuck = await open({ url, onMessage: nothing });
  const began = performance.now();
  stuck.close(4000);
  await stuck.closed;
  expect(performance.now() - began).toBeLessThan(3000);
  const heard: string[] = [];
  const flooded = await open({ url: `${url}/large`, onMessage: (text) => void heard.push(text) });
  await flooded.closed;
  expect(heard).toEqual([]);
});
