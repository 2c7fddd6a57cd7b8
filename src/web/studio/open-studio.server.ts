import type { MiddlewareFunction } from "react-router";
import { runtimeContext } from "#app/runtime-context.ts";
import { addSessionCookies, openCommunity, teamRoles } from "#features/access/index.ts";
import { callerOf } from "../caller.server.ts";
import { accountContext, ctxContext, failWith, goTo } from "../request-context.server.ts";

/**
 * The door of the Studio, passed by every request below `/studio/:community`: finds the community and the caller's
 * role, and puts both where loaders and actions read them. Visitors are sent to sign in, developers of the
 * community to its portal.
 */
export const openStudio: MiddlewareFunction<Response> = async ({ request, url, params, context }, next) => {
  const runtime = context.get(runtimeContext);
  const caller = await callerOf(request, context);
  if (!caller.account) goTo(`/sign-in?next=${encodeURIComponent(url.pathname + url.search)}`);

  const slug = params.community ?? "";
  const ctx = await openCommunity(runtime, { slug, account: caller.account, apiKey: caller.apiKey });
  if (!ctx) failWith(404, "There is no such community, or you have no place in it. Ask its owner for an invitation.");
  const { viewer } = ctx;
  if (viewer.kind !== "account" || !teamRoles.some((role) => role === viewer.role)) goTo(`/c/${slug}`);

  context.set(ctxContext, ctx);
  context.set(accountContext, { account: caller.account, role: viewer.kind === "account" ? viewer.role : null });
  const response = await next();
  addSessionCookies(response.headers, caller.cookies);
  return response;
};
