import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { removeUpload, storeUpload } from "#app/background/store-upload.ts";
import { consumers } from "#app/consumers.ts";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import type { Ctx, Role } from "#features/access/index.ts";
import { drainOutbox, enqueueChanges } from "#features/ledger/index.ts";
import { createTestApi } from "#tests/api-fixtures.ts";
import { addPerson, addPlace, addThread } from "#tests/conversation.ts";
import { createCtx } from "#tests/factories.ts";

async function stage(options: { requestsPerMinute?: number } = {}) {
  const ctx = await createCtx();
  const api = createTestApi(ctx, options);
  const place = await addPlace(ctx);
  const ada = await addPerson(ctx, "Ada");
  const base = `/communities/${ctx.community.slug}`;
  return { ctx, api, place, ada, base };
}

async function derive(ctx: Ctx, changes: { threads?: string[]; activities?: string[]; identities?: string[] }): Promise<void> {
  await enqueueChanges(ctx, { threads: [], activities: [], identities: [], ...changes });
  await drainOutbox(ctx, { consumers, communityId: ctx.community.id });
}

describe("who may see what", () => {
  test.each<[Role | "visitor", number]>([
    ["visitor", 1],
    ["viewer", 3],
    ["product", 3],
    ["advocate", 4],
    ["admin", 4],
    ["owner", 4],
  ])("%s sees %i of the four levels in every list, page, search and export", async (role, levels) => {
    const { ctx, api, place, ada, base } = await stage();
    const made = [];
    for (const visibility of ["public", "members", "team", "restricted"] as const) {
      made.push(await addThread(ctx, place, { visibility, title: "Lantern", said: [{ by: ada, body: "The lantern app crashes." }] }));
    }
    await derive(ctx, { threads: made.map((one) => one.threadId), activities: made.flatMap((one) => one.activityIds), identities: [ada] });
    const key = role === "visitor" ? undefined : await api.keyOf(role, ["export"]);
    const get = (path: string) => api.call("GET", base + path, key ? { key } : {});
    expect((await get("/threads")).json.data).toHaveLength(levels);
    expect((await get("/activities")).json.data).toHaveLength(levels);
    const found = (await get("/search?q=lantern")).json.data;
    expect(found).toHaveLength(levels);
    for (const [rank, { threadId }] of made.entries()) {
      const expected = rank < levels ? 200 : 404;
      expect((await get(`/threads/${threadId}`)).status).toBe(expected);
      expect((await get(`/threads/${threadId}/activities`)).status).toBe(expected);
    }
    const forTeam = ["/signals", "/members", "/sources", "/team", "/metrics/activity", "/export/threads"];
    for (const path of forTeam) expect((await get(path)).status, path).toBe(role === "visitor" ? 401 : 200);
    if (role !== "visitor") {
      expect((await get("/signals")).json.data).toHaveLength(levels);
      for (const kind of ["threads", "activities", "signals"]) expect((await get(`/export/${kind}`)).text.trim().split("\n")).toHaveLength(levels);
    }
    const admin = role === "owner" || role === "admin";
    for (const path of ["/audit", "/invitations"]) expect((await get(path)).status, path).toBe(role === "visitor" ? 401 : admin ? 200 : 403);
  });

  test("a key needs the scope as well as its maker's role, and opens its own community alone", async () => {
    const { ctx, api, base } = await stage();
    const other = await stage();
    const reader = await api.keyOf("owner", ["read"]);
    expect((await api.call("PATCH", base, { key: reader, body: { name: "New" } })).status).toBe(403);
    expect((await api.call("GET", `${base}/export/threads`, { key: reader })).status).toBe(403);
    const importer = await api.keyOf("owner", ["import"]);
    expect((await api.call("GET", `${base}/threads`, { key: importer })).status).toBe(403);
    expect((await api.call("GET", other.base, { key: reader })).status).toBe(404);
    expect((await api.call("GET", "/communities", { key: reader })).json.data.map((one: { slug: string }) => one.slug)).toEqual([ctx.community.slug]);
    expect(
      (await api.call("POST", "/communities", { key: await api.keyOf("owner", ["admin"]), body: { name: "Mine", slug: "mine-own" } })).status,
    ).toBe(403);
  });

  test("a key that does not work is an error, not a visitor, and a closed community does not exist for visitors", async () => {
    const { ctx, api, base } = await stage();
    const answer = await api.call("GET", base, { key: "cw_nonsense" });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toContain("Bearer");
    await ctx.db.execute(sql`UPDATE community SET portal_open = false WHERE id = ${ctx.community.id}`);
    expect((await api.call("GET", base)).status).toBe(404);
    expect((await api.call("GET", base, { key: await api.keyOf("viewer") })).status).toBe(200);
  });

  test("what others did to signals and questions cannot be done without the role", async () => {
    const { ctx, api, place, ada, base } = await stage();
    const { threadId } = await addThread(ctx, place, { said: [{ by: ada, body: "Why does it stop?" }] });
    const viewer = await api.keyOf("viewer");
    expect((await api.call("PUT", `${base}/threads/${threadId}/question`, { key: viewer, body: { mark: "solved" } })).status).toBe(403);
    expect((await api.call("PUT", `${base}/threads/${threadId}/question`, { body: { mark: "solved" } })).status).toBe(401);
    expect((await api.call("POST", `${base}/signals/${newId()}/confirm`, { key: await api.keyOf("product", ["write"]) })).status).toBe(404);
  });
});

test("pages walk everything exactly once while rows are added", async () => {
  const { ctx, api, place, ada, base } = await stage();
  const openedAt = (n: number) => new Date(Date.UTC(2026, 9, 1, 0, n)).toISOString();
  const before = new Set<string>();
  // Pairs share a moment: the id must keep them apart.
  for (let n = 0; n < 12; n += 1) before.add((await addThread(ctx, place, { openedAt: openedAt(n >> 1), said: [{ by: ada, body: "a" }] })).threadId);
  const seen: string[] = [];
  let url = "/threads?sort=opened&limit=5";
  for (let page = 0; url !== ""; page += 1) {
    const answer = await api.call("GET", base + url);
    seen.push(...answer.json.data.map((row: { id: string }) => row.id));
    await addThread(ctx, place, { openedAt: openedAt(1000 + page), said: [{ by: ada, body: "later" }] });
    const next = /<\/api\/v1(.+)>; rel="next"/.exec(answer.headers.get("link") ?? "")?.[1];
    expect(next !== undefined).toBe(answer.json.next !== null);
    url = next === undefined ? "" : next.slice(base.length);
  }
  expect(new Set(seen)).toEqual(before);
  expect(seen).toHaveLength(before.size);
});

test("tags answer 304, and If-Match keeps a change from overwriting another", async () => {
  const { api, base } = await stage();
  const key = await api.keyOf("owner", ["admin"]);
  const first = await api.call("GET", base, { key });
  const etag = first.headers.get("etag") ?? "";
  expect(etag).toMatch(/^W\/"[\w-]{27}"$/);
  const again = await api.call("GET", base, { key, headers: { "if-none-match": `"other", ${etag}` } });
  expect(again.status).toBe(304);
  expect(again.text).toBe("");
  expect((await api.call("PATCH", base, { key, body: { tagline: "One" }, headers: { "if-match": etag } })).status).toBe(200);
  expect((await api.call("PATCH", base, { key, body: { tagline: "Two" }, headers: { "if-match": etag } })).status).toBe(412);
  const now = await api.call("GET", base, { key, headers: { "if-none-match": etag } });
  expect(now.json).toMatchObject({ tagline: "One" });
  expect((await api.call("HEAD", base, { key })).headers.get("etag")).toBe(now.headers.get("etag"));
});

test("every kind of mistake has its status, its words and its place", async () => {
  const { api, base } = await stage();
  const key = await api.keyOf("owner", ["admin"]);
  const wrong = await api.call("GET", `${base}/threads?limit=0&state=ajar`, { key });
  expect(wrong.json).toMatchObject({ status: 400, code: "invalid_input", errors: [{ path: "query.limit" }, { path: "query.state" }] });
  expect((await api.call("GET", `${base}/threads?after=nonsense`, { key })).status).toBe(400);
  expect((await api.call("GET", `${base}/threads/none`, { key })).json.errors).toMatchObject([{ path: "path.thread" }]);
  expect((await api.call("PATCH", base, { key, body: { nmae: "x" } })).json.errors).toMatchObject([{ path: "body" }]);
  expect((await api.call("PATCH", base, { key, raw: "{", headers: { "content-type": "application/json" } })).status).toBe(400);
  expect((await api.call("PATCH", base, { key, raw: "name=x", headers: { "content-type": "application/x-www-form-urlencoded" } })).status).toBe(415);
  expect((await api.call("PATCH", base, { key, body: { tagline: "x".repeat(1_100_000) } })).status).toBe(413);
  expect((await api.call("GET", "/nowhere")).status).toBe(404);
  expect((await api.call("GET", `${base}/metrics/nothing`, { key })).status).toBe(404);
  const method = await api.call("DELETE", base, { key });
  expect(method.status).toBe(405);
  expect(method.headers.get("allow")).toBe("GET, HEAD, PATCH");
  expect((await api.call("GET", base, { headers: { "x-request-id": "my-request-1" } })).headers.get("x-request-id")).toBe("my-request-1");
});

test("cursors that were tampered with are refused, never a fault of ours", async () => {
  const { ctx, api, place, ada, base } = await stage();
  for (let n = 0; n < 3; n += 1) await addThread(ctx, place, { said: [{ by: ada, body: "The app crashes." }] });
  const key = await api.keyOf("owner", ["admin"]);
  const bad = Buffer.from(JSON.stringify(["yesterday", "nobody"])).toString("base64url");
  const lists = api.endpoints.filter(
    (one) => one.method === "get" && one.answer && "shape" in one.answer.def && "next" in (one.answer.def.shape as object),
  );
  expect(lists.length).toBeGreaterThan(10);
  for (const { path } of lists) {
    const url = path
      .replace("/communities/{community}", base)
      .replace("{metric}", "active-members")
      .replace("{source}", place.sourceId)
      .replace("{member}", ada)
      .replace(/\{\w+\}/g, newId());
    const answer = await api.call("GET", `${url}?after=${bad}&q=x`, { key });
    expect([200, 400, 404], `${path} ${answer.text}`).toContain(answer.status);
  }
});

test("beyond the limit it is 429 with when to come back, each key for itself", async () => {
  const { ctx, api, base } = await stage({ requestsPerMinute: 3 });
  const [one, two] = [await api.keyOf("viewer"), await api.keyOf("viewer")];
  for (let n = 2; n >= 0; n -= 1) expect((await api.call("GET", base, { key: one })).headers.get("ratelimit-remaining")).toBe(String(n));
  const refused = await api.call("GET", base, { key: one });
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(refused.headers.get("ratelimit-limit")).toBe("3");
  expect((await api.call("GET", base, { key: two })).status).toBe(200);
  ctx.clock.set("2026-11-25T12:01:01Z");
  expect((await api.call("GET", base, { key: one })).status).toBe(200);
});

test("a file that is none of ours is refused at once and leaves nothing behind", async () => {
  const { ctx, api, base } = await stage();
  const key = await api.keyOf("advocate", ["import"]);
  const send = (raw: string, query: string) =>
    api.call("POST", `${base}/imports?${query}`, { key, raw, headers: { "content-type": "application/octet-stream" } });
  expect((await send("hello", "fileName=notes.txt")).status).toBe(422);
  expect((await send('{"magic": "E!vIA5L86J2I", "issues": [', "fileName=archive.json")).status).toBe(422);
  expect((await send("", "fileName=archive.json")).status).toBe(400);
  expect((await send("x", "fileName=a.json&connector=nothing")).status).toBe(400);
  expect(readdirSync(join(api.dataDir, "uploads"))).toEqual([]);
  expect(await ctx.db.first(sql`SELECT count(*) AS n FROM sync WHERE community_id = ${ctx.community.id}`)).toEqual({ n: 0 });
});

test("an upload is stored as it comes, under a harmless name, and stops at its limit", async () => {
  const { api } = await stage();
  const body = (chunks: number) =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (let n = 0; n < chunks; n += 1) controller.enqueue(new Uint8Array(1000));
        controller.close();
      },
    });
  const kept = await storeUpload({ dataDir: api.dataDir, body: body(3), fileName: "../../etc/pass wd\\..\\x.json", maxBytes: 3000 });
  expect(kept).toMatchObject({ fileName: "x.json", sizeBytes: 3000 });
  expect(kept.path.startsWith(join(api.dataDir, "uploads"))).toBe(true);
  // What reads the file calls it in its messages as its owner does.
  expect(basename(kept.path)).toBe("x.json");
  await removeUpload(kept.path);
  for (const fileName of ["..", ".", "", "/"]) {
    const odd = await storeUpload({ dataDir: api.dataDir, body: body(1), fileName });
    expect(dirname(dirname(odd.path))).toBe(join(api.dataDir, "uploads"));
    await removeUpload(odd.path);
  }
  await expect(storeUpload({ dataDir: api.dataDir, body: body(4), fileName: "x.json", maxBytes: 3000 })).rejects.toMatchObject({ code: "too_large" });
  expect(readdirSync(join(api.dataDir, "uploads"))).toEqual([]);
});
