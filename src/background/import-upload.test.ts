import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createApi } from "#api/index.ts";
import { sql } from "#core/database/database.ts";
import { type Ctx, createApiKey, ensureCommunity } from "#features/access/index.ts";
import { createTeamMember } from "#tests/access-fixtures.ts";
import { openRuntime } from "../runtime.ts";

const fixture = join(import.meta.dirname, "../connectors/github/fixtures/archive.json");

test("a file sent to the API is brought in by the worker, can be watched, and its members, questions and signals follow", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-import-"));
  const runtime = await openRuntime({
    env: { CAUSEWAY_DATA_DIR: dataDir, CAUSEWAY_LOG_LEVEL: "silent", CAUSEWAY_JOB_POLL_SECONDS: "0.5", CAUSEWAY_SHUTDOWN_SECONDS: "2" },
    cwd: dataDir,
  });
  try {
    await runtime.jobs.startWorkers(runtime);
    const ctx: Ctx = await ensureCommunity(runtime, { slug: "tide" });
    const { key } = await createApiKey((await createTeamMember(ctx, "owner")).ctx, { name: "test", scopes: ["admin"] });
    const api = createApi(runtime);
    const call = async (method: string, path: string, body?: Uint8Array<ArrayBuffer>) => {
      const response = await api.request(`http://localhost:4400/api/v1/communities/tide${path}`, {
        method,
        headers: { authorization: `Bearer ${key}` },
        ...(body ? { body } : {}),
      });
      expect(response.status, path).toBeLessThan(300);
      return response.json();
    };
    const file = new Uint8Array(await readFile(fixture));
    const { syncId } = await call("POST", "/imports?fileName=small.json", file);
    const watch = () => call("GET", `/syncs/${syncId}`);
    await expect.poll(async () => (await watch()).state, { timeout: 40_000, interval: 200 }).toBe("done");
    expect((await watch()).counts.new).toMatchObject({ threads: 3 });
    await expect.poll(() => ctx.db.first(sql`SELECT count(*) AS n FROM outbox_delivery`), { timeout: 30_000 }).toEqual({ n: 0 });
    expect((await runtime.telemetry.expose()).body).toMatch(/causeway_ingested_activities_total\{outcome="new"\} [1-9]/);
    expect((await call("GET", "/members")).data.length).toBeGreaterThan(0);
    expect((await call("GET", "/threads")).data.map((row: { questionReason: string | null }) => row.questionReason === null)).not.toContain(true);

    const again = await call("POST", "/imports?fileName=small.json", file);
    await expect.poll(async () => (await call("GET", `/syncs/${again.syncId}`)).state, { timeout: 40_000, interval: 200 }).toBe("done");
    expect((await call("GET", `/syncs/${again.syncId}`)).counts.new).toMatchObject({ threads: 0, activities: 0 });
    await expect.poll(() => existsSync(join(dataDir, "uploads")) && readdirSync(join(dataDir, "uploads")), { timeout: 30_000 }).toEqual([]);
  } finally {
    await runtime.close();
  }
  // A server of its own, jobs that are polled for, two imports: slow on a busy machine.
}, 120_000);
