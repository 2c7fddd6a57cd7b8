import type { Context } from "hono";
import { z } from "zod";
import type { Page } from "#core/page.ts";
import type { ApiEnv } from "./env.ts";

/** The query of every list. */
export const pageQuery = z.object({
  after: z.string().max(2000).optional().describe("The cursor of the page before: its `next`."),
  limit: z.coerce.number().int().min(1).max(200).default(50).describe("Rows a page, at most 200."),
});

/** A page of a list: rows and the cursor of the next page, null at the end. */
export function pageOf(row: z.ZodType) {
  return z.object({ data: z.array(row), next: z.string().nullable().describe("Send it as `after` for the next page; null at the end.") });
}

/** Answers a page, with the next one's address in a Link header (RFC 8288). */
export function answerPage<Row>(c: Context<ApiEnv>, page: Page<Row>): { data: Row[]; next: string | null } {
  if (page.next !== null) {
    const url = new URL(c.req.url);
    url.searchParams.set("after", page.next);
    c.header("link", `<${url.pathname}${url.search}>; rel="next"`);
  }
  return { data: page.rows, next: page.next };
}
