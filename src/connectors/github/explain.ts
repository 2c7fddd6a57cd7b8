import { AppError } from "#core/errors.ts";
import { isRow, rowIn } from "./row.ts";

/** The status of an answer that refuses. */
export function statusOf(error: unknown): number | undefined {
  const status = isRow(error) ? error.status : undefined;
  return typeof status === "number" ? status : undefined;
}

const saidBy = (error: unknown): string => {
  const message = rowIn(rowIn(error, "response"), "data").message;
  return typeof message === "string" ? message : error instanceof Error ? error.message : String(error);
};

/** GitHub asks to slow down, in words alone: no header says for how long. */
export function isSecondaryLimit(error: unknown): boolean {
  const status = statusOf(error);
  return (status === 403 || status === 429) && /secondary rate|abuse detection/i.test(saidBy(error));
}

const rights = "Issues, Pull requests, Discussions and Contents, each read-only";

/**
 * What an answer of GitHub that refuses means, and what to change.
 * @param about.asApp the installation of an app was asked for
 */
export function explain(error: unknown, about: { repository: string; signal: AbortSignal; asApp?: boolean }): Error {
  about.signal.throwIfAborted();
  if (error instanceof AppError) return error;
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof AppError) return cause;
  const said = saidBy(error);
  const words = ` GitHub said: ${said.slice(0, 300)}`;
  const status = statusOf(error) ?? graphqlStatus(error);
  if (about.asApp && (status === 404 || status === 403)) {
    return new AppError("not_found", {
      public: `The GitHub App is not installed on ${about.repository}. Install it there (Install App), and try again.${words}`,
    });
  }
  if (about.asApp && status === 401) {
    return new AppError("forbidden", {
      public: `GitHub does not take this app. Check that the App ID and the key belong together, and this machine's clock.${words}`,
    });
  }
  switch (status) {
    case 401:
      return new AppError("forbidden", {
        public: `GitHub does not take this token: it has expired, was revoked, or is not complete. Make a new one and give it here.${words}`,
      });
    case 403:
    case 451:
      if (/rate limit/i.test(said))
        return new AppError("rate_limited", { public: `GitHub has had enough requests for now. Try again in an hour.${words}` });
      if (/saml|sso/i.test(said)) {
        return new AppError("forbidden", {
          public: `The organization wants this token to be authorized for single sign-on: Settings, Developer settings, the token, Configure SSO.${words}`,
        });
      }
      return new AppError("forbidden", { public: `The token may not read this of ${about.repository}. It needs ${rights}.${words}` });
    case 404:
      return new AppError("not_found", {
        public: `There is no repository ${about.repository}, or the token may not see it. Check the name, and that the token was given this repository.${words}`,
      });
    case 410:
      return new AppError("not_found", { public: `${about.repository} has this switched off.${words}` });
    case 429:
      return new AppError("rate_limited", { public: `GitHub has had enough requests for now. Try again in an hour.${words}` });
    default:
      return new AppError("upstream_failed", { public: `GitHub could not answer for ${about.repository}. Try again later.${words}`, cause: error });
  }
}

/** GraphQL refuses with a success: its errors bear a type. */
function graphqlStatus(error: unknown): number | undefined {
  const errors = isRow(error) ? error.errors : undefined;
  const type: unknown = Array.isArray(errors) && isRow(errors[0]) ? errors[0].type : undefined;
  return type === "NOT_FOUND" ? 404 : type === "FORBIDDEN" ? 403 : type === "RATE_LIMITED" ? 429 : undefined;
}
