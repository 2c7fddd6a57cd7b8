import { array, json, retryContended, sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import type { Ctx } from "../access/index.ts";
import type { ArrangedActivity, ThreadArranger } from "./connector.ts";
import { enqueueChanges } from "./consumer.ts";
import type { RunCounts } from "./run-counts.ts";

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
  for await (const rows of pageActivities(ctx, sourceId, arranger.kinds)) {
    for (const row of rows) {
      const to = arranger.threadOf(row);
      if (to !== row.thread) moves.push({ id: row.id, externalId: row.externalId, from: row.threadId, to });
    }
  }
  moves.sort((a, b) => (a.to < b.to ? -1 : a.to > b.to ? 1 : 0));
  const leaving = new Map<string, number>();
  for (const { from } of moves) leaving.set(from, (leaving.get(from) ?? 0) + 1);
  const wanted = new Set(moves.map(({ to }) => to));
  for (let start = 0; start < moves.length; start += movesPerTransaction) {
    const part = moves.slice(start, start + movesPerTransaction);
    const made = await inTransaction(ctx, (tx) => applyMoves(tx, { sourceId, moves: part, leaving, wanted }));
    for (const { from } of part) leaving.set(from, (leaving.get(from) ?? 1) - 1);
    counts.threads.add({ created: made, changed: [], seen: made });
  }
  counts.threads.drop(await inTransaction(ctx, (tx) => removeEmptied(tx, sourceId)));
  await mendOpenings(ctx, input);
}

const inTransaction = <T>(ctx: Ctx, work: (tx: Ctx) => Promise<T>) => retryContended(() => ctx.db.transaction((tx) => work({ ...ctx, db: tx })));

async function* pageActivities(ctx: Ctx, sourceId: string, kinds: readonly string[]) {
  let after = { externalId: "", kind: "" };
  for (;;) {
    const rows = await ctx.db.rows<{
      id: string;
      externalId: string;
      kind: string;
      replyTo: string | null;
      title: string | null;
      occurredAt: Date;
      attributes: unknown;
      threadId: string;
      thread: string;
    }>(sql`
      SELECT a.id, a.external_id AS "externalId", a.kind, a.reply_to AS "replyTo", a.title, a.occurred_at AS "occurredAt", a.attributes,
             a.thread_id AS "threadId", t.external_id AS thread
      FROM activity a JOIN thread t ON t.community_id = a.community_id AND t.id = a.thread_id
      WHERE a.community_id = ${ctx.community.id} AND a.source_id = ${sourceId} AND a.kind = ANY(${array(kinds, "text")})
        AND (a.external_id, a.kind) > (${after.externalId}, ${after.kind})
      ORDER BY a.external_id, a.kind LIMIT ${activitiesPerPage}`);
    const last = rows.at(-1);
    if (!last) return;
    after = last;
    yield rows.map(({ replyTo, title, ...row }) => ({
      ...row,
      ...(replyTo !== null && { replyTo }),
      ...(title !== null && { title }),
    })) satisfies (ArrangedActivity & { id: string; threadId: string; thread: string })[];
  }
}

/** @returns the ids of threads that had to be made */
async function applyMoves(
  ctx: Ctx,
  input: { sourceId: string; moves: readonly Move[]; leaving: ReadonlyMap<string, number>; wanted: ReadonlySet<string> },
): Promise<string[]> {
  const { moves, sourceId } = input;
  const targets = [...new Set(moves.map(({ to }) => to))];
  const scope = sql`t.community_id = ${ctx.community.id} AND t.source_id = ${sourceId}`;
  const held = await ctx.db.rows<{ id: string; externalId: string }>(
    sql`SELECT t.id, t.external_id AS "externalId" FROM thread t WHERE ${scope} AND t.external_id = ANY(${array(targets, "text")})`,
  );
  const ids = new Map(held.map((row) => [row.externalId, row.id]));
  const missing = targets.filter((target) => !ids.has(target));
  const made: string[] = [];
  if (missing.length > 0) {
    const free = await findEmptying(ctx, input);
    for (const target of missing) {
      const from = moves.filter((move) => move.to === target).map((move) => move.from);
      const renamed = from.find((id) => free.delete(id));
      const id = renamed ?? newId();
      if (renamed) await ctx.db.execute(sql`UPDATE thread t SET external_id = ${target} WHERE ${scope} AND t.id = ${id}`);
      else {
        await ctx.db.execute(sql`
          INSERT INTO thread (community_id, source_id, id, external_id, channel_id, kind, title, visibility, state, opened_at, last_activity_at)
          SELECT t.community_id, t.source_id, ${id}, ${target}, t.channel_id, t.kind, t.title, t.visibility, t.state, t.opened_at, t.opened_at
          FROM thread t WHERE ${scope} AND t.id = ${from[0] ?? id}`);
        made.push(id);
      }
      ids.set(target, id);
    }
  }
  const rows = moves.map((move) => ({ ...move, target: ids.get(move.to) ?? move.from }));
  await ctx.db.execute(sql`
    UPDATE activity a SET thread_id = m.target FROM ${unnestMoves(rows)}
    WHERE a.community_id = ${ctx.community.id} AND a.id = m.id`);
  // Records say which threads they state, so that an unchanged one is counted without being read.
  await ctx.db.execute(sql`
    UPDATE raw_record r SET threads = array_replace(r.threads, m.source, m.target) FROM ${unnestMoves(rows)}
    WHERE r.community_id = ${ctx.community.id} AND r.source_id = ${sourceId} AND r.external_id = m.external_id`);
  await enqueueChanges(ctx, {
    threads: [...new Set(rows.flatMap(({ from, target }) => [from, target]))],
    identities: [],
    activities: rows.map(({ id }) => id),
  });
  return made;
}

const unnestMoves = (rows: readonly (Move & { target: string })[]) =>
  sql`unnest(${array(
    rows.map(({ id }) => id),
    "uuid",
  )}, ${array(
    rows.map(({ externalId }) => externalId),
    "text",
  )}, ${array(
    rows.map(({ from }) => from),
    "uuid",
  )}, ${array(
    rows.map(({ target }) => target),
    "uuid",
  )}) AS m(id, external_id, source, target)`;

/** Threads that will lose all that they hold and whose own key nobody moves to: they may take another key instead. */
async function findEmptying(
  ctx: Ctx,
  input: { moves: readonly Move[]; leaving: ReadonlyMap<string, number>; wanted: ReadonlySet<string> },
): Promise<Set<string>> {
  const from = [...new Set(input.moves.map((move) => move.from))];
  const rows = await ctx.db.rows<{ id: string; externalId: string; n: number }>(sql`
    SELECT t.id, t.external_id AS "externalId", count(*)::int AS n FROM thread t
    JOIN activity a ON a.community_id = t.community_id AND a.thread_id = t.id
    WHERE t.community_id = ${ctx.community.id} AND t.id = ANY(${array(from, "uuid")}) GROUP BY t.id, t.external_id`);
  // What earlier transactions moved is gone from both sides.
  return new Set(rows.filter(({ id, externalId, n }) => n <= (input.leaving.get(id) ?? 0) && !input.wanted.has(externalId)).map(({ id }) => id));
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
      externalId: string | null;
      kind: string;
      openedAt: Date;
      words: string | null;
      openerId: string | null;
      channelId: string;
    }>(sql`
      SELECT t.id, t.title, o.external_id AS "externalId", o.kind, o.occurred_at AS "openedAt", o.title AS words, o.identity_id AS "openerId",
             o.channel_id AS "channelId",
             (t.opened_at, t.opener_id, t.channel_id) IS NOT DISTINCT FROM (o.occurred_at, o.identity_id, o.channel_id) AS "isRight"
      FROM (SELECT * FROM thread WHERE community_id = ${ctx.community.id} AND source_id = ${input.sourceId} AND id > ${after}
            ORDER BY id LIMIT ${threadsPerPage}) t
      LEFT JOIN LATERAL (
        SELECT a.external_id, a.kind, a.occurred_at, a.title, a.identity_id, a.channel_id FROM activity a
        WHERE a.community_id = ${ctx.community.id} AND a.thread_id = t.id AND a.kind = ANY(${array(arranger.kinds, "text")})
        ORDER BY a.occurred_at, a.external_id LIMIT 1
      ) o ON true ORDER BY t.id`);
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
    const wrong = rows.flatMap(({ isRight, words, title, externalId, ...row }) => {
      if (externalId === null) return [];
      const shown =
        words === null ? title : (arranger.titleOf({ ...row, externalId, occurredAt: row.openedAt, title: words, attributes: undefined }) ?? title);
      return isRight && shown === title ? [] : [{ ...row, title: shown }];
    });
    if (wrong.length === 0) continue;
    const ids = wrong.map(({ id }) => id);
    await inTransaction(ctx, async (tx) => {
      await tx.db.execute(sql`
        UPDATE thread t SET opened_at = m.opened_at, opener_id = m.opener_id, channel_id = m.channel_id, title = m.title
        FROM jsonb_to_recordset(${json(wrong.map((row) => ({ id: row.id, opened_at: row.openedAt, opener_id: row.openerId, channel_id: row.channelId, title: row.title })))})
          AS m(id uuid, opened_at timestamptz, opener_id uuid, channel_id uuid, title text)
        WHERE t.community_id = ${ctx.community.id} AND t.id = m.id`);
      await enqueueChanges(tx, { threads: ids, identities: [], activities: [] });
    });
    counts.threads.add({ created: [], changed: ids, seen: ids });
  }
}
