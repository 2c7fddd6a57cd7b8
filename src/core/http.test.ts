import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { createAddressGuard, refusedAddress } from "./address-guard.ts";
import { createHttpClient, type HttpClient } from "./http.ts";
import { createLogger } from "./log.ts";
import type { Wait } from "./rate-limit.ts";

const log = createLogger({ level: "silent" });
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(listener: RequestListener): Promise<{ url: string; port: number; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((settle) => server.close(settle));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, server };
}

function client(
  options: { allow?: string[]; resolve?: Parameters<typeof createAddressGuard>[1]; maxBytes?: number; timeoutMs?: number } = {},
): HttpClient {
  const http = createHttpClient({
    config: {
      outboundAllow: options.allow ?? ["127.0.0.1"],
      outboundTimeoutMs: options.timeoutMs ?? 2000,
      outboundMaxBytes: options.maxBytes ?? 1_000_000,
    },
    log,
    firstPauseMs: 1,
    ...(options.resolve ? { resolve: options.resolve } : {}),
  });
  closers.push(() => http.close());
  return http;
}

describe("what may be reached", () => {
  test.each([
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "::127.0.0.1",
  ])("%s is refused", (address) => {
    expect(refusedAddress(address)).toBeDefined();
  });

  test.each(["1.1.1.1", "140.82.112.3", "2606:4700::1111", "::ffff:1.1.1.1"])("%s is not", (address) => {
    expect(refusedAddress(address)).toBeUndefined();
  });

  test("an address in disguise is refused however it is written", async () => {
    const http = client({ allow: [] });
    const { port } = await serve((_, response) => response.end("secret"));
    for (const host of ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "[::ffff:127.0.0.1]", "127.1"]) {
      await expect(http.request({ url: `http://${host}:${port}/`, retries: 0 })).rejects.toMatchObject({ code: "forbidden" });
    }
  });

  test("a name with one private address among its addresses is refused", async () => {
    const guard = createAddressGuard([], async () => [
      { address: "1.1.1.1", family: 4 },
      { address: "10.0.0.1", family: 4 },
    ]);
    await expect(guard.check("example.org", 443)).rejects.toThrow(/10\.0\.0\.1 belongs to a private network.*CAUSEWAY_OUTBOUND_ALLOW/);
  });

  test("a name that changes its answer between check and connection gains nothing", async () => {
    let lookups = 0;
    const { port } = await serve((_, response) => response.end("secret"));
    const http = client({
      allow: [],
      // Public when asked first, ours from then on: what an attacker's name server would do.
      resolve: async () => [{ address: lookups++ === 0 ? "1.1.1.1" : "127.0.0.1", family: 4 }],
    });
    await expect(http.request({ url: `http://rebind.example:${port}/`, retries: 0 })).rejects.toMatchObject({ code: "forbidden" });
  });

  test("hosts, ports and networks of the allow-list are let through", async () => {
    const { port } = await serve((_, response) => response.end("ok"));
    const resolve = async () => [{ address: "127.0.0.1", family: 4 }];
    for (const allow of ["gitlab.internal", `gitlab.internal:${port}`, "127.0.0.0/8"]) {
      const answer = await client({ allow: [allow], resolve }).request({ url: `http://gitlab.internal:${port}/` });
      expect(answer.text()).toBe("ok");
    }
    await expect(client({ allow: ["gitlab.internal:1"], resolve }).request({ url: `http://gitlab.internal:${port}/` })).rejects.toMatchObject({
      code: "forbidden",
    });
  });

  test("a redirect to a private address is refused, and one to another origin loses the credentials", async () => {
    const seen: IncomingMessage["headers"][] = [];
    const second = await serve((request, response) => {
      seen.push(request.headers);
      response.end("second");
    });
    const first = await serve((request, response) =>
      response.writeHead(302, { location: request.url === "/out" ? `http://127.0.0.2:${second.port}/` : second.url }).end(),
    );
    const http = client();
    const answer = await http.request({ url: first.url, headers: { authorization: "Bearer t", "x-other": "kept" } });
    expect(answer.text()).toBe("second");
    expect(answer.url).toBe(`${second.url}/`);
    expect(seen[0]?.authorization).toBeUndefined();
    expect(seen[0]?.["x-other"]).toBe("kept");
    await expect(http.request({ url: `${first.url}/out`, retries: 0 })).rejects.toMatchObject({ code: "forbidden" });
  });

  test("where permanent redirects alone led is told, and no further", async () => {
    const next: Record<string, [status: number, location: string]> = {
      "/old": [301, "/new"],
      "/new": [308, "/newest"],
      "/newest": [302, "/today"],
      "/sometimes": [307, "/old"],
    };
    const { url } = await serve((request, response) => {
      const [status, location] = next[request.url ?? ""] ?? [];
      if (status) response.writeHead(status, { location }).end();
      else response.end("here");
    });
    const http = client();
    expect(await http.request({ url: `${url}/old` })).toMatchObject({ url: `${url}/today`, movedTo: `${url}/newest` });
    expect(await http.request({ url: `${url}/sometimes` })).not.toHaveProperty("movedTo");
    expect(await http.request({ url: `${url}/today` })).not.toHaveProperty("movedTo");
  });

  test("only web addresses are asked", async () => {
    await expect(client().request({ url: "file:///etc/passwd" })).rejects.toMatchObject({ code: "invalid_input" });
  });
});

describe("what may pass is tried again", () => {
  test("a server that fails twice is asked three times; a POST only once", async () => {
    let asked = 0;
    const { url } = await serve((_, response) => {
      asked += 1;
      response.writeHead(asked < 3 ? 503 : 200).end("done");
    });
    expect((await client().request({ url })).status).toBe(200);
    expect(asked).toBe(3);
    asked = 0;
    expect((await client().request({ url, method: "POST", body: "x" })).status).toBe(503);
    expect(asked).toBe(1);
    asked = 0;
    expect((await client().request({ url, method: "POST", body: "x", idempotent: true })).status).toBe(200);
  });

  test("a refusal is not repeated", async () => {
    let asked = 0;
    const { url } = await serve((_, response) => {
      asked += 1;
      response.writeHead(404).end();
    });
    expect((await client().request({ url })).status).toBe(404);
    expect(asked).toBe(1);
  });

  test("Retry-After is kept and told", async () => {
    const times: number[] = [];
    const { url } = await serve((_, response) => {
      times.push(Date.now());
      if (times.length === 1) response.writeHead(429, { "retry-after": "1" }).end();
      else response.end("ok");
    });
    const waits: Wait[] = [];
    expect((await client().request({ url, onWait: (wait) => waits.push(wait) })).ok).toBe(true);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990);
    expect(waits[0]).toMatchObject({ reason: "the server asked to wait (Retry-After)" });
  });

  test("a used up limit holds the next request back until it is renewed, or says when", async () => {
    const times: number[] = [];
    const { url } = await serve((_, response) => {
      times.push(Date.now());
      response
        .writeHead(200, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(times.length === 1 ? 1 : Math.floor(Date.now() / 1000) + 3600) })
        .end("ok");
    });
    const http = client();
    await http.request({ url });
    await http.request({ url });
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990);
    await expect(http.request({ url, maxWaitMs: 5000 })).rejects.toMatchObject({ code: "rate_limited" });
  });

  test("requests to one host are spaced out", async () => {
    const times: number[] = [];
    const { url } = await serve((_, response) => {
      times.push(Date.now());
      response.end();
    });
    const http = client();
    await Promise.all([1, 2, 3].map(() => http.request({ url, spacingMs: 100 })));
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThanOrEqual(190);
  });
});

describe("bounds", () => {
  test("an answer that never ends fails in time", async () => {
    const { url } = await serve((_, response) => void response.write("begin"));
    const started = Date.now();
    await expect(client({ timeoutMs: 200 }).request({ url, retries: 0 })).rejects.toThrow(/took too long/);
    expect(Date.now() - started).toBeLessThan(2000);
  });

  test("an answer larger than allowed is cut off, also when it only unpacks to that", async () => {
    const { url } = await serve((_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(5_000_000))));
    await expect(client({ maxBytes: 1_000_000 }).request({ url })).rejects.toMatchObject({ code: "too_large" });
  });

  test("the caller can stop it", async () => {
    const { url } = await serve((_, response) => void response.writeHead(503, { "retry-after": "60" }).end());
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    await expect(client().request({ url, signal: abort.signal })).rejects.toThrow();
  });

  test("what is no JSON says so", async () => {
    const { url } = await serve((_, response) => response.end("<html>"));
    const answer = await client().request({ url });
    expect(() => answer.json()).toThrow(/no JSON/);
  });
});
