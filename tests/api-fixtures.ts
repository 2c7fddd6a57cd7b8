import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { createApi } from "#api/index.ts";
import { type DeclaredEndpoint, declaredEndpoints } from "#api/kit/endpoint.ts";
import type { WebhookRuntime } from "#app/host/webhooks.ts";
import { jobs as definitions } from "#app/jobs.ts";
import { loadConfig } from "#core/config.ts";
import { createSecretBox } from "#core/crypto.ts";
import { createHttpClient } from "#core/http.ts";
import { createJobs, type Jobs } from "#core/jobs.ts";
import { openSecrets } from "#core/secrets.ts";
import { type Ctx, createApiKey, createAuth, type Role, type Scope } from "#features/access/index.ts";
import { createTeamMember } from "./access-fixtures.ts";
import { testDatabase } from "./factories.ts";

export const publicUrl = "https://causeway.example";

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever came back
  json: any;
}

export interface Call {
  key?: string;
  body?: unknown;
  raw?: string | Uint8Array;
  headers?: Record<string, string>;
}

export interface TestApi {
  /** Sends a request below `/api/v1` and holds a JSON answer against what the endpoint declares. */
  call(method: string, path: string, options?: Call): Promise<Answer>;
  /** An API key of a new member of the team. */
  keyOf(role: Role, scopes?: Scope[]): Promise<string>;
  endpoints: readonly DeclaredEndpoint[];
  auth: ReturnType<typeof createAuth>;
  jobs: Jobs;
  dataDir: string;
  /** The process as far as webhooks need it. */
  runtime: WebhookRuntime;
  /** Which declared endpoints have answered with their own status. */
  answered: Set<string>;
}

/** The API over the test's database, with a data folder of its own and jobs that wait until a test runs them. */
export function createTestApi(ctx: Ctx, options: { requestsPerMinute?: number } = {}): TestApi {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-api-"));
  const config = loadConfig({
    env: { CAUSEWAY_DATA_DIR: dataDir, PUBLIC_URL: publicUrl, CAUSEWAY_API_REQUESTS: String(options.requestsPerMinute ?? 100_000) },
    cwd: dataDir,
  });
  const auth = createAuth({ db: ctx.db, log: ctx.log, clock: ctx.clock, publicUrl, secret: "a secret of the tests, longer than 32 letters" });
  const db = testDatabase();
  const jobs = createJobs({ db, log: ctx.log, definitions, pollSeconds: 1 });
  const http = createHttpClient({ config, log: ctx.log });
  const secrets = createSecretBox(openSecrets(join(dataDir, "secrets.json")));
  const runtime = { db, clock: ctx.clock, log: ctx.log, config, auth, jobs, http, secrets };
  const api = createApi(runtime);
  const endpoints = declaredEndpoints(api);
  const answered = new Set<string>();

  return {
    endpoints,
    auth,
    jobs,
    dataDir,
    runtime,
    answered,
    async keyOf(role, scopes = ["read"]) {
      const { ctx: asMember } = await createTeamMember(ctx, role);
      return (await createApiKey(asMember, { name: role, scopes })).key;
    },
    async call(method, path, { key, body, raw, headers = {} } = {}) {
      const response = await api.request(`${publicUrl}/api/v1${path}`, {
        method,
        headers: {
          ...(key ? { authorization: `Bearer ${key}` } : {}),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // A copy, because the DOM's types want a buffer that nobody shares.
        ...(raw === undefined ? {} : { body: typeof raw === "string" ? raw : new Uint8Array(raw) }),
      });
      const text = await response.text();
      const isJson = /^application\/(?:problem\+)?json/.test(response.headers.get("content-type") ?? "");
      const json: unknown = isJson && text !== "" ? JSON.parse(text) : undefined;
      const endpoint = endpoints.find((one) => one.method === method.toLowerCase() && fits(one.path, path));
      if (endpoint && response.status === endpoint.status) {
        answered.add(`${endpoint.method} ${endpoint.path}`);
        // Parsing drops what is not declared: equal means that nothing undeclared is shown.
        if (endpoint.answer) expect(json, `${method} ${path}`).toEqual(endpoint.answer.parse(json));
      } else if (response.status >= 400) {
        expect(response.headers.get("content-type"), `${method} ${path}`).toBe("application/problem+json");
        expect(json).toMatchObject({
          status: response.status,
          code: expect.any(String),
          detail: expect.any(String),
          requestId: response.headers.get("x-request-id"),
        });
      }
      return { status: response.status, headers: response.headers, text, json };
    },
  };
}

function fits(pattern: string, path: string): boolean {
  return new RegExp(`^${pattern.replace(/\{\w+\}/g, "[^/]+")}$`).test(path.split("?")[0] ?? "");
}
