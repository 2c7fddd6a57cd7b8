import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { HttpClient } from "#core/http.ts";

/** How to reach Discord's REST API. */
export interface Asking {
  token: string;
  baseUrl: string;
  http: HttpClient;
  signal: AbortSignal;
}

/** An answer that refuses this one thing and no more: a channel that is closed to the bot, or gone. */
export class DiscordRefusal extends Error {
  readonly status: number;

  /** @param input.status 403 or 404 */
  constructor(input: { status: number; says: string }) {
    super(input.says);
    this.name = "DiscordRefusal";
    this.status = input.status;
  }
}

const errorSchema = z.looseObject({ message: z.string().default(""), code: z.number().optional(), retry_after: z.number().optional() });
const waitsMax = 5;
const waitMaxMs = 900_000;

/**
 * Asks the API. Its limits are minded by the HTTP client, from the headers; where only the body says how long to wait,
 * here.
 * @throws DiscordRefusal for 403 and 404; AppError `forbidden` for a token that is not valid, `rate_limited`, `upstream_failed`
 */
export async function askDiscord(asking: Asking, path: string, query: Record<string, string> = {}): Promise<unknown> {
  const url = new URL(`${asking.baseUrl.replace(/\/+$/, "")}/${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  // Discord turns away programs that do not name themselves in this form.
  const headers = { authorization: `Bot ${asking.token}`, "user-agent": "DiscordBot (https://github.com/causeway, 1)", accept: "application/json" };
  for (let waits = 0; ; waits++) {
    const response = await asking.http.request({ url, headers, signal: asking.signal, retries: 6 });
    if (response.ok) return response.json();
    const said = readError(response.text());
    const waitMs = (said.retry_after ?? 0) * 1000;
    if (response.status === 429 && waitMs > 0 && waitMs <= waitMaxMs && waits < waitsMax) {
      await asking.http.pause({ ms: waitMs, reason: "Discord asked to wait (retry_after)", signal: asking.signal });
      continue;
    }
    throw failure(response.status, said.message, url);
  }
}

function failure(status: number, message: string, url: URL): Error {
  const said = message ? ` It said: ${message}` : "";
  if (status === 401) {
    return new AppError("forbidden", {
      public: `Discord does not take this bot token. In the Developer Portal open your application, Bot, Reset Token, and give the new one here.${said}`,
    });
  }
  if (status === 403 || status === 404) return new DiscordRefusal({ status, says: message || `status ${status}` });
  if (status === 429) return new AppError("rate_limited", { public: `Discord has had enough requests for now. Try again in some minutes.${said}` });
  return new AppError("upstream_failed", { public: `Discord answered ${status} for ${url.pathname}. Try again later.${said}` });
}

function readError(text: string): z.output<typeof errorSchema> {
  try {
    return errorSchema.catch({ message: "" }).parse(JSON.parse(text));
  } catch {
    return { message: "" };
  }
}
