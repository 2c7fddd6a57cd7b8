import { array, sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { type Ctx, visibilityRank } from "../access/index.ts";
import type { NormalizedChannel } from "./batch.ts";
import { cleanText } from "./merge-batch.ts";
import { settleActivities } from "./settle-activities.ts";

export interface StoredChannels {
  ids: Map<string, string>;
  ranks: Map<string, number>;
  /** Activities that became more open or more closed with their channel. */
  movedActivities: string[];
}

/** A channel as it is held. */
interface HeldChannel {
  id: string;
  externalId: string;
  kind: string;
  name: string;
  url: string | null;
  visibility: number;
}

/** The channels that are held, by their external ids. */
export async function findChannels(ctx: Ctx, input: { sourceId: string; channels: readonly NormalizedChannel[] }): Promise<Map<string, HeldChannel>> {
  if (input.channels.length === 0) return new Map();
  const rows = await ctx.db.rows<HeldChannel>(sql`
    SELECT c.id, c.external_id AS "externalId", c.kind, c.name, c.url, c.visibility FROM channel c
    WHERE c.community_id = ${ctx.community.id} AND c.source_id = ${input.sourceId} AND c.external_id = ANY(${array(
      input.channels.map((c) => c.externalId),
      "text",
    )})`);
  return new Map(rows.map((row) => [row.externalId, row]));
}

/**
 * Stores channels that are new or say something new. A channel whose visibility changed takes its threads and activities along.
 * @param input.floor the source's own rank: nothing of it is more open than that
 * @param input.held what `findChannels` found in the same transaction, in which the source is held
 */
export async function storeChannels(
  ctx: Ctx,
  input: { sourceId: string; floor: number; channels: readonly NormalizedChannel[]; held: ReadonlyMap<string, HeldChannel> },
): Promise<StoredChannels> {
  const stored: StoredChannels = { ids: new Map(), ranks: new Map(), movedActivities: [] };
  const told = input.channels.filter((channel) => {
    const held = input.held.get(channel.externalId);
    if (!held || !saysTheSame(channel, held, input.floor)) return true;
    stored.ids.set(channel.externalId, held.id);
    stored.ranks.set(channel.externalId, held.visibility);
    return false;
  });
  if (told.length > 0) await writeChannels(ctx, { ...input, channels: told }, stored);
  return stored;
}

function saysTheSame(channel: NormalizedChannel, held: HeldChannel, floor: number): boolean {
  if (channel.url !== undefined && channel.url !== held.url) return false;
  if (channel.partial) return held.visibility >= floor;
  return (
    held.kind === channel.kind && held.name === cleanText(channel.name) && held.visibility === Math.max(visibilityRank(channel.visibility), floor)
  );
}

async function writeChannels(
  ctx: Ctx,
  input: { sourceId: string; floor: number; channels: readonly NormalizedChannel[] },
  stored: StoredChannels,
): Promise<void> {
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
