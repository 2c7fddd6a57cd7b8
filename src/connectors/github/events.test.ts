import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openFile } from "#features/ledger/index.ts";
import { countKinds, foldBatches, offlineContext, readFileWith } from "../testing.ts";
import { github } from "./index.ts";
import type { Row } from "./row.ts";
import { ada, bo, makeComment, makeIssue, makePull, makeReview, makeReviewComment } from "./testing-repository.ts";

const own = { id: 500, name: "harbor/tide-table", url: "https://api.github.com/repos/harbor/tide-table" };
let serial = 40_000_000_000;

/** A row as GH Archive has them since 2015. */
function row(type: string, payload: Row, more: Row = {}): Row {
  serial += 1;
  const actor = { id: ada.id, login: "ada", display_login: "ada", gravatar_id: "", url: "https://api.github.com/users/ada", avatar_url: "" };
  return { id: String(serial), type, actor, repo: own, payload, public: true, created_at: "2024-05-01T12:00:01Z", ...more };
}

/** A row of before 2015: logins and bare numbers. */
function oldRow(type: string, payload: Row, more: Row = {}): Row {
  const repository = { id: 500, name: "tide-table", owner: "harbor", url: "https://github.com/harbor/tide-table" };
  return {
    created_at: "2013-05-01T05:00:01-07:00",
    payload,
    public: true,
    type,
    url: "",
    actor: "Ada",
    actor_attributes: { login: "Ada", type: "User" },
    repository,
    ...more,
  };
}

async function hour(rows: readonly Row[], name = "2024-05-01-12.json.gz"): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "causeway-gh-")), name);
  const text = `${rows.map((one) => JSON.stringify(one)).join("\n")}\n`;
  await writeFile(path, name.endsWith(".gz") ? gzipSync(text) : text);
  return path;
}

const read = async (path: string, settings: Row = {}) => {
  const reading = await readFileWith(github, path, settings);
  const batches = reading.records.map((record) => github.normalize(record, github.settings.parse(settings)));
  return { ...reading, batches, folded: foldBatches(batches) };
};

async function warningsOf(path: string, settings: Row = {}): Promise<string[]> {
  const { rawHead } = await openFile(path);
  const warnings: string[] = [];
  const input = { path, head: rawHead, settings: github.settings.parse(settings), signal: new AbortController().signal };
  for await (const chunk of github.importFile?.(offlineContext(), input) ?? []) warnings.push(...(chunk.warnings ?? []));
  return warnings;
}

const day = [
  row("IssuesEvent", { action: "opened", issue: makeIssue(1) }),
  row("IssueCommentEvent", { action: "created", issue: makeIssue(1), comment: makeComment(401, 1) }),
  row("IssueCommentEvent", { action: "created", issue: { ...makePull(4), pull_request: { merged_at: null } }, comment: makeComment(402, 4) }),
  row("PullRequestEvent", { action: "opened", number: 5, pull_request: makePull(5) }),
  row("PullRequestReviewEvent", { action: "created", review: makeReview(501, 5, { state: "approved" }), pull_request: makePull(5) }),
  row("PullRequestReviewCommentEvent", { action: "created", comment: makeReviewComment(701, 5), pull_request: makePull(5) }),
  row("WatchEvent", { action: "started" }),
  row("ForkEvent", { forkee: { id: 801, full_name: "ada/tide-table", fork: true, owner: ada, created_at: "2024-05-01T12:00:00Z" } }),
  row("ReleaseEvent", {
    action: "published",
    release: { id: 901, tag_name: "v1", name: null, draft: false, author: bo, published_at: "2024-05-01T12:00:00Z" },
  }),
  row("PushEvent", { size: 1, commits: [{ sha: "a", author: { name: "Ada", email: "ada@example.org" } }] }),
];

describe("github: hours of GH Archive", () => {
  it("brings issues, pull requests, comments, reviews, stars, forks and releases of the one repository in it", async () => {
    const { identity, batches, rejected } = await read(await hour(day));
    expect(identity).toEqual({ origin: "github:harbor/tide-table", name: "harbor/tide-table" });
    expect(rejected).toEqual([]);
    expect(countKinds(batches)).toEqual({
      issue_opened: 1,
      comment: 2,
      pull_request_opened: 2,
      review: 1,
      review_comment: 1,
      starred: 1,
      forked: 1,
      released: 1,
    });
  });

  it("takes from a file of many repositories the one in the settings, and without it names the most frequent", async () => {
    const others = Array.from({ length: 30 }, (_, i) =>
      row("WatchEvent", { action: "started" }, { repo: { id: i % 12, name: `other/repo-${i % 12}`, url: "" } }),
    );
    const path = await hour([...others, ...day]);
    await expect(read(path)).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringMatching(/holds 13 repositories: harbor\/tide-table \(10\), other\/repo-0 \(3\).* …\. Say which one/),
    });
    const { batches } = await read(path, { repository: "https://github.com/Harbor/Tide-Table" });
    expect(countKinds(batches).issue_opened).toBe(1);
    expect(await warningsOf(path, { repository: "harbor/tide-table" })).toContain("30 rows are of other repositories than harbor/tide-table.");
    await expect(read(path, { repository: "harbor/nothing" })).rejects.toThrow(
      /holds nothing of harbor\/nothing\. It holds harbor\/tide-table \(10\)/,
    );
  });

  it("follows a repository through a rename by its number, and takes a name that two numbers had", async () => {
    const renamed = { ...own, name: "harbor/tides" };
    const recreated = { ...own, id: 501 };
    const rows = [
      ...day,
      row("WatchEvent", {}, { repo: renamed, actor: { id: 12, login: "bo" } }),
      row("WatchEvent", {}, { repo: recreated, actor: { id: 13, login: "cy" } }),
    ];
    const { identity, batches, folded } = await read(await hour(rows), { repository: "harbor/tide-table" });
    expect(identity.origin).toBe("github:harbor/tide-table");
    expect(countKinds(batches).starred).toBe(3);
    expect(folded.channels.map(([key]) => key)).toEqual(["harbor/tide-table"]);
  });

  it("says what is not brought in, and how often", async () => {
    expect(await warningsOf(await hour(day))).toEqual(["Not brought in: 1 row of pushes (the git source reads commits, with all their authors)."]);
  });

  it("takes since October 2025 of a bare pull request who opened it and when, and of its changes nothing", async () => {
    const bare = { url: "https://api.github.com/repos/harbor/tide-table/pulls/8", id: 1, number: 8, head: { ref: "x" }, base: { ref: "main" } };
    const rows = [
      row("PullRequestEvent", { action: "opened", number: 8, pull_request: bare }, { created_at: "2025-11-01T10:00:00Z" }),
      row("PullRequestEvent", { action: "closed", number: 8, pull_request: bare }, { created_at: "2025-11-02T10:00:00Z" }),
      row("PushEvent", { repository_id: 1, push_id: 2, ref: "refs/heads/main", head: "a", before: "b" }),
    ];
    const path = await hour(rows);
    const { folded } = await read(path);
    expect(folded.threads.map(([, thread]) => thread)).toMatchObject([
      { title: "#8", state: "open", openedAt: new Date("2025-11-01T10:00:00Z"), opener: { externalId: "id:11" } },
    ]);
    expect(await warningsOf(path)).toContain(
      "Not brought in: 1 row of changes of pull requests that tell nothing but the number (since October 2025).",
    );
  });

  it("lets what tells more of the same pull request stand, whichever came first", async () => {
    const bare = { number: 5, id: 1, url: "", head: {}, base: {} };
    const stub = row("PullRequestEvent", { action: "opened", number: 5, pull_request: bare }, { created_at: String(makePull(5).created_at) });
    const commented = row("IssueCommentEvent", { action: "created", issue: { ...makePull(5), pull_request: {} }, comment: makeComment(402, 5) });
    const full = row("PullRequestEvent", { action: "opened", number: 5, pull_request: makePull(5) });
    const { records } = await read(await hour([stub, commented, full]));
    const moments = records.filter(({ stream }) => stream === "pulls").map(({ asOf }) => Date.parse(asOf ?? ""));
    expect(moments).toEqual([...moments].sort((a, b) => a - b));
    expect(new Set(moments).size).toBe(3);
  });

  it("reads rows of before 2015: logins, bare numbers, times with zones", async () => {
    const rows = [
      oldRow("IssuesEvent", { action: "opened", issue: 77, number: 3 }, { url: "https://github.com/harbor/tide-table/issues/3" }),
      oldRow("IssuesEvent", { action: "closed", issue: 77, number: 3 }),
      oldRow(
        "IssueCommentEvent",
        { comment_id: 401, issue_id: 77 },
        { url: "https://github.com/harbor/tide-table/issues/3#issuecomment-401", actor: "" },
      ),
      oldRow("PullRequestEvent", { action: "opened", number: 4, pull_request: { id: 9, title: "Fix", number: 4, additions: 1 } }),
      oldRow("WatchEvent", { action: "started" }, { created_at: "2012/03/10 23:59:59 -0800" }),
      oldRow("ForkEvent", { forkee: 801 }, { url: "https://github.com/Ada/tide-table" }),
    ];
    const { identity, folded, rejected, batches } = await read(await hour(rows, "2013-05-01-12.json.gz"));
    expect(rejected).toEqual([]);
    expect(identity.origin).toBe("github:harbor/tide-table");
    expect(countKinds(batches)).toEqual({ issue_opened: 1, comment: 1, pull_request_opened: 1, starred: 1, forked: 1 });
    expect(folded.identities.map(([key]) => key)).toEqual(["github login:ada"]);
    const activities = new Map(folded.activities as [string, Row][]);
    expect(activities.get("comment comment/401")).toMatchObject({ unattributed: "ghost", thread: "harbor/tide-table#3" });
    expect(activities.get("starred star/login:ada")).toMatchObject({ occurredAt: new Date("2012-03-11T07:59:59Z") });
  });

  it("leaves rows whose repository is «/» out, and counts them", async () => {
    const rows = [...day, row("WatchEvent", { action: "started" }, { repo: { id: 9, name: "/", url: "https://api.github.com/repos//" } })];
    const path = await hour(rows);
    expect(countKinds((await read(path)).batches).starred).toBe(1);
    expect(await warningsOf(path)).toContainEqual(expect.stringMatching(/^1 row names no repository/));
  });

  it("sets a line that is no JSON aside with its number, and reads two rows that share a line", async () => {
    const path = join(await mkdtemp(join(tmpdir(), "causeway-gh-")), "2012-01-01-1.json");
    const [first, second, third] = day.map((one) => JSON.stringify(one));
    await writeFile(path, `${first}${second}\n{"id":"1","type":broken\n${third}\n`);
    const { batches, rejected } = await read(path);
    expect(countKinds(batches)).toMatchObject({ issue_opened: 1, comment: 2 });
    expect(rejected).toMatchObject([
      { place: "2012-01-01-1.json, line 2", reason: expect.stringMatching(/no JSON/), excerpt: '{"id":"1","type":broken' },
    ]);
  });

  it("refuses a file that is cut off, packed or not", async () => {
    const whole = `${day.map((one) => JSON.stringify(one)).join("\n")}\n`;
    const folder = await mkdtemp(join(tmpdir(), "causeway-gh-"));
    await writeFile(join(folder, "a.json"), whole.slice(0, -20));
    await expect(read(join(folder, "a.json"))).rejects.toThrow(/line 10 is the last one and is no complete JSON: the file was cut off/);
    const packed = gzipSync(whole);
    await writeFile(join(folder, "b.json.gz"), packed.subarray(0, packed.length - 30));
    await expect(read(join(folder, "b.json.gz"))).rejects.toThrow(/cannot be unpacked/);
  });

  it("says the same of a folder of hours as of each hour by itself, and knows both", async () => {
    const folder = join(await mkdtemp(join(tmpdir(), "causeway-gh-")), "hours");
    await mkdir(folder);
    const apart = [];
    for (const [index, rows] of [day.slice(0, 4), day.slice(4)].entries()) {
      const name = `2024-05-01-${index}.json.gz`;
      await writeFile(join(folder, name), gzipSync(rows.map((one) => JSON.stringify(one)).join("\n")));
      apart.push(...(await read(join(folder, name))).batches);
      expect(github.recognizes?.(await openFile(join(folder, name)))).toBe(1);
    }
    expect(github.recognizes?.(await openFile(folder))).toBe(0.97);
    expect((await read(folder)).folded).toEqual(foldBatches(apart));
  });

  it("sets one row aside that lacks what it needs, with its line and field", async () => {
    const broken = row("IssuesEvent", { action: "opened", issue: { ...makeIssue(9), created_at: "yesterday" } });
    const { rejected, batches } = await read(await hour([broken, ...day]));
    expect(rejected).toMatchObject([
      { stream: "issues", place: "2024-05-01-12.json.gz, line 1, created_at", reason: "created_at is no date and time like 2026-01-31T12:00:00Z" },
    ]);
    expect(countKinds(batches).issue_opened).toBe(1);
  });
});
