import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createLogger } from "../log.ts";
import { openDatabase, sql } from "./database.ts";
import { embeddedSocketDir, startEmbedded } from "./embedded.ts";

const script = fileURLToPath(new URL("./embedded-process.fixture.ts", import.meta.url));
const log = createLogger({ level: "silent" });
const children: ChildProcess[] = [];
const folders: string[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

// A database's first start makes its files, which takes seconds: made once, and copied for each test.
const template = mkdtempSync(join(tmpdir(), "cw-"));
beforeAll(async () => {
  const embedded = await startEmbedded({ dataDir: template });
  await embedded.close();
}, 120_000);
afterAll(() => rmSync(template, { recursive: true, force: true }));

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cw-"));
  cpSync(template, folder, { recursive: true });
  folders.push(folder);
  return folder;
}

/** Another process on the folder's database. */
function start(dataDir: string, mode = "") {
  const child = spawn(process.execPath, [script, dataDir, mode], { stdio: ["pipe", "pipe", "pipe"] });
  children.push(child);
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => {
    output += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    errors += String(chunk);
  });
  const exited = new Promise<number | null>((settle) => child.once("exit", settle));
  return {
    child,
    exited,
    tell: (line: string) => child.stdin.write(`${line}\n`),
    errors: () => errors,
    stored: () => [...output.matchAll(/stored (\d+)\n/g)].length,
    async says(pattern: RegExp): Promise<string> {
      for (let tries = 0; tries < 1200; tries += 1) {
        const match = pattern.exec(output);
        if (match) return match[0];
        await new Promise((settle) => setTimeout(settle, 25));
      }
      throw new Error(`waited for ${pattern}, got ${JSON.stringify(output + errors)}`);
    },
  };
}

test("many clients at once never get each other's answers, however large their statements", async () => {
  const embedded = await startEmbedded({ dataDir: newFolder() });
  // The process itself comes straight, others by the socket.
  const straight = openDatabase({ connection: embedded.connection, embedded: true, log });
  const { stream: _, ...bySocket } = embedded.connection;
  const other = openDatabase({ connection: bySocket, embedded: true, log });
  try {
    const large = "x".repeat(1_500_000);
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => {
        const db = n % 2 === 0 ? straight : other;
        return n % 3 === 0
          ? db.first(sql`SELECT ${n}::int AS n`)
          : n % 3 === 1
            ? db.first(sql`SELECT ${n}::int AS n, length(${large}::text) AS size`)
            : db.transaction(async (tx) => {
                await tx.first(sql`SELECT length(${large}::text) AS size`);
                return tx.first(sql`SELECT ${n}::int AS n`);
              });
      }),
    );
    expect(answers.map((row) => (row as { n: number }).n)).toEqual(Array.from({ length: 60 }, (_, n) => n));
    // A failed statement leaves the connection and the others usable.
    for (const db of [straight, other]) {
      await expect(db.rows(sql`SELECT 1/0`)).rejects.toThrow(/division by zero/);
      expect(await db.rows(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
    }
    const answer = await straight.first<{ text: string }>(sql`SELECT repeat('y', 5000000) AS text`);
    expect(answer?.text).toBe("y".repeat(5_000_000));
  } finally {
    await straight.close();
    await other.close();
    await embedded.close();
  }
}, 60_000);

test("who does not speak PostgreSQL's protocol is cut off and disturbs nobody", async () => {
  const embedded = await startEmbedded({ dataDir: newFolder() });
  const db = openDatabase({ connection: embedded.connection, embedded: true, log });
  try {
    const stranger = connect(join(embedded.socketDir, ".s.PGSQL.5432"));
    stranger.on("error", () => undefined);
    const closed = new Promise((settle) => stranger.once("close", settle));
    stranger.write(Buffer.alloc(64));
    await closed;
    expect(await db.rows(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
  } finally {
    await db.close();
    await embedded.close();
  }
}, 60_000);

test("a second process joins while the first is still starting; a second server is refused in words", async () => {
  const dataDir = newFolder();
  const first = start(dataDir);
  const second = start(dataDir);
  const roles = await Promise.all([first.says(/owner|joined/), second.says(/owner|joined/)]);
  expect(roles.sort()).toEqual(["joined", "owner"]);
  const server = start(dataDir, "exclusive");
  expect(await server.says(/refused.*/)).toMatch(/refused conflict .*in use by another Causeway \(process \d+/);
  expect(await server.exited).toBe(1);
  expect(first.errors() + second.errors()).toBe("");
}, 60_000);

test("Ctrl-C reaches the process, waits for who joined, and leaves nothing behind", async () => {
  const dataDir = newFolder();
  const owner = start(dataDir);
  await owner.says(/owner/);
  const joined = start(dataDir);
  await joined.says(/joined/);
  owner.child.kill("SIGINT");
  joined.tell("insert 0 20");
  await joined.says(/stored 19/);
  joined.tell("close");
  expect(await joined.exited).toBe(0);
  expect(await owner.exited).toBe(0);
  expect(existsSync(join(dataDir, "database.lock"))).toBe(false);
  expect(existsSync(join(embeddedSocketDir(dataDir), ".s.PGSQL.5432"))).toBe(false);
}, 60_000);

test("a client killed inside a transaction holds nobody up and leaves nothing", async () => {
  const dataDir = newFolder();
  const owner = start(dataDir);
  await owner.says(/owner/);
  const joined = start(dataDir);
  await joined.says(/joined/);
  joined.tell("hold 7");
  await joined.says(/holding/);
  joined.child.kill("SIGKILL");
  owner.tell("count");
  expect(await owner.says(/count \d+/)).toBe("count 0");
}, 60_000);

test("after kill -9 the next start clears the lock and every acknowledged row is there", async () => {
  const dataDir = newFolder();
  const owner = start(dataDir);
  await owner.says(/owner/);
  owner.tell("insert 0 100000");
  await owner.says(/stored 200\n/);
  owner.child.kill("SIGKILL");
  await owner.exited;
  expect(existsSync(join(dataDir, "database.lock"))).toBe(true);
  const next = start(dataDir, "exclusive");
  await next.says(/owner/);
  next.tell("count");
  const count = Number((await next.says(/count \d+/)).split(" ")[1]);
  expect(count).toBeGreaterThanOrEqual(owner.stored());
}, 60_000);

test("a lock whose process id now belongs to somebody else is stale; one of another machine only after its silence", async () => {
  const dataDir = newFolder();
  const lock = join(dataDir, "database.lock");
  writeFileSync(lock, JSON.stringify({ pid: process.ppid, began: "1", host: hostname(), program: "server.ts" }));
  const embedded = await startEmbedded({ dataDir, exclusive: true });
  expect(JSON.parse(readFileSync(lock, "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
  await embedded.close();
  writeFileSync(lock, JSON.stringify({ pid: 1, began: "1", host: "another-machine", program: "server.ts" }));
  await expect(startEmbedded({ dataDir, exclusive: true })).rejects.toMatchObject({ code: "conflict" });
}, 60_000);

test("a deep data folder has its socket in an owner-only folder elsewhere", async () => {
  const dataDir = join(newFolder(), "a-rather-long-name-of-a-folder/".repeat(4));
  mkdirSync(dirname(dataDir), { recursive: true });
  cpSync(template, dataDir, { recursive: true });
  const embedded = await startEmbedded({ dataDir });
  const socket = join(embedded.socketDir, ".s.PGSQL.5432");
  expect(Buffer.byteLength(socket)).toBeLessThan(104);
  expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700);
  await embedded.close();
  expect(existsSync(embedded.socketDir)).toBe(false);
}, 60_000);
