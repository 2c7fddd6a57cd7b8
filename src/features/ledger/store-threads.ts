import { array, type SQL, sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { type Ctx, visibilityRank } from "../access/index.ts";
import type { IdentityRef, NormalizedChannel, NormalizedThread } from "./batch.ts";
import { cleanText, identityKey } from "./merge-batch.ts";

export interface StoredChannels {
  ids: Map<string, string>;
  ranks: Map<string, number>;
  /** Activities that became more open or more closed with their channel. */
  movedActivities: string[];
}

/**
 * Stores channels. A channel whose visibility changed takes its threads and activities along.
 * @param input.floor the source's own rank: nothing of it is more open than that
 */
export async function storeChannels(
  ctx: Ctx,
  input: { sourceId: string; floor: number; channels: readonly NormalizedChannel[] },
): Promise<StoredChannels> {
  const stored: StoredChannels = { ids: new Map(), ranks: new Map(), movedActivities: [] };
  if (input.channels.length === 0) return stored;
  const rank = (channel: NormalizedChannel) => Math.max(visibilityRank(channel.visibility), input.floor);
  const rows = await ctx.db.rows<{ id: string; externalId: string; visibility: number; before: number | null }>(sql`
    WITH given AS (
      SELECT * FROM unnest(${array(
        input.channels.map(() => newId()),
        "uuid",
      )}, ${array(
        input.channels.map((c) => c.externalId),
        "text",
      )},
        ${array(
          input.channels.map((c) => c.kind),
          "text",
        )}, ${array(
          input.channels.map((c) => cleanText(c.name)),
          "text",
        )},
        ${array(
          input.channels.map((c) => c.url ?? null),
          "text",
        )}, ${array(input.channels.map(rank), "smallint")}, ${array(
          input.channels.map((c) => c.partial ?? false),
          "boolean",
        )})
        AS n(id, external_id, kind, name, url, visibility, partial)
    ), before AS (
      SELECT c.external_id, c.kind, c.name, c.visibility FROM channel c JOIN given g USING (external_id)
      WHERE c.community_id = ${ctx.community.id} AND c.source_id = ${input.sourceId}
    ), written AS (
      INSERT INTO channel AS c (community_id, id, source_id, external_id, kind, name, url, visibility)
      SELECT ${ctx.community.id}, g.id, ${input.sourceId}, external_id, CASE WHEN g.partial THEN COALESCE(b.kind, g.kind) ELSE g.kind END,
             CASE WHEN g.partial THEN COALESCE(b.name, g.name) ELSE g.name END, g.url,
             CASE WHEN g.partial THEN GREATEST(COALESCE(b.visibility, g.visibility), ${input.floor}::smallint) ELSE g.visibility END
      FROM given g LEFT JOIN before b USING (external_id)
      ON CONFLICT (community_id, source_id, external_id) DO UPDATE
        SET kind = excluded.kind, name = excluded.name, url = COALESCE(excluded.url, c.url), visibility = excluded.visibility
      RETURNING id, external_id, visibility
    )
    SELECT w.id, w.external_id AS "externalId", w.visibility, b.visibility AS before FROM written w LEFT JOIN before b USING (external_id)`);
  for (const row of rows) {
    stored.ids.set(row.externalId, row.id);
    stored.ranks.set(row.externalId, row.visibility);
  }
  const moved = rows.filter((row) => row.before !== null && row.before !== row.visibility).map((row) => row.id);
  if (moved.length > 0) stored.movedActivities = await spreadChannelVisibility(ctx, moved);
  return stored;
}

/**
 * A channel that opens opens what it alone kept closed: threads and activities that are tighter by themselves stay so, and
 * so does all of which nobody knows why it is closed.
 */
async function spreadChannelVisibility(ctx: Ctx, channelIds: string[]): Promise<string[]> {
  const threads = await ctx.db.rows<{ id: string }>(sql`
    UPDATE thread t SET visibility = GREATEST(c.visibility, COALESCE(t.own_visibility, t.visibility)) FROM channel c
    WHERE t.community_id = ${ctx.community.id} AND c.community_id = t.community_id AND c.id = t.channel_id
      AND c.id = ANY(${array(channelIds, "uuid")}) AND t.visibility <> GREATEST(c.visibility, COALESCE(t.own_visibility, t.visibility))
    RETURNING t.id`);
  return settleActivities(
    ctx,
    sql`(a.channel_id = ANY(${array(channelIds, "uuid")}) OR a.thread_id = ANY(${array(
      threads.map(({ id }) => id),
      "uuid",
    )}))`,
  );
}

/**
 * Sets activities to the tightest of their channel, their thread and what is said of them alone.
 * @param scope which, as a condition on `a`
 * @returns those that changed
 */
async function settleActivities(ctx: Ctx, scope: SQL): Promise<string[]> {
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

export interface StoredThreads {
  ids: Map<string, string>;
  ranks: Map<string, number>;
  created: Set<string>;
  changed: Set<string>;
  /** Threads that were there and changed: their activities' visibility must follow. */
  moved: string[];
}

/**
 * Stores threads; where several records state one, the earliest opening gives title and opener.
 * @throws AppError `internal` when a thread names a channel that its batch does not state
 */
export async function storeThreads(
  ctx: Ctx,
  input: { sourceId: string; floor: number; threads: readonly NormalizedThread[]; channels: StoredChannels; identities: Map<string, string> },
): Promise<StoredThreads> {
  const stored: StoredThreads = { ids: new Map(), ranks: new Map(), created: new Set(), changed: new Set(), moved: [] };
  if (input.threads.length === 0) return stored;
  const channelOf = (thread: NormalizedThread): string => {
    const id = input.channels.ids.get(thread.channel);
    if (!id) throw new AppError("internal", { public: "A thread names a channel that is not stated beside it.", internal: thread.externalId });
    return id;
  };
  const own = (t: NormalizedThread) => visibilityRank(t.visibility ?? "public");
  const rank = (t: NormalizedThread) => Math.max(own(t), input.channels.ranks.get(t.channel) ?? 0, input.floor);
  const opener = (ref: IdentityRef | undefined) => (ref ? (input.identities.get(identityKey(ref)) ?? null) : null);
  const t = input.threads;
  const ids = t.map(() => newId());
  const text = (value: string | undefined) => (value === undefined ? null : cleanText(value));
  const rows = await ctx.db.rows<{ id: string; externalId: string; visibility: number }>(sql`
    INSERT INTO thread AS t (community_id, source_id, id, external_id, channel_id, kind, ref, title, url, visibility, own_visibility, state, state_reason,
                        labels, opened_at, closed_at, deleted_at, opener_id, attributes, last_activity_at)
    SELECT ${ctx.community.id}, ${input.sourceId}, id, external_id, channel_id, kind, ref, title, url, visibility, own_visibility, state, state_reason,
           ARRAY(SELECT jsonb_array_elements_text(labels)), opened_at, closed_at, deleted_at, opener_id, attributes, opened_at
    FROM unnest(${array(ids, "uuid")}, ${array(
      t.map((x) => x.externalId),
      "text",
    )}, ${array(t.map(channelOf), "uuid")},
                ${array(
                  t.map((x) => x.kind),
                  "text",
                )}, ${array(
                  t.map((x) => x.ref ?? null),
                  "text",
                )}, ${array(
                  t.map((x) => cleanText(x.title)),
                  "text",
                )},
                ${array(
                  t.map((x) => x.url ?? null),
                  "text",
                )}, ${array(t.map(rank), "smallint")}, ${array(t.map(own), "smallint")}, ${array(
                  t.map((x) => x.state),
                  "text",
                )},
                ${array(
                  t.map((x) => text(x.stateReason)),
                  "text",
                )}, ${array(
                  t.map((x) => cleanJson(x.labels ?? [])),
                  "jsonb",
                )},
                ${array(
                  t.map((x) => x.openedAt),
                  "timestamptz",
                )}, ${array(
                  t.map((x) => x.closedAt ?? null),
                  "timestamptz",
                )},
                ${array(
                  t.map((x) => x.deletedAt ?? null),
                  "timestamptz",
                )}, ${array(
                  t.map((x) => opener(x.opener)),
                  "uuid",
                )},
                ${array(
                  t.map((x) => cleanJson(x.attributes ?? {})),
                  "jsonb",
                )})
      AS n(id, external_id, channel_id, kind, ref, title, url, visibility, own_visibility, state, state_reason, labels, opened_at, closed_at, deleted_at, opener_id, attributes)
    ON CONFLICT (community_id, source_id, external_id) DO UPDATE SET
      channel_id = excluded.channel_id, kind = excluded.kind, ref = excluded.ref, title = excluded.title, url = excluded.url,
      visibility = excluded.visibility, own_visibility = excluded.own_visibility, state = excluded.state, state_reason = excluded.state_reason, labels = excluded.labels,
      opened_at = excluded.opened_at, closed_at = excluded.closed_at, deleted_at = excluded.deleted_at, opener_id = excluded.opener_id,
      attributes = excluded.attributes
    WHERE excluded.opened_at < t.opened_at OR (excluded.opened_at = t.opened_at AND
      (t.channel_id, t.kind, t.ref, t.title, t.url, t.visibility, t.own_visibility, t.state, t.state_reason, t.labels, t.closed_at, t.deleted_at, t.opener_id, t.attributes)
      IS DISTINCT FROM (excluded.channel_id, excluded.kind, excluded.ref, excluded.title, excluded.url, excluded.visibility, excluded.own_visibility, excluded.state,
      excluded.state_reason, excluded.labels, excluded.closed_at, excluded.deleted_at, excluded.opener_id, excluded.attributes))
    RETURNING id, external_id AS "externalId", visibility`);
  const given = new Set(ids);
  for (const row of rows) {
    stored.ids.set(row.externalId, row.id);
    stored.ranks.set(row.externalId, row.visibility);
    if (given.has(row.id)) stored.created.add(row.id);
    else {
      stored.changed.add(row.id);
      stored.moved.push(row.id);
    }
  }
  const rest = t.filter((x) => !stored.ids.has(x.externalId)).map((x) => x.externalId);
  if (rest.length > 0) await addKnown(ctx, input.sourceId, rest, stored);
  return stored;
}

async function addKnown(ctx: Ctx, sourceId: string, externalIds: string[], stored: StoredThreads): Promise<void> {
  const known = await ctx.db.rows<{ id: string; externalId: string; visibility: number }>(sql`
    SELECT t.id, t.external_id AS "externalId", t.visibility FROM thread t
    WHERE t.community_id = ${ctx.community.id} AND t.source_id = ${sourceId} AND t.external_id = ANY(${array(externalIds, "text")})`);
  for (const row of known) {
    stored.ids.set(row.externalId, row.id);
    stored.ranks.set(row.externalId, row.visibility);
  }
}

/**
 * No activity is more open than its thread: those of threads that changed follow.
 * @returns the activities that changed
 */
export async function spreadThreadVisibility(ctx: Ctx, threadIds: readonly string[]): Promise<string[]> {
  if (threadIds.length === 0) return [];
  return settleActivities(ctx, sql`a.thread_id = ANY(${array(threadIds, "uuid")})`);
}

/** JSON text that jsonb accepts: it refuses escaped NUL characters, so they become the replacement character. */
export function cleanJson(value: unknown): string {
  const text = JSON.stringify(value);
  if (!text.includes("\\u0000")) return text;
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === "string" ? cleanText(part) : part));
}
