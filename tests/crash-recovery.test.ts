import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openDatabase, sql } from "#core/database/database.ts";
import { startEmbedded } from "#core/database/embedded.ts";
import { createLogger } from "#core/log.ts";

/** How often the import is killed; raise it for a longer trial. */
const kills = Number(process.env.CAUSEWAY_TEST_KILLS ?? 3);
const folder = mkdtempSync(join(tmpdir(), "causeway-crash-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An archive of a repository that never was: every thread with comments by a handful of people. */
function writeArchive(path: string, threads: number): void {
  const at = (n: number) => new Date(Date.UTC(2025, 0, 1) + n * 61_000).toISOString().replace(".000", "");
  const issues = Array.from({ length: threads }, (_, index) => ({
    number: index + 1,
    id: `I_${index + 1}`,
    title: `Does the import survive fault ${index + 1}?`,
    url: `https://github.com/example/crash/issues/${index + 1}`,
    state: index % 3 === 0 ? "CLOSED" : "OPEN",
    author: `user${index % 97}`,
    authorAssociation: "NONE",
    assignees: [],
    labels: index % 5 === 0 ? ["bug"] : [],
    body: `It fails when the power goes at step ${index}. How do I go on?\n\n${"Steps and words. ".repeat(20)}`,
    createdAt: at(index * 20),
    updatedAt: at(index * 20 + 19),
    closedAt: index % 3 === 0 ? at(index * 20 + 19) : null,
    comments: Array.from({ length: 9 }, (__, n) => ({
      author: `user${(index + n * 7) % 131}`,
      authorAssociation: "NONE",
      body: `Comment ${n} on ${index}: it works here. ${"More words. ".repeat(15)}`,
      createdAt: at(index * 20 + n + 1),
      updatedAt: at(index * 20 + n + 1),
    })),
  }));
  writeFileSync(path, JSON.stringify({ magic: "E!vIA5L86J2I", timestamp: at(0), repo: "example/crash", labels: [], issues, pulls: [] }));
}

interface Run {
  code: number | null;
  output: string;
  ms: number;
}

function importInto(dataDir: string, archive: string, killAfterMs?: number): Promise<Run> {
  const started = performance.now();
  const child = spawn(process.execPath, ["src/cli/index.ts", "import", "github-archive", archive, "--community", "crash", "--json"], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: "production", CAUSEWAY_DATA_DIR: dataDir },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  if (killAfterMs !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  return new Promise((settle) => child.once("close", (code) => settle({ code, output, ms: performance.now() - started })));
}

/** Everything that an import leaves behind, by its natural keys: ids and clock times differ from run to run. */
async function readTables(dataDir: string): Promise<Record<string, unknown[]>> {
  const server = await startEmbedded({ dataDir });
  const db = openDatabase({
    connection: server.connection,
    embedded: true,
    log: createLogger({ level: "silent" }),
  });
  const person = "(SELECT i.platform || ':' || i.external_id FROM identity i WHERE i.id = %)";
  const by = (column: string) => person.replace("%", column);
  const queries: Record<string, string> = {
    source: "SELECT connector, origin, name FROM source o",
    stream: "SELECT name, cursor, reported FROM stream o",
    raw_record:
      "SELECT stream, external_id, encode(hash, 'hex') AS hash, activities, cardinality(threads) AS threads, cardinality(identities) AS people FROM raw_record o",
    identity: `SELECT platform, external_id, display_name, login, kind, first_seen_at, ${by("o.member_id")} AS member FROM identity o`,
    identity_label: `SELECT ${by("o.identity_id")} AS who, kind, value, first_seen_at FROM identity_label o`,
    member: `SELECT ${by("o.id")} AS who, display_name, kind, visibility, activity_counts, first_activity_at, last_activity_at FROM member o`,
    member_day: `SELECT ${by("o.identity_id")} AS who, day, visibility, count FROM member_day o`,
    channel: "SELECT external_id, kind, name, visibility FROM channel o",
    thread: `SELECT external_id, title, state, labels, opened_at, closed_at, ${by("o.opener_id")} AS opener, activity_count, participant_count,
             last_activity_at, question, question_reason, waiting_since, first_response_at, first_response_by FROM thread o`,
    activity: `SELECT external_id, kind, ${by("o.identity_id")} AS who, occurred_at, title, md5(body) AS body, content_hash::text AS hash,
               (SELECT external_id FROM thread t WHERE t.id = o.thread_id) AS thread FROM activity o`,
    activity_day: "SELECT day, kind, visibility, author_kind, count FROM activity_day o",
    signal: "SELECT kind, quote, quote_start, rule, (SELECT external_id FROM activity a WHERE a.id = o.activity_id) AS of FROM signal o",
    search_document:
      "SELECT md5(tokens::text) AS tokens, (SELECT external_id FROM activity a WHERE a.id = o.activity_id) AS of FROM search_document o",
    search_title: "SELECT title, visibility FROM search_title o",
    outbox_delivery: "SELECT consumer FROM outbox_delivery o",
    rejected_record: "SELECT key, reason FROM rejected_record o",
  };
  const tables: Record<string, unknown[]> = {};
  for (const [table, query] of Object.entries(queries)) {
    tables[table] = (await db.rows<{ row: string }>(sql.raw(`SELECT to_jsonb(q)::text AS row FROM (${query}) q`))).map((row) => row.row).sort();
  }
  await db.close();
  await server.close();
  return tables;
}

test(`an import that is killed at ${kills} random moments and run again leaves the tables of an undisturbed one`, {
  timeout: 120_000 + kills * 60_000,
}, async () => {
  const archive = join(folder, "archive.json");
  writeArchive(archive, 300);
  const empty = join(folder, "empty");
  const undisturbed = join(folder, "undisturbed");
  // The database's very first start is no part of the import: every run starts from a copy of one that has started.
  const started = await startEmbedded({ dataDir: empty });
  await started.close();
  cpSync(empty, undisturbed, { recursive: true });
  const reference = await importInto(undisturbed, archive);
  expect(reference.output).toContain('"activities":3000');
  expect(reference.code).toBe(0);
  const expected = await readTables(undisturbed);
  expect(expected.activity).toHaveLength(3000);
  expect(expected.outbox_delivery).toEqual([]);

  for (let attempt = 0; attempt < kills; attempt += 1) {
    const dataDir = join(folder, `killed-${attempt}`);
    cpSync(empty, dataDir, { recursive: true });
    const moment = reference.ms * (0.15 + 0.85 * Math.random());
    const killed = await importInto(dataDir, archive, moment);
    const again = await importInto(dataDir, archive);
    expect(again.code, `killed after ${Math.round(moment)} ms (${killed.output}), then: ${again.output}`).toBe(0);
    expect(await readTables(dataDir), `killed after ${Math.round(moment)} ms`).toEqual(expected);
    rmSync(dataDir, { recursive: true, force: true });
  }
});
