import { sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { newId } from "#core/ids.ts";
import { actorOf, type Ctx, editorRoles, recordAudit, requireRole, visibleTo } from "../access/index.ts";
import { judgeThreads, type QuestionState } from "./consumer.ts";

/** What a person can say a thread is; `rules` hands it back to the rules. */
export const questionMarks = ["question", "not_question", "answered", "solved", "rules"] as const;
export type QuestionMark = (typeof questionMarks)[number];

export interface MarkedThread {
  threadId: string;
  question: QuestionState;
  reason: string;
  waitingSince: Date | null;
}

/**
 * Says by hand what a thread is. It holds against the rules until it is withdrawn. `answered` is for what was
 * answered elsewhere: the asker no longer waits, unless a new word of theirs comes after.
 * @returns how the thread stands now
 * @throws AppError `forbidden` without an editor's role, `not_found` for a thread the viewer cannot see
 */
export function markQuestion(ctx: Ctx, input: { threadId: string; mark: QuestionMark }): Promise<MarkedThread> {
  requireRole(ctx, editorRoles);
  return changeMark(ctx, input.threadId, async (tx) => {
    const id = newId();
    await tx.db.execute(sql`
      INSERT INTO question_mark (community_id, thread_id, id, mark, author, at)
      VALUES (${ctx.community.id}, ${input.threadId}, ${id}, ${input.mark}, ${actorOf(ctx.viewer)}, ${ctx.clock.now()})`);
    return { action: "question.marked", detail: { mark: input.mark, markId: id } };
  });
}

/**
 * Takes the newest mark of a thread back: what was before it, by hand or by rule, holds again.
 * @throws AppError `conflict` when no mark is in force
 */
export function undoQuestionMark(ctx: Ctx, input: { threadId: string }): Promise<MarkedThread> {
  requireRole(ctx, editorRoles);
  return changeMark(ctx, input.threadId, async (tx) => {
    const withdrawn = await tx.db.first<{ id: string; mark: string }>(sql`
      UPDATE question_mark SET withdrawn_at = ${ctx.clock.now()}
      WHERE community_id = ${ctx.community.id} AND thread_id = ${input.threadId} AND id = (
        SELECT id FROM question_mark WHERE community_id = ${ctx.community.id} AND thread_id = ${input.threadId} AND withdrawn_at IS NULL
        ORDER BY id DESC LIMIT 1)
      RETURNING id, mark`);
    if (!withdrawn) throw new AppError("conflict", { public: "Nobody marked this thread by hand, so there is nothing to undo." });
    return { action: "question.mark_withdrawn", detail: { mark: withdrawn.mark, markId: withdrawn.id } };
  });
}

async function changeMark(
  ctx: Ctx,
  threadId: string,
  change: (tx: Ctx) => Promise<{ action: string; detail: Record<string, unknown> }>,
): Promise<MarkedThread> {
  return ctx.db.transaction(async (db) => {
    const tx: Ctx = { ...ctx, db };
    const before = await readMarked(tx, threadId);
    const { action, detail } = await change(tx);
    await judgeThreads(tx, [threadId]);
    const after = await readMarked(tx, threadId);
    await recordAudit(tx, {
      action,
      objectKind: "thread",
      objectId: threadId,
      detail: { ...detail, before: before.question, after: after.question },
    });
    return after;
  });
}

async function readMarked(ctx: Ctx, threadId: string): Promise<MarkedThread> {
  const row = await ctx.db.first<MarkedThread>(sql`
    SELECT t.id AS "threadId", t.question, coalesce(t.question_reason, '') AS reason, t.waiting_since AS "waitingSince"
    FROM thread t WHERE ${visibleTo(ctx, "t")} AND t.id = ${threadId} FOR UPDATE`);
  if (!row) throw new AppError("not_found", { public: "There is no such thread." });
  return row;
}
