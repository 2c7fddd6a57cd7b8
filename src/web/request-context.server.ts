import { createContext, data, redirect } from "react-router";
import type { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { Account, Ctx, Role } from "#features/access/index.ts";

/** The community and who asks: set by the middleware of a layout, read by the loaders and actions below it. */
export const ctxContext = createContext<Ctx>();

/** The signed-in account of the request, if any. */
export const accountContext = createContext<{ account: Account; role: Role | null } | null>(null);

/**
 * Wraps a loader or an action so that an expected failure reaches the reader in its own words and with its own
 * status; anything else stays an error, is logged, and tells the reader nothing of its inside.
 */
export function guarded<Args, Result>(work: (args: Args) => Promise<Result>): (args: Args) => Promise<Result> {
  return async (args) => {
    try {
      return await work(args);
    } catch (error) {
      if (error instanceof AppError && error.status < 500) failWith(error.status, error.message);
      throw error;
    }
  };
}

/**
 * Ends a loader with a failure whose words appear on the error page.
 * @throws always
 */
export function failWith(status: number, words: string): never {
  throw data(words, { status });
}

/**
 * Ends a loader by sending the reader elsewhere.
 * @throws always
 */
export function goTo(url: string): never {
  throw redirect(url);
}

/**
 * The fields of a form as its schema has them.
 * @throws AppError `invalid_input` naming the first field that is wrong
 */
export function parseForm<Schema extends z.ZodType>(schema: Schema, fields: FormData | Record<string, unknown>): z.output<Schema> {
  const parsed = schema.safeParse(fields instanceof FormData ? Object.fromEntries(fields) : fields);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message }));
  throw new AppError("invalid_input", { public: issues[0] ? `${issues[0].path}: ${issues[0].message}` : "The form is not valid.", issues });
}

/**
 * What was found, or a page that says it was not.
 * @throws the answer 404
 */
export function found<T>(thing: T | undefined | null, words: string): T {
  if (thing === undefined || thing === null) return failWith(404, words);
  return thing;
}
