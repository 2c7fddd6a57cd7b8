import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openFile, type RawRecord } from "#features/ledger/index.ts";
import { countKinds, foldBatches, readFileWith } from "../testing.ts";
import { github } from "./index.ts";
import type { Row } from "./row.ts";
import {
  ada,
  makeComment,
  makeDiscussion,
  makeIssue,
  makePull,
  makeReply,
  makeRepository,
  makeReview,
  makeReviewComment,
} from "./testing-repository.ts";

const real = join(import.meta.dirname, "../../../../shared/data/github-api/chaoss-perceval");
const settings = github.settings.parse({});
const normalizeAll = (records: readonly RawRecord[]) => records.map((record) => github.normalize(record, settings));

async function folderOf(files: Record<string, unknown>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "causeway-answers-"));
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content, null, 1));
  return folder;
}

const one = async (content: unknown) => join(await folderOf({ "answer.json": content }), "answer.json");

describe("github: saved answers of the REST API", () => {
  it("brings in each kind of list and single items, by what is in them", async () => {
    const { issues, pulls, comments, reviewComments, discussions, stars, forks, releases } = makeRepository();
    const folder = await folderOf({
      "issues.json": [...issues, { ...pulls[0], pull_request: { merged_at: pulls[0]?.merged_at } }],
      "pulls.json": pulls.map(({ reviews: _, ...pull }) => pull),
      "one-pull.json": makePull(9),
      "comments.json": comments,
      "reviews.json": pulls.flatMap(({ reviews }) => reviews),
      "review-comments.json": reviewComments,
      "discussions.json": discussions.map(({ replies: _, ...discussion }) => discussion),
      "replies.json": discussions.flatMap(({ replies }) => replies),
      "stargazers.json": stars,
      "forks.json": forks,
      "releases.json": releases,
      "README.md": "# notes",
    });
    const { identity, records, rejected } = await readFileWith(github, folder);
    expect(identity.origin).toBe("github:harbor/tide-table");
    expect(rejected).toEqual([]);
    expect(countKinds(normalizeAll(records))).toEqual({
      issue_opened: 3,
      pull_request_opened: 3,
      comment: 3,
      review: 3,
      review_comment: 2,
      discussion_opened: 2,
      reply: 5,
      starred: 2,
      forked: 2,
      released: 1,
    });
  });

  it("reads pages put together, one object a line, and the items of a search", async () => {
    const pages = [[makeIssue(1), makeIssue(2)], [makeIssue(3)]];
    for (const content of [
      pages,
      { total_count: 3, incomplete_results: false, items: pages.flat() },
      pages
        .flat()
        .map((issue) => JSON.stringify(issue))
        .join("\n"),
    ]) {
      const { records } = await readFileWith(github, await one(content));
      expect(countKinds(normalizeAll(records))).toEqual({ issue_opened: 3 });
    }
  });

  it("asks for the repository where the list does not say it", async () => {
    const stars = await one(makeRepository().stars);
    await expect(readFileWith(github, stars)).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringMatching(/does not say of which repository/),
    });
    const { identity, records } = await readFileWith(github, stars, { repository: "harbor/tide-table" });
    expect(identity.origin).toBe("github:harbor/tide-table");
    expect(countKinds(normalizeAll(records))).toEqual({ starred: 2 });
  });

  it("keeps an Enterprise Server apart, by the addresses in the items", async () => {
    const issue = makeIssue(1, {
      repository_url: "https://git.harbor.example/api/v3/repos/harbor/tide-table",
      html_url: "https://git.harbor.example/harbor/tide-table/issues/1",
    });
    const { identity, records } = await readFileWith(github, await one([issue]));
    expect(identity.origin).toBe("github:git.harbor.example/harbor/tide-table");
    expect(normalizeAll(records)[0]?.identities[0]?.platform).toBe("github:git.harbor.example");
  });

  it("takes a deleted account, be it null, an empty object or «ghost», for nobody", async () => {
    const users = [null, {}, { login: "ghost", id: 10_137, type: "User" }];
    const { records, rejected } = await readFileWith(github, await one(users.map((user, i) => makeIssue(i + 1, { user }))));
    expect(rejected).toEqual([]);
    expect(normalizeAll(records).flatMap(({ activities }) => activities.map(({ unattributed }) => unattributed))).toEqual([
      "ghost",
      "ghost",
      "ghost",
    ]);
    expect(normalizeAll(records).flatMap(({ identities }) => identities)).toEqual([]);
  });

  it.each([
    [{ message: "Bad credentials", documentation_url: "x" }, /an answer that refuses \(«Bad credentials»\)/],
    [[{ sha: "a", commit: {} }], /it is commits \(the git source reads those/],
    [[{ id: 1, content: "+1", user: ada }], /it is reactions/],
    [{ data: { repository: {} } }, /an answer of the GraphQL API/],
    [[], /it is an empty list/],
  ])("says what %j is instead", async (content, message) => {
    await expect(readFileWith(github, await one(content))).rejects.toThrow(message);
  });

  it("refuses a list that is cut off, and leaves files of other things in a folder out", async () => {
    const text = JSON.stringify([makeIssue(1), makeIssue(2)]);
    await expect(readFileWith(github, await one(text.slice(0, -30)))).rejects.toThrow(/cut off/);
    const folder = await folderOf({ "issues.json": [makeIssue(1)], "limit.json": { rate: {} }, "none.json": [] });
    expect((await readFileWith(github, folder)).records).toHaveLength(1);
  });

  it("sets one item aside with its place and takes the rest", async () => {
    const { records, rejected } = await readFileWith(
      github,
      await one([makeIssue(1), makeIssue(2, { number: "two" }), 7, makeComment(1, 1, { issue_url: "x", html_url: null })]),
    );
    expect(records).toHaveLength(1);
    expect(rejected.map(({ place, reason }) => `${place}: ${reason}`)).toEqual([
      expect.stringMatching(/^answer\.json, item 2 \(line \d+\), number: number /),
      expect.stringMatching(/item 3 \(line \d+\): It is a value that is no object\.$/),
      expect.stringMatching(/item 4 \(line \d+\), html_url: html_url does not say in which/),
    ]);
  });

  it("is sure of its own answers and of nobody else's", async () => {
    const sure = async (content: unknown) => github.recognizes?.(await openFile(await one(content)));
    expect(await sure([makeIssue(1)])).toBe(0.95);
    expect(await sure(makeRepository().stars.map((star) => ({ ...star, user: { ...ada, gists_url: "" } })))).toBe(0.9);
    expect(await sure({ action: "opened", issue: makeIssue(1), repository: {}, sender: {} })).toBe(0);
    expect(await sure([{ id: 1, url: "https://gitea.example/api/v1/repos/a/b/issues/1", number: 1 }])).toBe(0);
    expect(await sure({ channels: [], messages: [] })).toBe(0);
  });
});

describe("github: the same record whichever way it comes", () => {
  const items: Row[] = [
    makeIssue(1),
    makeIssue(1, { title: "Renamed", updated_at: "2026-03-05T00:00:00Z" }),
    makeIssue(2, { user: null }),
    makePull(4),
    makePull(4, { state: "closed", merged_at: "2026-03-06T00:00:00Z", updated_at: "2026-03-06T00:00:00Z" }),
    makeReview(501, 4),
    makeReviewComment(701, 4),
    makeComment(401, 1),
    makeComment(401, 1, { body: "edited", updated_at: "2026-03-07T00:00:00Z" }),
    makeDiscussion(6),
    makeReply(601, 6),
  ];

  /** As the ledger holds records: under each key the one that tells of the latest moment. */
  function hold(records: readonly RawRecord[]): RawRecord[] {
    const held = new Map<string, RawRecord>();
    for (const record of records) {
      const key = `${record.stream} ${record.externalId}`;
      const known = held.get(key);
      if (!known || !(record.asOf && known.asOf && new Date(record.asOf) < new Date(known.asOf))) held.set(key, record);
    }
    return [...held.values()].sort((a, b) => (`${a.stream} ${a.externalId}` < `${b.stream} ${b.externalId}` ? -1 : 1));
  }

  it("ends in the same tables in any order, split over files that overlap", async () => {
    const readAll = async (parts: readonly Row[][]) => {
      const records: RawRecord[] = [];
      for (const part of parts) if (part.length > 0) records.push(...(await readFileWith(github, await one(part))).records);
      return foldBatches(normalizeAll(hold(records)));
    };
    const expected = await readAll([items]);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(items, { minLength: items.length }),
        fc.array(fc.subarray(items), { maxLength: 2 }),
        fc.nat(items.length),
        async (shuffled, overlaps, cut) => {
          expect(await readAll([shuffled.slice(0, cut), ...overlaps, shuffled.slice(cut)])).toEqual(expected);
        },
      ),
      { numRuns: 25 },
    );
  });

  it("states a thread by its comments so that the opening always stands, even of the same second", async () => {
    const at = { created_at: "2026-03-01T10:01:00Z", updated_at: "2026-03-01T10:01:00Z" };
    const pair = [makeIssue(1, at), makeComment(401, 1, at)];
    for (const part of [pair, [...pair].reverse()]) {
      const { records } = await readFileWith(github, await one(part));
      expect(foldBatches(normalizeAll(records)).threads[0]?.[1].title).toBe("Issue 1");
    }
  });
});

describe.skipIf(!existsSync(real))("github: real answers (skipped where ../shared/data is absent)", () => {
  it("each brings in what is in it, or is refused with what it is instead", async () => {
    const counts: Record<string, number> = {};
    const refused: string[] = [];
    const files = readdirSync(real);
    for (const file of files) {
      const given: unknown = JSON.parse(readFileSync(join(real, file), "utf8"));
      try {
        const { records, rejected } = await readFileWith(github, join(real, file));
        expect(records.length + rejected.length, file).toBe(Array.isArray(given) ? given.length : 1);
        expect(rejected, file).toEqual([]);
        for (const [kind, n] of Object.entries(countKinds(normalizeAll(records)))) counts[kind] = (counts[kind] ?? 0) + n;
        expect((await readFileWith(github, join(real, file))).records, file).toEqual(records);
      } catch (error) {
        expect(error, file).toMatchObject({
          code: "unreadable_file",
          message: expect.stringMatching(/holds nothing that can be brought in from GitHub: it is /),
        });
        refused.push(file);
      }
    }
    expect(files).toHaveLength(34);
    expect(refused).toHaveLength(21);
    expect(counts).toEqual({ pull_request_opened: 6, issue_opened: 1, comment: 2, review_comment: 6, review: 3 });
  });
});
