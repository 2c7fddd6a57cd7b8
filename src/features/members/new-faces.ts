import { sql } from "#core/database/database.ts";
import { type Ctx, visibleTo } from "../access/index.ts";
import { seenBy } from "./list-members.ts";

/** Somebody who appeared for the first time, with what they did first and whether anybody replied. */
export interface NewFace {
  memberId: string;
  name: string;
  avatarUrl: string | null;
  platform: string;
  /** When they were first seen, as far as the viewer may see. */
  at: Date;
  activityCount: number;
  first: { activityId: string; kind: string; threadId: string | null; title: string | null; url: string | null };
  /** The first reply by another human after it, in the same thread; null while nobody answered, or where nothing can be answered. */
  answered: { at: Date; byMemberId: string; byName: string; byTeam: boolean } | null;
}

/**
 * People seen for the first time since a moment, newest first; bots and the team are no newcomers.
 * @param input.limit how many at most
 */
export async function newFaces(ctx: Ctx, input: { since: Date; limit: number }): Promise<NewFace[]> {
  const first = seenBy(ctx, "first_activity_at");
  return ctx.db
    .rows<NewFace>(sql`
    WITH fresh AS (
      SELECT m.id, m.display_name, m.avatar_url, ${first} AS at, ${seenBy(ctx, "activity_counts")} AS count FROM member m
      WHERE ${visibleTo(ctx, "m")} AND m.kind = 'human' AND ${first} >= ${input.since}
      ORDER BY ${first} DESC, m.id DESC LIMIT ${input.limit}
    )
    SELECT f.id AS "memberId", f.display_name AS name, f.avatar_url AS "avatarUrl", o.platform, f.at, f.count AS "activityCount",
           json_build_object('activityId', o.id, 'kind', o.kind, 'threadId', o.thread_id, 'title', coalesce(o.title, t.title), 'url', o.url) AS first,
           CASE WHEN r.at IS NULL THEN NULL ELSE json_build_object('at', r.at, 'byMemberId', r.member_id, 'byName', r.name, 'byTeam', r.kind = 'team') END AS answered
    FROM fresh f
    JOIN LATERAL (
      SELECT a.id, a.kind, a.thread_id, a.title, a.url, a.occurred_at, i.platform FROM identity i
      JOIN activity a ON a.community_id = i.community_id AND a.identity_id = i.id
      WHERE i.community_id = ${ctx.community.id} AND i.member_id = f.id AND a.deleted_at IS NULL AND ${visibleTo(ctx, "a")}
      ORDER BY a.occurred_at, a.id LIMIT 1
    ) o ON true
    LEFT JOIN thread t ON t.id = o.thread_id AND ${visibleTo(ctx, "t")}
    LEFT JOIN LATERAL (
      SELECT a.occurred_at AS at, i.member_id, m.display_name AS name, i.kind FROM activity a
      JOIN identity i ON i.community_id = a.community_id AND i.id = a.identity_id
      JOIN member m ON m.community_id = i.community_id AND m.id = i.member_id
      WHERE a.thread_id = o.thread_id AND a.occurred_at > o.occurred_at AND a.deleted_at IS NULL AND ${visibleTo(ctx, "a")}
        AND i.member_id <> f.id AND i.kind <> 'bot'
      ORDER BY a.occurred_at, a.id LIMIT 1
    ) r ON true
    ORDER BY f.at DESC, f.id DESC`)
    .then((rows) => rows.map((row) => ({ ...row, answered: row.answered && { ...row.answered, at: new Date(row.answered.at) } })));
}
