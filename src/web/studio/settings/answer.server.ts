import { data } from "react-router";
import type { z } from "zod";
import { AppError, type ErrorCode } from "#core/errors.ts";
import type { AuthOutcome } from "#features/access/index.ts";
import type { ActAnswer } from "./act-form.tsx";

/**
 * Reads a form by its schema and answers it: what was done, or what is wrong, by field where that is known. Refusals
 * keep their status but stay on the page, so that nobody loses what they typed.
 * @param act does it; what it puts into `headers` goes into the answer
 */
export async function answerForm<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  act: (input: z.output<Schema>, headers: Headers) => Promise<ActAnswer>,
) {
  const given = readFields(await request.formData());
  const intent = typeof given.intent === "string" ? given.intent : undefined;
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const fields = Object.fromEntries(parsed.error.issues.map((issue) => [String(issue.path[0] ?? "intent"), issue.message]));
    return data<ActAnswer>({ ok: false, intent, fields }, { status: 400 });
  }
  const headers = new Headers();
  try {
    return data<ActAnswer>({ intent, ...(await act(parsed.data, headers)) }, { headers });
  } catch (error) {
    if (!(error instanceof AppError) || error.code === "internal") throw error;
    const issues = error.issues.filter(({ path }) => path !== "");
    const problem =
      issues.length > 0 ? { fields: Object.fromEntries(issues.map(({ path, message }) => [path, message])) } : { message: error.message };
    return data<ActAnswer>({ ok: false, intent, ...problem }, { status: error.status });
  }
}

/** A form's texts; a name that comes more than once is a list. Files have no place in these forms. */
function readFields(form: FormData): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {};
  for (const name of new Set(form.keys())) {
    const values = form.getAll(name).filter((value) => typeof value === "string");
    const [only] = values;
    fields[name] = values.length === 1 && only !== undefined ? only : values;
  }
  return fields;
}

const codeOf: Record<Extract<AuthOutcome, { ok: false }>["reason"], ErrorCode> = {
  wrong: "invalid_input",
  weak_password: "invalid_input",
  rate_limited: "rate_limited",
  bad_origin: "forbidden",
  unavailable: "busy",
};

/**
 * A refusal of the sign-in as the product's error.
 * @param field whose content is wrong
 * @param passwordField which holds a new password, where there is one
 */
export function authProblem(outcome: Extract<AuthOutcome, { ok: false }>, field: string, passwordField = field): AppError {
  const path = outcome.reason === "wrong" ? field : outcome.reason === "weak_password" ? passwordField : undefined;
  return new AppError(codeOf[outcome.reason], { public: outcome.message, issues: path ? [{ path, message: outcome.message }] : [] });
}

/** Hands on the cookies that the sign-in made. */
export function sendCookies(headers: Headers, cookies: readonly string[]): void {
  for (const cookie of cookies) headers.append("Set-Cookie", cookie);
}
