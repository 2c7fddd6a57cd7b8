import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { ensureCommunity } from "#features/access/index.ts";
import { openRuntime, type Runtime } from "../runtime.ts";
import { restoreFile, writeBackup } from "./backup.ts";
import type { Session } from "./session.ts";

let folder: string;
let runtime: Runtime;
const said: string[] = [];
let session: Session;
const open = (dataDir: string) => openRuntime({ cwd: folder, env: { CAUSEWAY_DATA_DIR: dataDir, CAUSEWAY_LOG_LEVEL: "silent" } });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cw-backup-"));
  runtime = await open("data");
  session = {
    cwd: folder,
    runtime: async () => runtime,
    signal: new AbortController().signal,
    out: (text) => said.push(text),
    err: () => {},
    watched: false,
    terminal: false,
  };
  const ctx = await ensureCommunity(runtime, { slug: "lantern", name: 'Лантерн "#" 🏮' });
  await runtime.db.execute(sql`UPDATE community SET settings = '{"deep": [1, 1.5, null, "a\\nb"]}' WHERE id = ${ctx.community.id}`);
  await runtime.mail.queue({ to: "a@example.org", subject: '#{"end":true}', text: "line\n#second\u2028third" });
}, 120_000);
afterAll(async () => {
  await runtime.close();
  await rm(folder, { recursive: true, force: true });
});

const tables = ["community", "mail_message", "audit_entry"];
const contents = async (of: Runtime) => {
  const all: Record<string, unknown> = {};
  for (const table of tables) all[table] = await of.db.rows(sql`SELECT to_jsonb(t)::text AS row FROM ${sql.raw(table)} t ORDER BY 1`);
  return all;
};

test("what was backed up stands in the new database as it was, keys included, and only in an empty one", async () => {
  await writeBackup(session, "b.backup", { json: true });
  const { rows } = JSON.parse(said.at(-1) ?? "{}") as { rows: number };
  expect(rows).toBeGreaterThan(2);
  await expect(restoreFile(session, "b.backup", {})).rejects.toMatchObject({ code: "conflict" });

  const second = await open("second");
  try {
    const target = { ...session, runtime: async () => second };
    await restoreFile(target, "b.backup", { json: true });
    expect(JSON.parse(said.at(-1) ?? "{}")).toMatchObject({ rows });
    expect(await contents(second)).toEqual(await contents(runtime));
    expect(readFileSync(second.config.secretsFile, "utf8")).toBe(readFileSync(runtime.config.secretsFile, "utf8"));
    await restoreFile(target, "b.backup", { overwrite: true });
    expect(await contents(second)).toEqual(await contents(runtime));
  } finally {
    await second.close();
  }
}, 120_000);

test("a damaged, cut off or foreign file is refused in words and changes nothing", async () => {
  await writeBackup(session, "c.backup", {});
  const before = await contents(runtime);
  const path = join(folder, "c.backup");
  const whole = readFileSync(path);
  const refuse = (name: string, words: RegExp) => expect(restoreFile(session, name, { overwrite: true })).rejects.toThrow(words);

  writeFileSync(path, whole);
  truncateSync(path, whole.length - 40);
  await refuse("c.backup", /ends in the middle or is damaged/);
  const lines = gunzipSync(whole).toString().trimEnd().split("\n");
  writeFileSync(path, gzipSync(lines.slice(0, -1).join("\n")));
  await refuse("c.backup", /ends in the middle/);
  writeFileSync(path, gzipSync(lines.filter((line) => !line.includes("lantern")).join("\n")));
  await refuse("c.backup", /damaged|could not be restored/);
  writeFileSync(path, gzipSync("hello\n"));
  await refuse("c.backup", /The first line is not what a Causeway backup holds/);
  writeFileSync(path, "hello");
  await refuse("c.backup", /no Causeway backup/);
  await refuse("none.backup", /There is no file/);
  expect(await contents(runtime)).toEqual(before);
}, 120_000);
