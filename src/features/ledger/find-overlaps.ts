import { sql } from "#core/database/database.ts";
import { type Ctx, requireRole, teamRoles, visibleTo } from "../access/index.ts";

/** Another source that holds much of the same. */
export interface SourceOverlap {
  sourceId: string;
  name: string;
  /** Share of the activities looked at that the other holds under the same id, 0 to 1. */
  share: number;
}

/** Enough to tell, few enough for every look at the page. */
const looked = 400;
const shareWorthSaying = 0.2;

/**
 * Sources that hold the same activities as one: an export beside its live source under two names, or one repository
 * brought in twice. Their activities are counted twice, so people are told.
 */
export async function findOverlaps(ctx: Ctx, input: { sourceId: string }): Promise<SourceOverlap[]> {
  requireRole(ctx, teamRoles, { scope: "read" });
  const rows = await ctx.db.rows<{ sourceId: string; name: string; n: number; looked: number }>(sql`
    WITH mine AS MATERIALIZED (
      (SELECT external_id, kind FROM activity a WHERE ${visibleTo(ctx, "a")} AND a.source_id = ${input.sourceId}
       ORDER BY external_id LIMIT ${looked / 2})
      UNION
      (SELECT external_id, kind FROM activity a WHERE ${visibleTo(ctx, "a")} AND a.source_id = ${input.sourceId}
       ORDER BY external_id DESC LIMIT ${looked / 2})
    )
    SELECT o.id AS "sourceId", o.name, count(*) AS n, (SELECT count(*) FROM mine) AS looked
    FROM source s JOIN source o ON o.community_id = s.community_id AND o.connector = s.connector AND o.id <> s.id
    CROSS JOIN mine
    JOIN activity a ON a.community_id = o.community_id AND a.source_id = o.id AND a.external_id = mine.external_id AND a.kind = mine.kind
    WHERE ${visibleTo(ctx, "a")} AND s.community_id = ${ctx.community.id} AND s.id = ${input.sourceId}
    GROUP BY o.id, o.name ORDER BY n DESC`);
  return rows
    .map(({ sourceId, name, n, looked: of }) => ({ sourceId, name, share: n / Math.max(1, of) }))
    .filter(({ share }) => share >= shareWorthSaying);
}
