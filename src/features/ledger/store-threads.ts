import { type ArrayType, array, rowsOf, type SQL, sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { type Ctx, visibilityRank } from "../access/index.ts";
import type { IdentityRef, NormalizedThread } from "./batch.ts";
import { cleanText, identityKey } from "./merge-batch.ts";
import type { StoredChannels } from "./store-channels.ts";

/** A thread as it is held, as far as storing needs it. */
interface HeldThread {
  id: string;
  externalId: string;
  visibility: number;
  openedAt: Date;
}

/**
 * The threads that are held, by their external ids. Each is looked up by itself: before the planner knows the table it would
 * rather read all threads of the community for every group of records.
 */
export async function findThreads(ctx: Ctx, input: { sourceId: string; threads: readonly NormalizedThread[] }): Promise<Map<string, HeldThread>> {
  if (input.threads.length === 0) return new Map();
  const rows = await ctx.db.rows<HeldThread>(sql`
    SELECT t.* FROM unnest(${array(
      input.threads.map((thread) => thread.externalId),
      "text",
    )}) AS k(external_id) CROSS JOIN LATERAL (
      SELECT t.id, t.external_id AS "externalId", t.visibility, t.opened_at AS "openedAt" FROM thread t
      WHERE t.community_id = ${ctx.community.id} AND t.source_id = ${input.sourceId} AND t.external_id = k.external_id LIMIT 1
    ) t`);
  return new Map(rows.map((row) => [row.externalId, row]));
}

export interface StoredThreads {
  ids: Map<string, string>;
  ranks: Map<string, number>;
  created: Set<string>;
  changed: Set<string>;
  /** Threads that were there and changed: their activities' visibility must follow. */
  moved: string[];
}

interface StoreThreadsInput {
  sourceId: string;
  floor: number;
  threads: readonly NormalizedThread[];
  channels: StoredChannels;
  identities: ReadonlyMap<string, string>;
}

/**
 * Stores threads; where several records state one, the earliest opening gives title and opener. In a transaction, which waits
 * for what is on its way.
 * @param input.held what `findThreads` found in the same transaction, in which the source is held
 * @throws AppError `internal` when a thread names a channel that its batch does not state
 */
export async function storeThreads(ctx: Ctx, input: StoreThreadsInput & { held: ReadonlyMap<string, HeldThread> }): Promise<StoredThreads> {
  const stored: StoredThreads = { ids: new Map(), ranks: new Map(), created: new Set(), changed: new Set(), moved: [] };
  const fresh: IdentifiedThread[] = [];
  const restated: IdentifiedThread[] = [];
  for (const thread of input.threads) {
    const held = input.held.get(thread.externalId);
    const id = held?.id ?? newId();
    stored.ids.set(thread.externalId, id);
    stored.ranks.set(thread.externalId, held?.visibility ?? rankOf(thread, input));
    if (!held) {
      fresh.push({ id, thread });
      stored.created.add(id);
    } else if (thread.openedAt <= held.openedAt) restated.push({ id, thread });
  }
  if (fresh.length > 0) void insertThreads(ctx, input, { threads: fresh, end: sql`` });
  if (restated.length === 0) return stored;
  for (const row of await insertThreads(ctx, input, { threads: restated, end: takeEarlier })) {
    stored.ranks.set(row.externalId, row.visibility);
    stored.changed.add(row.id);
    stored.moved.push(row.id);
  }
  return stored;
}

interface IdentifiedThread {
  id: string;
  thread: NormalizedThread;
}

const ownRank = (thread: NormalizedThread) => visibilityRank(thread.visibility ?? "public");
const rankOf = (thread: NormalizedThread, { channels, floor }: StoreThreadsInput) =>
  Math.max(ownRank(thread), channels.ranks.get(thread.channel) ?? 0, floor);

/** What is held gives way to an earlier opening, and to what was read last of the same. */
const takeEarlier = sql`
    ON CONFLICT (community_id, source_id, external_id) DO UPDATE SET
      channel_id = excluded.channel_id, kind = excluded.kind, ref = excluded.ref, title = excluded.title, url = excluded.url,
      visibility = excluded.visibility, own_visibility = excluded.own_visibility, state = excluded.state, state_reason = excluded.state_reason, labels = excluded.labels,
      opened_at = excluded.opened_at, closed_at = excluded.closed_at, deleted_at = excluded.deleted_at, opener_id = excluded.opener_id,
      attributes = excluded.attributes
    WHERE excluded.opened_at < t.opened_at OR (excluded.opened_at = t.opened_at AND
      (t.channel_id, t.kind, t.ref, t.title, t.url, t.visibility, t.own_visibility, t.state, t.state_reason, t.labels, t.closed_at, t.deleted_at, t.opener_id, t.attributes)
      IS DISTINCT FROM (excluded.channel_id, excluded.kind, excluded.ref, excluded.title, excluded.url, excluded.visibility, excluded.own_visibility, excluded.state,
      excluded.state_reason, excluded.labels, excluded.closed_at, excluded.deleted_at, excluded.opener_id, excluded.attributes))
    RETURNING id, external_id AS "externalId", visibility`;

/**
 * @param given.end what is to happen with those that are held, and what is told of it
 * @returns what `end` asks for
 */
function insertThreads(
  ctx: Ctx,
  input: StoreThreadsInput,
  given: { threads: readonly IdentifiedThread[]; end: SQL },
): Promise<{ id: string; externalId: string; visibility: number }[]> {
  const channelOf = (thread: NormalizedThread): string => {
    const id = input.channels.ids.get(thread.channel);
    if (!id) throw new AppError("internal", { public: "A thread names a channel that is not stated beside it.", internal: thread.externalId });
    return id;
  };
  const opener = (ref: IdentityRef | undefined) => (ref ? (input.identities.get(identityKey(ref)) ?? null) : null);
  const ids = given.threads.map(({ id }) => id);
  const column = (type: ArrayType, value: (thread: NormalizedThread) => unknown) =>
    array(
      given.threads.map(({ thread }) => value(thread)),
      type,
    );
  const text = (value: string | undefined) => (value === undefined ? null : cleanText(value));
  const columns = {
    id: array(ids, "uuid"),
    external_id: column("text", (x) => x.externalId),
    channel_id: column("uuid", channelOf),
    kind: column("text", (x) => x.kind),
    ref: column("text", (x) => x.ref),
    title: column("text", (x) => cleanText(x.title)),
    url: column("text", (x) => x.url),
    visibility: column("smallint", (x) => rankOf(x, input)),
    own_visibility: column("smallint", ownRank),
    state: column("text", (x) => x.state),
    state_reason: column("text", (x) => text(x.stateReason)),
    labels: column("jsonb", (x) => (x.labels?.length ? cleanJson(x.labels) : null)),
    opened_at: column("timestamptz", (x) => x.openedAt),
    closed_at: column("timestamptz", (x) => x.closedAt),
    deleted_at: column("timestamptz", (x) => x.deletedAt),
    opener_id: column("uuid", (x) => opener(x.opener)),
    attributes: column("jsonb", (x) => (x.attributes ? cleanJson(x.attributes) : null)),
  };
  return ctx.db.rows(sql`
    INSERT INTO thread AS t (community_id, source_id, id, external_id, channel_id, kind, ref, title, url, visibility, own_visibility, state, state_reason,
                        labels, opened_at, closed_at, deleted_at, opener_id, attributes, last_activity_at)
    SELECT ${ctx.community.id}, ${input.sourceId}, id, external_id, channel_id, kind, ref, title, url, visibility, own_visibility, state, state_reason,
           CASE WHEN labels IS NULL THEN '{}' ELSE ARRAY(SELECT jsonb_array_elements_text(labels)) END, opened_at, closed_at, deleted_at, opener_id,
           COALESCE(attributes, '{}'), opened_at
    FROM ${rowsOf(columns)} AS n
    ${given.end}`);
}

/** JSON text that jsonb accepts: it refuses escaped NUL characters, so they become the replacement character. */
export function cleanJson(value: unknown): string {
  const text = JSON.stringify(value);
  if (!text.includes("\\u0000")) return text;
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === "string" ? cleanText(part) : part));
}
