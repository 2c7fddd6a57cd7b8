/**
 * Every failure that reaches a person has a code with one HTTP status and one CLI exit code.
 * Pages, the API and the CLI all read this table, so an error looks the same at every way out.
 */
const codes = {
  invalid_input: { status: 400, exit: 2 },
  unauthenticated: { status: 401, exit: 4 },
  forbidden: { status: 403, exit: 4 },
  not_found: { status: 404, exit: 3 },
  conflict: { status: 409, exit: 5 },
  precondition_failed: { status: 412, exit: 5 },
  too_large: { status: 413, exit: 2 },
  unreadable_file: { status: 422, exit: 2 },
  rate_limited: { status: 429, exit: 6 },
  upstream_failed: { status: 502, exit: 6 },
  busy: { status: 503, exit: 5 },
  paused: { status: 503, exit: 5 },
  internal: { status: 500, exit: 1 },
} as const;

export type ErrorCode = keyof typeof codes;

export interface AppErrorDetail {
  /** What a user may read: what went wrong, where, and what to do about it. */
  public: string;
  /** What an engineer needs and a user must not see. */
  internal?: string;
  cause?: unknown;
  /** Field-level problems of an input: path and message. */
  issues?: { path: string; message: string }[];
  /** When it is worth another try, for machines. */
  retryAfterSeconds?: number;
}

/** The one exception of the product. Expected outcomes are values; everything else is this. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly internal: string | undefined;
  readonly issues: { path: string; message: string }[];
  readonly retryAfterSeconds: number | undefined;

  /**
   * @param code what kind of failure it is; decides the HTTP status and the exit code
   * @param detail the words for the user and for the engineer
   */
  constructor(code: ErrorCode, detail: AppErrorDetail) {
    super(detail.public, { cause: detail.cause });
    this.name = "AppError";
    this.code = code;
    this.internal = detail.internal;
    this.issues = detail.issues ?? [];
    this.retryAfterSeconds = detail.retryAfterSeconds;
  }

  get status(): number {
    return codes[this.code].status;
  }

  get exitCode(): number {
    return codes[this.code].exit;
  }
}

/** All codes with their HTTP status and exit code, for the API's and the CLI's documentation. */
export const errorCodes = codes;

/** Turns anything thrown into an AppError; what is not one already becomes `internal` and keeps its cause. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError("internal", {
    public: "Something went wrong on our side. It has been logged; please try again.",
    internal: error instanceof Error ? error.message : String(error),
    cause: error,
  });
}
