import type { CoreContext } from "#core/context.ts";
import { sql } from "#core/database/database.ts";
import { AppError, toAppError } from "#core/errors.ts";
import { type Ctx, editorRoles, requireRole } from "../access/index.ts";
import type { Connector } from "./connector.ts";
import { type RunPullInput, runPull } from "./run-pull.ts";
import type { SyncOutcome } from "./run-records.ts";
import { closeQueued } from "./sync-runs.ts";

/** A source with streams whose next run is due. */
export interface DueSource {
  communityId: string;
  sourceId: string;
  connector: string;
}

const dueAtOnce = 500;

/** Sources of every community that are to be pulled now, those that wait longest first. */
export function listDueSources(core: CoreContext): Promise<DueSource[]> {
  return core.db.rows<DueSource>(sql`
    SELECT m.community_id AS "communityId", m.source_id AS "sourceId", s.connector
    FROM stream m JOIN source s ON s.community_id = m.community_id AND s.id = m.source_id
    WHERE m.next_run_at <= ${core.clock.now()} AND NOT s.paused
    GROUP BY m.community_id, m.source_id, s.connector ORDER BY min(m.next_run_at) LIMIT ${dueAtOnce}`);
}

/** A day: a source that fails for ever is asked no more often. */
const pauseMaxMinutes = 24 * 60;

/**
 * Pulls the streams of a source that are due, or all of them, one after the other; one that fails does not hold up the
 * next. When each runs again is noted: after its own time, or later and later while it fails.
 * @throws AppError of the first stream that failed, when all have been tried; `busy` and `paused` at once
 */
export async function pullSource(
  ctx: Ctx,
  input: Omit<RunPullInput, "stream"> & { streams?: readonly string[]; dueOnly?: boolean },
): Promise<SyncOutcome[]> {
  requireRole(ctx, editorRoles, { scope: "import" });
  const { connector, sourceId } = input;
  const names = input.streams ?? pullable(connector);
  const due = input.dueOnly ? await dueStreams(ctx, sourceId) : undefined;
  const outcomes: SyncOutcome[] = [];
  let failure: unknown;
  // The run that was queued is the first stream's; those after it open their own.
  let { syncId } = input;
  for (const stream of names) {
    if (due && !due.has(stream)) continue;
    if (input.signal?.aborted) break;
    try {
      outcomes.push(await runPull(ctx, { ...input, stream, syncId }));
      await noteNextRun(ctx, { connector, sourceId, stream, failed: false });
    } catch (error) {
      if (syncId) await closeQueued(ctx, { syncId, error: toAppError(error) });
      if (error instanceof AppError && (error.code === "busy" || error.code === "paused")) throw error;
      failure ??= error;
      if (!input.signal?.aborted) await noteNextRun(ctx, { connector, sourceId, stream, failed: true });
    }
    syncId = undefined;
  }
  if (failure !== undefined) throw failure;
  return outcomes;
}

/** The streams of a connector that are pulled on a schedule. */
export function pullable(connector: Connector): string[] {
  if (!connector.pull) return [];
  return Object.entries(connector.streams)
    .filter(([, stream]) => stream.everyMinutes !== undefined)
    .map(([name]) => name);
}

async function dueStreams(ctx: Ctx, sourceId: string): Promise<Set<string>> {
  const rows = await ctx.db.rows<{ name: string }>(sql`
    SELECT name FROM stream WHERE community_id = ${ctx.community.id} AND source_id = ${sourceId} AND next_run_at <= ${ctx.clock.now()}`);
  return new Set(rows.map(({ name }) => name));
}

async function noteNextRun(ctx: Ctx, input: { connector: Connector; sourceId: string; stream: string; failed: boolean }): Promise<void> {
  const every = input.connector.streams[input.stream]?.everyMinutes;
  if (every === undefined) return;
  const held = await ctx.db.first<{ failures: number }>(sql`
    SELECT failures FROM stream WHERE community_id = ${ctx.community.id} AND source_id = ${input.sourceId} AND name = ${input.stream}`);
  const failures = input.failed ? (held?.failures ?? 0) + 1 : 0;
  const minutes = Math.min(Math.max(every, 1) * 2 ** Math.min(failures, 20), Math.max(pauseMaxMinutes, every));
  const next = new Date(ctx.clock.now().getTime() + minutes * 60_000);
  await ctx.db.execute(sql`
    INSERT INTO stream (community_id, source_id, name, next_run_at, failures)
    VALUES (${ctx.community.id}, ${input.sourceId}, ${input.stream}, ${next}, ${failures})
    ON CONFLICT (community_id, source_id, name) DO UPDATE SET next_run_at = excluded.next_run_at, failures = excluded.failures`);
}
