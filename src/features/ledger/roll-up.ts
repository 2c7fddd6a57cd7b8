import { array, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";
import { type Changes, defineConsumer } from "./consumer.ts";

/**
 * Keeps what lists sort by and charts are drawn from: a thread's counts and last activity, and activities per day.
 * Days are marked at once and counted when nothing is left to mark: a whole import counts each day once.
 */
export const rollUp = defineConsumer({
  name: "rollup",
  activitiesMax: 20_000,
  async run(ctx, changes) {
    await countThreads(ctx, changes.threads);
    await markDays(ctx, changes);
  },
  async isUnsettled(ctx) {
    return (await ctx.db.first(sql`SELECT FROM dirty_day WHERE community_id = ${ctx.community.id} LIMIT 1`)) !== undefined;
  },
  settle: (ctx) => ctx.db.transaction((tx) => countDays({ ...ctx, db: tx })),
});

async function countThreads(ctx: Ctx, threadIds: string[]): Promise<void> {
  if (threadIds.length === 0) return;
  await ctx.db.execute(sql`
    UPDATE thread t SET activity_count = n.activities, participant_count = n.participants, last_activity_at = GREATEST(t.opened_at, n.last)
    FROM (
      SELECT given.id, count(a.id) AS activities, count(DISTINCT i.member_id) AS participants, max(a.occurred_at) AS last
      FROM unnest(${array(threadIds, "uuid")}) AS given(id)
      LEFT JOIN activity a ON a.community_id = ${ctx.community.id} AND a.thread_id = given.id AND a.deleted_at IS NULL
      LEFT JOIN identity i ON i.community_id = a.community_id AND i.id = a.identity_id
      GROUP BY given.id
    ) n
    WHERE t.community_id = ${ctx.community.id} AND t.id = n.id
      AND (t.activity_count, t.participant_count, t.last_activity_at) IS DISTINCT FROM (n.activities, n.participants, GREATEST(t.opened_at, n.last))`);
}

async function markDays(ctx: Ctx, changes: Changes): Promise<void> {
  if (changes.activities.length === 0) return;
  await ctx.db.execute(sql`
    INSERT INTO dirty_day (community_id, day)
    SELECT DISTINCT a.community_id, to_char(a.occurred_at AT TIME ZONE ${ctx.community.timeZone}, 'YYYY-MM-DD')
    FROM activity a WHERE a.community_id = ${ctx.community.id} AND a.id = ANY(${array(changes.activities, "uuid")})
    ON CONFLICT DO NOTHING`);
}

async function countDays(ctx: Ctx): Promise<void> {
  const days = (await ctx.db.rows<{ day: string }>(sql`DELETE FROM dirty_day WHERE community_id = ${ctx.community.id} RETURNING day`)).map(
    (row) => row.day,
  );
  if (days.length === 0) return;
  days.sort();
  const zone = ctx.community.timeZone;
  await ctx.db.execute(sql`DELETE FROM activity_day WHERE community_id = ${ctx.community.id} AND day = ANY(${array(days, "text")})`);
  // The span from the first to the last day lets the index on time do the work; the set of days then decides.
  await ctx.db.execute(sql`
    INSERT INTO activity_day (community_id, day, source_id, kind, visibility, author_kind, count)
    SELECT a.community_id, d.day, a.source_id, a.kind, a.visibility, COALESCE(i.kind, 'unattributed'), count(*)
    FROM activity a
    CROSS JOIN LATERAL (SELECT to_char(a.occurred_at AT TIME ZONE ${zone}, 'YYYY-MM-DD') AS day) d
    LEFT JOIN identity i ON i.community_id = a.community_id AND i.id = a.identity_id
    WHERE a.community_id = ${ctx.community.id} AND a.deleted_at IS NULL AND d.day = ANY(${array(days, "text")})
      AND a.occurred_at >= ${days[0]}::timestamp AT TIME ZONE ${zone} AND a.occurred_at < (${days.at(-1)}::timestamp + interval '1 day') AT TIME ZONE ${zone}
    GROUP BY 1, 2, 3, 4, 5, 6`);
}

/** When authors' kinds change (a bot is marked), the days on which they were active must be counted anew. */
export async function markDaysOfIdentities(ctx: Ctx, identityIds: readonly string[]): Promise<void> {
  await ctx.db.execute(sql`
    INSERT INTO dirty_day (community_id, day)
    SELECT DISTINCT a.community_id, to_char(a.occurred_at AT TIME ZONE ${ctx.community.timeZone}, 'YYYY-MM-DD')
    FROM activity a WHERE a.community_id = ${ctx.community.id} AND a.identity_id = ANY(${array(identityIds, "uuid")})
    ON CONFLICT DO NOTHING`);
}
