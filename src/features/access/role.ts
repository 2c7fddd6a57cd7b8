import { AppError } from "#core/errors.ts";
import { holdsScope, type Role, roles, type Scope, type Viewer } from "./visibility.ts";

/** Everybody with a place in the Studio. */
export const teamRoles = ["owner", "admin", "advocate", "product", "viewer"] as const satisfies readonly Role[];
/** Those who work on the record: links, signals, sources, questions. */
export const editorRoles = ["owner", "admin", "advocate"] as const satisfies readonly Role[];
/** Those who run the community: team, keys, mail, audit. */
export const adminRoles = ["owner", "admin"] as const satisfies readonly Role[];

/** Whether `role` may do at least what `other` may: the order of the roles is their order of power. */
export function isAtLeast(role: Role, other: Role): boolean {
  return roles.indexOf(role) <= roles.indexOf(other);
}

/** Reads a role that came from outside or from the database. */
export function parseRole(value: string): Role {
  const role = roles.find((known) => known === value);
  if (!role) throw new AppError("invalid_input", { public: `There is no role “${value}”. The roles are ${roles.join(", ")}.` });
  return role;
}

/**
 * Lets the call go on only for these roles; the process itself (`system`) always passes. An API key needs its
 * maker's role *and* the scope: `admin` where only owners and admins may, else `write`. A read guarded by role
 * passes `{ scope: "read" }`.
 * @throws AppError `unauthenticated` for visitors, `forbidden` for everybody else
 */
export function requireRole(ctx: { viewer: Viewer }, allowed: readonly Role[], options: { scope?: Scope } = {}): void {
  const { viewer } = ctx;
  if (viewer.kind === "system") return;
  if (viewer.kind === "anonymous") throw new AppError("unauthenticated", { public: "Sign in to do this." });
  if (!allowed.includes(viewer.role)) {
    throw new AppError("forbidden", { public: `Your role here is ${viewer.role}. This needs one of: ${allowed.join(", ")}.` });
  }
  requireScope(ctx, options.scope ?? (allowed.every((role) => role === "owner" || role === "admin") ? "admin" : "write"));
}

/**
 * Stops an API key that was not given this scope. Sessions and the process itself have every scope.
 * @throws AppError `forbidden`
 */
export function requireScope(ctx: { viewer: Viewer }, scope: Scope): void {
  if (!holdsScope(ctx.viewer, scope)) {
    throw new AppError("forbidden", { public: `This API key lacks the scope “${scope}”. Make a key that has it under Settings, API keys.` });
  }
}
