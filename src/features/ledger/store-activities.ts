import { array, sql } from "#core/database/database.ts";
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

/**
 * Stores activities by their key (source, external id, kind). Unchanged ones are left untouched.
 * @throws AppError `internal` when an activity names a channel or thread that its batch does not state
 */
export async function storeActivities(
  ctx: Ctx,
  input: {
    sourceId: string;
    floor: number;
    activities: readonly NormalizedActivity[];
    channels: StoredChannels;
    threads: StoredThreads;
    identities: Map<string, string>;
  },
): Promise<StoredActivities> {
  const stored: StoredActivities = { created: [], changed: [], same: 0, createdByKind: new Map() };
  const given = input.activities;
  if (given.length === 0) return stored;
  const ids = given.map(() => newId());
  const lookUp = (map: Map<string, string>, key: string, what: string): string => {
    const id = map.get(key);
    if (!id) throw new AppError("internal", { public: `An activity names a ${what} that is not stated beside it.`, internal: key });
    return id;
  };
  const own = (a: NormalizedActivity): number => visibilityRank(a.visibility ?? "public");
  const rank = (a: NormalizedActivity): number =>
    Math.max(own(a), input.channels.ranks.get(a.channel) ?? 0, a.thread === undefined ? 0 : (input.threads.ranks.get(a.thread) ?? 0), input.floor);
  const text = (value: string | undefined) => (value === undefined ? null : cleanText(value));
  const rows = await ctx.db.rows<{ id: string; kind: string }>(sql`
    INSERT INTO activity AS a (community_id, source_id, id, kind, external_id, channel_id, thread_id, reply_to, identity_id, unattributed,
                               visibility, own_visibility, occurred_at, edited_at, deleted_at, title, body, url, attributes, content_hash)
    SELECT ${ctx.community.id}, ${input.sourceId}, * FROM unnest(
      ${array(ids, "uuid")}, ${array(
        given.map((a) => a.kind),
        "text",
      )}, ${array(
        given.map((a) => cleanText(a.externalId)),
        "text",
      )},
      ${array(
        given.map((a) => lookUp(input.channels.ids, a.channel, "channel")),
        "uuid",
      )},
      ${array(
        given.map((a) => (a.thread === undefined ? null : lookUp(input.threads.ids, a.thread, "thread"))),
        "uuid",
      )},
      ${array(
        given.map((a) => text(a.replyTo)),
        "text",
      )},
      ${array(
        given.map((a) => (a.author ? lookUp(input.identities, identityKey(a.author), "person") : null)),
        "uuid",
      )},
      ${array(
        given.map((a) => (a.author ? null : (text(a.unattributed) ?? "unknown"))),
        "text",
      )},
      ${array(given.map(rank), "smallint")}, ${array(given.map(own), "smallint")}, ${array(
        given.map((a) => a.occurredAt),
        "timestamptz",
      )},
      ${array(
        given.map((a) => a.editedAt ?? null),
        "timestamptz",
      )}, ${array(
        given.map((a) => a.deletedAt ?? null),
        "timestamptz",
      )},
      ${array(
        given.map((a) => text(a.title)),
        "text",
      )}, ${array(
        given.map((a) => text(a.body)),
        "text",
      )},
      ${array(
        given.map((a) => text(a.url)),
        "text",
      )},
      ${array(
        given.map((a) => (a.attributes ? cleanJson(a.attributes) : null)),
        "jsonb",
      )},
      ${array(given.map(hashActivity), "bigint")})
    ON CONFLICT (community_id, source_id, external_id, kind) DO UPDATE SET
      channel_id = excluded.channel_id, thread_id = excluded.thread_id, reply_to = excluded.reply_to, identity_id = excluded.identity_id,
      unattributed = excluded.unattributed, visibility = excluded.visibility, own_visibility = excluded.own_visibility, occurred_at = excluded.occurred_at,
      edited_at = excluded.edited_at, deleted_at = excluded.deleted_at, title = excluded.title, body = excluded.body, url = excluded.url,
      attributes = excluded.attributes, content_hash = excluded.content_hash
    WHERE a.content_hash <> excluded.content_hash
    RETURNING a.id, a.kind`);
  const fresh = new Set(ids);
  for (const row of rows) {
    if (fresh.has(row.id)) {
      stored.created.push(row.id);
      stored.createdByKind.set(row.kind, (stored.createdByKind.get(row.kind) ?? 0) + 1);
    } else stored.changed.push(row.id);
  }
  stored.same = given.length - rows.length;
  return stored;
}

/**
 * Applies deletions: what a record stated before and states no longer. The words go, the row stays as a mark that
 * something stood there.
 * @returns the ids of activities that were not deleted before
 */
export async function deleteActivities(
  ctx: Ctx,
  input: { sourceId: string; keys: readonly { externalId: string; kind: string }[] },
): Promise<string[]> {
  if (input.keys.length === 0) return [];
  const rows = await ctx.db.rows<{ id: string }>(sql`
    UPDATE activity a SET deleted_at = ${ctx.clock.now()}, title = NULL, body = NULL, attributes = NULL, content_hash = 0
    FROM unnest(${array(
      input.keys.map((k) => k.externalId),
      "text",
    )}, ${array(
      input.keys.map((k) => k.kind),
      "text",
    )}) AS k(external_id, kind)
    WHERE a.community_id = ${ctx.community.id} AND a.source_id = ${input.sourceId}
      AND a.external_id = k.external_id AND a.kind = k.kind AND a.deleted_at IS NULL
    RETURNING a.id`);
  return rows.map((row) => row.id);
}
