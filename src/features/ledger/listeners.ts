import type { CoreContext } from "#core/context.ts";
import { array, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";
import type { ListenState } from "./connector.ts";

/** A listener as the source's page shows it. */
export interface ListenerRow {
  state: "connecting" | "connected" | "waiting" | "failed" | "stopped";
  since: Date;
  /** Why it waits or failed, with what to do about it. */
  reason: string;
  lastReceivedAt: Date | null;
}

/** A source of a connector that can listen, with who listens to it now. */
export interface ListenableSource {
  communityId: string;
  sourceId: string;
  connector: string;
  /** As stored: secrets are sealed. */
  settings: unknown;
  paused: boolean;
  /** Changes with all that a listener goes by. */
  fingerprint: string;
  listener: { owner: string; isLeased: boolean; state: ListenerRow["state"]; fingerprint: string } | null;
}

/** Names the source of a listener and who it is. */
export interface ListenerKey {
  communityId: string;
  sourceId: string;
  owner: string;
}

// The database's clock decides on leases: those of the machines may differ by more than a lease is long.
const leaseEnd = sql`now() + interval '30 seconds'`;
/** A lease that was not renewed for so long may be another's by now. */
export const leaseMs = 30_000;

/** Sources of every community that may be listened to. @param input.connectors ids and aliases of those that can */
export async function listListenable(core: CoreContext, input: { connectors: readonly string[] }): Promise<ListenableSource[]> {
  const rows = await core.db.rows<
    Omit<ListenableSource, "listener"> & { owner: string | null; isLeased: boolean; state: ListenerRow["state"]; held: string }
  >(sql`
    SELECT s.community_id AS "communityId", s.id AS "sourceId", s.connector, s.settings, s.paused,
      md5(s.connector || s.settings::text || s.privacy::text) AS fingerprint,
      l.owner, l.lease_until > now() AS "isLeased", l.state, l.fingerprint AS held
    FROM source s LEFT JOIN listener l ON l.community_id = s.community_id AND l.source_id = s.id
    WHERE s.connector = ANY(${array(input.connectors, "text")})`);
  return rows.map(({ owner, isLeased, state, held, ...source }) => ({
    ...source,
    listener: owner === null ? null : { owner, isLeased, state, fingerprint: held },
  }));
}

/**
 * Takes the lease of a source's listener, if nobody holds it and it did not fail for good by the same settings.
 * @returns whether it is ours
 */
export async function claimListener(core: CoreContext, input: ListenerKey & { fingerprint: string }): Promise<boolean> {
  const taken = await core.db.execute(sql`
    INSERT INTO listener (community_id, source_id, owner, lease_until, fingerprint, state, since)
    SELECT s.community_id, s.id, ${input.owner}, ${leaseEnd}, ${input.fingerprint}, 'connecting', now()
    FROM source s WHERE s.community_id = ${input.communityId} AND s.id = ${input.sourceId} AND NOT s.paused
    ON CONFLICT (community_id, source_id) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until,
      fingerprint = excluded.fingerprint, state = excluded.state, since = excluded.since, reason = ''
    WHERE listener.lease_until <= now() AND NOT (listener.state = 'failed' AND listener.fingerprint = excluded.fingerprint)`);
  return taken === 1;
}

/** Holds on to leases. @returns the sources whose lease is still ours */
export async function renewListeners(
  core: CoreContext,
  input: { owner: string; sources: readonly { communityId: string; sourceId: string }[] },
): Promise<string[]> {
  if (input.sources.length === 0) return [];
  const rows = await core.db.rows<{ sourceId: string }>(sql`
    UPDATE listener l SET lease_until = ${leaseEnd}
    FROM unnest(${array(
      input.sources.map((one) => one.communityId),
      "uuid",
    )}, ${array(
      input.sources.map((one) => one.sourceId),
      "uuid",
    )}) AS n(community_id, source_id)
    WHERE l.community_id = n.community_id AND l.source_id = n.source_id AND l.owner = ${input.owner}
    RETURNING l.source_id AS "sourceId"`);
  return rows.map((row) => row.sourceId);
}

/** Notes how a listener's connection is, for the source's page. */
export async function noteListener(core: CoreContext, input: ListenerKey & { to: ListenState | { state: "failed"; reason: string } }): Promise<void> {
  const { to } = input;
  await core.db.execute(sql`
    UPDATE listener SET state = ${to.state}, reason = ${"reason" in to ? to.reason.slice(0, 1000) : ""},
      since = CASE WHEN state = ${to.state} THEN since ELSE now() END
    WHERE ${isMine(input)}`);
}

/** Gives the lease back: another process may listen at once. What failed stays noted, until the settings change. */
export async function releaseListener(core: CoreContext, input: ListenerKey): Promise<void> {
  await core.db.execute(sql`
    UPDATE listener SET lease_until = now(), state = CASE WHEN state = 'failed' THEN state ELSE 'stopped' END,
      since = CASE WHEN state = 'failed' THEN since ELSE now() END
    WHERE ${isMine(input)}`);
}

/** Forgets the listener of a source that is to be listened to no longer. */
export async function forgetListener(core: CoreContext, input: ListenerKey): Promise<void> {
  await core.db.execute(sql`DELETE FROM listener WHERE ${isMine(input)}`);
}

/** Notes that something came. */
export async function noteReceived(ctx: Ctx, input: { sourceId: string }): Promise<void> {
  await ctx.db.execute(
    sql`UPDATE listener SET last_received_at = ${ctx.clock.now()} WHERE community_id = ${ctx.community.id} AND source_id = ${input.sourceId}`,
  );
}

/** How a source's listener does; null where nobody listens and nobody is asked to. */
export async function readListener(ctx: Ctx, input: { sourceId: string }): Promise<ListenerRow | null> {
  const row = await ctx.db.first<ListenerRow & { isLeased: boolean }>(sql`
    SELECT state, since, reason, last_received_at AS "lastReceivedAt", lease_until > now() AS "isLeased"
    FROM listener WHERE community_id = ${ctx.community.id} AND source_id = ${input.sourceId}`);
  if (!row) return null;
  const { isLeased, ...shown } = row;
  // Its process ended without a word.
  return isLeased || shown.state === "failed" ? shown : { ...shown, state: "stopped" };
}

const isMine = (key: ListenerKey) => sql`community_id = ${key.communityId} AND source_id = ${key.sourceId} AND owner = ${key.owner}`;
