import { hostname } from "node:os";
import { json, sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { processBegan } from "#core/process-began.ts";
import type { Ctx } from "../access/index.ts";

export type SyncTrigger = "import" | "schedule" | "manual" | "replay" | "webhook";

/** A run on another machine whose heart has not beaten for this long is taken for dead. */
const heartbeatMaxAgeMs = 60_000;

interface RunningSync {
  id: string;
  heartbeatAt: Date;
  progress: { pid?: number; host?: string; began?: string };
}

/**
 * Notes that a run is to come, so that whoever asked for it can watch it from now on.
 * @returns the run's id; `startSync` takes it over
 */
export async function queueSync(ctx: Ctx, input: { sourceId: string; trigger: SyncTrigger; subject?: string }): Promise<string> {
  const id = newId();
  await ctx.db.execute(sql`
    INSERT INTO sync (community_id, id, source_id, trigger, state, subject, started_at, progress)
    VALUES (${ctx.community.id}, ${id}, ${input.sourceId}, ${input.trigger}, 'queued', ${input.subject ?? null}, ${ctx.clock.now()}, '{}')`);
  return id;
}

/**
 * Opens a run on a source. One source never runs twice at once; a run whose process died is closed as failed.
 * @throws AppError `busy` when another run is at work
 */
export async function startSync(ctx: Ctx, input: { sourceId: string; trigger: SyncTrigger; subject?: string; syncId?: string }): Promise<string> {
  const id = input.syncId ?? newId();
  await ctx.db.transaction(async (tx) => {
    await tx.execute(sql`SELECT pg_advisory_xact_lock(hashtextextended(${`sync:${ctx.community.id}:${input.sourceId}`}, 0))`);
    const running = await tx.rows<RunningSync>(sql`
      SELECT id, heartbeat_at AS "heartbeatAt", progress FROM sync
      WHERE community_id = ${ctx.community.id} AND source_id = ${input.sourceId} AND state = 'running'`);
    for (const run of running) {
      if (isAlive(run, ctx.clock.now())) {
        throw new AppError("busy", { public: "This source is being brought in already. Wait until that run has ended, or stop it, and try again." });
      }
      const error = { message: "The process that ran it ended before it was done. Run it again: it goes on where it stopped." };
      await tx.execute(sql`
        UPDATE sync SET state = 'failed', finished_at = ${ctx.clock.now()}, error = ${json(error)}
        WHERE community_id = ${ctx.community.id} AND id = ${run.id}`);
    }
    await tx.execute(sql`
      INSERT INTO sync (community_id, id, source_id, trigger, state, subject, started_at, heartbeat_at, progress)
      VALUES (${ctx.community.id}, ${id}, ${input.sourceId}, ${input.trigger}, 'running', ${input.subject ?? null}, ${ctx.clock.now()},
              ${ctx.clock.now()}, ${json(self())})
      ON CONFLICT (community_id, id) DO UPDATE SET state = 'running', source_id = excluded.source_id, started_at = excluded.started_at,
        heartbeat_at = excluded.heartbeat_at, progress = excluded.progress, finished_at = NULL, error = NULL`);
  });
  return id;
}

function isAlive(run: RunningSync, now: Date): boolean {
  if (run.progress.host !== hostname() || run.progress.pid === undefined) {
    return now.getTime() - run.heartbeatAt.getTime() < heartbeatMaxAgeMs;
  }
  const began = processBegan(run.progress.pid);
  return began !== undefined && began === run.progress.began;
}

/** Which process runs it: its id alone may be another's by now, in a container it always is. */
function self(): { pid: number; host: string; began: string } {
  return { pid: process.pid, host: hostname(), began: processBegan(process.pid) ?? "" };
}

/** Notes how far a run is, for the pages that watch it. */
export async function beat(ctx: Ctx, input: { syncId: string; progress: object; counts: object }): Promise<void> {
  await ctx.db.execute(sql`
    UPDATE sync SET heartbeat_at = ${ctx.clock.now()}, counts = ${json(input.counts)},
           progress = ${json({ ...input.progress, ...self() })}
    WHERE community_id = ${ctx.community.id} AND id = ${input.syncId} AND state = 'running'`);
}

/** Ends a run well. */
export async function finishSync(
  ctx: Ctx,
  input: { syncId: string; sourceId: string; stream: string; counts: object; progress: object },
): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    await tx.execute(sql`
      UPDATE sync SET state = 'done', finished_at = ${ctx.clock.now()}, counts = ${json(input.counts)}, progress = ${json(input.progress)}
      WHERE community_id = ${ctx.community.id} AND id = ${input.syncId}`);
    await tx.execute(sql`
      INSERT INTO stream (community_id, source_id, name, last_success_at) VALUES (${ctx.community.id}, ${input.sourceId}, ${input.stream}, ${ctx.clock.now()})
      ON CONFLICT (community_id, source_id, name) DO UPDATE SET last_success_at = excluded.last_success_at`);
  });
}

/** Ends a run that failed or was stopped; what it had stored stays, and the next run goes on from there. */
export async function failSync(ctx: Ctx, input: { syncId: string; error: AppError; cancelled: boolean; counts: object }): Promise<void> {
  const error = { code: input.error.code, message: input.error.message };
  await ctx.db.execute(sql`
    UPDATE sync SET state = ${input.cancelled ? "cancelled" : "failed"}, finished_at = ${ctx.clock.now()}, counts = ${json(input.counts)},
           error = ${input.cancelled ? null : json(error)}
    WHERE community_id = ${ctx.community.id} AND id = ${input.syncId}`);
  await logSync(ctx, {
    syncId: input.syncId,
    level: input.cancelled ? "info" : "error",
    message: input.cancelled && input.error.code !== "paused" ? "Stopped by hand." : error.message,
  });
}

/** Whether the source's run before this one ended before it was done. */
export async function wasCutShort(ctx: Ctx, input: { sourceId: string; syncId: string }): Promise<boolean> {
  const row = await ctx.db.first<{ state: string }>(sql`
    SELECT state FROM sync WHERE community_id = ${ctx.community.id} AND source_id = ${input.sourceId} AND id <> ${input.syncId}
    ORDER BY started_at DESC, id DESC LIMIT 1`);
  return row !== undefined && row.state !== "done";
}

/** Ends a run that never came to its start, so that nobody waits for it. */
export async function closeQueued(ctx: Ctx, input: { syncId: string; error: AppError }): Promise<void> {
  const waiting = await ctx.db.first<{ id: string }>(
    sql`SELECT id FROM sync WHERE community_id = ${ctx.community.id} AND id = ${input.syncId} AND state = 'queued'`,
  );
  if (waiting) await failSync(ctx, { ...input, cancelled: false, counts: {} });
}

/** Adds a line to a run's log; a run that went with its source has none. */
export async function logSync(ctx: Ctx, input: { syncId: string; level: "info" | "warn" | "error"; message: string }): Promise<void> {
  await ctx.db.execute(sql`
    INSERT INTO sync_log (community_id, sync_id, id, at, level, message)
    SELECT s.community_id, s.id, ${newId()}::uuid, ${ctx.clock.now()}::timestamptz, ${input.level}, ${input.message.slice(0, 2000)}
    FROM sync s WHERE s.community_id = ${ctx.community.id} AND s.id = ${input.syncId}`);
}
