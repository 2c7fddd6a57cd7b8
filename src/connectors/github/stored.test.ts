import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { requireConnector } from "#app/background/import-upload.ts";
import { json, sql } from "#core/database/database.ts";
import { drainOutbox, type RawRecord, receiveRecords, requireSource, runImport, takeInbox } from "#features/ledger/index.ts";
import { listSuggestedLinks, membersConsumer } from "#features/members/index.ts";
import { createCtx } from "#tests/factories.ts";
import { createLocalHttp, pullWith } from "../testing.ts";
import { type FakeGithub, startFakeGithub } from "./fake-github.ts";
import { github } from "./index.ts";
import type { Row } from "./row.ts";
import { makeComment, makeIssue, makePull, makeRepository, makeReview } from "./testing-repository.ts";

const archive = join(import.meta.dirname, "fixtures/archive.json");
const http = createLocalHttp();
let fake: FakeGithub | undefined;
afterEach(async () => {
  await fake?.close();
  fake = undefined;
});

type Ctx = Awaited<ReturnType<typeof createCtx>>;

const mara = { login: "Mara", id: 21, type: "User" };
const noor = { login: "Noor", id: 22, type: "User" };

/** The archive's repository as GitHub itself tells of it. */
async function startLive(): Promise<FakeGithub> {
  fake = await startFakeGithub({
    ...makeRepository(),
    issues: [makeIssue(1, { user: mara, title: "Tides are late", created_at: "2026-01-05T10:00:00Z", updated_at: "2026-02-01T00:00:00Z" })],
    comments: [makeComment(401, 1, { user: noor, body: "Which version?", created_at: "2026-01-05T11:00:00Z", updated_at: "2026-02-01T00:00:00Z" })],
    pulls: [
      {
        ...makePull(2, { user: noor, created_at: "2026-01-06T10:00:00Z", updated_at: "2026-02-01T00:00:00Z" }),
        reviews: [makeReview(501, 2, { user: mara })],
      },
    ],
    reviewComments: [],
    discussions: [],
    stars: [],
    forks: [],
    releases: [],
  });
  return fake;
}

/** What a pull brings, taken into a source; the stand-in's address is left out, since it stands for github.com. */
async function takeLive(ctx: Ctx, sourceId: string, streams: readonly string[]): Promise<void> {
  const server = fake ?? (await startLive());
  const source = await requireSource(ctx, sourceId);
  for (const stream of streams) {
    const { records } = await pullWith(github, { stream, settings: { repository: "harbor/tide-table", token: "x", baseUrl: server.url }, http });
    const given = records.map((record): RawRecord => ({ ...record, payload: { ...(record.payload as Row), host: undefined } }));
    await receiveRecords(ctx, { source, records: given });
    await takeInbox(ctx, { connector: github, sourceId });
  }
}

const standing = (ctx: Ctx) =>
  ctx.db.rows<{ kind: string; key: string; author: string | null }>(sql`
    SELECT a.kind, a.external_id AS key, i.external_id AS author FROM activity a
    LEFT JOIN identity i ON i.community_id = a.community_id AND i.id = a.identity_id
    WHERE a.community_id = ${ctx.community.id} AND a.deleted_at IS NULL ORDER BY a.kind, a.external_id`);

describe("github, in the database", () => {
  it("lets what an archive held give way to what GitHub itself tells, in whichever order the streams are read", async () => {
    const tables = [];
    for (const streams of [
      ["issues", "comments", "pulls"],
      ["pulls", "comments", "issues"],
    ]) {
      const ctx = await createCtx();
      const { sourceId } = await runImport(ctx, { connector: github, path: archive });
      await takeLive(ctx, sourceId, streams);
      const rows = await standing(ctx);
      expect(rows.filter(({ key }) => key.startsWith("harbor/tide-table#1"))).toEqual([
        { kind: "issue_opened", key: "harbor/tide-table#1", author: "id:21" },
      ]);
      expect(rows.filter(({ kind }) => kind === "comment")).toMatchObject([{ key: "comment/401", author: "id:22" }]);
      expect(rows.filter(({ kind }) => kind === "review")).toMatchObject([{ key: "review/501" }]);
      // The archive that comes again is older, and changes nothing.
      const again = await runImport(ctx, { connector: github, path: archive });
      expect(again.counts.new.activities + again.counts.changed.activities).toBe(0);
      expect(await standing(ctx)).toEqual(rows);
      tables.push(rows);
    }
    expect(tables[0]).toEqual(tables[1]);
  });

  const maras = (ctx: Ctx) =>
    ctx.db.rows<{ key: string; member: string }>(sql`
      SELECT external_id AS key, member_id AS member FROM identity
      WHERE community_id = ${ctx.community.id} AND external_id IN ('id:21', 'login:mara') ORDER BY external_id`);

  it("asks whether the archive's people are the accounts that have their logins now, and joins nothing by itself", async () => {
    const ctx = await createCtx();
    const { sourceId } = await runImport(ctx, { connector: github, path: archive });
    await takeLive(ctx, sourceId, ["issues", "pulls"]);
    await drainOutbox(ctx, { consumers: [membersConsumer], communityId: ctx.community.id });
    const [byNumber, byLogin] = await maras(ctx);
    expect([byNumber?.key, byLogin?.key]).toEqual(["id:21", "login:mara"]);
    expect(byNumber?.member).not.toBe(byLogin?.member);
    const { rows } = await listSuggestedLinks(ctx);
    expect(rows).toContainEqual(expect.objectContaining({ rule: "same-login", evidence: expect.stringContaining("“mara”") }));
  });

  it("takes nothing of an archive that comes in after GitHub itself has told more, so nobody is doubled", async () => {
    const ctx = await createCtx();
    const sourceId = await makeSource(ctx);
    await takeLive(ctx, sourceId, ["issues", "comments", "pulls"]);
    const before = await standing(ctx);
    await runImport(ctx, { connector: github, path: archive });
    const after = await standing(ctx);
    // One issue of the archive is gone from GitHub; it alone is new.
    expect(after.filter(({ key }) => !before.some((row) => row.key === key)).every(({ key }) => !/tide-table#[12](?:\/|$)/.test(key))).toBe(true);
    expect((await maras(ctx)).map(({ key }) => key)).toEqual(["id:21"]);
  });

  it("is found under the name that it had before, by the command line and by stored sources", async () => {
    expect(requireConnector("github-archive")).toBe(github);
    const ctx = await createCtx();
    const { sourceId } = await runImport(ctx, { connector: github, path: archive });
    await ctx.db.execute(
      sql`UPDATE source SET connector = 'github-archive', settings = ${json({ visibility: "public" })} WHERE community_id = ${ctx.community.id}`,
    );
    const again = await runImport(ctx, { connector: requireConnector("github-archive"), path: archive });
    expect(again.sourceId).toBe(sourceId);
    expect(again.counts.new.activities).toBe(0);
  });
});

async function makeSource(ctx: Ctx): Promise<string> {
  const row = await ctx.db.first<{ id: string }>(sql`
    INSERT INTO source (community_id, id, connector, origin, name, settings, created_at)
    VALUES (${ctx.community.id}, gen_random_uuid(), 'github', 'github:harbor/tide-table', 'Harbor/Tide-Table', '{}', now()) RETURNING id`);
  return row?.id ?? "";
}
