import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { HttpClient } from "#core/http.ts";
import { siteOf } from "./format.ts";

export interface DiscourseAccess {
  site: string;
  base: string;
  apiKey: string;
  apiUsername: string;
}

/** How a run asks: as whom, by which way out. */
export interface Asking {
  access: DiscourseAccess;
  http: HttpClient;
  signal: AbortSignal;
}

/** Forums allow a visitor 200 requests a minute and an API key 60, unless they set other limits. */
const spacingMs = { visitor: 320, key: 1020 };
const waitsMax = 5;
const waitMaxSeconds = 900;

const errorSchema = z.looseObject({
  errors: z.array(z.string()).default([]),
  error_type: z.string().default(""),
  extras: z.looseObject({ wait_seconds: z.number().optional() }).nullish(),
});

/** An answer that refuses this one thing and no more: a topic or post that is gone, or not ours to read. */
export class DiscourseRefusal extends Error {}

/** @throws AppError `invalid_input` naming what is missing */
export function accessOf(settings: { site: string; apiKey: string; apiUsername: string }): DiscourseAccess {
  const found = siteOf(settings.site);
  if (!found) throw new AppError("invalid_input", { public: "To read a forum live, give its address, like https://forum.example.com." });
  return { ...found, apiKey: settings.apiKey, apiUsername: settings.apiUsername || "system" };
}

/**
 * Asks the forum for JSON.
 * @param path below the forum's address, with its query
 * @throws DiscourseRefusal for 403, 404 and 410 of a single thing; AppError `forbidden` for a wrong key or a forum that
 *   wants a sign-in, `rate_limited`, `upstream_failed`
 */
export async function askDiscourse({ access, http, signal }: Asking, path: string): Promise<unknown> {
  const url = `${access.base}${path}`;
  const headers: Record<string, string> = { accept: "application/json" };
  if (access.apiKey !== "") Object.assign(headers, { "api-key": access.apiKey, "api-username": access.apiUsername });
  const spacing = access.apiKey === "" ? spacingMs.visitor : spacingMs.key;
  for (let waits = 0; ; waits++) {
    const response = await http.request({ url, headers, signal, spacingMs: spacing });
    if (response.ok) return response.json();
    const body = response.text();
    if (response.status === 429) {
      // The time to wait stands in a header, in the body, or only in its words.
      const seconds = secondsAsked(body);
      if (waits >= waitsMax || seconds === undefined || seconds > waitMaxSeconds) {
        throw new AppError("rate_limited", {
          public: `${access.site} has had enough requests for now${seconds === undefined ? "" : `, for ${seconds} seconds`}. The next run goes on from here.`,
        });
      }
      await http.pause({ ms: seconds * 1000, reason: `${access.site} asked to wait`, signal });
      continue;
    }
    return refuse(access, path, response.status, body);
  }
}

function secondsAsked(body: string): number | undefined {
  const { errors, extras } = readError(body);
  if (extras?.wait_seconds !== undefined) return extras.wait_seconds;
  const said = /(?:retry again in|again in|wait) (\d+) (second|minute|hour)/i.exec(errors.join(" ") || body);
  if (!said) return undefined;
  return Number(said[1]) * ({ minute: 60, hour: 3600 }[said[2]?.toLowerCase() ?? ""] ?? 1);
}

function refuse(access: DiscourseAccess, path: string, status: number, body: string): never {
  const { errors, error_type } = readError(body);
  const said = errors.length > 0 ? ` It said: ${errors.join(" ")}` : "";
  if (access.apiKey !== "" && (status === 401 || /api (?:username|key)[^.]*invalid/i.test(errors.join(" ")))) {
    throw new AppError("forbidden", {
      public: `${access.site} does not take this API key for «${access.apiUsername}». Was it revoked, or made for another user? Make a new one under Admin > API.${said}`,
    });
  }
  if (error_type === "not_logged_in" || status === 401) {
    throw new AppError("forbidden", {
      public: `${access.site} shows this to signed-in members only. Give an API key (Admin > API > New API key).${said}`,
    });
  }
  if (status === 403 || status === 404 || status === 410) throw new DiscourseRefusal(errors.join(" ") || `${path} answered ${status}`);
  throw new AppError("upstream_failed", { public: `${access.site} answered ${status} to ${path.replace(/\?.*$/, "")}.${said}` });
}

function readError(body: string): z.output<typeof errorSchema> {
  try {
    return errorSchema.parse(JSON.parse(body));
  } catch {
    return { errors: [], error_type: "" };
  }
}
