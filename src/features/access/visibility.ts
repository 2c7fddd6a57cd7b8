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

/** Who asks. `system` is the process itself (jobs, the local CLI) acting on the owner's behalf. */
export type Viewer =
  | { kind: "anonymous" }
  | { kind: "account"; accountId: string; role: Role; apiKeyId?: string; scopes?: readonly string[] }
  | { kind: "system" };

const levelOfRole: Record<Role, Visibility> = {
  owner: "restricted",
  admin: "restricted",
  advocate: "restricted",
  product: "team",
  viewer: "team",
  developer: "members",
};

/** The most closed visibility that a viewer still sees. */
export function viewerLevel(viewer: Viewer): Visibility {
  if (viewer.kind === "system") return "restricted";
  if (viewer.kind === "anonymous") return "public";
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
