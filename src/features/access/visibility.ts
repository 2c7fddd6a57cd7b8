import { type SQL, sql } from "#core/database/database.ts";

/**
 * Who may see a thing, from the most open to the most closed. The order is the rule: a viewer with a level sees
 * everything at that level and below.
 *
 * - `public`: anybody, signed in or not
 * - `members`: developers who signed in to the community's portal, and everybody above
 * - `team`: the team in the Studio, product and viewers included
 * - `restricted`: private channels and direct messages: owner, admin and advocate
 */
export const visibilities = ["public", "members", "team", "restricted"] as const;
export type Visibility = (typeof visibilities)[number];

/** How a visibility is stored: its place in the order, a smallint, so that one comparison decides. */
export function visibilityRank(visibility: Visibility): number {
  return visibilities.indexOf(visibility);
}

export function visibilityOf(rank: number): Visibility {
  return visibilities[rank] ?? "restricted";
}

export const roles = ["owner", "admin", "advocate", "product", "viewer", "developer"] as const;
export type Role = (typeof roles)[number];

/**
 * What an API key may be used for. `admin` includes all; `write` and `export` include `read`; `import` alone
 * brings records in and reads nothing that is not public.
 */
export const scopes = ["read", "write", "import", "export", "admin"] as const;
export type Scope = (typeof scopes)[number];

const impliedBy: Record<Scope, readonly Scope[]> = {
  read: ["read", "write", "export", "admin"],
  write: ["write", "admin"],
  import: ["import", "admin"],
  export: ["export", "admin"],
  admin: ["admin"],
};

/** Who asks. `system` is the process itself (jobs, the local CLI) acting on the owner's behalf. */
export type Viewer =
  | { kind: "anonymous" }
  | { kind: "account"; accountId: string; role: Role; apiKeyId?: string; scopes?: readonly Scope[] }
  | { kind: "system" };

const levelOfRole: Record<Role, Visibility> = {
  owner: "restricted",
  admin: "restricted",
  advocate: "restricted",
  product: "team",
  viewer: "team",
  developer: "members",
};

/** Whether the viewer may act in this scope. Only API keys are limited by scopes; roles are another question. */
export function holdsScope(viewer: Viewer, scope: Scope): boolean {
  if (viewer.kind !== "account" || viewer.apiKeyId === undefined) return true;
  return impliedBy[scope].some((held) => viewer.scopes?.includes(held));
}

/** The most closed visibility that a viewer still sees. A key that may not read sees what a visitor sees. */
export function viewerLevel(viewer: Viewer): Visibility {
  if (viewer.kind === "system") return "restricted";
  if (viewer.kind === "anonymous" || !holdsScope(viewer, "read")) return "public";
  return levelOfRole[viewer.role];
}

/** What the rule needs to know of the asker: every read takes it. */
export interface VisibilityScope {
  community: { id: string };
  viewer: Viewer;
}

/** The rule for one object in hand. */
export function canSee(scope: VisibilityScope, object: { communityId: string; visibility: Visibility }): boolean {
  return object.communityId === scope.community.id && visibilityRank(object.visibility) <= visibilityRank(viewerLevel(scope.viewer));
}

/**
 * The same rule in SQL, for a table with `community_id` and `visibility` columns. Every read of such a table
 * has it in its WHERE clause; there is no other way to express who sees what.
 * @param alias the table's alias in the query
 */
export function visibleTo(scope: VisibilityScope, alias: string): SQL {
  const at = sql.raw(alias);
  return sql`(${at}.community_id = ${scope.community.id} AND ${at}.visibility <= ${visibilityRank(viewerLevel(scope.viewer))})`;
}
