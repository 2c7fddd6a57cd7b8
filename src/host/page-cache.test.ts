import { createHash } from "node:crypto";
import { brotliDecompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { answerFromCache, cacheKey, createPageCache } from "./page-cache.ts";

const page = (body: string, headers: Record<string, string> = {}) =>
  new Response(body, { headers: { "content-type": "text/html", "cache-control": "public, max-age=60", ...headers } });

function newCache(options: { seconds?: number; entries?: number } = {}) {
  const clock = { at: 0 };
  return { clock, cache: createPageCache({ entries: options.entries ?? 3, seconds: options.seconds ?? 30, now: () => clock.at }) };
}

test("only plain reads by visitors without a cookie or key are for the cache", () => {
  const key = (init: RequestInit) => cacheKey(new Request("http://x/a?b=1", init));
  expect(key({})).toBe("http://x/a?b=1");
  expect(key({ headers: { cookie: "causeway.session_token=1" } })).toBeUndefined();
  expect(key({ headers: { authorization: "Bearer cw_1" } })).toBeUndefined();
  expect(key({ method: "POST" })).toBeUndefined();
  expect(key({ headers: { "cache-control": "no-cache" } })).toBeUndefined();
});

test("a page is rendered once, also for visitors who come at the same time", async () => {
  const { cache } = newCache();
  let rendered = 0;
  const render = async () => {
    rendered += 1;
    await new Promise((settle) => setTimeout(settle, 10));
    return page("hello");
  };
  await Promise.all([cache.fill("a", render), cache.fill("a", render), cache.fill("a", render)]);
  expect(rendered).toBe(1);
  expect(cache.find("a")).toMatchObject({ stale: false });
});

test.each([
  ["private", { "cache-control": "private, max-age=60" }],
  ["no-store", { "cache-control": "no-store" }],
  ["no statement", { "cache-control": "" }],
  ["a cookie", { "set-cookie": "a=1" }],
  ["a varying header", { vary: "Accept-Language" }],
])("a page with %s is never kept", async (_, headers) => {
  const { cache } = newCache();
  expect(await cache.fill("a", async () => page("x", headers))).toBeInstanceOf(Response);
  expect(cache.size).toBe(0);
});

test("a page grows stale after the settings' time, is served on meanwhile, and goes in the end", async () => {
  const { cache, clock } = newCache({ seconds: 30 });
  await cache.fill("a", async () => page("x"));
  clock.at = 29_000;
  expect(cache.find("a")?.stale).toBe(false);
  clock.at = 31_000;
  expect(cache.find("a")?.stale).toBe(true);
  clock.at = 151_000;
  expect(cache.find("a")).toBeUndefined();
});

test("a write empties it, also of what was being rendered before the write", async () => {
  const { cache } = newCache();
  await cache.fill("a", async () => page("old"));
  let finish: () => void = () => {};
  const slow = cache.fill("b", async () => {
    await new Promise<void>((settle) => {
      finish = settle;
    });
    return page("old");
  });
  cache.clear();
  finish();
  await slow;
  expect(cache.find("a")).toBeUndefined();
  expect(cache.find("b")).toBeUndefined();
});

test("the least used page makes room", async () => {
  const { cache } = newCache({ entries: 2 });
  for (const key of ["a", "b"]) await cache.fill(key, async () => page(key));
  cache.find("a");
  await cache.fill("c", async () => page("c"));
  expect([cache.find("a"), cache.find("b"), cache.find("c")].map((found) => found !== undefined)).toEqual([true, false, true]);
});

test("a shared page's policy names the hashes of its own scripts and no nonce", async () => {
  const { cache } = newCache();
  const script = 'window.x = "1";';
  await cache.fill("a", async () =>
    page(`<script nonce="abc">${script}</script><script nonce="abc" src="/assets/a.js"></script>`, {
      "content-security-policy": "script-src 'self' 'nonce-abc'",
    }),
  );
  const found = cache.find("a");
  if (!found) throw new Error("not kept");
  const answer = answerFromCache(found.page, "gzip, br");
  expect(answer.headers.get("content-security-policy")).toBe(`script-src 'self' 'sha256-${createHash("sha256").update(script).digest("base64")}'`);
  expect(answer.headers.get("content-encoding")).toBe("br");
  expect(brotliDecompressSync(Buffer.from(await answer.arrayBuffer())).toString()).toContain(script);
});
