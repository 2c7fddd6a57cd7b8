import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { HttpClient, HttpResponse } from "#core/http.ts";

export interface MatrixAccess {
  /** The homeserver's address. */
  server: string;
  token: string;
}

/** What is needed to ask. */
export interface Asking {
  access: MatrixAccess;
  http: HttpClient;
  signal: AbortSignal;
}

const errorSchema = z.looseObject({ errcode: z.string().default(""), error: z.string().default(""), retry_after_ms: z.number().optional() });
const waitsMax = 20;
const waitMaxMs = 15 * 60_000;

/** An answer that refuses this one room, event or page and no more. */
export class MatrixRefusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(input: { status: number; code: string; said: string }) {
    super(`${input.said || "no reason given"}${input.code ? ` (${input.code})` : ""}`);
    this.name = "MatrixRefusal";
    this.status = input.status;
    this.code = input.code;
  }
}

/**
 * Asks the homeserver's client-server API, and waits as it asks us to.
 * @param path behind `/_matrix/client/`, its parts encoded
 * @throws AppError `forbidden` for a token that is not taken, `rate_limited`, `not_found` where there is no homeserver,
 *   `upstream_failed`; MatrixRefusal for 400, 403 and 404 of a Matrix server
 */
export async function askMatrix(asking: Asking, path: string, query: Record<string, string> = {}): Promise<unknown> {
  const url = new URL(`/_matrix/client/${path}`, originOf(asking.access.server));
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  let waited = 0;
  for (let waits = 0; ; waits++) {
    const headers = { authorization: `Bearer ${asking.access.token}`, accept: "application/json" };
    const response = await asking.http.request({ url, headers, signal: asking.signal });
    if (response.ok) return response.json();
    const refusal = readError(response);
    if (response.status !== 429) throw toError(url, response, refusal);
    // Older servers say how long only in the body, where the way out does not look.
    const ms = Math.max(50, refusal.retry_after_ms ?? 5_000);
    waited += ms;
    if (waits >= waitsMax || waited > waitMaxMs) {
      throw new AppError("rate_limited", { public: `${url.host} has had enough requests for now. Try again in ${Math.ceil(ms / 1000)} seconds.` });
    }
    await asking.http.pause({ ms, reason: `${url.host} asked to wait`, signal: asking.signal });
  }
}

function toError(url: URL, response: HttpResponse, { errcode, error }: z.output<typeof errorSchema>): Error {
  const said = error ? ` It said: ${error}` : "";
  if (response.status === 401 || errcode === "M_UNKNOWN_TOKEN" || errcode === "M_MISSING_TOKEN") {
    return new AppError("forbidden", {
      public: `${url.host} does not take the access token any more (${errcode || response.status}): it was signed out or never was one of this server. Make a new one and enter it in the source's settings.${said}`,
    });
  }
  if (errcode === "" && response.status === 404) {
    return new AppError("not_found", {
      public: `${url.origin} is no Matrix homeserver: it has no /_matrix/client. Give the homeserver's address, like https://matrix-client.matrix.org, and not that of the web client.`,
    });
  }
  if (response.status === 400 || response.status === 403 || response.status === 404) {
    return new MatrixRefusal({ status: response.status, code: errcode, said: error });
  }
  return new AppError("upstream_failed", { public: `${url.host} answered ${response.status}.${said}` });
}

function readError(response: HttpResponse): z.output<typeof errorSchema> {
  try {
    return errorSchema.parse(JSON.parse(response.text()));
  } catch {
    return { errcode: "", error: "" };
  }
}

function originOf(server: string): string {
  const url = URL.parse(/^https?:\/\//i.test(server) ? server : `https://${server}`);
  if (!url)
    throw new AppError("invalid_input", { public: `${server} is no address of a homeserver. Write it like https://matrix-client.matrix.org.` });
  return url.origin;
}
