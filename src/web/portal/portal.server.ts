import type { RouterContextProvider } from "react-router";
import { runtimeContext } from "#app/runtime-context.ts";
import { type Ctx, openCommunity, teamRoles } from "#features/access/index.ts";
import { callerOf } from "../caller.server.ts";
import { found } from "../request-context.server.ts";

/** Public pages are the same for every visitor for a minute, and may be shown a little longer while they are made anew. */
export const publicPage = { "Cache-Control": "public, max-age=60, stale-while-revalidate=300" };
export const personalPage = { "Cache-Control": "private, no-store" };

/** Who reads a page of the Portal, as its frame shows it; null for visitors. */
export type PortalReader = { name: string; studio: string | null } | null;

/**
 * The community of a Portal page as the community sees it. Team members get a member's view, too: what is private
 * must not stand on a page that looks public.
 * @throws the answer 404 when there is none, or its portal is closed to this visitor
 */
export async function openPortal(input: {
  request: Request;
  context: Readonly<RouterContextProvider>;
  slug: string;
}): Promise<{ ctx: Ctx; reader: PortalReader }> {
  const runtime = input.context.get(runtimeContext);
  const caller = await callerOf(input.request, input.context);
  const ctx = found(
    await openCommunity(runtime, { slug: input.slug, account: caller.account, apiKey: caller.apiKey }),
    "There is no such community, or its portal is not open to you. Signing in may help.",
  );
  const { viewer } = ctx;
  if (viewer.kind !== "account" || !caller.account) return { ctx, reader: null };
  const studio = teamRoles.some((role) => role === viewer.role) ? `/studio/${ctx.community.slug}` : null;
  return { ctx: { ...ctx, viewer: { ...viewer, role: "developer" } }, reader: { name: caller.account.name, studio } };
}

/** What a page may be kept for: only what everybody sees alike is kept by caches. */
export function cacheHeadersFor(ctx: Ctx): { "Cache-Control": string } {
  return ctx.viewer.kind === "anonymous" ? publicPage : personalPage;
}
