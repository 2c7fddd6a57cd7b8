import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { z } from "zod";
import { AppError, errorCodes, toAppError } from "#core/errors.ts";
import type { ApiEnv } from "./env.ts";

/** What an error looks like: RFC 9457, with the code, the request's id and one entry per wrong field. */
export const problemSchema = z
  .object({
    type: z.string().describe("Leads to the code's entry in these docs."),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe("What went wrong, where, and what to do about it, in words for a person."),
    code: z.string(),
    requestId: z.string().describe("Name it when you report the problem."),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: "Problem" });

const titles: Record<number, string> = {
  400: "Invalid input",
  401: "Not signed in",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  412: "Changed in the meantime",
  413: "Too large",
  415: "Unsupported media type",
  422: "Unreadable file",
  429: "Too many requests",
  500: "Our mistake",
  502: "Another service failed",
  503: "Not now",
};

/** The answer for anything thrown. What is our own mistake goes to the log with its cause and says nothing of it. */
export function answerProblem(error: unknown, c: Context<ApiEnv>): Response {
  if (error instanceof HTTPException) {
    return problem(c, { status: error.status, code: httpCodes[error.status] ?? "internal", detail: error.message });
  }
  const appError = isBadCursor(error, c) ? badCursor() : toAppError(error);
  if (appError.status >= 500 && appError.code !== "paused")
    c.var.runtime.log.error({ err: error, requestId: c.var.requestId, path: c.req.path }, "API request failed");
  return problem(c, {
    status: appError.status,
    code: appError.code,
    detail: appError.message,
    errors: appError.issues,
    retryAfter: appError.retryAfterSeconds,
  });
}

/** What PostgreSQL says to a text that is no time, number or id. */
const unreadableValue = new Set(["22007", "22008", "22P02"]);

/** A cursor is opaque and goes into the query as it is: one that was tampered with fails there. */
function isBadCursor(error: unknown, c: Context<ApiEnv>): boolean {
  return c.req.query("after") !== undefined && error instanceof Error && "code" in error && unreadableValue.has(String(error.code));
}

function badCursor(): AppError {
  return new AppError("invalid_input", { public: "The page cursor is not valid. Start again from the first page." });
}

const httpCodes: Record<number, string> = { 404: "not_found", 405: "method_not_allowed", 415: "unsupported_media_type" };

function problem(
  c: Context<ApiEnv>,
  input: { status: number; code: string; detail: string; errors?: { path: string; message: string }[]; retryAfter?: number | undefined },
): Response {
  const body: z.input<typeof problemSchema> = {
    type: `/api/v1/docs#problem-${input.code}`,
    title: titles[input.status] ?? "Problem",
    status: input.status,
    detail: input.detail,
    code: input.code,
    requestId: c.var.requestId,
    ...(input.errors && input.errors.length > 0 ? { errors: input.errors } : {}),
  };
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
  if (input.status === 401) headers.set("www-authenticate", 'Bearer realm="Causeway"');
  if (input.retryAfter !== undefined) headers.set("retry-after", String(input.retryAfter));
  // Headers that were set on the way, such as those of the rate limit, go out with errors too.
  for (const [name, value] of c.res.headers) if (!headers.has(name)) headers.set(name, value);
  return new Response(JSON.stringify(body), { status: input.status, headers });
}

/** Turns what a schema says against an input into the product's error. */
export function inputError(error: z.ZodError, where: string): AppError {
  const issues = error.issues.map((issue) => ({ path: [where, ...issue.path].join("."), message: issue.message }));
  const first = issues[0];
  return new AppError("invalid_input", { public: first ? `${first.path}: ${first.message}` : "The input is not valid.", issues });
}

/** Every code with its status, for the docs. */
export const problemCodes: readonly { code: string; status: number; title: string }[] = [
  ...Object.entries(errorCodes).map(([code, { status }]) => ({ code, status })),
  { code: "method_not_allowed", status: 405 },
  { code: "unsupported_media_type", status: 415 },
].map(({ code, status }) => ({ code, status, title: titles[status] ?? "Problem" }));
