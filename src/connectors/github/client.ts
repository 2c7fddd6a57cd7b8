import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/core";
import { AppError } from "#core/errors.ts";
import type { HttpClient } from "#core/http.ts";
import { fetchThrough } from "../fetch-through.ts";
import { explain, isSecondaryLimit, statusOf } from "./explain.ts";
import { parseRepository, siteOf } from "./repository.ts";
import { isRow, type Row, rowIn } from "./row.ts";
import type { GithubSettings } from "./settings.ts";

/** A REST answer. */
export interface Answer {
  status: number;
  data: unknown;
  etag: string | undefined;
  /** Whether there is a further page, by the Link header. */
  hasNext: boolean;
  /** The number of the last page, by the Link header; undefined on the last page itself. */
  lastPage: number | undefined;
}

/** GitHub's API, as one repository is read. */
export interface Github {
  owner: string;
  name: string;
  /** A GitHub Enterprise Server; undefined for github.com. */
  host: string | undefined;
  /**
   * @param route as GitHub's documentation has it, `GET /repos/{owner}/{repo}/issues`; owner and repo are filled in
   * @throws AppError in words that say what to change; a 304 is an answer
   */
  ask(route: string, parameters?: Record<string, unknown>): Promise<Answer>;
  /**
   * @returns what could be read, and in words what could not
   * @throws AppError when nothing could be read
   */
  query(query: string, variables?: Record<string, unknown>): Promise<{ data: Row; denied: string[] }>;
}

/** GitHub's hourly limit makes wait an hour at most. */
const maxWaitMs = 65 * 60_000;
const triesMax = 4;

/**
 * Opens the API with a personal token, or as the installation of an app on the repository.
 * @param options.pauseMs the first pause after a refusal that names none; GitHub asks for a minute at least
 * @throws AppError `invalid_input` when repository or token are missing
 */
export async function openGithub(settings: GithubSettings, options: { http: HttpClient; signal: AbortSignal; pauseMs?: number }): Promise<Github> {
  const repository = parseRepository(settings.repository);
  if (repository === undefined) throw new AppError("invalid_input", { public: "To read GitHub live, name the repository, as owner/name." });
  const [owner = "", name = ""] = repository.split("/");
  const octokit = await signIn(settings, { owner, repo: name }, options);
  const base = { owner, repo: name };
  return {
    owner,
    name,
    host: siteOf(URL.parse(settings.baseUrl)?.host ?? "github.com"),
    async ask(route, parameters = {}) {
      try {
        const response = await octokit.request(route, { ...base, ...parameters });
        return readAnswer(response.status, response.data, response.headers);
      } catch (error) {
        if (statusOf(error) === 304) return { status: 304, data: [], etag: undefined, hasNext: false, lastPage: undefined };
        throw explain(error, { repository, signal: options.signal });
      }
    },
    async query(query, variables = {}) {
      try {
        return { data: rowIn({ data: await octokit.graphql(query, { ...base, ...variables }) }, "data"), denied: [] };
      } catch (error) {
        // What one may read comes beside the refusals of what one may not.
        const data = isRow(error) ? error.data : undefined;
        if (isRow(data) && isRow(data.repository)) return { data, denied: deniedIn(error) };
        throw explain(error, { repository, signal: options.signal });
      }
    },
  };
}

async function signIn(
  settings: GithubSettings,
  place: { owner: string; repo: string },
  options: { http: HttpClient; signal: AbortSignal; pauseMs?: number },
): Promise<Octokit> {
  const fetch = fetchThrough(options.http, { signal: options.signal, maxWaitMs, isRead: (url) => /\/graphql$|\/access_tokens$/.test(url) });
  const common = { baseUrl: settings.baseUrl.replace(/\/+$/, ""), userAgent: "Causeway", request: { fetch } };
  const make = (auth: Record<string, unknown>): Octokit => {
    const octokit = new Octokit({ ...common, ...auth, log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} } });
    octokit.hook.wrap("request", (request, asked) => withLimits(async () => request(asked), options));
    return octokit;
  };
  if (settings.appId !== "" && settings.privateKey !== "") {
    const auth = { appId: settings.appId, privateKey: readKey(settings.privateKey) };
    const app = make({ authStrategy: createAppAuth, auth });
    const repository = `${place.owner}/${place.repo}`;
    const installation = await app.request("GET /repos/{owner}/{repo}/installation", place).catch((error: unknown) => {
      throw explain(error, { repository, signal: options.signal, asApp: true });
    });
    return make({ authStrategy: createAppAuth, auth: { ...auth, installationId: installation.data.id } });
  }
  if (settings.token === "") {
    throw new AppError("invalid_input", { public: "To read GitHub live, give a personal access token, or the id and key of a GitHub App." });
  }
  return make({ auth: settings.token });
}

/**
 * The HTTP client minds the limits that an answer states in its headers. Left are two that only GitHub's words tell: a
 * secondary limit that names no time, and GraphQL's, which comes as a success.
 */
async function withLimits<T extends { data: unknown }>(
  send: () => Promise<T>,
  options: { http: HttpClient; signal: AbortSignal; pauseMs?: number },
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    let reason = "GitHub's limit for GraphQL is used up";
    try {
      const response = await send();
      if (tries >= triesMax || !isGraphqlLimit(response.data)) return response;
    } catch (error) {
      if (tries >= triesMax || !isSecondaryLimit(error)) throw error;
      reason = "GitHub's secondary limit was reached";
    }
    await options.http.pause({ ms: (options.pauseMs ?? 60_000) * 2 ** (tries - 1), reason, signal: options.signal });
  }
}

function isGraphqlLimit(data: unknown): boolean {
  const errors = isRow(data) ? data.errors : undefined;
  return Array.isArray(errors) && errors.some((error: unknown) => isRow(error) && error.type === "RATE_LIMITED");
}

function deniedIn(error: unknown): string[] {
  const errors = isRow(error) ? error.errors : undefined;
  if (!Array.isArray(errors)) return [];
  return [...new Set(errors.flatMap((one: unknown) => (isRow(one) && typeof one.message === "string" ? one.message : [])))];
}

/** Line ends get lost where keys are pasted into one line. */
function readKey(given: string): string {
  const key = given.replaceAll("\\n", "\n").trim();
  const found = /^(-----BEGIN [A-Z ]+-----)([\s\S]*)(-----END [A-Z ]+-----)$/.exec(key);
  if (!found) {
    throw new AppError("invalid_input", {
      public: "The GitHub App key is no private key. Give the whole .pem file, from «-----BEGIN» to the last dash.",
    });
  }
  const body = (found[2] ?? "").replace(/\s+/g, "");
  return `${found[1]}\n${body.replace(/.{1,64}/g, "$&\n")}${found[3]}\n`;
}

function readAnswer(status: number, data: unknown, headers: Record<string, string | number | undefined>): Answer {
  const link = String(headers.link ?? "");
  const last = /[?&]page=(\d+)[^>]*>;\s*rel="last"/.exec(link)?.[1];
  return {
    status,
    data,
    etag: headers.etag === undefined ? undefined : String(headers.etag),
    hasNext: /rel="next"/.test(link),
    lastPage: last === undefined ? undefined : Number(last),
  };
}
