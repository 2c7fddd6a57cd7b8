import { array, sql, together } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { proseLimit } from "#core/text/prose.ts";
import type { Ctx } from "../access/index.ts";
import { type Consumer, defineConsumer, readAhead } from "../ledger/index.ts";
import { type FoundSignal, findSignals } from "./signal-rules.ts";

interface Candidate {
  id: string;
  /** Whether rules read it at all: a human's words, not deleted, not part of a contribution. */
  readable: boolean;
  opens: boolean;
  sourceId: string;
  threadId: string | null;
  identityId: string | null;
  visibility: number;
  occurredAt: Date;
  title: string | null;
  labels: string[];
  body: string | null;
}

/** Texts in memory at once. */
const activitiesPerStatement = 2000;

/**
 * Keeps the suggested signals of what people wrote. What somebody confirmed or dismissed is never touched again, its
 * visibility and author aside, which follow the activity.
 */
export const signalsConsumer: Consumer = defineConsumer({
  name: "signals",
  after: ["members"],
  fills: [
    {
      table: "signal",
      columns: ["community_id", "activity_id", "source_id", "thread_id", "identity_id", "kind", "state", "visibility", "occurred_at", "withdrawn_at"],
    },
  ],
  async run(ctx, changes) {
    const ids = await activitiesToRead(ctx, changes);
    await readAhead(ids, activitiesPerStatement, {
      read: (part) => readCandidates(ctx, part),
      work: (candidates, part) => storeSignals(ctx, part, candidates),
    });
    await dropUnheard(ctx, changes.identities);
  },
});

/** The changed activities, and the openings of changed threads: a new label says something about those. */
async function activitiesToRead(ctx: Ctx, changes: { threads: string[]; activities: string[] }): Promise<string[]> {
  const openings = await ctx.db.rows<{ id: string }>(sql`
    SELECT a.id FROM unnest(${array(changes.threads, "uuid")}) AS given(id)
    JOIN activity a ON a.community_id = ${ctx.community.id} AND a.thread_id = given.id
    WHERE right(a.kind, 7) = '_opened'`);
  return [...new Set([...changes.activities, ...openings.map((row) => row.id)])];
}

function readCandidates(ctx: Ctx, ids: readonly string[]): Promise<Candidate[]> {
  return ctx.db.rows<Candidate>(sql`
    SELECT a.id, a.source_id AS "sourceId", a.thread_id AS "threadId", a.identity_id AS "identityId", a.visibility, a.occurred_at AS "occurredAt",
      readable.yes AS readable, opening.yes AS opens,
      CASE WHEN readable.yes AND opening.yes THEN coalesce(a.title, t.title) END AS title,
      CASE WHEN readable.yes AND right(a.kind, 7) = '_opened' THEN coalesce(t.labels, '{}') ELSE '{}' END AS labels,
      CASE WHEN readable.yes THEN left(a.body, ${proseLimit}) END AS body
    FROM unnest(${array(ids, "uuid")}) AS given(id)
    JOIN activity a ON a.community_id = ${ctx.community.id} AND a.id = given.id
    LEFT JOIN thread t ON t.community_id = a.community_id AND t.id = a.thread_id
    LEFT JOIN LATERAL (
      SELECT x.kind, m.kind AS member_kind FROM identity x LEFT JOIN member m ON m.community_id = x.community_id AND m.id = x.member_id
      WHERE x.community_id = ${ctx.community.id} AND x.id = a.identity_id OFFSET 0
    ) i ON true
    CROSS JOIN LATERAL (SELECT right(a.kind, 7) = '_opened' OR (a.kind = 'mail' AND a.reply_to IS NULL) AS yes) opening
    CROSS JOIN LATERAL (
      SELECT a.deleted_at IS NULL AND t.deleted_at IS NULL AND coalesce(i.kind, 'human') = 'human' AND coalesce(i.member_kind, 'human') = 'human'
        AND coalesce(t.kind, '') NOT IN ('pull_request', 'merge_request', 'change', 'announcement')
        AND a.kind IN ('issue_opened', 'discussion_opened', 'topic_opened', 'question_opened', 'thread_opened',
          'comment', 'answer', 'mail', 'message', 'reply', 'post') AS yes
    ) readable`);
}

async function storeSignals(ctx: Ctx, ids: readonly string[], candidates: readonly Candidate[]): Promise<void> {
  const found: { activity: Candidate; signal: FoundSignal }[] = [];
  for (const activity of candidates) {
    if (!activity.readable) continue;
    for (const signal of findSignals(activity)) found.push({ activity, signal });
  }
  await together([followActivities(ctx, ids), storeFound(ctx, ids, found)]);
}

/** Who may read an activity, who wrote it and when may change; every signal of it follows, decided or not. */
async function followActivities(ctx: Ctx, ids: readonly string[]): Promise<void> {
  await ctx.db.execute(sql`
    UPDATE signal s SET visibility = a.visibility, identity_id = a.identity_id, thread_id = a.thread_id, occurred_at = a.occurred_at,
      withdrawn_at = a.deleted_at
    FROM activity a
    WHERE s.community_id = ${ctx.community.id} AND s.activity_id = ANY(${array(ids, "uuid")})
      AND a.community_id = s.community_id AND a.id = s.activity_id
      AND (s.visibility, s.identity_id, s.thread_id, s.occurred_at, s.withdrawn_at)
        IS DISTINCT FROM (a.visibility, a.identity_id, a.thread_id, a.occurred_at, a.deleted_at)`);
}

async function storeFound(ctx: Ctx, ids: readonly string[], found: readonly { activity: Candidate; signal: FoundSignal }[]): Promise<void> {
  const activityIds = array(
    found.map(({ activity }) => activity.id),
    "uuid",
  );
  const kinds = array(
    found.map(({ signal }) => signal.kind),
    "text",
  );
  const dropped = ctx.db.execute(sql`
    DELETE FROM signal s
    WHERE s.community_id = ${ctx.community.id} AND s.activity_id = ANY(${array(ids, "uuid")}) AND s.state = 'suggested'
      AND NOT EXISTS (SELECT FROM unnest(${activityIds}, ${kinds}) AS f(activity_id, kind) WHERE f.activity_id = s.activity_id AND f.kind = s.kind)`);
  if (found.length === 0) {
    await dropped;
    return;
  }
  const stored = ctx.db.execute(sql`
    INSERT INTO signal AS s (community_id, id, activity_id, source_id, thread_id, identity_id, visibility, occurred_at, kind,
      quote, quote_start, quote_end, rule, reason, confidence, created_at)
    SELECT ${ctx.community.id}, n.*, ${ctx.clock.now()}
    FROM unnest(${array(
      found.map(() => newId()),
      "uuid",
    )}, ${activityIds},
      ${array(
        found.map(({ activity }) => activity.sourceId),
        "uuid",
      )}, ${array(
        found.map(({ activity }) => activity.threadId),
        "uuid",
      )},
      ${array(
        found.map(({ activity }) => activity.identityId),
        "uuid",
      )}, ${array(
        found.map(({ activity }) => activity.visibility),
        "smallint",
      )},
      ${array(
        found.map(({ activity }) => activity.occurredAt),
        "timestamptz",
      )}, ${kinds},
      ${array(
        found.map(({ signal }) => signal.quote),
        "text",
      )}, ${array(
        found.map(({ signal }) => signal.quoteStart),
        "integer",
      )},
      ${array(
        found.map(({ signal }) => signal.quoteEnd),
        "integer",
      )}, ${array(
        found.map(({ signal }) => signal.rule),
        "text",
      )},
      ${array(
        found.map(({ signal }) => signal.reason),
        "text",
      )}, ${array(
        found.map(({ signal }) => signal.confidence),
        "real",
      )}) AS n
    ON CONFLICT (community_id, activity_id, kind) DO UPDATE SET quote = excluded.quote, quote_start = excluded.quote_start,
      quote_end = excluded.quote_end, rule = excluded.rule, reason = excluded.reason, confidence = excluded.confidence
    WHERE s.state = 'suggested' AND (s.quote, s.quote_start, s.rule, s.reason, s.confidence)
      IS DISTINCT FROM (excluded.quote, excluded.quote_start, excluded.rule, excluded.reason, excluded.confidence)`);
  await together([dropped, stored]);
}

/** Suggestions from who turned out to be a bot or one of us. Asked in two steps: they are few, and a join would read all signals. */
async function dropUnheard(ctx: Ctx, identityIds: readonly string[]): Promise<void> {
  const unheard = await ctx.db.rows<{ id: string }>(sql`
    SELECT i.id FROM identity i LEFT JOIN member m ON m.community_id = i.community_id AND m.id = i.member_id
    WHERE i.community_id = ${ctx.community.id} AND i.id = ANY(${array(identityIds, "uuid")}) AND (i.kind <> 'human' OR m.kind <> 'human')`);
  if (unheard.length === 0) return;
  const ids = array(
    unheard.map(({ id }) => id),
    "uuid",
  );
  await ctx.db.execute(sql`DELETE FROM signal WHERE community_id = ${ctx.community.id} AND identity_id = ANY(${ids}) AND state = 'suggested'`);
}
