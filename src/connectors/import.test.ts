import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sql } from "#core/database/database.ts";
import { drainOutbox, getSource, openFile, recognizeFile, rollUp, runImport } from "#features/ledger/index.ts";
import { createCtx } from "#tests/factories.ts";
import { git } from "./git/index.ts";
import { github } from "./github/index.ts";
import { connectors } from "./index.ts";
import { mbox } from "./mbox/index.ts";
import { scratch } from "./testing.ts";

const here = import.meta.dirname;
const root = join(here, "../..");
const data = join(here, "../../../shared/data");
const archiveFixture = join(here, "github/fixtures/archive.json");
const mailFixture = join(here, "mbox/fixtures/quirks.mbox");
const none = { threads: 0, activities: 0, identities: 0 };

type Ctx = Awaited<ReturnType<typeof createCtx>>;

/** What the tables hold of a community, without the ids that every import makes anew. */
async function tables(ctx: Ctx) {
  const id = ctx.community.id;
  return {
    threads: await ctx.db.rows(sql`
      SELECT t.external_id, t.kind, t.title, t.state, t.opened_at, i.platform, i.external_id AS opener FROM thread t
      LEFT JOIN identity i ON i.community_id = t.community_id AND i.id = t.opener_id WHERE t.community_id = ${id} ORDER BY 1`),
    activities: await ctx.db.rows(sql`
      SELECT a.external_id, a.kind, a.body, a.occurred_at, a.deleted_at, a.unattributed, i.platform, i.external_id AS author, t.external_id AS thread
      FROM activity a LEFT JOIN identity i ON i.community_id = a.community_id AND i.id = a.identity_id
      LEFT JOIN thread t ON t.community_id = a.community_id AND t.id = a.thread_id WHERE a.community_id = ${id} ORDER BY 1, 2`),
    identities: await ctx.db.rows(
      sql`SELECT platform, external_id, display_name, login, email, kind FROM identity WHERE community_id = ${id} ORDER BY 1, 2`,
    ),
    labels: await ctx.db.rows(sql`
      SELECT i.external_id, l.kind, l.value FROM identity_label l JOIN identity i ON i.community_id = l.community_id AND i.id = l.identity_id
      WHERE l.community_id = ${id} ORDER BY 1, 2, 3`),
  };
}

describe("imports, into the database", () => {
  it.each([
    ["an archive.json", github, archiveFixture, { issue_opened: 2, pull_request_opened: 1, comment: 6, review: 2, review_comment: 2 }],
    ["a mailbox", mbox, mailFixture, { mail: 6 }],
  ])("brings in %s once, however often it comes, and holds what it reports", async (_, connector, path, kinds) => {
    const ctx = await createCtx();
    const first = await runImport(ctx, { connector, path });
    expect(first.counts.activitiesByKind).toEqual(kinds);
    expect(first.rejected).toBe(0);
    const again = await runImport(ctx, { connector, path });
    expect(again.sourceId).toBe(first.sourceId);
    expect(again.counts.new).toEqual(none);
    expect(again.counts.changed).toEqual(none);
    expect(again.counts.same.activities).toBe(first.counts.new.activities);
    await drainOutbox(ctx, { consumers: [rollUp], communityId: ctx.community.id });
    const source = await getSource(ctx, { sourceId: first.sourceId });
    const reported = source?.coverage.filter((row) => row.reported !== null);
    expect(Object.fromEntries(reported?.map((row) => [row.unit, row.held]) ?? [])).toEqual(kinds);
    expect(reported?.filter((row) => row.gap !== "")).toEqual([]);
  });

  it("knows its own files", async () => {
    const knows = async (path: string) => recognizeFile(connectors, await openFile(path))[0]?.connector.id;
    expect(await knows(archiveFixture)).toBe("github");
    expect(await knows(mailFixture)).toBe("mbox");
    expect(await knows(await scratch("x.bin", Buffer.from([1, 2, 3])))).toBeUndefined();
  });

  it("stores nothing of a file that is cut off", async () => {
    const ctx = await createCtx();
    const whole = await readFile(archiveFixture);
    await expect(runImport(ctx, { connector: github, path: await scratch("archive.json", whole.subarray(0, -3)) })).rejects.toMatchObject({
      code: "unreadable_file",
    });
    expect(await tables(ctx)).toEqual({ threads: [], activities: [], identities: [], labels: [] });
  });

  it("applies a newer archive and is not set back by an older one", async () => {
    const ctx = await createCtx();
    const old = JSON.parse(await readFile(archiveFixture, "utf8"));
    const next = structuredClone(old);
    Object.assign(next.issues[0], { state: "CLOSED", closedAt: "2026-02-01T10:00:00Z", updatedAt: "2026-02-01T10:00:00Z" });
    Object.assign(next.issues[0].comments[0], { body: "Which version, please?", updatedAt: "2026-02-01T09:00:00Z" });
    const paths = { old: await scratch("archive.json", JSON.stringify(old)), next: await scratch("archive.json", JSON.stringify(next)) };
    await runImport(ctx, { connector: github, path: paths.old });
    const { counts } = await runImport(ctx, { connector: github, path: paths.next });
    expect([counts.new, counts.changed]).toMatchObject([none, { threads: 1, activities: 1 }]);
    const after = await tables(ctx);
    await runImport(ctx, { connector: github, path: paths.old });
    expect(await tables(ctx)).toEqual(after);
  });

  it("makes the same tables of a list's months in any order as of the whole", async () => {
    const mails = Array.from({ length: 8 }, (_, i) =>
      [
        "From x@example.org Mon Jan  5 10:00:00 2026",
        `From: P${i % 3} <p${i % 3}@example.org>`,
        `Date: Mon, 0${i + 1} Jan 2026 10:00:00 +0000`,
        `Subject: ${i === 0 ? "tides" : "Re: tides"}`,
        `Message-ID: <m${i}@x>`,
        ...(i > 0 ? [`References: ${Array.from({ length: i }, (__, j) => `<m${j}@x>`).join(" ")}`] : []),
        "List-Id: <tide.example.org>",
        "",
        `Words ${i}.`,
        "",
        "",
      ].join("\n"),
    );
    const whole = await createCtx();
    await runImport(whole, { connector: mbox, path: await scratch("all.mbox", mails.join("")) });
    const months = await createCtx();
    for (const part of [mails.slice(5), mails.slice(2, 6), mails.slice(0, 3)])
      await runImport(months, { connector: mbox, path: await scratch("part.mbox", part.join("")) });
    expect(await tables(months)).toEqual(await tables(whole));
  });

  it("counts the commits and authors of this project as git counts them", async (test) => {
    const ask = (...args: string[]) => execFileSync("git", ["-C", root, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    try {
      ask("rev-parse", "HEAD");
    } catch {
      test.skip("the project is no clone here");
    }
    const ctx = await createCtx();
    const { counts } = await runImport(ctx, { connector: git, path: root });
    const labels = await ctx.db.rows<{ value: string }>(
      sql`SELECT DISTINCT value FROM identity_label WHERE community_id = ${ctx.community.id} AND kind = 'signature'`,
    );
    // Others may commit while this runs, so what was imported is asked of git and not the present tip.
    const hashes = await ctx.db.rows<{ hash: string }>(
      sql`SELECT external_id AS hash FROM activity WHERE community_id = ${ctx.community.id} AND kind = 'commit'`,
    );
    expect(counts.activitiesByKind.commit).toBe(hashes.length);
    expect(hashes.length).toBeGreaterThanOrEqual(Number(ask("rev-list", "--all", "--count")) - 20);
    expect(labels.map((label) => label.value)).toEqual(
      expect.arrayContaining([ask("log", "-1", "--format=%aN <%aE>", hashes[0]?.hash ?? "").trim()]),
    );
  });
});

describe.skipIf(!existsSync(data))("imports of real files (skipped where ../shared/data is absent)", () => {
  it("brings in a real archive exactly: threads, kinds and people", async () => {
    const ctx = await createCtx();
    const path = join(data, "github-archive/tlswg-tls13-spec/archive.json");
    const { counts, rejected } = await runImport(ctx, { connector: github, path });
    expect(counts.activitiesByKind).toEqual({ issue_opened: 446, pull_request_opened: 709, comment: 1962, review: 433, review_comment: 714 });
    expect(counts.new).toEqual({ threads: 1155, activities: 4264, identities: 146 });
    expect(rejected).toBe(0);
    expect((await runImport(ctx, { connector: github, path })).counts).toMatchObject({ new: none, changed: none });
    const row = await ctx.db.first<{ n: number }>(
      sql`SELECT count(DISTINCT identity_id)::int AS n FROM activity WHERE community_id = ${ctx.community.id}`,
    );
    expect(row?.n).toBe(146);
  });

  it("brings in every real mailbox", async () => {
    const folder = join(data, "mbox");
    // Of the six in mbox_no_fields two are copies of others.
    const known = { "pipermail_2015_november.mbox": 4, "mbox_no_fields.mbox": 4, "rfc2047-samples.mbox": 11, "mbox_multipart.mbox": 2 };
    const paths = readdirSync(folder).flatMap((name) => readdirSync(join(folder, name)).map((file) => join(folder, name, file)));
    for (const [file, n] of Object.entries(known)) {
      const ctx = await createCtx();
      const { counts } = await runImport(ctx, { connector: mbox, path: paths.find((path) => path.endsWith(file)) ?? file });
      expect([file, counts.activitiesByKind]).toEqual([file, { mail: n }]);
    }
  });
});
