import { AppError } from "./errors.ts";
import { isId } from "./ids.ts";

/** One page of a list by keyset: `next` is the cursor of the page after, or null at the end. */
export interface Page<T> {
  rows: T[];
  next: string | null;
}

/**
 * Makes a cursor of the sort key of a page's last row.
 * @param key the values of the ORDER BY columns; dates as ISO texts
 */
export function encodeCursor(key: readonly (string | number | null)[]): string {
  return Buffer.from(JSON.stringify(key)).toString("base64url");
}

/** What stands in a cursor: a moment as PostgreSQL or ISO 8601 writes it, a UUID, a word, a number. */
export type CursorPart = "time" | "id" | "text" | "number";

const fits: Record<CursorPart, (part: unknown) => boolean> = {
  time: (part) => typeof part === "string" && part.length <= 40 && !Number.isNaN(Date.parse(part)),
  id: (part) => typeof part === "string" && isId(part),
  text: (part) => typeof part === "string" && !part.includes("\u0000"),
  number: (part) => typeof part === "number" && Number.isFinite(part),
};

/**
 * Reads a cursor back. What it holds was in somebody else's hands, so each part is checked before it meets a query.
 * @param shape what its parts must be
 * @throws AppError `invalid_input` when somebody typed or cut it
 */
export function decodeCursor(cursor: string, shape: readonly CursorPart[]): (string | number)[] {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (Array.isArray(key) && key.length === shape.length && shape.every((part, at) => fits[part](key[at]))) return key;
  } catch {
    // Not base64 of JSON: reported below with the same words.
  }
  throw new AppError("invalid_input", { public: "The page cursor is not valid. Start again from the first page." });
}

/** Cuts a list fetched with one row too many into a page. */
export function toPage<T>(rows: T[], limit: number, key: (row: T) => (string | number | null)[]): Page<T> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, next: rows.length > limit && last !== undefined ? encodeCursor(key(last)) : null };
}

/**
 * All rows of a paged list, one page in memory at a time: exports and reports.
 * @param fetchPage lists one page after a cursor
 */
export async function* walkPages<T>(fetchPage: (after: string | undefined) => Promise<Page<T>>): AsyncGenerator<T> {
  let after: string | undefined;
  do {
    const page: Page<T> = await fetchPage(after);
    yield* page.rows;
    after = page.next ?? undefined;
  } while (after !== undefined);
}
