import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { HttpClient, HttpResponse } from "#core/http.ts";

/** How to reach Slack's Web API. */
export interface Asking {
  token: string;
  baseUrl: string;
  http: HttpClient;
  signal: AbortSignal;
}

/** An answer that refuses this one thing and no more: a channel that is closed to the app, a user who is gone. */
export class SlackRefusal extends Error {
  /** Slack's word for it, like `not_in_channel`. */
  readonly code: string;
  /** The right that is missing, for `missing_scope`. */
  readonly needed: string | undefined;

  constructor(input: { code: string; needed?: string }) {
    super(describeRefusal(input));
    this.name = "SlackRefusal";
    this.code = input.code;
    this.needed = input.needed;
  }
}

const answerSchema = z.looseObject({
  ok: z.boolean(),
  error: z.string().optional(),
  needed: z.string().optional(),
  response_metadata: z.looseObject({ next_cursor: z.string().optional() }).nullish(),
});
export type SlackAnswer = z.output<typeof answerSchema>;

const badTokens: Record<string, string> = {
  invalid_auth: "Slack does not know this token.",
  not_authed: "Slack did not get a token.",
  token_revoked: "The token was revoked.",
  token_expired: "The token has expired.",
  account_inactive: "The app was removed from the workspace, or its user was deactivated.",
  org_login_required: "The workspace has moved to an organization; the app must be installed again.",
  team_access_not_granted: "The app may not enter this workspace.",
  access_denied: "Slack denies the app access.",
};
const passing = new Set(["internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"]);

/**
 * Asks the Web API. Waits that Slack asks for by `Retry-After` are kept by the HTTP client.
 * @returns the answer, and the rights of the token where Slack names them
 * @throws SlackRefusal for what is refused alone; AppError `forbidden` for a token that is no good, `rate_limited`, `upstream_failed`
 */
export async function askSlack(
  asking: Asking,
  method: string,
  query: Record<string, string | undefined> = {},
): Promise<{ answer: SlackAnswer; scopes?: ReadonlySet<string> }> {
  const url = addressOf(asking, method);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  const headers = { authorization: `Bearer ${asking.token}`, accept: "application/json" };
  const response = await asking.http.request({ url, headers, signal: asking.signal, retries: 6 });
  const answer = readAnswer(response, method);
  if (!answer.ok) throw failure(answer);
  const scopes = response.headers.get("x-oauth-scopes");
  return { answer, ...(scopes !== null && { scopes: new Set(scopes.split(",").map((scope) => scope.trim())) }) };
}

/** The address of a method. */
export function addressOf(asking: Pick<Asking, "baseUrl">, method: string): URL {
  return new URL(`${asking.baseUrl.replace(/\/+$/, "")}/${method}`);
}

/**
 * The answer to a method, whether it refuses or not.
 * @throws AppError `rate_limited`, `upstream_failed`
 */
export function readAnswer(response: HttpResponse, method: string): SlackAnswer {
  if (response.status === 429) throw limited();
  if (response.status >= 500) throw new AppError("upstream_failed", { public: `Slack answered ${response.status} for ${method}. Try again later.` });
  const answer = answerSchema.safeParse(response.json());
  if (!answer.success) throw new AppError("upstream_failed", { public: `Slack's answer to ${method} (status ${response.status}) has no «ok».` });
  if (["ratelimited", "rate_limited"].includes(answer.data.error ?? "")) throw limited();
  if (passing.has(answer.data.error ?? "")) {
    throw new AppError("upstream_failed", { public: `Slack failed at ${method} (${answer.data.error}). Try again later.` });
  }
  return answer.data;
}

/**
 * All pages of a list, by Slack's cursors.
 * @param query.limit items a page, at most
 */
export async function* askPages(asking: Asking, method: string, query: Record<string, string | undefined>): AsyncGenerator<SlackAnswer> {
  for (let cursor: string | undefined; ; ) {
    const { answer } = await askSlack(asking, method, { ...query, cursor });
    yield answer;
    const next = answer.response_metadata?.next_cursor;
    if (!next || next === cursor) return;
    cursor = next;
  }
}

function failure({ error = "", needed }: SlackAnswer): Error {
  const bad = badTokens[error];
  if (bad) {
    return new AppError("forbidden", {
      public: `${bad} On api.slack.com/apps open your app, OAuth & Permissions, install it to the workspace again, and give the new token here. (Slack said: ${error})`,
    });
  }
  return new SlackRefusal({ code: error, ...(needed !== undefined && { needed }) });
}

function limited(): AppError {
  return new AppError("rate_limited", { public: "Slack has had enough requests for now. Try again in some minutes." });
}

function describeRefusal({ code, needed }: { code: string; needed?: string }): string {
  if (code === "missing_scope") return `the app lacks the scope ${needed ?? "that this needs"}`;
  if (code === "not_in_channel") return "the app is not in the channel";
  if (code === "channel_not_found") return "the channel is gone or closed to the app";
  return code || "no reason given";
}
