import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createSecretBox } from "#core/crypto.ts";
import { sql } from "#core/database/database.ts";
import { addLiveSource, runImport, runPull } from "#features/ledger/index.ts";
import { createCtx } from "#tests/factories.ts";
import { createLocalHttp } from "../testing.ts";
import { git } from "./index.ts";
import { type GitServer, makeScratchRepository, type ScratchRepository, serveRepository } from "./testing-remote.ts";

type Ctx = Awaited<ReturnType<typeof createCtx>>;

let repository: ScratchRepository;
let server: GitServer;
let dataDir: string;

beforeAll(async () => {
  repository = await makeScratchRepository();
  server = await serveRepository(repository);
  dataDir = await mkdtemp(join(tmpdir(), "causeway-git-data-"));
  const root = repository.commit("root", {
    author: "Mara <mara@old.example.org>",
    files: { ".mailmap": "Mara L <mara@example.org> <mara@old.example.org>\n" },
  });
  repository.commit("two\twith a tab\n\nReviewed-by: Noor <noor@example.org>", { branch: "next", parents: [root] });
  repository.commit("three", {
    parents: [root],
    author: "Noor <noor@example.org>",
    files: { ".mailmap": "Mara L <mara@example.org> <mara@old.example.org>\n" },
  });
});
afterAll(() => server.close());

/** What the tables hold of commits, without ids that every import makes anew. */
async function tables(ctx: Ctx) {
  const id = ctx.community.id;
  return {
    sources: await ctx.db.rows(sql`SELECT origin FROM source WHERE community_id = ${id}`),
    activities: await ctx.db.rows(sql`
      SELECT a.external_id, a.kind, a.title, a.body, a.occurred_at, a.attributes, i.platform, i.external_id AS author, a.deleted_at, c.external_id AS channel
      FROM activity a LEFT JOIN identity i ON i.community_id = a.community_id AND i.id = a.identity_id
      JOIN channel c ON c.community_id = a.community_id AND c.id = a.channel_id WHERE a.community_id = ${id} AND a.deleted_at IS NULL ORDER BY 1, 2`),
  };
}

it("is one source with each commit once, as the repository tells it, whether it comes from a clone, a log or live, in whichever order", async () => {
  const services = {
    http: createLocalHttp(),
    secrets: createSecretBox({
      keys: [{ id: "k1", createdAt: "2026-01-01T00:00:00Z", key: Buffer.alloc(32, 7).toString("base64") }],
      hashKey: Buffer.alloc(32, 8).toString("base64"),
      authSecret: "x",
    }),
    dataDir,
  };
  const text = async (...args: string[]) => {
    const path = join(await mkdtemp(join(tmpdir(), "causeway-log-")), "log.txt");
    await writeFile(path, `${repository.git(["log", "--all", ...args])}\n`);
    return path;
  };
  const logs = { medium: await text(), local: await text("--date=local"), fuller: await text("--pretty=fuller", "--date=iso") };
  const ways: Record<string, (ctx: Ctx) => Promise<unknown>> = {
    clone: (ctx) => runImport(ctx, { connector: git, path: repository.folder }),
    medium: (ctx) => runImport(ctx, { connector: git, path: logs.medium }),
    local: (ctx) => runImport(ctx, { connector: git, path: logs.local }),
    fuller: (ctx) => runImport(ctx, { connector: git, path: logs.fuller }),
    live: async (ctx) => {
      const { sourceId } = await addLiveSource(ctx, { connector: git, settings: { remote: `${server.url}/tide.git` }, services });
      await runPull(ctx, { connector: git, sourceId, stream: "commits", services });
    },
  };
  const run = async (...names: string[]) => {
    const ctx = await createCtx();
    for (const name of names) await ways[name]?.(ctx);
    return await tables(ctx);
  };
  const expected = await run("clone");
  expect(expected.activities).toHaveLength(4);
  expect(await run("live")).toEqual(expected);
  expect(await run("medium", "live", "local")).toEqual(expected);
  expect(await run("live", "fuller", "clone", "medium")).toEqual(expected);
  expect(await run("local", "medium", "fuller", "clone")).toEqual(expected);
  const fuller = await run("fuller");
  expect(await run("fuller", "medium", "local")).toEqual(fuller);
  expect(await run("local", "medium", "fuller")).toEqual(fuller);
});
