import { afterEach, describe, expect, it } from "vitest";
import type { RawRecord } from "#features/ledger/index.ts";
import { countKinds, createLocalHttp, pullWith } from "../testing.ts";
import { openGithub } from "./client.ts";
import { type FakeGithub, sendJson, startFakeGithub } from "./fake-github.ts";
import { github } from "./index.ts";
import { makeRepository } from "./testing-repository.ts";

const http = createLocalHttp();
let fake: FakeGithub;
afterEach(() => fake.close());

async function start(repository = makeRepository()): Promise<FakeGithub> {
  fake = await startFakeGithub(repository);
  return fake;
}

const settingsOf = (server: FakeGithub, more = {}) => ({ repository: "harbor/tide-table", token: "github_pat_x", baseUrl: server.url, ...more });
const normalizeAll = (records: RawRecord[]) => records.map((record) => github.normalize(record, github.settings.parse({})));

describe("github live: what GitHub refuses", () => {
  const limited = { message: "API rate limit exceeded for user ID 1.", documentation_url: "https://docs.github.com/rest" };

  it("waits as long as a limit says (403 with Retry-After, 429, a used-up hour) and goes on", async () => {
    const server = await start();
    const refusals: [number, Record<string, string>][] = [
      [403, { "retry-after": "0" }],
      [429, { "retry-after": "0" }],
      [403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.floor(Date.now() / 1000) + 1) }],
    ];
    server.before = ({ url }, response) => {
      const refusal = url.pathname.endsWith("/comments") ? refusals.shift() : undefined;
      if (!refusal) return undefined;
      sendJson(response, limited, ...refusal);
      return true;
    };
    const { records } = await pullWith(github, { stream: "comments", settings: settingsOf(server), http });
    expect(records).toHaveLength(3);
    expect(refusals).toEqual([]);
  });

  it("repeats what GraphQL refuses as a success, and a secondary limit that names no time", async () => {
    const server = await start();
    const refusals = [
      () => ({ status: 200, body: { data: null, errors: [{ type: "RATE_LIMITED", message: "API rate limit exceeded" }] } }),
      () => ({ status: 403, body: { message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again." } }),
    ];
    server.before = ({ url }, response) => {
      const refusal = url.pathname === "/graphql" ? refusals.shift()?.() : undefined;
      if (!refusal) return undefined;
      sendJson(response, refusal.body, refusal.status);
      return true;
    };
    const client = await openGithub(github.settings.parse(settingsOf(server)), { http, signal: new AbortController().signal, pauseMs: 2 });
    const { data } = await client.query("query { repository { issues { totalCount } } }");
    expect(data).toMatchObject({ repository: { issues: { totalCount: 3 } } });
    expect(refusals).toEqual([]);
  });

  it("asks for smaller pages when GitHub gives up on a heavy one (502)", async () => {
    const server = await start();
    const sizes: number[] = [];
    server.before = ({ url, body }, response) => {
      if (url.pathname !== "/graphql" || !body.includes("discussions(first")) return undefined;
      const { first } = (JSON.parse(body) as { variables: { first: number } }).variables;
      if (first > 5) sizes.push(first);
      if (first <= 5) return undefined;
      sendJson(response, { message: "We couldn't respond to your request in time." }, 502);
      return true;
    };
    const { records } = await pullWith(github, { stream: "discussions", settings: settingsOf(server), http });
    expect([...new Set(sizes)]).toEqual([20, 10]);
    expect(countKinds(normalizeAll(records))).toMatchObject({ discussion_opened: 2, reply: 5 });
  }, 60_000);

  it("says what to change: an expired token, a repository out of sight, a missing permission, an SSO", async () => {
    const server = await start();
    const connect = () =>
      github.connect?.({} as never, { settings: github.settings.parse(settingsOf(server)), http, signal: new AbortController().signal });
    const refuse = (status: number, message: string) => {
      server.before = (_request, response) => {
        sendJson(response, { message }, status);
        return true;
      };
    };
    refuse(401, "Bad credentials");
    await expect(connect()).rejects.toMatchObject({ code: "forbidden", message: expect.stringMatching(/expired.*Make a new one/) });
    refuse(404, "Not Found");
    await expect(connect()).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/no repository harbor\/tide-table, or the token may not see it/),
    });
    refuse(403, "Resource not accessible by personal access token");
    await expect(connect()).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringMatching(/Issues, Pull requests, Discussions and Contents, each read-only/),
    });
    refuse(403, "Resource protected by organization SAML enforcement.");
    await expect(connect()).rejects.toThrow(/Configure SSO/);
    refuse(451, "Repository access blocked");
    await expect(connect()).rejects.toMatchObject({ code: "forbidden" });
  });

  it("takes what it may read of a list where a part is kept back, and says so", async () => {
    const server = await start();
    server.before = ({ url, body }, response) => {
      if (url.pathname !== "/graphql" || !body.includes("pullRequests(first")) return undefined;
      const page = { totalCount: 1, pageInfo: { hasNextPage: false, endCursor: "x" }, nodes: [null] };
      sendJson(response, { data: { repository: { pullRequests: page } }, errors: [{ type: "FORBIDDEN", message: "SAML keeps one back", path: [] }] });
      return true;
    };
    const { chunks } = await pullWith(github, { stream: "pulls", settings: settingsOf(server), http });
    expect(chunks.flatMap(({ warnings = [] }) => warnings)[0]).toBe("GitHub kept a part of this back: SAML keeps one back");
  });

  it("has nothing to read where issues or discussions are switched off", async () => {
    const server = await start({ ...makeRepository(), has_issues: false, has_discussions: false });
    for (const stream of ["issues", "discussions"]) {
      const { records, chunks } = await pullWith(github, { stream, settings: settingsOf(server), http });
      expect(records).toEqual([]);
      expect(chunks[0]?.warnings?.[0]).toMatch(/switched off/);
    }
  });

  it("asks for a repository and a token before it reaches out", async () => {
    const server = await start();
    await expect(pullWith(github, { stream: "issues", settings: { token: "x" }, http })).rejects.toThrow(/name the repository/);
    await expect(pullWith(github, { stream: "issues", settings: { repository: "a/b" }, http })).rejects.toThrow(
      /personal access token, or the id and key/,
    );
    expect(server.requests).toEqual([]);
  });
});
