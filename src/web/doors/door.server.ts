import { data, redirect } from "react-router";
import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { AuthOutcome } from "#features/access/index.ts";

/** What a form of these pages answers when it stays where it is: a problem for the whole form, or by field. */
export interface DoorAnswer {
  problem?: string;
  notice?: string;
  fields?: Record<string, string>;
  /** The password was right and a code is asked for next. */
  secondFactor?: boolean;
}

/** Only addresses of this site are followed after signing in: a link must not send people elsewhere. */
export function safeNext(next: string | null | undefined): string {
  return next?.startsWith("/") && !next.startsWith("//") && !next.includes("\\") ? next : "/studio";
}

/** A form's text fields. Files have no place in these forms and are left out. */
export async function readForm(request: Request): Promise<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (const [name, value] of await request.formData()) if (typeof value === "string") fields[name] = value;
  return fields;
}

/** Sends the browser on with the cookies that a sign-in made. */
export function goWith(url: string, cookies: readonly string[]): Response {
  const headers = new Headers();
  for (const cookie of cookies) headers.append("Set-Cookie", cookie);
  return redirect(url, { headers });
}

/** A refusal of the sign-in, with its status and words. */
export function refuse(outcome: Extract<AuthOutcome, { ok: false }>) {
  const status = outcome.reason === "rate_limited" ? 429 : outcome.reason === "unavailable" ? 503 : 400;
  const headers = outcome.retryAfterSeconds === undefined ? undefined : { "Retry-After": String(outcome.retryAfterSeconds) };
  return data<DoorAnswer>({ problem: outcome.message }, { status, headers });
}

/**
 * What was wrong with a form, by field where it is known.
 * @throws the error itself when it is none of the form's
 */
export function describeProblem(error: unknown) {
  if (error instanceof AppError && error.status < 500) {
    const fields = Object.fromEntries(error.issues.map((issue) => [issue.path, issue.message]));
    return data<DoorAnswer>({ problem: error.message, fields }, { status: error.status });
  }
  if (error instanceof z.ZodError) {
    const fields = Object.fromEntries(error.issues.map((issue) => [issue.path.join("."), issue.message]));
    return data<DoorAnswer>({ problem: "Some fields are not right yet.", fields }, { status: 400 });
  }
  throw error;
}
