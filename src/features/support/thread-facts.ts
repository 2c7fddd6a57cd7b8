import { array, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";

/** Activities that are words to a person. Reactions, label changes and commits are not, and so never answer anybody. */
export const wordKinds = [
  "issue_opened",
  "pull_request_opened",
  "discussion_opened",
  "topic_opened",
  "question_opened",
  "thread_opened",
  "comment",
  "answer",
  "review",
  "review_comment",
  "mail",
  "message",
  "reply",
  "post",
] as const;

/** How much of a text the rules read; questions and thanks stand at its beginning. */
const readChars = 8000;

/** What is known of one thread, ready for the rules. */
export interface ThreadFacts {
  id: string;
  kind: string;
  title: string;
  labels: string[];
  state: "open" | "closed";
  stateReason: string | null;
  channelKind: string;
  answerable: boolean;
  /** The source's own word that it is solved: an accepted answer. */
  accepted: boolean;
  openedAt: Date;
  deletedAt: Date | null;
  opening: string | null;
  beginsWithReply: boolean;
  askerKind: "human" | "bot" | "team" | null;
  firstResponseAt: Date | null;
  firstResponseBy: "team" | "peer" | null;
  /** The earliest word of the asker that nobody else's word follows, the opening aside. */
  askedAgainAt: Date | null;
  /** The asker's last word after a first response. */
  lastOwn: string | null;
  mark: "question" | "not_question" | "answered" | "solved" | null;
}

/**
 * Reads what the question rules need, for all given threads in one statement.
 *
 * Who counts as answering: a human or team *member* other than the asker's member, so that a second account of the
 * asker is still the asker. A word by an account that was deleted since is somebody else's word and counts as a peer's,
 * unless the asker is unknown too and may be the same person. Bots never answer. What the asker cannot see (a note
 * closed tighter than the thread) does not answer either.
 */
export function readThreadFacts(ctx: Ctx, threadIds: readonly string[]): Promise<ThreadFacts[]> {
  const communityId = ctx.community.id;
  return ctx.db.rows<ThreadFacts>(sql`
    WITH marks AS (
      SELECT DISTINCT ON (thread_id) thread_id, mark, at FROM question_mark
      WHERE community_id = ${communityId} AND thread_id = ANY(${array(threadIds, "uuid")}) AND withdrawn_at IS NULL
      ORDER BY thread_id, id DESC
    ), chosen AS (
      SELECT t.*, oi.member_id AS opener_member, k.mark,
        CASE WHEN k.mark = 'answered' THEN k.at ELSE '-infinity' END AS handled_at
      FROM thread t
      LEFT JOIN identity oi ON oi.community_id = t.community_id AND oi.id = t.opener_id
      LEFT JOIN marks k ON k.thread_id = t.id
      WHERE t.community_id = ${communityId} AND t.id = ANY(${array(threadIds, "uuid")})
    ), words AS (
      SELECT a.thread_id, a.id, a.occurred_at, a.reply_to, a.identity_id, i.member_id,
        CASE WHEN i.id IS NULL THEN NULL WHEN i.kind = 'human' THEN coalesce(m.kind, 'human') ELSE i.kind END AS author_kind,
        coalesce(a.attributes->>'accepted', 'false') = 'true' AS accepted,
        row_number() OVER (PARTITION BY a.thread_id ORDER BY (right(a.kind, 7) = '_opened') DESC, a.occurred_at, a.id) AS place,
        right(a.kind, 7) = '_opened' AS is_opening, c.opener_member, c.handled_at
      FROM chosen c
      JOIN activity a ON a.community_id = ${communityId} AND a.thread_id = c.id
      LEFT JOIN identity i ON i.community_id = ${communityId} AND i.id = a.identity_id
      LEFT JOIN member m ON m.community_id = ${communityId} AND m.id = i.member_id
      WHERE a.kind = ANY(${array(wordKinds, "text")}) AND a.visibility <= c.visibility
        AND (a.deleted_at IS NULL OR right(a.kind, 7) = '_opened')
    ), asked AS (
      SELECT w.*, coalesce(opener_member, first_value(member_id) OVER (PARTITION BY thread_id ORDER BY place)) AS asker
      FROM words w
    ), judged AS (
      SELECT x.*, max(place) FILTER (WHERE other) OVER (PARTITION BY thread_id) AS last_other
      FROM (
        SELECT asked.*,
          place > 1 AND CASE WHEN identity_id IS NULL THEN asker IS NOT NULL
            ELSE author_kind <> 'bot' AND member_id IS DISTINCT FROM asker END AS other,
          place > 1 AND asker IS NOT NULL AND member_id IS NOT DISTINCT FROM asker AS own
        FROM asked
      ) x
    ), facts AS (
      SELECT thread_id,
        min(place) FILTER (WHERE other) AS first_other,
        min(place) FILTER (WHERE own AND place > coalesce(last_other, 0) AND occurred_at > handled_at) AS asked_again,
        max(place) FILTER (WHERE own AND last_other IS NOT NULL) AS last_own,
        bool_or(accepted) AS accepted
      FROM judged GROUP BY thread_id
    )
    SELECT c.id, c.kind, c.title, c.labels, c.state, c.state_reason AS "stateReason", ch.kind || ' ' || ch.name AS "channelKind",
      coalesce(c.attributes->>'answerable', 'false') = 'true' AS answerable,
      coalesce(f.accepted, false) OR coalesce(c.attributes->>'answered', c.attributes->>'solved', 'false') = 'true'
        OR c.attributes->>'acceptedAnswer' IS NOT NULL AS accepted,
      c.opened_at AS "openedAt", c.deleted_at AS "deletedAt",
      CASE WHEN c.kind NOT IN ('pull_request', 'merge_request', 'change') THEN left(oa.body, ${readChars}) END AS opening,
      coalesce(NOT o.is_opening AND o.reply_to IS NOT NULL, false) AS "beginsWithReply",
      CASE WHEN opener.id IS NULL THEN o.author_kind WHEN opener.kind = 'human' THEN coalesce(om.kind, 'human') ELSE opener.kind END AS "askerKind",
      CASE WHEN r.thread_id IS NOT NULL THEN greatest(r.occurred_at, c.opened_at) END AS "firstResponseAt",
      CASE WHEN r.thread_id IS NULL THEN NULL WHEN r.author_kind = 'team' THEN 'team' ELSE 'peer' END AS "firstResponseBy",
      g.occurred_at AS "askedAgainAt",
      left(la.body, ${readChars}) AS "lastOwn",
      nullif(c.mark, 'rules') AS mark
    FROM chosen c
    JOIN channel ch ON ch.community_id = c.community_id AND ch.id = c.channel_id
    LEFT JOIN facts f ON f.thread_id = c.id
    LEFT JOIN judged o ON o.thread_id = c.id AND o.place = 1
    LEFT JOIN judged r ON r.thread_id = c.id AND r.place = f.first_other
    LEFT JOIN judged g ON g.thread_id = c.id AND g.place = f.asked_again
    LEFT JOIN judged l ON l.thread_id = c.id AND l.place = f.last_own
    LEFT JOIN activity oa ON oa.community_id = c.community_id AND oa.id = o.id AND oa.deleted_at IS NULL
    LEFT JOIN activity la ON la.community_id = c.community_id AND la.id = l.id
    LEFT JOIN identity opener ON opener.community_id = c.community_id AND opener.id = c.opener_id
    LEFT JOIN member om ON om.community_id = c.community_id AND om.id = opener.member_id`);
}
