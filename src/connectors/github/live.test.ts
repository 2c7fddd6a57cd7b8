import { generateKeyPairSync } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import type { RawRecord } from "#features/ledger/index.ts";
import { countKinds, createLocalHttp, foldBatches, pullWith } from "../testing.ts";
import { type FakeGithub, sendJson, startFakeGithub } from "./fake-github.ts";
import { github } from "./index.ts";
import { makeComment, makeIssue, makePull, makeRepository } from "./testing-repository.ts";

const http = createLocalHttp();
const streams = Object.entries(github.streams).flatMap(([name, { everyMinutes }]) => (everyMinutes === undefined ? [] : [name]));
let fake: FakeGithub;
afterEach(() => fake.close());

async function start(repository = makeRepository()): Promise<FakeGithub> {
  fake = await startFakeGithub(repository);
  return fake;
}

const settingsOf = (server: FakeGithub, more = {}) => ({ repository: "harbor/tide-table", token: "github_pat_x", baseUrl: server.url, ...more });
// The stand-in listens on this machine; what it stands for is github.com.
const asPublic = (records: RawRecord[]) => records.map((record) => ({ ...record, payload: { ...(record.payload as object), host: undefined } }));
const normalizeAll = (records: RawRecord[]) => asPublic(records).map((record) => github.normalize(record, github.settings.parse({})));

async function pullAll(server: FakeGithub, cursors: Record<string, unknown> = {}) {
  const records: RawRecord[] = [];
  const reported: Record<string, number> = {};
  for (const stream of streams) {
    const reading = await pullWith(github, { stream, settings: settingsOf(server), cursor: cursors[stream], http });
    cursors[stream] = reading.cursor;
    records.push(...reading.records);
    for (const chunk of reading.chunks) Object.assign(reported, chunk.reported);
    expect(reading.chunks.flatMap((chunk) => chunk.rejected ?? [])).toEqual([]);
  }
  return { records, reported, cursors };
}

const whole = {
  issue_opened: 3,
  comment: 3,
  review_comment: 2,
  pull_request_opened: 2,
  review: 3,
  discussion_opened: 2,
  reply: 5,
  starred: 2,
  forked: 2,
  released: 1,
};

describe("github live: reading a repository", () => {
  it("brings everything that the repository holds, on pages of any size, and says what there should be", async () => {
    const server = await start();
    for (const pageMax of [100, 2, 1]) {
      server.pageMax = pageMax;
      const { records, reported } = await pullAll(server);
      expect(countKinds(normalizeAll(records))).toEqual(whole);
      expect(reported).toEqual({
        issue_opened: 3,
        comment: 3,
        review_comment: 2,
        pull_request_opened: 2,
        discussion_opened: 2,
        starred: 2,
        forked: 2,
        released: 1,
      });
    }
  });

  it("threads, credits, states and marks as GitHub does", async () => {
    const { records } = await pullAll(await start());
    const folded = foldBatches(normalizeAll(records));
    const threads = new Map(folded.threads);
    const activities = new Map(folded.activities as [string, Record<string, unknown>][]);
    expect([...threads.keys()]).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => `harbor/tide-table#${n}`));
    expect(threads.get("harbor/tide-table#2")).toMatchObject({ state: "closed", stateReason: "not_planned", title: "Issue 2" });
    expect(threads.get("harbor/tide-table#4")).toMatchObject({
      kind: "pull_request",
      state: "closed",
      stateReason: "merged",
      attributes: { base: "main" },
    });
    expect(threads.get("harbor/tide-table#6")).toMatchObject({
      kind: "discussion",
      state: "open",
      stateReason: "solved",
      attributes: { answerable: true },
    });
    expect(activities.get("issue_opened harbor/tide-table#2")).toMatchObject({ unattributed: "ghost" });
    expect(activities.get("issue_opened harbor/tide-table#1")).toMatchObject({
      author: { externalId: "id:11" },
      attributes: { reactions: { "+1": 1, heart: 1 } },
    });
    expect(activities.get("comment comment/402")).toMatchObject({ editedAt: expect.any(Date), thread: "harbor/tide-table#1" });
    expect(activities.get("review_comment review_comment/702")).toMatchObject({ replyTo: "review_comment/701" });
    expect(activities.get("review_comment review_comment/701")).toMatchObject({ replyTo: "review/501" });
    expect(activities.get("reply discussion_comment/602")).toMatchObject({ attributes: { accepted: true } });
    expect(activities.get("reply discussion_comment/604")).toMatchObject({ replyTo: "discussion_comment/601" });
    expect(activities.get("forked fork/802")).toMatchObject({ unattributed: "harbor (an organization)" });
    expect(folded.identities.map(([key]) => key)).toEqual(["github id:11", "github id:12", "github id:49699333"]);
  });

  it("names apps as REST does, also where GraphQL leaves out the suffix, and says why they are bots", async () => {
    const { records } = await pullWith(github, { stream: "pulls", settings: settingsOf(await start()), http });
    const people = normalizeAll(records).flatMap(({ identities }) => identities);
    expect(people.find(({ externalId }) => externalId === "id:49699333")).toMatchObject({
      login: "dependabot[bot]",
      kind: { value: "bot", reason: expect.stringMatching(/type Bot/) },
    });
  });

  it("closes a private repository whatever the setting says", async () => {
    const server = await start({ ...makeRepository(), private: true });
    const { records } = await pullAll(server);
    const levels = new Set(normalizeAll(records).flatMap(({ channels }) => channels.map(({ visibility }) => visibility)));
    expect([...levels]).toEqual(["restricted"]);
  });

  it("keeps accounts of an Enterprise Server apart from github.com's", async () => {
    const { records } = await pullWith(github, { stream: "stars", settings: settingsOf(await start()), http });
    const [batch] = records.map((record) => github.normalize(record, github.settings.parse({})));
    expect(batch?.identities[0]?.platform).toBe(`github:${new URL(fake.url).host}`);
  });
});

describe("github live: going on", () => {
  it("asks for nothing twice, and then only for what changed", async () => {
    const server = await start();
    const { cursors } = await pullAll(server);
    server.repository.issues[0] = makeIssue(1, { title: "Renamed", updated_at: "2026-04-01T00:00:00Z" });
    server.repository.comments.push(makeComment(404, 3, { created_at: "2026-04-01T00:00:00Z", updated_at: "2026-04-01T00:00:00Z" }));
    server.repository.stars.push({ user: { login: "cy", id: 14 }, starred_at: "2026-04-01T00:00:00Z" });
    const pull = server.repository.pulls[1];
    if (pull) Object.assign(pull, { title: "Ready", updated_at: "2026-04-01T00:00:00Z" });
    const { records } = await pullAll(server, cursors);
    const said = foldBatches(normalizeAll(records));
    expect(new Map(said.threads).get("harbor/tide-table#1")?.title).toBe("Renamed");
    expect(new Map(said.threads).get("harbor/tide-table#5")?.title).toBe("Ready");
    const kinds = countKinds(normalizeAll(records));
    // Beside the new ones: the last page of stars and forks and the last moment of the others, which are read again.
    expect(kinds.comment).toBe(2);
    expect(kinds.issue_opened).toBe(1);
    expect(said.activities.map(([key]) => key)).toContain("starred star/14");
  });

  it("is told that nothing changed (304), which costs nothing of the hourly limit", async () => {
    const server = await start();
    const first = await pullWith(github, { stream: "releases", settings: settingsOf(server), http });
    const second = await pullWith(github, { stream: "releases", settings: settingsOf(server), cursor: first.cursor, http });
    expect(second.records).toEqual([]);
    let cursor: unknown;
    for (let run = 0; run < 3; run += 1) cursor = (await pullWith(github, { stream: "issues", settings: settingsOf(server), cursor, http })).cursor;
    expect((await pullWith(github, { stream: "issues", settings: settingsOf(server), cursor, http })).chunks).toEqual([]);
    expect(cursor).toMatchObject({ etag: expect.any(String) });
  });

  it("loses nothing when items change while their pages are read (updated first, so they move to the end)", async () => {
    const server = await start({ ...makeRepository(), issues: Array.from({ length: 9 }, (_, i) => makeIssue(i + 10)) });
    server.pageMax = 2;
    let asked = 0;
    server.before = ({ url }) => {
      if (!url.pathname.endsWith("/issues")) return undefined;
      asked += 1;
      // After the first page an item of it changes: by page numbers, number 12 would be skipped.
      if (asked === 2) Object.assign(server.repository.issues[0] ?? {}, { updated_at: "2026-05-01T00:00:00Z" });
      return undefined;
    };
    const { records } = await pullWith(github, { stream: "issues", settings: settingsOf(server), http });
    expect(countKinds(normalizeAll(records)).issue_opened).toBe(9);
  });

  it("loses nothing when pull requests change or vanish while they are read", async () => {
    const pulls = Array.from({ length: 7 }, (_, i) => ({ ...makePull(i + 20), reviews: [] }));
    const server = await start({ ...makeRepository(), pulls });
    server.pageMax = 2;
    let asked = 0;
    server.before = ({ url }) => {
      if (url.pathname === "/graphql") asked += 1;
      if (asked === 3) server.repository.pulls.splice(0, 1);
      if (asked === 4) Object.assign(server.repository.pulls[4] ?? {}, { title: "Late", updated_at: "2026-05-01T00:00:00Z" });
      return undefined;
    };
    const { records, cursor } = await pullWith(github, { stream: "pulls", settings: settingsOf(server), http });
    const next = await pullWith(github, { stream: "pulls", settings: settingsOf(server), cursor, http });
    const folded = foldBatches(normalizeAll([...records, ...next.records]));
    expect(folded.threads).toHaveLength(7);
    expect(folded.threads.map(([, thread]) => thread.title)).toContain("Late");
  });

  it("goes on from any chunk after a crash, to the same tables", async () => {
    const server = await start();
    server.pageMax = 1;
    for (const stream of ["issues", "pulls", "comments", "discussions", "stars"]) {
      const all = await pullWith(github, { stream, settings: settingsOf(server), http });
      const expected = foldBatches(normalizeAll(all.records));
      for (const [index, chunk] of all.chunks.entries()) {
        if (chunk.cursor === undefined) continue;
        const rest = await pullWith(github, { stream, settings: settingsOf(server), cursor: chunk.cursor, http });
        const before = all.chunks.slice(0, index + 1).flatMap(({ records }) => records);
        expect(foldBatches(normalizeAll([...before, ...rest.records]))).toEqual(expected);
      }
    }
  });

  it("starts at 1980, since GitHub answers with nothing when asked for 1970", async () => {
    const server = await start();
    await pullWith(github, { stream: "issues", settings: settingsOf(server), http });
    expect(server.requests.find(({ path }) => path.includes("/issues?"))?.path).toContain("since=1980-01-01");
  });

  it("reads on where more than a page of items changed in one second", async () => {
    const issues = Array.from({ length: 5 }, (_, i) => makeIssue(i + 30, { updated_at: "2026-03-02T00:00:00Z" }));
    const server = await start({ ...makeRepository(), issues });
    server.pageMax = 2;
    const { records } = await pullWith(github, { stream: "issues", settings: settingsOf(server), http });
    expect(countKinds(normalizeAll(records)).issue_opened).toBe(5);
  });
});

describe("github live: signing in", () => {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "pkcs1", format: "pem" },
  });

  function answerApp(server: FakeGithub) {
    const seen: string[] = [];
    server.before = ({ url, headers }, response) => {
      const authorization = String(headers.authorization);
      seen.push(`${url.pathname} ${authorization.slice(0, 10)}`);
      if (url.pathname === "/repos/harbor/tide-table/installation") sendJson(response, { id: 77 });
      else if (url.pathname === "/app/installations/77/access_tokens")
        sendJson(response, { token: "ghs_installation", expires_at: "2099-01-01T00:00:00Z", permissions: {}, repository_selection: "selected" }, 201);
      else return undefined;
      return true;
    };
    return seen;
  }

  it.each([
    ["as it is", privateKey],
    ["pasted into one line", privateKey.replaceAll("\n", " ")],
    ["with written line ends", privateKey.replaceAll("\n", "\\n")],
  ])("reads as a GitHub App, whose installation it finds by itself; key %s", async (_how, key) => {
    const server = await start();
    const seen = answerApp(server);
    const { records } = await pullWith(github, { stream: "stars", settings: settingsOf(server, { token: "", appId: "123", privateKey: key }), http });
    expect(records).toHaveLength(2);
    expect(seen).toContain("/app/installations/77/access_tokens bearer eyJ");
    expect(seen).toContain("/graphql token ghs_");
  });

  it("says that an app is not installed, and that a key is none", async () => {
    const server = await start();
    server.before = ({ url }, response) => {
      if (!url.pathname.endsWith("/installation")) return undefined;
      sendJson(response, { message: "Not Found" }, 404);
      return true;
    };
    const settings = (key: string) => settingsOf(server, { token: "", appId: "123", privateKey: key });
    await expect(pullWith(github, { stream: "stars", settings: settings(privateKey), http })).rejects.toThrow(/not installed on harbor\/tide-table/);
    await expect(pullWith(github, { stream: "stars", settings: settings("hello"), http })).rejects.toThrow(/whole \.pem file/);
  });

  it("names the same origin as an archive of the repository, and says what there is", async () => {
    const server = await start({ ...makeRepository(), full_name: "Harbor/Tide-Table" });
    const connected = await github.connect?.({} as never, {
      settings: github.settings.parse(settingsOf(server)),
      http,
      signal: new AbortController().signal,
    });
    expect(connected?.origin).toBe(`github:${new URL(server.url).host}/harbor/tide-table`);
    expect(connected?.says).toBe("Harbor/Tide-Table has 3 issues, 2 pull requests, 2 discussions, 2 stars, 2 forks.");
  });

  it("keeps the keys of the name in the settings when GitHub has renamed the repository", async () => {
    const server = await start();
    const renamed = { ...server.repository, full_name: "harbor/tides" };
    server.before = ({ url }, response) => {
      if (url.pathname !== "/repos/harbor/tide-table") return undefined;
      sendJson(response, { id: 1, full_name: renamed.full_name, private: false });
      return true;
    };
    const { records } = await pullWith(github, { stream: "issues", settings: settingsOf(server), http });
    expect(records[0]?.externalId).toBe("harbor/tide-table#1");
    const connected = await github.connect?.({} as never, {
      settings: github.settings.parse(settingsOf(server)),
      http,
      signal: new AbortController().signal,
    });
    expect(connected?.says).toMatch(/GitHub calls it harbor\/tides by now/);
  });
});
