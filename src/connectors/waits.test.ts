import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import type { HttpClient } from "#core/http.ts";
import { askDiscord } from "./discord/client.ts";
import { accessOf, askDiscourse } from "./discourse/client.ts";
import { openGithub } from "./github/client.ts";
import { github } from "./github/index.ts";
import { connectors } from "./index.ts";
import { askMatrix } from "./matrix/client.ts";
import { askSlack } from "./slack/client.ts";
import { StackExchangeApi } from "./stack-exchange/client.ts";
import { createWatchedHttp, type LocalServer, pullWith, startLocalServer } from "./testing.ts";
import { askZulip } from "./zulip/client.ts";

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

const signal = new AbortController().signal;
const servers: LocalServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.close())));

/** A service that gives these answers, one after the other, the last one for ever. */
async function serve(answers: readonly Answer[]): Promise<LocalServer> {
  const left = [...answers];
  const server = await startLocalServer((_request, response) => {
    const { status, headers, body } = (left.length > 1 ? left.shift() : left[0]) as Answer;
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body));
  });
  servers.push(server);
  return server;
}

interface Case {
  /** What the service's documentation says of its limits. */
  documented: string;
  answers: Answer[];
  ask(input: { url: string; http: HttpClient }): Promise<unknown>;
  reason: RegExp;
}

const afterHeader = { "retry-after": "0.05" };
const retryAfter = /the server asked to wait \(Retry-After\)/;
const feed = `<rss version="2.0"><channel><title>Tide</title><link>https://tide.example</link><description>d</description></channel></rss>`;

/** By connector: each way in which its service makes us wait. */
const cases: Record<string, Case[]> = {
  discord: [
    {
      documented: "429 with retry_after in the body",
      answers: [
        { status: 429, body: { message: "You are being rate limited.", retry_after: 0.05, global: false } },
        // The client itself tries again first; then only the body is left to say how long.
        ...Array.from({ length: 6 }, () => ({ status: 429, headers: { "retry-after": "0" }, body: { message: "Slow.", retry_after: 0.05 } })),
        { status: 200, body: {} },
      ],
      ask: ({ url, http }) => askDiscord({ token: "t", baseUrl: url, http, signal }, "users/@me"),
      reason: /Discord asked to wait \(retry_after\)/,
    },
    {
      documented: "a bucket that is used up (X-RateLimit-Remaining: 0)",
      answers: [{ status: 200, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "0.05" }, body: {} }],
      ask: async ({ url, http }) => {
        for (let n = 0; n < 2; n++) await askDiscord({ token: "t", baseUrl: url, http, signal }, "users/@me");
      },
      reason: /request limit is used up/,
    },
  ],
  discourse: [
    {
      documented: "429 with wait_seconds in the body",
      answers: [
        ...Array.from({ length: 4 }, () => ({
          status: 429,
          headers: { "retry-after": "0" },
          body: { errors: ["Slow down."], extras: { wait_seconds: 0.05 } },
        })),
        { status: 200, body: {} },
      ],
      ask: ({ url, http }) => askDiscourse({ access: accessOf({ site: url, apiKey: "", apiUsername: "" }), http, signal }, "/latest.json"),
      reason: /asked to wait/,
    },
  ],
  feeds: [
    {
      documented: "429 with Retry-After",
      answers: [
        { status: 429, headers: afterHeader, body: "" },
        { status: 200, headers: { "content-type": "application/rss+xml" }, body: feed },
      ],
      ask: ({ url, http }) => pullOf("feeds", { stream: "posts", settings: { url }, http }),
      reason: retryAfter,
    },
  ],
  github: [
    {
      documented: "a primary limit: 403 with x-ratelimit-remaining 0",
      answers: [
        { status: 403, headers: { "retry-after": "0.05" }, body: { message: "API rate limit exceeded" } },
        { status: 200, body: {} },
      ],
      ask: async ({ url, http }) => (await openHarbor(url, http)).ask("GET /repos/{owner}/{repo}"),
      reason: retryAfter,
    },
    {
      documented: "a secondary limit without a time: wait a minute at least, then longer and longer",
      answers: [
        { status: 403, body: { message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again." } },
        { status: 200, body: {} },
      ],
      ask: async ({ url, http }) => (await openHarbor(url, http)).ask("GET /repos/{owner}/{repo}"),
      reason: /GitHub's secondary limit was reached/,
    },
    {
      documented: "GraphQL's limit, which comes as a success with errors",
      answers: [
        { status: 200, body: { data: null, errors: [{ type: "RATE_LIMITED", message: "API rate limit exceeded" }] } },
        { status: 200, body: { data: { repository: {} } } },
      ],
      ask: async ({ url, http }) => (await openHarbor(url, http)).query("query { repository { id } }"),
      reason: /GitHub's limit for GraphQL is used up/,
    },
  ],
  matrix: [
    {
      documented: "429 with retry_after_ms in the body",
      answers: [
        ...Array.from({ length: 4 }, () => ({
          status: 429,
          headers: { "retry-after": "0" },
          body: { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 50 },
        })),
        { status: 200, body: {} },
      ],
      ask: ({ url, http }) => askMatrix({ access: { server: url, token: "t" }, http, signal }, "v3/account/whoami"),
      reason: /asked to wait/,
    },
  ],
  mbox: [
    {
      documented: "an archive's server that answers 503 with Retry-After",
      answers: [
        { status: 503, headers: afterHeader, body: "" },
        { status: 200, headers: { "content-type": "text/html" }, body: '<html><a href="2026-January.txt">x</a></html>' },
      ],
      ask: ({ url, http }) => pullOf("mbox", { stream: "mails", settings: { kind: "pipermail", url: `${url}/pipermail/tide/` }, http }),
      reason: retryAfter,
    },
  ],
  slack: [
    {
      documented: "429 with Retry-After, for every method",
      answers: [
        { status: 429, headers: afterHeader, body: "" },
        { status: 200, body: { ok: true } },
      ],
      ask: ({ url, http }) => askSlack({ token: "t", baseUrl: url, http, signal }, "auth.test"),
      reason: retryAfter,
    },
  ],
  "stack-exchange": [
    {
      documented: "`backoff` in an answer: not before so many seconds",
      answers: [
        { status: 200, headers: { "content-encoding": "gzip" }, body: gzipSync(JSON.stringify({ items: [], has_more: false, backoff: 0.05 })) },
      ],
      ask: async ({ url, http }) => {
        const there: HttpClient = {
          ...http,
          request: (input) => http.request({ ...input, url: String(input.url).replace("https://api.stackexchange.com", url) }),
        };
        const api = new StackExchangeApi({ key: "", http: there, signal });
        for (let n = 0; n < 2; n++) await api.ask("questions", {});
      },
      reason: /Stack Exchange asked to wait \(backoff\)/,
    },
  ],
  zulip: [
    {
      documented: "429 with retry-after",
      answers: [
        { status: 429, headers: afterHeader, body: { code: "RATE_LIMIT_HIT", msg: "API usage exceeded rate limit" } },
        { status: 200, body: {} },
      ],
      ask: ({ url, http }) => askZulip({ access: { site: url, email: "bot@tide.example", apiKey: "k" }, http, signal }, "users/me"),
      reason: retryAfter,
    },
  ],
};

/** Live sources without a service that could make them wait. */
const limitless: Record<string, string> = {
  git: "git's own protocol knows no such answer",
  sample: "makes its records itself",
};

const openHarbor = (url: string, http: HttpClient) =>
  openGithub(github.settings.parse({ repository: "harbor/tide-table", token: "t", baseUrl: url }), { http, signal, pauseMs: 50 });

function pullOf(id: string, input: Omit<Parameters<typeof pullWith>[1], "cursor">): Promise<unknown> {
  const connector = connectors.find((one) => one.id === id);
  if (!connector) throw new Error(`there is no connector ${id}`);
  // What comes after the wait is not asked here.
  return pullWith(connector, input).catch(() => undefined);
}

describe("a service that makes us wait", () => {
  it("is known for every source that is fetched live", () => {
    const live = connectors.filter((connector) => connector.pull).map(({ id }) => id);
    expect([...Object.keys(cases), ...Object.keys(limitless)].sort()).toEqual(live.sort());
  });

  it.each(Object.entries(cases).flatMap(([id, list]) => list.map((one) => [id, one.documented, one] as const)))(
    "%s: %s is shown, with until when and why",
    async (_id, _documented, { answers, ask, reason }) => {
      const { url } = await serve(answers);
      const { http, waits } = createWatchedHttp();
      const started = Date.now();
      await ask({ url, http });
      const [wait] = waits.filter((one) => reason.test(one.reason));
      expect(waits.map((one) => one.reason)).toContainEqual(expect.stringMatching(reason));
      expect(wait?.until.getTime()).toBeGreaterThanOrEqual(started + 20);
    },
  );

  it("is waited for in one way only: no connector sleeps by itself", () => {
    const folder = import.meta.dirname;
    // Open connections have their own clock: heartbeats, farewells, pauses before the next try. Their state is shown as a whole.
    const listening = new Set(["keep-connected.ts", "reread-queue.ts", "discord/gateway.ts", "slack/listen.ts"]);
    const sleeping = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
      (name) =>
        /\.ts$/.test(name) &&
        !/test/.test(name) &&
        !listening.has(name) &&
        /timers\/promises"|setTimeout\(/.test(readFileSync(join(folder, name), "utf8")),
    );
    expect(sleeping).toEqual([]);
  });
});
