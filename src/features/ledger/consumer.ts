import type { CoreContext } from "#core/context.ts";
import { array, sql, together } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import type { Ctx } from "../access/index.ts";

/** Ids of rows that an ingest or a correction touched. */
export interface Changes {
  threads: string[];
  identities: string[];
  activities: string[];
}

/**
 * Derives something from the ledger: members, questions, search … It is told what changed, recomputes for those
 * rows, and may be told the same twice.
 */
export interface Consumer {
  name: ConsumerName;
  /**
   * The consumers that it waits for: whose results it reads, or whose rows it writes too. All before it in the list when
   * absent.
   */
  after?: readonly ConsumerName[];
  /** How many activities one call may carry at most; more waits for the next call. */
  activitiesMax?: number;
  /** Runs in a transaction (`ctx.db` is it) together with the note that the changes are done: exactly once. */
  run(ctx: Ctx, changes: Changes): Promise<void>;
  /** Called once when nothing is left for this consumer: work that is cheaper done for all changes together. */
  settle?(ctx: Ctx): Promise<void>;
  /**
   * The tables it fills, each with the columns that queries join and filter by (all when absent): the planner is told of
   * them after much was derived, since the embedded database would never find out by itself.
   */
  fills?: readonly { table: string; columns?: readonly string[] }[];
  /** Whether an earlier process ended between its last `run` and `settle`. */
  isUnsettled?(ctx: Ctx): Promise<boolean>;
}

/**
 * The names of all consumers, in the order in which they are worked off. The list of the consumers themselves is
 * `src/consumers.ts`, above the features; a test holds the two together.
 */
export const consumerNames = ["rollup", "members", "questions", "signals", "search"] as const;
export type ConsumerName = (typeof consumerNames)[number];

export function defineConsumer(consumer: Consumer): Consumer {
  return consumer;
}

/** A call is a transaction, and the embedded database serves nobody else meanwhile: pages must not wait for long. */
const activitiesPerCall = 5_000;

/**
 * Tells consumers that rows changed. Call it in the transaction that changes them.
 * @param consumers names of those to tell; all when absent
 */
export function enqueueChanges(ctx: Ctx, changes: Changes, consumers: readonly ConsumerName[] = consumerNames): Promise<unknown> {
  if (consumers.length === 0 || changes.threads.length + changes.identities.length + changes.activities.length === 0) return Promise.resolve();
  const id = newId();
  // One statement, so that outside of a transaction too there is no change without its deliveries.
  return ctx.db.execute(sql`
    WITH change AS (
      INSERT INTO outbox (community_id, id, threads, identities, activities, created_at)
      VALUES (${ctx.community.id}, ${id}, ${array(changes.threads, "uuid")}, ${array(changes.identities, "uuid")},
              ${array(changes.activities, "uuid")}, ${ctx.clock.now()})
      RETURNING community_id, id)
    INSERT INTO outbox_delivery (community_id, consumer, outbox_id)
    SELECT change.community_id, name, change.id FROM change, unnest(${array(consumers, "text")}) AS name`);
}

export interface DrainProgress {
  consumer: string;
  /** Deliveries done and left for this consumer. */
  done: number;
  left: number;
}

export interface DrainInput {
  consumers: readonly Consumer[];
  /** Only this community; all when absent. */
  communityId?: string;
  signal?: AbortSignal;
  onProgress?: (progress: DrainProgress) => void;
}

/**
 * Works off what the ledger has told the consumers until nothing is left: in the order of the list, and on a server side by
 * side where they do not wait for each other. Several processes may drain at once: a delivery is claimed by one.
 * @returns how many deliveries were worked off
 */
export async function drainOutbox(core: CoreContext, input: DrainInput): Promise<number> {
  let total = 0;
  // A consumer may wake an earlier one, so go round until a whole round finds nothing.
  for (;;) {
    let round = 0;
    for (const ctx of await waitingCommunities(core, input.communityId)) {
      await refreshStatistics(ctx);
      round += await takeTurns(ctx, input);
      if (input.signal?.aborted) return total + round;
    }
    total += round;
    if (round === 0) return total;
  }
}

/**
 * One turn of each consumer. The embedded database has one thread: there, more than one at a time would only let pages wait
 * for several transactions instead of one.
 */
async function takeTurns(ctx: Ctx, input: DrainInput): Promise<number> {
  const turns = new Map<ConsumerName, Promise<number>>();
  for (const consumer of input.consumers) {
    const { after } = consumer;
    const awaited = after === undefined || ctx.db.embedded ? [...turns.values()] : after.map((name) => turns.get(name));
    turns.set(
      consumer.name,
      Promise.all(awaited).then(() => drainConsumer(ctx, consumer, input)),
    );
  }
  // All of them have ended before a failure of one is told.
  const done = await together([...turns.values()]);
  return done.reduce((sum, count) => sum + count, 0);
}

/** Beyond this many waiting activities the planner's picture of the tables is taken to be out of date. */
const activitiesBeforeAnalyze = 5_000;

/**
 * Tells the planner how the tables look after much was brought in. A server would find out by itself in a minute,
 * too late for the queries that follow at once; the embedded database has no autovacuum and would never.
 */
async function refreshStatistics(ctx: Ctx): Promise<void> {
  const waiting = await listConsumerLag(ctx);
  if (Math.max(0, ...waiting.map((lag) => lag.activities)) < activitiesBeforeAnalyze) return;
  await analyzeLedger(ctx);
}

/** As `analyzeLedger`, for the tables alone that an import itself looks things up in. */
export async function analyzeKeys(ctx: Ctx): Promise<void> {
  await ctx.db.execute(sql`
    ANALYZE identity (community_id, id, platform, external_id), identity_label (community_id, identity_id, kind), channel (community_id, id),
      outbox (community_id, id)`);
}

/**
 * Refreshes what the planner knows of the ledger's tables; plans that were made when they were empty are made anew.
 * Only columns that queries join and filter by: sampling bodies and payloads would cost more than it tells. Of a column
 * that is left out, the planner takes «IS NULL» to be true of one row in two hundred.
 */
async function analyzeLedger(ctx: Ctx): Promise<void> {
  await ctx.db.execute(sql`
    ANALYZE identity (community_id, id, platform, external_id, member_id, kind, email), identity_label (community_id, identity_id),
      identity_link (community_id, identity_a, identity_b, state), channel (community_id, id, source_id), outbox (community_id, id),
      thread (community_id, id, source_id, channel_id, opener_id, kind, state, question, visibility, opened_at, last_activity_at, deleted_at),
      activity (community_id, id, source_id, channel_id, thread_id, identity_id, kind, visibility, occurred_at, deleted_at),
      raw_record (community_id, source_id, stream), outbox_delivery (community_id, consumer)`);
}

async function waitingCommunities(core: CoreContext, communityId: string | undefined): Promise<Ctx[]> {
  const rows = await core.db.rows<{ id: string; slug: string; name: string; timeZone: string }>(sql`
    SELECT id, slug, name, time_zone AS "timeZone" FROM community c
    WHERE (${communityId ?? null}::uuid IS NULL OR id = ${communityId ?? null}::uuid)
      AND (EXISTS (SELECT FROM outbox_delivery d WHERE d.community_id = c.id) OR EXISTS (SELECT FROM dirty_day d WHERE d.community_id = c.id))
    ORDER BY id`);
  return rows.map((community) => ({ db: core.db, clock: core.clock, log: core.log, community, viewer: { kind: "system" } }));
}

async function drainConsumer(ctx: Ctx, consumer: Consumer, input: DrainInput): Promise<number> {
  if (input.signal?.aborted) return 0;
  let done = 0;
  while (!input.signal?.aborted) {
    const step = await ctx.db.transaction((tx) => workOffSome({ ...ctx, db: tx }, consumer));
    if (step === 0) break;
    done += step;
    input.onProgress?.({ consumer: consumer.name, done, left: await countDeliveries(ctx, consumer.name) });
  }
  if (done > 0) await dropDelivered(ctx);
  if (done > 0 || (await consumer.isUnsettled?.(ctx))) await consumer.settle?.(ctx);
  if (done >= deliveriesBeforeAnalyze) await analyzeFilled(ctx, consumer);
  return done;
}

/** A delivery is a group of about a thousand records. */
const deliveriesBeforeAnalyze = 5;

async function analyzeFilled(ctx: Ctx, { fills = [] }: Consumer): Promise<void> {
  for (const { table, columns } of fills) {
    const names = columns?.map((column) => sql.identifier(column));
    await ctx.db.execute(sql`ANALYZE ${sql.identifier(table)} ${names ? sql`(${sql.join(names, sql`, `)})` : sql``}`);
  }
}

async function workOffSome(ctx: Ctx, consumer: Consumer): Promise<number> {
  const limit = consumer.activitiesMax ?? activitiesPerCall;
  // One drainer per consumer and community: claims in any order could let an older recompute overwrite a newer one.
  const locked = await ctx.db.first<{ got: boolean }>(
    sql`SELECT pg_try_advisory_xact_lock(hashtextextended(${`${ctx.community.id}:${consumer.name}`}, 0)) AS got`,
  );
  if (!locked?.got) return 0;
  const claimed = await ctx.db.rows<{ id: string; threads: string[]; identities: string[]; activities: string[] }>(sql`
    WITH waiting AS (
      SELECT d.outbox_id FROM outbox_delivery d
      WHERE d.community_id = ${ctx.community.id} AND d.consumer = ${consumer.name}
      ORDER BY d.outbox_id LIMIT 200
    ), sized AS (
      SELECT o.id, sum(cardinality(o.activities) + cardinality(o.identities)) OVER (ORDER BY o.id) AS running
      FROM outbox o JOIN waiting w ON w.outbox_id = o.id WHERE o.community_id = ${ctx.community.id}
    ), chosen AS (
      SELECT id FROM sized WHERE running <= ${limit} OR id = (SELECT min(id::text)::uuid FROM sized)
    )
    SELECT o.id, o.threads::text[] AS threads, o.identities::text[] AS identities, o.activities::text[] AS activities
    FROM outbox o JOIN chosen USING (id) WHERE o.community_id = ${ctx.community.id} ORDER BY o.id`);
  if (claimed.length === 0) return 0;
  await consumer.run(ctx, {
    threads: distinct(claimed.flatMap((row) => row.threads)),
    identities: distinct(claimed.flatMap((row) => row.identities)),
    activities: distinct(claimed.flatMap((row) => row.activities)),
  });
  const ids = claimed.map((row) => row.id);
  await ctx.db.execute(sql`
    DELETE FROM outbox_delivery WHERE community_id = ${ctx.community.id} AND consumer = ${consumer.name}
      AND outbox_id = ANY(${array(ids, "uuid")})`);
  return claimed.length;
}

function distinct(ids: string[]): string[] {
  return [...new Set(ids)];
}

/**
 * Removes what everybody has worked off. After the commit and not with it: of two processes that work off the last two
 * deliveries of one row side by side, neither would see the other's done.
 */
async function dropDelivered(ctx: Ctx): Promise<void> {
  // What another consumer is just taking away is left to it.
  await ctx.db.execute(sql`
    DELETE FROM outbox WHERE community_id = ${ctx.community.id} AND id IN (
      SELECT o.id FROM outbox o WHERE o.community_id = ${ctx.community.id}
        AND NOT EXISTS (SELECT FROM outbox_delivery d WHERE d.community_id = o.community_id AND d.outbox_id = o.id)
      FOR UPDATE SKIP LOCKED)`);
}

async function countDeliveries(ctx: Ctx, consumer: string): Promise<number> {
  const row = await ctx.db.first<{ n: number }>(
    sql`SELECT count(*) AS n FROM outbox_delivery WHERE community_id = ${ctx.community.id} AND consumer = ${consumer}`,
  );
  return row?.n ?? 0;
}

export interface ConsumerLag {
  consumer: string;
  /** Activities that the consumer has not seen yet. */
  activities: number;
  /** Since when the oldest of them waits. */
  since: Date | null;
}

/** How far each consumer is behind the ledger. Nothing is listed for those that are up to date. */
export async function listConsumerLag(ctx: Ctx): Promise<ConsumerLag[]> {
  return ctx.db.rows<ConsumerLag>(sql`
    SELECT d.consumer, sum(cardinality(o.activities)) AS activities, min(o.created_at) AS since
    FROM outbox_delivery d JOIN outbox o ON o.community_id = d.community_id AND o.id = d.outbox_id
    WHERE d.community_id = ${ctx.community.id} GROUP BY d.consumer ORDER BY d.consumer`);
}

/** How far each consumer is behind in all communities together; those that are up to date are listed with 0. */
export async function sumConsumerLag(core: CoreContext): Promise<ConsumerLag[]> {
  return core.db.rows<ConsumerLag>(sql`
    SELECT name AS consumer, coalesce(sum(cardinality(o.activities)), 0) AS activities, min(o.created_at) AS since
    FROM unnest(${array(consumerNames, "text")}) AS name
    LEFT JOIN outbox_delivery d ON d.consumer = name
    LEFT JOIN outbox o ON o.community_id = d.community_id AND o.id = d.outbox_id
    GROUP BY name ORDER BY name`);
}
