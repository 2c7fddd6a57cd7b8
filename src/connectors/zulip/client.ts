import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { HttpClient } from "#core/http.ts";

export interface ZulipAccess {
  /** The organization's address. */
  site: string;
  email: string;
  apiKey: string;
}

const errorSchema = z.looseObject({ code: z.string().default(""), msg: z.string().default("") });

/** An answer that refuses this one thing and no more: a channel that is gone or not ours to read. */
export class ZulipRefusal extends Error {}

/**
 * Asks the server's REST API.
 * @throws AppError `forbidden` for a wrong key or too few rights, `rate_limited`, `upstream_failed`; ZulipRefusal for 400
 */
export async function askZulip(
  input: { access: ZulipAccess; http: HttpClient; signal: AbortSignal },
  path: string,
  query: Record<string, string> = {},
): Promise<unknown> {
  const { access, http, signal } = input;
  const url = new URL(`/api/v1/${path}`, baseOf(access.site));
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const authorization = `Basic ${Buffer.from(`${access.email}:${access.apiKey}`).toString("base64")}`;
  const response = await http.request({ url, headers: { authorization, accept: "application/json" }, signal });
  if (response.ok) return response.json();
  const { code, msg } = readError(response.text());
  const said = msg ? ` It said: ${msg}` : "";
  if (response.status === 401 || code === "UNAUTHORIZED") {
    throw new AppError("forbidden", {
      public: `${url.host} does not take this e-mail address and API key. Copy both anew from the bot's card (Settings > Bots).${said}`,
    });
  }
  if (response.status === 403) {
    throw new AppError("forbidden", { public: `${url.host} does not let ${access.email} read this (${path}). Is the account still active?${said}` });
  }
  if (response.status === 429)
    throw new AppError("rate_limited", { public: `${url.host} has had enough requests for now. Try again in a few minutes.${said}` });
  if (response.status === 400) throw new ZulipRefusal(msg || `status ${response.status}`);
  if (response.status === 404) {
    throw new AppError("not_found", {
      public: `${url.origin} is no Zulip server: it has no ${url.pathname}. Give the address as you open Zulip in the browser.`,
    });
  }
  throw new AppError("upstream_failed", { public: `${url.host} answered ${response.status}.${said}` });
}

function readError(body: string): { code: string; msg: string } {
  try {
    return errorSchema.parse(JSON.parse(body));
  } catch {
    return { code: "", msg: "" };
  }
}

/** The address as an origin. */
function baseOf(site: string): string {
  const url = URL.parse(/^https?:\/\//i.test(site) ? site : `https://${site}`);
  if (!url)
    throw new AppError("invalid_input", { public: `${site} is no address of a Zulip organization. Write it like https://example.zulipchat.com.` });
  return url.origin;
}
