import { RouterContextProvider } from "react-router";
import type { Runtime } from "#app/runtime.ts";
import { runtimeContext } from "#app/runtime-context.ts";
import type { Ctx } from "#features/access/index.ts";
import { ctxContext } from "#web/request-context.server.ts";

/** What a page function is asked with, short: React Router's own arguments hold more, none of which a loader here reads. */
export interface PageRequest {
  ctx: Ctx;
  /** Path and query. */
  path?: string;
  params?: Record<string, string>;
  /** Fields of a form post. */
  form?: Record<string, string>;
  /** Where the page needs more of the process than the context. */
  runtime?: Runtime;
}

/**
 * Calls a loader or an action as the router would, without a browser.
 * @returns what it returns; what it throws (redirects, 404s) is thrown
 */
export function callPage<Args, Result>(pageFunction: (args: Args) => Result, input: PageRequest): Result {
  const context = new RouterContextProvider();
  context.set(ctxContext, input.ctx);
  if (input.runtime) context.set(runtimeContext, input.runtime);
  const url = new URL(input.path ?? "/", "http://causeway.test");
  const body = input.form && new URLSearchParams(input.form);
  const request = new Request(url, body ? { method: "POST", body } : {});
  const args = { request, url, params: { community: input.ctx.community.slug, ...input.params }, context };
  // The router's argument type differs per route in its params alone, and those are given above.
  return pageFunction(args as Args);
}

/** The status and words of what a loader threw, or of nothing at all. */
export async function thrownBy(work: Promise<unknown>): Promise<{ status: number; words: unknown; location: string | null }> {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof Response) return { status: thrown.status, words: await thrown.text(), location: thrown.headers.get("location") };
    if (typeof thrown === "object" && thrown !== null && "data" in thrown && "init" in thrown) {
      const { data, init } = thrown as { data: unknown; init: { status?: number } | null };
      return { status: init?.status ?? 200, words: data, location: null };
    }
    throw thrown;
  }
  return { status: 200, words: "", location: null };
}
