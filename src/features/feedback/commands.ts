import { sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { actorOf, type Ctx, editorRoles, recordAudit, requireRole, visibleTo } from "../access/index.ts";
import { getSignal, type SignalRow, type SignalState } from "./queries.ts";
import type { SignalKind } from "./text-rules.ts";

interface Held {
  id: string;
  kind: SignalKind;
  state: SignalState;
  activityId: string;
}

/** Product people judge feedback too; it is their queue. */
const deciderRoles = [...editorRoles, "product"] as const;

/**
 * Says that a signal is what it is taken for. Rules no longer change it.
 * @returns the signal as it stands now
 * @throws AppError `forbidden`, `not_found`
 */
export function confirmSignal(ctx: Ctx, input: { signalId: string }): Promise<SignalRow> {
  return decide(ctx, input.signalId, "confirmed");
}

/** Says that a signal is none. It stays stored, so that no rule brings it back. */
export function dismissSignal(ctx: Ctx, input: { signalId: string }): Promise<SignalRow> {
  return decide(ctx, input.signalId, "dismissed");
}

/**
 * Says that the passage is feedback of another kind: the signal is dismissed, and one of the new kind, with the same
 * quote, is confirmed.
 * @returns the signal of the new kind
 */
export async function reclassifySignal(ctx: Ctx, input: { signalId: string; kind: SignalKind }): Promise<SignalRow> {
  const otherId = await changing(ctx, async (tx) => {
    const held = await lockSignal(tx, input.signalId);
    if (held.kind === input.kind) throw new AppError("conflict", { public: `It is a ${input.kind} already. Confirm it instead.` });
    const other = await tx.db.first<Held>(sql`
      SELECT id, kind, state, activity_id AS "activityId" FROM signal
      WHERE community_id = ${ctx.community.id} AND activity_id = ${held.activityId} AND kind = ${input.kind} FOR UPDATE`);
    const id = other?.id ?? newId();
    if (other) await setState(tx, id, "confirmed");
    else {
      await tx.db.execute(sql`
        INSERT INTO signal (community_id, id, activity_id, source_id, thread_id, identity_id, visibility, occurred_at, kind, quote, quote_start,
          quote_end, rule, reason, confidence, state, created_at)
        SELECT community_id, ${id}, activity_id, source_id, thread_id, identity_id, visibility, occurred_at, ${input.kind}, quote, quote_start,
          quote_end, 'person', ${`Reclassified by hand from ${held.kind}.`}, 1, 'confirmed', ${ctx.clock.now()}
        FROM signal WHERE community_id = ${ctx.community.id} AND id = ${held.id}`);
    }
    await setState(tx, held.id, "dismissed");
    await recordDecision(tx, held, "reclassified", { id, stateBefore: other?.state ?? null, kind: input.kind });
    return id;
  });
  return present(ctx, otherId);
}

/**
 * Takes the newest decision about a signal back: it stands as before, exactly. Decisions can be taken back one by one.
 * @throws AppError `conflict` when nobody decided, or a newer decision builds on it
 */
export async function undoSignalDecision(ctx: Ctx, input: { signalId: string }): Promise<SignalRow> {
  const signalId = await changing(ctx, async (tx) => {
    await lockSignal(tx, input.signalId);
    const decision = await tx.db.first<Decision>(sql`
      SELECT id, signal_id AS "signalId", action, state_before AS "stateBefore", other_signal_id AS "otherId", other_state_before AS "otherStateBefore"
      FROM signal_decision
      WHERE community_id = ${ctx.community.id} AND (signal_id = ${input.signalId} OR other_signal_id = ${input.signalId}) AND undone_at IS NULL
      ORDER BY id DESC LIMIT 1`);
    if (!decision) throw new AppError("conflict", { public: "Nobody decided about this signal, so there is nothing to undo." });
    await refuseBuiltOn(tx, decision);
    await tx.db.execute(sql`
      UPDATE signal_decision SET undone_at = ${ctx.clock.now()}
      WHERE community_id = ${ctx.community.id} AND signal_id = ${decision.signalId} AND id = ${decision.id}`);
    await setState(tx, decision.signalId, decision.stateBefore);
    if (decision.otherId !== null && decision.otherStateBefore !== null) await setState(tx, decision.otherId, decision.otherStateBefore);
    if (decision.otherId !== null && decision.otherStateBefore === null) {
      await tx.db.execute(sql`DELETE FROM signal WHERE community_id = ${ctx.community.id} AND id = ${decision.otherId}`);
    }
    await recordAudit(tx, {
      action: "signal.decision_undone",
      objectKind: "signal",
      objectId: decision.signalId,
      detail: { undone: decision.action, state: decision.stateBefore },
    });
    return decision.signalId;
  });
  return present(ctx, signalId);
}

interface Decision {
  id: string;
  signalId: string;
  action: string;
  stateBefore: SignalState;
  otherId: string | null;
  otherStateBefore: SignalState | null;
}

async function refuseBuiltOn(ctx: Ctx, decision: Decision): Promise<void> {
  const newer = await ctx.db.first(sql`
    SELECT id FROM signal_decision
    WHERE community_id = ${ctx.community.id} AND undone_at IS NULL AND id > ${decision.id}
      AND (signal_id IN (${decision.signalId}, ${decision.otherId}) OR other_signal_id IN (${decision.signalId}, ${decision.otherId}))
    LIMIT 1`);
  if (newer) throw new AppError("conflict", { public: "A newer decision builds on this one. Undo that one first." });
}

async function decide(ctx: Ctx, signalId: string, state: "confirmed" | "dismissed"): Promise<SignalRow> {
  await changing(ctx, async (tx) => {
    const held = await lockSignal(tx, signalId);
    if (held.state === state) return;
    await setState(tx, signalId, state);
    await recordDecision(tx, held, state);
  });
  return present(ctx, signalId);
}

function changing<T>(ctx: Ctx, work: (tx: Ctx) => Promise<T>): Promise<T> {
  requireRole(ctx, deciderRoles);
  return ctx.db.transaction((db) => work({ ...ctx, db }));
}

async function lockSignal(ctx: Ctx, signalId: string): Promise<Held> {
  const held = await ctx.db.first<Held>(sql`
    SELECT s.id, s.kind, s.state, s.activity_id AS "activityId" FROM signal s WHERE ${visibleTo(ctx, "s")} AND s.id = ${signalId} FOR UPDATE`);
  if (!held) throw noSignal();
  return held;
}

async function setState(ctx: Ctx, signalId: string, state: SignalState): Promise<void> {
  await ctx.db.execute(sql`UPDATE signal SET state = ${state} WHERE community_id = ${ctx.community.id} AND id = ${signalId}`);
}

async function recordDecision(
  ctx: Ctx,
  held: Held,
  action: "confirmed" | "dismissed" | "reclassified",
  other?: { id: string; stateBefore: SignalState | null; kind: SignalKind },
): Promise<void> {
  await ctx.db.execute(sql`
    INSERT INTO signal_decision (community_id, signal_id, id, action, state_before, other_signal_id, other_state_before, author, at)
    VALUES (${ctx.community.id}, ${held.id}, ${newId()}, ${action}, ${held.state}, ${other?.id ?? null}, ${other?.stateBefore ?? null},
      ${actorOf(ctx.viewer)}, ${ctx.clock.now()})`);
  const detail = { kind: held.kind, before: held.state, ...(other ? { newKind: other.kind, newSignalId: other.id } : {}) };
  await recordAudit(ctx, { action: `signal.${action}`, objectKind: "signal", objectId: held.id, detail });
}

async function present(ctx: Ctx, signalId: string): Promise<SignalRow> {
  const row = await getSignal(ctx, { signalId });
  if (!row) throw noSignal();
  return row;
}

function noSignal(): AppError {
  return new AppError("not_found", { public: "There is no such signal." });
}
