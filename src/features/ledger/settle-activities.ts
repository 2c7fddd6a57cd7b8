import { array, type SQL, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";

/**
 * Sets activities to the tightest of their channel, their thread and what is said of them alone.
 * @param scope which, as a condition on `a`
 * @returns those that changed
 */
export async function settleActivities(ctx: Ctx, scope: SQL): Promise<string[]> {
  const rows = await ctx.db.rows<{ id: string }>(sql`
    UPDATE activity a SET visibility = due.visibility FROM (
      SELECT a.id, GREATEST(c.visibility, t.visibility, COALESCE(a.own_visibility, a.visibility)) AS visibility
      FROM activity a
      JOIN channel c ON c.community_id = a.community_id AND c.id = a.channel_id
      LEFT JOIN thread t ON t.community_id = a.community_id AND t.id = a.thread_id
      WHERE a.community_id = ${ctx.community.id} AND ${scope}
    ) due
    WHERE a.community_id = ${ctx.community.id} AND a.id = due.id AND a.visibility <> due.visibility
    RETURNING a.id`);
  return rows.map((row) => row.id);
}

/**
 * No activity is more open than its thread: those of threads that changed follow.
 * @returns the activities that changed
 */
export async function spreadThreadVisibility(ctx: Ctx, threadIds: readonly string[]): Promise<string[]> {
  if (threadIds.length === 0) return [];
  return settleActivities(ctx, sql`a.thread_id = ANY(${array(threadIds, "uuid")})`);
}
