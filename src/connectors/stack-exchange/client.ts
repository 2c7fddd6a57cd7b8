import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { HttpClient } from "#core/http.ts";

const apiBase = "https://api.stackexchange.com/2.3/";
/** A wait that the API asks for and that a run sits out; above that the run ends and goes on later. */
const waitMaxSeconds = 900;

const wrapperSchema = z.looseObject({
  items: z.array(z.unknown()).default([]),
  has_more: z.boolean().default(false),
  backoff: z.number().nullish(),
  quota_max: z.number().nullish(),
  quota_remaining: z.number().nullish(),
});
const errorSchema = z.looseObject({ error_id: z.number().default(0), error_message: z.string().default("") });

export interface ApiAnswer {
  items: unknown[];
  hasMore: boolean;
}

/** No more may be asked for now: the day's quota is used up, or the API shuts us out for long. */
export class QuotaUsedUp extends Error {}

/** The API with its own rules: `backoff` is waited out, and the quota is never run dry. */
export class StackExchangeApi {
  readonly #input: { key: string; http: HttpClient; signal: AbortSignal };
  #notBefore = 0;
  /** As the last answer told. */
  quota: { max: number; left: number } | undefined;

  constructor(input: { key: string; http: HttpClient; signal: AbortSignal }) {
    this.#input = input;
  }

  /**
   * @param path below the API's root, such as `questions`
   * @throws QuotaUsedUp; AppError `forbidden` for a wrong key, `not_found` for an unknown site, `upstream_failed`
   */
  async ask(path: string, query: Record<string, string | number>): Promise<ApiAnswer> {
    const { key, http, signal } = this.#input;
    if (this.quota && this.quota.left <= 0) throw new QuotaUsedUp(`the day's ${this.quota.max.toLocaleString("en")} requests are used up`);
    const pause = this.#notBefore - Date.now();
    if (pause > waitMaxSeconds * 1000) throw new QuotaUsedUp(`the API asks to wait for ${Math.ceil(pause / 60_000)} minutes`);
    await http.pause({ ms: pause, reason: "Stack Exchange asked to wait (backoff)", signal });
    const url = new URL(path, apiBase);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    if (key !== "") url.searchParams.set("key", key);
    const response = await http.request({ url, headers: { accept: "application/json" }, signal });
    if (!response.ok) return fail(response.status, response.text());
    const answer = wrapperSchema.parse(response.json());
    if (typeof answer.quota_max === "number" && typeof answer.quota_remaining === "number") {
      this.quota = { max: answer.quota_max, left: answer.quota_remaining };
    }
    // It holds for the same method only; keeping to it for all is simpler, and kinder.
    if (answer.backoff) this.#notBefore = Date.now() + answer.backoff * 1000;
    return { items: answer.items, hasMore: answer.has_more };
  }
}

const throttleViolation = 502;
const keyErrors = [401, 402, 403, 405, 406];

function fail(status: number, body: string): never {
  const { error_id, error_message: said } = readError(body);
  // For some minutes, or for the rest of the day.
  if (error_id === throttleViolation) {
    const seconds = /available in (\d+) seconds/.exec(said)?.[1];
    throw new QuotaUsedUp(seconds ? `the API lets us ask again in ${Math.ceil(Number(seconds) / 60)} minutes` : said || "the API shuts us out");
  }
  if (/no site found/i.test(said)) {
    throw new AppError("not_found", {
      public: `Stack Exchange knows no such site. Write it as in its address: stackoverflow, ai, ai.meta, superuser. It said: ${said}`,
    });
  }
  if (status === 401 || status === 403 || /\bkey\b/i.test(said) || keyErrors.includes(error_id)) {
    throw new AppError("forbidden", {
      public: `Stack Exchange does not take the key. Copy it anew from your application on stackapps.com, or leave it empty. It said: ${said || status}`,
    });
  }
  throw new AppError("upstream_failed", { public: `Stack Exchange answered ${status}${said ? `: ${said}` : "."}` });
}

function readError(body: string): z.output<typeof errorSchema> {
  try {
    return errorSchema.parse(JSON.parse(body));
  } catch {
    return { error_id: 0, error_message: "" };
  }
}
