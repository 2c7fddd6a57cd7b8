import { array, sql, together } from "#core/database/database.ts";
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

type ThreadPart = Omit<ThreadFacts, keyof WordsPart>;
type WordsPart = Pick<
  ThreadFacts,
  "accepted" | "opening" | "beginsWithReply" | "firstResponseAt" | "firstResponseBy" | "askedAgainAt" | "lastOwn"
> & {
  openingKind: ThreadFacts["askerKind"];
};

const wordless: WordsPart = {
  accepted: false,
  opening: null,
  beginsWithReply: false,
  firstResponseAt: null,
  firstResponseBy: null,
  askedAgainAt: null,
  lastOwn: null,
  openingKind: null,
};

/** Reads what the question rules need, for all given threads in two statements. */
export async function readThreadFacts(ctx: Ctx, threadIds: readonly string[]): Promise<ThreadFacts[]> {
  const [threads, said] = await together([readThreads(ctx, threadIds), readWords(ctx, threadIds)]);
  const words = new Map(said.map(({ threadId, ...row }) => [threadId, row]));
  return threads.map((thread) => {
    const { openingKind, ...facts } = words.get(thread.id) ?? wordless;
    return { ...thread, ...facts, accepted: thread.acceptedBySource || facts.accepted, askerKind: thread.openerKind ?? openingKind };
  });
}

function readThreads(ctx: Ctx, threadIds: readonly string[]) {
  return ctx.db.rows<ThreadPart & { acceptedBySource: boolean; openerKind: ThreadFacts["askerKind"] }>(sql`
    SELECT t.id, t.kind, t.title, t.labels, t.state, t.state_reason AS "stateReason", ch.kind || ' ' || ch.name AS "channelKind",
      coalesce(t.attributes->>'answerable', 'false') = 'true' AS answerable,
      coalesce(t.attributes->>'answered', t.attributes->>'solved', 'false') = 'true' OR t.attributes->>'acceptedAnswer' IS NOT NULL AS "acceptedBySource",
      t.opened_at AS "openedAt", t.deleted_at AS "deletedAt", ${kindOf("i", "m")} AS "openerKind", ${markOf} AS mark
    FROM unnest(${array(threadIds, "uuid")}) AS given(id)
    JOIN thread t ON t.community_id = ${ctx.community.id} AND t.id = given.id
    JOIN channel ch ON ch.community_id = t.community_id AND ch.id = t.channel_id
    LEFT JOIN identity i ON i.community_id = t.community_id AND i.id = t.opener_id
    LEFT JOIN member m ON m.community_id = i.community_id AND m.id = i.member_id`);
}

/** A member's kind counts for an identity that has none of its own. */
function kindOf(identity: string, member: string) {
  return sql.raw(
    `CASE WHEN ${identity}.id IS NULL THEN NULL WHEN ${identity}.kind = 'human' THEN coalesce(${member}.kind, 'human') ELSE ${identity}.kind END`,
  );
}

/** The mark by hand that is in force. */
const newestMark = (column: "mark" | "at") =>
  sql.raw(
    `(SELECT k.${column} FROM question_mark k WHERE k.community_id = t.community_id AND k.thread_id = t.id AND k.withdrawn_at IS NULL ORDER BY k.id DESC LIMIT 1)`,
  );
const markOf = sql`nullif(${newestMark("mark")}, 'rules')`;

/**
 * What was said in each thread, in the terms of the rules.
 *
 * Who counts as answering: a human or team *member* other than the asker's member, so that a second account of the
 * asker is still the asker. A word by an account that was deleted since is somebody else's word and counts as a peer's,
 * unless the asker is unknown too and may be the same person. Bots never answer. What the asker cannot see (a note
 * closed tighter than the thread) does not answer either.
 *
 * Windows and one grouping only, and authors looked up one by one (`OFFSET 0` keeps the look-up whole): on tables
 * without statistics, joins of intermediate results and of identities would be nested loops over all of them.
 */
function readWords(ctx: Ctx, threadIds: readonly string[]) {
  const communityId = ctx.community.id;
  return ctx.db.rows<WordsPart & { threadId: string }>(sql`
    WITH words AS (
      SELECT t.id AS thread_id, t.kind AS thread_kind, t.opened_at, a.id, a.occurred_at, a.reply_to, a.identity_id, i.member_id,
        i.author_kind, coalesce(a.attributes->>'accepted', 'false') = 'true' AS accepted,
        row_number() OVER (PARTITION BY t.id ORDER BY (right(a.kind, 7) = '_opened') DESC, a.occurred_at, a.id) AS place,
        right(a.kind, 7) = '_opened' AS is_opening, oi.member_id AS opener_member,
        CASE WHEN ${newestMark("mark")} = 'answered' THEN ${newestMark("at")} ELSE '-infinity' END AS handled_at
      FROM unnest(${array(threadIds, "uuid")}) AS given(id)
      JOIN thread t ON t.community_id = ${communityId} AND t.id = given.id
      JOIN activity a ON a.community_id = ${communityId} AND a.thread_id = given.id
      LEFT JOIN identity oi ON oi.community_id = t.community_id AND oi.id = t.opener_id
      LEFT JOIN LATERAL (
        SELECT x.member_id, ${kindOf("x", "m")} AS author_kind
        FROM identity x LEFT JOIN member m ON m.community_id = x.community_id AND m.id = x.member_id
        WHERE x.community_id = ${communityId} AND x.id = a.identity_id OFFSET 0
      ) i ON true
      WHERE a.kind = ANY(${array(wordKinds, "text")}) AND a.visibility <= t.visibility
        AND (a.deleted_at IS NULL OR right(a.kind, 7) = '_opened')
    ), asked AS (
      SELECT w.*, coalesce(opener_member, first_value(member_id) OVER (PARTITION BY thread_id ORDER BY place)) AS asker FROM words w
    ), judged AS (
      SELECT asked.*,
        place > 1 AND CASE WHEN identity_id IS NULL THEN asker IS NOT NULL
          ELSE author_kind <> 'bot' AND member_id IS DISTINCT FROM asker END AS other,
        place > 1 AND asker IS NOT NULL AND member_id IS NOT DISTINCT FROM asker AS own
      FROM asked
    ), spanned AS (
      SELECT judged.*, min(place) FILTER (WHERE other) OVER thread AS first_other, max(place) FILTER (WHERE other) OVER thread AS last_other
      FROM judged WINDOW thread AS (PARTITION BY thread_id)
    ), placed AS (
      SELECT spanned.*,
        min(place) FILTER (WHERE own AND place > coalesce(last_other, 0) AND occurred_at > handled_at) OVER thread AS asked_again,
        max(place) FILTER (WHERE own AND last_other IS NOT NULL) OVER thread AS last_own
      FROM spanned WINDOW thread AS (PARTITION BY thread_id)
    ), facts AS (
      SELECT thread_id, thread_kind, bool_or(accepted) AS accepted,
        min(id::text) FILTER (WHERE place = 1)::uuid AS opening_id,
        coalesce(bool_or(NOT is_opening AND reply_to IS NOT NULL) FILTER (WHERE place = 1), false) AS begins_with_reply,
        min(author_kind) FILTER (WHERE place = 1) AS opening_kind,
        min(greatest(occurred_at, opened_at)) FILTER (WHERE place = first_other) AS first_at,
        min(CASE WHEN author_kind = 'team' THEN 'team' ELSE 'peer' END) FILTER (WHERE place = first_other) AS first_by,
        min(occurred_at) FILTER (WHERE place = asked_again) AS asked_again_at,
        min(id::text) FILTER (WHERE place = last_own)::uuid AS last_own_id
      FROM placed GROUP BY thread_id, thread_kind
    )
    SELECT f.thread_id AS "threadId", f.accepted, f.begins_with_reply AS "beginsWithReply", f.opening_kind AS "openingKind",
      f.first_at AS "firstResponseAt", f.first_by AS "firstResponseBy", f.asked_again_at AS "askedAgainAt",
      (SELECT left(a.body, ${readChars}) FROM activity a
       WHERE a.community_id = ${communityId} AND a.id = f.opening_id AND a.deleted_at IS NULL
         AND f.thread_kind NOT IN ('pull_request', 'merge_request', 'change')) AS opening,
      (SELECT left(a.body, ${readChars}) FROM activity a WHERE a.community_id = ${communityId} AND a.id = f.last_own_id
         AND f.thread_kind NOT IN ('pull_request', 'merge_request', 'change')) AS "lastOwn"
    FROM facts f`);
}
