import { array, json, retryContended, sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import type { Ctx } from "../access/index.ts";
import type { ArrangedActivity, ThreadArranger } from "./connector.ts";
import { enqueueChanges } from "./consumer.ts";
import type { RunCounts } from "./run-counts.ts";
import { spreadThreadVisibility } from "./settle-activities.ts";

const activitiesPerPage = 5_000;
const movesPerTransaction = 2_000;
const threadsPerPage = 5_000;

/** An activity that belongs elsewhere than where it stands. */
interface Move {
  id: string;
  externalId: string;
  from: string;
  to: string;
}

/**
 * Puts a source's activities into the threads that its connector finds once it knows all of them, so that parts brought
 * in one by one, in any order, end as if they had come together. Threads that lose all they held go; one that only got
 * another key stays the same thread. Doing it again changes nothing.
 */
export async function arrangeThreads(ctx: Ctx, input: { sourceId: string; arranger: ThreadArranger; counts: RunCounts }): Promise<void> {
  const { sourceId, arranger, counts } = input;
  for await (const rows of pageActivities(ctx, sourceId, arranger.kinds)) for (const row of rows) arranger.add(row);
  const moves: Move[] = [];
  for await (const rows of pagePlaces(ctx, sourceId, arranger.kinds)) {
    for (const { thread, kind, ...row } of rows) {
      const to = arranger.threadOf({ externalId: row.externalId, kind });
      if (to !== thread) moves.push({ ...row, to });
    }
  }
  moves.sort((a, b) => (a.to < b.to ? -1 : a.to > b.to ? 1 : 0));
  const plan: Plan = { sourceId, leaving: new Map(), wanted: new Set(moves.map(({ to }) => to)), isNew: (id) => counts.threads.isNew(id) };
  for (const { from } of moves) plan.leaving.set(from, (plan.leaving.get(from) ?? 0) + 1);
  for (let start = 0; start < moves.length; start += movesPerTransaction) {
    const part = moves.slice(start, start + movesPerTransaction);
    const made = await inTransaction(ctx, (tx) => applyMoves(tx, part, plan));
    for (const { from } of part) plan.leaving.set(from, (plan.leaving.get(from) ?? 1) - 1);
    counts.threads.add({ created: made, changed: [], seen: made });
  }
  const removed = await inTransaction(ctx, (tx) => removeEmptied(tx, sourceId));
  counts.threads.drop(removed);
  if (moves.length + removed.length > 0) await noteThreads(ctx, { sourceId, kinds: arranger.kinds });
  await mendOpenings(ctx, input);
}

/** What holds for all moves of a run. */
interface Plan {
  sourceId: string;
  /** How many activities have yet to leave each thread. */
  leaving: Map<string, number>;
  /** The keys of the threads that something moves to. */
  wanted: ReadonlySet<string>;
  /** Whether a thread came to be in this run. */
  isNew: (threadId: string) => boolean;
}

const inTransaction = <T>(ctx: Ctx, work: (tx: Ctx) => Promise<T>) => retryContended(() => ctx.db.transaction((tx) => work({ ...ctx, db: tx })));

/** What the arranger needs of each activity. */
async function* pageActivities(ctx: Ctx, sourceId: string, kinds: readonly string[]): AsyncGenerator<ArrangedActivity[]> {
  let after = { externalId: "", kind: "" };
  for (;;) {
    const rows = await ctx.db.rows<{
      externalId: string;
      kind: string;
      replyTo: string | null;
      title: string | null;
      occurredAt: Date;
      attributes: unknown;
    }>(sql`
      SELECT a.external_id AS "externalId", a.kind, a.reply_to AS "replyTo", a.title, a.occurred_at AS "occurredAt", a.attributes
      FROM activity a WHERE ${pageAfter(ctx, { sourceId, kinds, after })}`);
    const last = rows.at(-1);
    if (!last) return;
    after = last;
    yield rows.map(({ replyTo, title, ...row }) => ({ ...row, ...(replyTo !== null && { replyTo }), ...(title !== null && { title }) }));
  }
}

/** Where each activity stands. */
async function* pagePlaces(ctx: Ctx, sourceId: string, kinds: readonly string[]) {
  let after = { externalId: "", kind: "" };
  for (;;) {
    const rows = await ctx.db.rows<{ id: string; externalId: string; kind: string; from: string; thread: string }>(sql`
      SELECT a.id, a.external_id AS "externalId", a.kind, a.thread_id AS from, t.external_id AS thread
      FROM activity a JOIN thread t ON t.community_id = a.community_id AND t.id = a.thread_id
      WHERE ${pageAfter(ctx, { sourceId, kinds, after })}`);
    const last = rows.at(-1);
    if (!last) return;
    after = last;
    yield rows;
  }
}

const pageAfter = (ctx: Ctx, input: { sourceId: string; kinds: readonly string[]; after: { externalId: string; kind: string } }) => sql`
  a.community_id = ${ctx.community.id} AND a.source_id = ${input.sourceId} AND a.kind = ANY(${array(input.kinds, "text")})
  AND a.thread_id IS NOT NULL AND (a.external_id, a.kind) > (${input.after.externalId}, ${input.after.kind})
  ORDER BY a.external_id, a.kind LIMIT ${activitiesPerPage}`;

/** @returns the ids of threads that had to be made */
async function applyMoves(ctx: Ctx, moves: readonly Move[], plan: Plan): Promise<string[]> {
  const targets = [...new Set(moves.map(({ to }) => to))];
  const held = await ctx.db.rows<{ id: string; externalId: string }>(sql`
    SELECT t.id, t.external_id AS "externalId" FROM thread t
    WHERE t.community_id = ${ctx.community.id} AND t.source_id = ${plan.sourceId} AND t.external_id = ANY(${array(targets, "text")})`);
  const ids = new Map(held.map((row) => [row.externalId, row.id]));
  const free = await findEmptying(ctx, moves, plan);
  const made: string[] = [];
  const taken: string[] = [];
  for (const target of targets) {
    const from = moves.filter((move) => move.to === target).map((move) => move.from);
    const known = ids.get(target);
    // The oldest thread stays and takes the key, so that what people marked and linked stays with it.
    const kept = [...new Set(from)].sort().find((id) => free.has(id) && (known === undefined || (plan.isNew(known) && !plan.isNew(id))));
    if (kept) {
      free.delete(kept);
      ids.set(target, kept);
      taken.push(...(await takeKey(ctx, { kept, target, instead: known, sourceId: plan.sourceId })));
    } else if (known === undefined) {
      const id = newId();
      await copyThread(ctx, { id, target, like: from[0] ?? "" });
      ids.set(target, id);
      made.push(id);
    }
  }
  const rows = moves.map((move) => ({ ...move, target: ids.get(move.to) ?? move.from }));
  await ctx.db.execute(sql`
    UPDATE activity a SET thread_id = m.target FROM unnest(${array(
      rows.map(({ id }) => id),
      "uuid",
    )}, ${array(
      rows.map(({ target }) => target),
      "uuid",
    )}) AS m(id, target)
    WHERE a.community_id = ${ctx.community.id} AND a.id = m.id`);
  const settled = await spreadThreadVisibility(ctx, [...new Set(rows.map(({ target }) => target))]);
  await enqueueChanges(ctx, {
    threads: [...new Set(rows.flatMap(({ from, target }) => [from, target]))],
    identities: [],
    activities: [...new Set([...rows.map(({ id }) => id), ...taken, ...settled])],
  });
  return made;
}

/**
 * Gives a thread another key; one that has the key already hands over all that it holds.
 * @returns the activities that were handed over
 */
async function takeKey(ctx: Ctx, input: { kept: string; target: string; instead: string | undefined; sourceId: string }): Promise<string[]> {
  const { kept, target, instead, sourceId } = input;
  let taken: { id: string }[] = [];
  if (instead !== undefined) {
    taken = await ctx.db.rows<{ id: string }>(
      sql`UPDATE activity a SET thread_id = ${kept} WHERE a.community_id = ${ctx.community.id} AND a.thread_id = ${instead} RETURNING a.id`,
    );
    // What its own records say of it goes before what a part of it was taken for.
    await ctx.db.execute(sql`
      UPDATE thread t SET kind = o.kind, ref = o.ref, title = o.title, url = o.url, state = o.state, state_reason = o.state_reason, labels = o.labels,
        opened_at = o.opened_at, closed_at = o.closed_at, opener_id = o.opener_id, attributes = o.attributes, channel_id = o.channel_id
      FROM thread o WHERE o.community_id = ${ctx.community.id} AND o.id = ${instead} AND t.community_id = o.community_id AND t.id = ${kept}
        AND o.opened_at <= t.opened_at`);
    // Whichever is held tighter stays so; where one says nothing of its own, neither is ever opened by itself.
    await ctx.db.execute(sql`
      UPDATE thread t SET visibility = GREATEST(t.visibility, o.visibility),
        own_visibility = CASE WHEN t.own_visibility IS NULL OR o.own_visibility IS NULL THEN NULL ELSE GREATEST(t.own_visibility, o.own_visibility) END
      FROM thread o WHERE o.community_id = ${ctx.community.id} AND o.id = ${instead} AND t.community_id = o.community_id AND t.id = ${kept}`);
    // It is empty and goes at the end; until then the key must be free.
    await ctx.db.execute(
      sql`UPDATE thread t SET external_id = ${`${target} ${instead}`} WHERE t.community_id = ${ctx.community.id} AND t.id = ${instead}`,
    );
  }
  await ctx.db.execute(sql`
    UPDATE thread t SET external_id = ${target} WHERE t.community_id = ${ctx.community.id} AND t.source_id = ${sourceId} AND t.id = ${kept}`);
  return taken.map(({ id }) => id);
}

async function copyThread(ctx: Ctx, input: { id: string; target: string; like: string }): Promise<void> {
  await ctx.db.execute(sql`
    INSERT INTO thread (community_id, source_id, id, external_id, channel_id, kind, title, visibility, own_visibility, state, opened_at, last_activity_at)
    SELECT t.community_id, t.source_id, ${input.id}, ${input.target}, t.channel_id, t.kind, t.title, t.visibility, t.own_visibility, t.state, t.opened_at, t.opened_at
    FROM thread t WHERE t.community_id = ${ctx.community.id} AND t.id = ${input.like}`);
}

/** Records say which threads they state, so that an unchanged one is counted without being read. */
async function noteThreads(ctx: Ctx, input: { sourceId: string; kinds: readonly string[] }): Promise<void> {
  await ctx.db.execute(sql`
    UPDATE raw_record r SET threads = ARRAY[a.thread_id] FROM activity a
    WHERE r.community_id = ${ctx.community.id} AND r.source_id = ${input.sourceId} AND a.community_id = r.community_id AND a.source_id = r.source_id
      AND a.external_id = r.external_id AND a.kind = ANY(${array(input.kinds, "text")}) AND a.thread_id IS NOT NULL
      AND cardinality(r.threads) > 0 AND r.threads <> ARRAY[a.thread_id]`);
}

/** Threads that will lose all that they hold and whose own key nobody moves to: they may take another key instead. */
async function findEmptying(ctx: Ctx, moves: readonly Move[], plan: Plan): Promise<Set<string>> {
  const from = [...new Set(moves.map((move) => move.from))];
  const rows = await ctx.db.rows<{ id: string; externalId: string; n: number }>(sql`
    SELECT t.id, t.external_id AS "externalId", count(*)::int AS n FROM thread t
    JOIN activity a ON a.community_id = t.community_id AND a.thread_id = t.id
    WHERE t.community_id = ${ctx.community.id} AND t.id = ANY(${array(from, "uuid")}) GROUP BY t.id, t.external_id`);
  // What earlier transactions moved is gone from both sides.
  const emptying = rows.filter(({ id, externalId, n }) => n <= (plan.leaving.get(id) ?? 0) && !plan.wanted.has(externalId));
  return new Set(emptying.map(({ id }) => id));
}

async function removeEmptied(ctx: Ctx, sourceId: string): Promise<string[]> {
  const rows = await ctx.db.rows<{ id: string }>(sql`
    DELETE FROM thread t WHERE t.community_id = ${ctx.community.id} AND t.source_id = ${sourceId}
      AND NOT EXISTS (SELECT FROM activity a WHERE a.community_id = t.community_id AND a.thread_id = t.id) RETURNING t.id`);
  const ids = rows.map(({ id }) => id);
  await enqueueChanges(ctx, { threads: ids, identities: [], activities: [] });
  return ids;
}

/** A thread is opened by its earliest activity: time, opener, title and channel follow it. */
async function mendOpenings(ctx: Ctx, input: { sourceId: string; arranger: ThreadArranger; counts: RunCounts }): Promise<void> {
  const { arranger, counts } = input;
  let after = "00000000-0000-0000-0000-000000000000";
  for (;;) {
    const rows = await ctx.db.rows<{
      id: string;
      title: string;
      isRight: boolean;
      openedAt: Date | null;
      words: string | null;
      openerId: string | null;
      channelId: string;
    }>(sql`
      SELECT t.id, t.title, o.occurred_at AS "openedAt", o.title AS words, o.identity_id AS "openerId",
             o.channel_id AS "channelId",
             (t.opened_at, t.opener_id, t.channel_id) IS NOT DISTINCT FROM (o.occurred_at, o.identity_id, o.channel_id) AS "isRight"
      FROM (SELECT * FROM thread WHERE community_id = ${ctx.community.id} AND source_id = ${input.sourceId} AND id > ${after}
            ORDER BY id LIMIT ${threadsPerPage}) t
      LEFT JOIN LATERAL (
        SELECT a.occurred_at, a.title, a.identity_id, a.channel_id FROM activity a
        WHERE a.community_id = ${ctx.community.id} AND a.thread_id = t.id AND a.kind = ANY(${array(arranger.kinds, "text")})
        ORDER BY a.occurred_at, a.external_id LIMIT 1
      ) o ON true ORDER BY t.id`);
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
    const wrong = rows.flatMap(({ isRight, words, title, openedAt, ...row }) => {
      if (openedAt === null) return [];
      // Where the opening's words were taken away, the title that there is stays.
      const shown = words === null ? title : (arranger.titleOf({ title: words }) ?? title);
      return isRight && shown === title ? [] : [{ ...row, openedAt, title: shown }];
    });
    if (wrong.length === 0) continue;
    const ids = wrong.map(({ id }) => id);
    await inTransaction(ctx, async (tx) => {
      await tx.db.execute(sql`
        UPDATE thread t SET opened_at = m.opened_at, opener_id = m.opener_id, channel_id = m.channel_id, title = m.title,
          visibility = GREATEST(t.visibility, c.visibility)
        FROM jsonb_to_recordset(${json(wrong.map((row) => ({ id: row.id, opened_at: row.openedAt, opener_id: row.openerId, channel_id: row.channelId, title: row.title })))})
          AS m(id uuid, opened_at timestamptz, opener_id uuid, channel_id uuid, title text)
        JOIN channel c ON c.community_id = ${ctx.community.id} AND c.id = m.channel_id
        WHERE t.community_id = ${ctx.community.id} AND t.id = m.id`);
      await enqueueChanges(tx, { threads: ids, identities: [], activities: await spreadThreadVisibility(tx, ids) });
    });
    counts.threads.add({ created: [], changed: ids, seen: ids });
  }
}
