import type { RouterContextProvider } from "react-router";
import { runtimeContext } from "#app/runtime-context.ts";
import { AppError } from "#core/errors.ts";
import { type Account, adminRoles, type Ctx } from "#features/access/index.ts";
import { callerOf } from "../../caller.server.ts";

/** Whether the viewer runs the community: what the pages offer; the commands check it again. */
export function isAdmin(ctx: Ctx): boolean {
  const { viewer } = ctx;
  return viewer.kind === "system" || (viewer.kind === "account" && adminRoles.some((role) => role === viewer.role));
}

/**
 * The account and session of a browser.
 * @throws AppError `forbidden` for API keys: a key never touches the account itself
 */
export async function browserSession(request: Request, context: Readonly<RouterContextProvider>): Promise<{ account: Account; sessionId: string }> {
  const { account, sessionId } = await callerOf(request, context);
  if (!account || sessionId === null) throw new AppError("forbidden", { public: "Sign in with a browser to see or change your account." });
  return { account, sessionId };
}

/** Where people reach the site: as it was set, else as this request came. */
export function siteAddress(request: Request, context: Readonly<RouterContextProvider>): string {
  const { config } = context.get(runtimeContext);
  return config.publicUrlSet ? config.publicUrl : new URL(request.url).origin;
}
