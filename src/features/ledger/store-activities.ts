import { setImmediate as nextTurn } from "node:timers/promises";
import { type ArrayType, array, namesOf, rowsOf, type SQL, sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { type Ctx, visibilityRank } from "../access/index.ts";
import type { NormalizedActivity } from "./batch.ts";
import { cleanText, hashActivity, identityKey } from "./merge-batch.ts";
import type { StoredChannels } from "./store-channels.ts";
import { cleanJson, type StoredThreads } from "./store-threads.ts";

export interface StoredActivities {
  created: string[];
  changed: string[];
  same: number;
  /** New ones, by kind. */
  createdByKind: Map<string, number>;
}

/** Activities as they are sent, but for what only the database knows: the ids of channel, thread and author, and how open these are. */
export interface EncodedActivities {
  ids: string[];
  kinds: string[];
  channels: string[];
  threads: (string | undefined)[];
  authors: (string | undefined)[];
  ownRanks: number[];
  /** By the names of the table's columns. */
  columns: Record<string, SQL>;
}

/** Makes activities ready to be sent, column by column: in between, what is being stored gets its turn. */
export async function encodeActivities(given: readonly NormalizedActivity[]): Promise<EncodedActivities> {
  const text = (value: string | undefined) => (value === undefined ? null : cleanText(value));
  const column = async (type: ArrayType, value: (activity: NormalizedActivity) => unknown) => {
    await nextTurn();
    return array(given.map(value), type);
  };
  const kinds = given.map((a) => a.kind);
  return {
    ids: given.map(() => newId()),
    kinds,
    channels: given.map((a) => a.channel),
    threads: given.map((a) => a.thread),
    authors: given.map((a) => a.author && identityKey(a.author)),
    ownRanks: given.map((a) => visibilityRank(a.visibility ?? "public")),
    columns: {
      kind: array(kinds, "text"),
      external_id: await column("text", (a) => cleanText(a.externalId)),
      reply_to: await column("text", (a) => text(a.replyTo)),
      unattributed: await column("text", (a) => (a.author ? null : (text(a.unattributed) ?? "unknown"))),
      occurred_at: await column("timestamptz", (a) => a.occurredAt),
      edited_at: await column("timestamptz", (a) => a.editedAt),
      deleted_at: await column("timestamptz", (a) => a.deletedAt),
      title: await column("text", (a) => text(a.title)),
      body: await column("text", (a) => text(a.body)),
      url: await column("text", (a) => text(a.url)),
      attributes: await column("jsonb", (a) => a.attributes && cleanJson(a.attributes)),
      content_hash: await column("bigint", hashActivity),
    },
  };
}

/** What is held gives way where its source has changed it. */
const takeChanged = sql`
    ON CONFLICT (community_id, source_id, external_id, kind) DO UPDATE SET
      channel_id = excluded.channel_id, thread_id = excluded.thread_id, reply_to = excluded.reply_to, identity_id = excluded.identity_id,
      unattributed = excluded.unattributed, visibility = excluded.visibility, own_visibility = excluded.own_visibility, occurred_at = excluded.occurred_at,
      edited_at = excluded.edited_at, deleted_at = excluded.deleted_at, title = excluded.title, body = excluded.body, url = excluded.url,
      attributes = excluded.attributes, content_hash = excluded.content_hash
    WHERE a.content_hash <> excluded.content_hash`;

/**
 * Stores activities by their key (source, external id, kind). Unchanged ones are left untouched. In a transaction, which
 * waits for what is on its way.
 * @throws AppError `internal` when an activity names a channel or thread that its batch does not state
 */
export async function storeActivities(
  ctx: Ctx,
  input: {
    sourceId: string;
    floor: number;
    /** None is held, as far as is known; the insert fails when one is. */
    onlyNew: boolean;
    activities: EncodedActivities;
    channels: StoredChannels;
    threads: StoredThreads;
    identities: ReadonlyMap<string, string>;
  },
): Promise<StoredActivities> {
  const { ids, kinds, channels, threads, authors, ownRanks, columns } = input.activities;
  if (ids.length === 0) return { created: [], changed: [], same: 0, createdByKind: new Map() };
  const lookUp = (map: ReadonlyMap<string, string>, key: string | undefined, what: string): string | null => {
    if (key === undefined) return null;
    const id = map.get(key);
    if (!id) throw new AppError("internal", { public: `An activity names a ${what} that is not stated beside it.`, internal: key });
    return id;
  };
  const channelIds = channels.map((key) => lookUp(input.channels.ids, key, "channel"));
  const threadIds = threads.map((key) => lookUp(input.threads.ids, key, "thread"));
  const authorIds = authors.map((key) => lookUp(input.identities, key, "person"));
  const ranks = ownRanks.map((own, at) =>
    Math.max(own, input.channels.ranks.get(channels[at] ?? "") ?? 0, input.threads.ranks.get(threads[at] ?? "") ?? 0, input.floor),
  );
  const given = {
    id: array(ids, "uuid"),
    ...columns,
    channel_id: array(channelIds, "uuid"),
    thread_id: array(threadIds, "uuid"),
    identity_id: array(authorIds, "uuid"),
    visibility: array(ranks, "smallint"),
    own_visibility: array(ownRanks, "smallint"),
  };
  const insert = sql`
    INSERT INTO activity AS a (community_id, source_id, ${namesOf(given)})
    SELECT ${ctx.community.id}, ${input.sourceId}, n.* FROM ${rowsOf(given)} AS n`;
  if (input.onlyNew) {
    void ctx.db.execute(insert);
    return { created: ids, changed: [], same: 0, createdByKind: countKinds(kinds) };
  }
  const rows = await ctx.db.rows<{ id: string }>(sql`${insert} ${takeChanged} RETURNING a.id`);
  const kindOf = new Map(ids.map((id, at) => [id, kinds[at] ?? ""]));
  const created = rows.flatMap(({ id }) => (kindOf.has(id) ? [id] : []));
  return {
    created,
    changed: rows.flatMap(({ id }) => (kindOf.has(id) ? [] : [id])),
    same: ids.length - rows.length,
    createdByKind: countKinds(created.map((id) => kindOf.get(id) ?? "")),
  };
}

function countKinds(kinds: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** An activity that was deleted just now, with the words that it had. */
export interface GoneActivity {
  id: string;
  threadId: string | null;
  occurredAt: Date;
  words: string;
}

/**
 * Applies deletions: what a record stated before and states no longer. The words go, the row stays as a mark that
 * something stood there.
 * @returns those that were not deleted before
 */
export async function deleteActivities(
  ctx: Ctx,
  input: { sourceId: string; keys: readonly { externalId: string; kind: string }[] },
): Promise<GoneActivity[]> {
  if (input.keys.length === 0) return [];
  return ctx.db.rows<GoneActivity>(sql`
    WITH gone AS (
      SELECT a.id, a.thread_id, a.occurred_at, concat_ws(' ', a.title, left(a.body, 4000)) AS words
      FROM activity a JOIN unnest(${array(
        input.keys.map((k) => k.externalId),
        "text",
      )}, ${array(
        input.keys.map((k) => k.kind),
        "text",
      )}) AS k(external_id, kind) USING (external_id, kind)
      WHERE a.community_id = ${ctx.community.id} AND a.source_id = ${input.sourceId} AND a.deleted_at IS NULL
    )
    UPDATE activity a SET deleted_at = ${ctx.clock.now()}, title = NULL, body = NULL, attributes = NULL, content_hash = 0
    FROM gone WHERE a.community_id = ${ctx.community.id} AND a.id = gone.id
    RETURNING a.id, gone.thread_id AS "threadId", gone.occurred_at AS "occurredAt", gone.words`);
}
