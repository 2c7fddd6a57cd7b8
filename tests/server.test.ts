import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { openRuntime, type Runtime } from "#app/runtime.ts";
import { sql } from "#core/database/database.ts";
import { type Ctx, changeCommunity, createApiKey, ensureCommunity } from "#features/access/index.ts";
import { createTeamMember } from "./access-fixtures.ts";
import { type Process, root, runCli, startProcess, startServerProcess, writeArchive } from "./processes.ts";

const archive = join(root, "src/connectors/github/fixtures/archive.json");

// The program as people run it: one server for all of these, on a folder of its own.
describe.skipIf(!inject("database").embedded)("a running server", () => {
  let folder: string;
  let dataDir: string;
  let server: Process & { url: string };
  /** Beside the server, on its database. */
  let runtime: Runtime;
  let ctx: Ctx;
  let key: string;

  beforeAll(async () => {
    // Does nothing when the pages are built.
    expect(await startProcess(["scripts/start.mjs", "--build"]).ended).toMatchObject({ code: 0 });
    folder = await mkdtemp(join(tmpdir(), "cw-server-"));
    dataDir = join(folder, "data");
    server = await startServerProcess({ CAUSEWAY_DATA_DIR: dataDir, PORT: "0", CAUSEWAY_JOB_POLL_SECONDS: "0.5" });
    runtime = await openRuntime({ env: { CAUSEWAY_DATA_DIR: dataDir, CAUSEWAY_LOG_LEVEL: "silent" }, cwd: folder });
    ctx = await ensureCommunity(runtime, { slug: "tide" });
    await changeCommunity(ctx, { portalOpen: true });
    ({ key } = await createApiKey((await createTeamMember(ctx, "owner")).ctx, { name: "test", scopes: ["admin"] }));
  }, 180_000);

  afterAll(async () => {
    await runtime?.close();
    await server?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${server.url}${path}`, { headers, redirect: "manual" });
  const api = (path: string, init: RequestInit & { duplex?: "half" } = {}) =>
    fetch(`${server.url}/api/v1/communities/tide${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } });

  test("each answer has a request id and the headers that keep other sites and their scripts out", async () => {
    for (const path of ["/sign-in", "/no/such/page", "/api/v1/communities", "/api/v1/openapi.json"]) {
      const { headers } = await get(path, { "x-request-id": "from-the-proxy-17" });
      expect([path, headers.get("x-request-id")]).toEqual([path, "from-the-proxy-17"]);
      expect([path, headers.get("content-security-policy")]).toEqual([path, expect.stringContaining("default-src 'self'")]);
      expect([path, headers.get("content-security-policy")]).toEqual([path, expect.stringContaining("frame-ancestors 'none'")]);
      expect([path, headers.get("x-content-type-options")]).toEqual([path, "nosniff"]);
    }
    const ids = await Promise.all(
      ["", "<script>"].map(async (id) => (await get("/sign-in", { "x-request-id": id, cookie: "a=1" })).headers.get("x-request-id")),
    );
    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  });

  test("a page's inline scripts run by its own nonce, a shared page's by their hashes", async () => {
    const personal = async () => {
      const answer = await get("/studio/tide", { authorization: `Bearer ${key}` });
      const nonce = /'nonce-([^']+)'/.exec(answer.headers.get("content-security-policy") ?? "")?.[1];
      const scripts = [...(await answer.text()).matchAll(/<script\b([^>]*)>/g)].map(([, attributes]) => attributes ?? "");
      expect(scripts.filter((attributes) => !attributes.includes("src=")).length).toBeGreaterThan(0);
      expect(scripts.filter((attributes) => !attributes.includes(`nonce="${nonce}"`) && !attributes.includes("src="))).toEqual([]);
      return nonce;
    };
    expect(await personal()).not.toBe(await personal());
    await get("/c/tide");
    expect((await get("/c/tide")).headers.get("content-security-policy")).toMatch(/script-src 'self'[^;]*;/);
    expect((await get("/c/tide")).headers.get("content-security-policy")).not.toContain("nonce-");
  });

  test("pages and assets come packed; assets stay for a year and are not sent twice", async () => {
    const packed = async (path: string, accepted: string, cookie?: string) =>
      (await get(path, { "accept-encoding": accepted, ...(cookie && { cookie }) })).headers.get("content-encoding");
    const asset = /\/assets\/[\w.-]+\.js/.exec(await (await get("/sign-in")).text())?.[0] ?? "";
    expect(await Promise.all([packed("/c/tide", "gzip, br"), packed("/c/tide", "gzip"), packed("/c/tide", "identity")])).toEqual([
      "br",
      "gzip",
      null,
    ]);
    expect(await packed("/sign-in", "gzip", "a=1")).toBe("gzip");
    expect(await packed(asset, "gzip, br")).toBe("br");

    const { headers } = await get(asset, { "accept-encoding": "br" });
    expect(headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    const etag = headers.get("etag") ?? "";
    expect(etag).not.toBe("");
    expect((await get(asset, { "accept-encoding": "br", "if-none-match": etag })).status).toBe(304);
    expect((await get("/assets/../../package.json")).status).toBe(404);

    const answer = await api("/threads");
    expect((await api("/threads", { headers: { "if-none-match": answer.headers.get("etag") ?? "" } })).status).toBe(304);
  });

  test("metrics are for this machine; a request that was passed on needs the token", async () => {
    const { status, body } = await get("/metrics").then(async (answer) => ({ status: answer.status, body: await answer.text() }));
    expect(status).toBe(200);
    expect(body).toContain('causeway_consumer_lag_activities{consumer="search"} 0');
    expect(body).toContain("causeway_jobs");
    expect(body).toContain("causeway_page_cache_total");
    expect((await get("/metrics", { "x-forwarded-for": "203.0.113.9" })).status).toBe(403);
    expect((await get("/metrics", { authorization: "Bearer guess", "x-forwarded-for": "127.0.0.1" })).status).toBe(403);
  });

  test("a taken port and a folder in use are each told in one line", async () => {
    const { port } = new URL(server.url);
    const [taken, inUse] = await Promise.all([
      startProcess(["src/server.ts"], { CAUSEWAY_DATA_DIR: join(folder, "second"), PORT: port }).ended,
      startProcess(["src/server.ts"], { CAUSEWAY_DATA_DIR: dataDir, PORT: "0" }).ended,
    ]);
    expect(taken.code).toBe(5);
    expect(inUse.code).toBe(5);
    expect(ownWords(taken.err)).toEqual([expect.stringMatching(new RegExp(`^Port ${port} on .* is taken .* PORT=${Number(port) + 1} npm start$`))]);
    expect(ownWords(inUse.err)).toEqual([expect.stringContaining(dataDir)]);
  }, 60_000);

  test("a command brings in a file beside it, and the public page shows it within seconds", async () => {
    expect(await (await get("/c/tide")).text()).not.toContain("README");
    const before = await (await get("/c/tide")).text();
    const first = await runCli(["import", "github-archive", archive, "--community", "tide", "--json"], { CAUSEWAY_DATA_DIR: dataDir });
    expect(first).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(first.out)).toMatchObject({ new: { threads: 3 } });
    await expect.poll(async () => (await get("/c/tide")).text(), { timeout: 5000, interval: 250 }).not.toBe(before);
    expect((await (await api("/threads")).json()).data).toHaveLength(3);
  }, 60_000);

  test("files that cannot be read are each refused in one message, and nothing is written", async () => {
    const path = (name: string) => join(folder, name);
    await writeFile(path("empty.json"), "");
    await writeFile(path("truncated.json"), await readFile(archive));
    await truncate(path("truncated.json"), 4000);
    await writeFile(path("other.json"), '{"hello": ["world"]}');
    await mkdir(path("folder"));
    await writeFile(path("locked.json"), "{}", { mode: 0o000 });
    const held = () =>
      runtime.db.first(sql`
        SELECT (SELECT count(*) FROM community) AS communities, (SELECT count(*) FROM source) AS sources, (SELECT count(*) FROM sync) AS runs,
               (SELECT count(*) FROM raw_record) AS records`);
    const before = await held();
    const refusals = await Promise.all(
      ["missing.json", "empty.json", "truncated.json", "other.json", "folder", "locked.json"].map(async (name) => {
        const parameters = ["import", "github-archive", path(name), "--community", "elsewhere"];
        const { code, out, err } = await runCli(parameters, { CAUSEWAY_DATA_DIR: dataDir });
        return { name, code, out, lines: ownWords(err) };
      }),
    );
    for (const { name, code, out, lines } of refusals) {
      expect({ name, code, out, lines }).toEqual({ name, code: expect.any(Number), out: "", lines: [expect.stringContaining(name)] });
      expect([name, code]).not.toEqual([name, 0]);
    }
    expect(await held()).toEqual(before);
  }, 60_000);

  test("Ctrl-C lets a request and a job that are under way finish, closes the database and ends well", async () => {
    const large = join(folder, "large.json");
    await writeArchive(large, 1500);
    const upload = await api("/imports?fileName=large.json", { method: "POST", body: await readFile(large) });
    const { syncId } = (await upload.json()) as { syncId: string };
    const state = async () => (await runtime.db.first<{ state: string }>(sql`SELECT state FROM sync WHERE id = ${syncId}`))?.state;
    await vi.waitUntil(async () => (await state()) === "running", { timeout: 20_000, interval: 20 });

    // A second file comes in so slowly that the server is told to stop in the middle of it.
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const slow = api("/imports?fileName=small.json", { method: "POST", body: readable, duplex: "half" });
    const bytes = await readFile(archive);
    const writer = writable.getWriter();
    await writer.write(bytes.subarray(0, 1000));
    await pause(200);
    await runtime.close();
    const ended = server.interrupt();
    await pause(300);
    await expect(get("/healthz")).rejects.toThrow();
    await writer.write(bytes.subarray(1000));
    await writer.close();
    expect((await slow).status).toBe(202);
    expect(await ended).toMatchObject({ code: 0, err: expect.stringContaining("Stopping: requests and jobs under way finish first.") });

    runtime = await openRuntime({ env: { CAUSEWAY_DATA_DIR: dataDir, CAUSEWAY_LOG_LEVEL: "silent" }, cwd: folder });
    expect(await state()).toBe("done");
    expect(await runtime.db.first(sql`SELECT count(*) AS n FROM thread WHERE title LIKE 'Thread %'`)).toEqual({ n: 1500 });
  }, 90_000);
});

/** What a process said to a person: its log is for machines. */
function ownWords(err: string): string[] {
  return err.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("{"));
}
