import { array, sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { type Ctx, visibleTo } from "../access/index.ts";
import { isTeam } from "./list-members.ts";

/**
 * Lets a call go on only when the viewer may see the members that these identities belong to. Those that came in a
 * moment ago belong to none yet: the team sees them.
 * @throws AppError `not_found`, which says no more to who may not know
 */
export async function requireVisibleIdentities(ctx: Ctx, identityIds: readonly string[]): Promise<void> {
  const ids = [...new Set(identityIds)];
  const found = await ctx.db.first<{ n: number }>(sql`
    SELECT count(*) AS n FROM identity i LEFT JOIN member m ON m.community_id = i.community_id AND m.id = i.member_id
    WHERE i.community_id = ${ctx.community.id} AND i.id::text = ANY(${array(ids, "text")})
      AND (${visibleTo(ctx, "m")} OR (m.id IS NULL AND ${isTeam(ctx)}))`);
  if (found?.n !== ids.length) throw new AppError("not_found", { public: "There is no such identity, or you may not see it." });
}
