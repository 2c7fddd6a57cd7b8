import { array, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";
import type { GoneActivity } from "./store-activities.ts";

/** What a thread is called whose opening was deleted, when it was called after its words. */
const deletedTitle = "(deleted message)";

/**
 * Brings threads into line with what became of their activities. One that held answers until their real thread was known
 * goes when nothing is left in it; one that was called after the words of an opening that is deleted now loses them too.
 * @param input.left threads that records stated before they changed
 * @param input.stated the threads that records state now, by their keys
 * @returns threads whose counts or titles follow, and those that are gone
 */
export async function settleThreads(
  ctx: Ctx,
  input: { sourceId: string; left: ReadonlySet<string>; stated: ReadonlyMap<string, string>; gone: readonly GoneActivity[] },
): Promise<{ changed: string[]; removed: string[] }> {
  const stated = new Set(input.stated.values());
  const left = [...input.left].filter((id) => !stated.has(id));
  const removed = await removeAbandoned(ctx, { sourceId: input.sourceId, left });
  await renameDeleted(ctx, input.gone);
  const changed = new Set([...left, ...input.gone.flatMap(({ threadId }) => threadId ?? [])]);
  for (const id of removed) changed.delete(id);
  return { changed: [...changed], removed };
}

async function removeAbandoned(ctx: Ctx, input: { sourceId: string; left: readonly string[] }): Promise<string[]> {
  if (input.left.length === 0) return [];
  const empty = await ctx.db.rows<{ id: string }>(sql`
    SELECT t.id FROM thread t WHERE t.community_id = ${ctx.community.id} AND t.id = ANY(${array(input.left, "uuid")})
      AND NOT EXISTS (SELECT FROM activity a WHERE a.community_id = t.community_id AND a.thread_id = t.id)`);
  if (empty.length === 0) return [];
  const ids = array(
    empty.map(({ id }) => id),
    "uuid",
  );
  // A topic may be known by a record of its own before anything is said in it. This reads all records of the source, and
  // happens only when something was emptied.
  const rows = await ctx.db.rows<{ id: string }>(sql`
    DELETE FROM thread t WHERE t.community_id = ${ctx.community.id} AND t.id = ANY(${ids}) AND t.id NOT IN (
      SELECT unnest(r.threads) FROM raw_record r
      WHERE r.community_id = ${ctx.community.id} AND r.source_id = ${input.sourceId} AND r.threads && ${ids}
    ) RETURNING t.id`);
  return rows.map(({ id }) => id);
}

async function renameDeleted(ctx: Ctx, gone: readonly GoneActivity[]): Promise<void> {
  const opened = gone.filter(({ threadId }) => threadId !== null);
  if (opened.length === 0) return;
  const rows = await ctx.db.rows<{ id: string; title: string; openedAt: Date }>(sql`
    SELECT t.id, t.title, t.opened_at AS "openedAt" FROM thread t
    WHERE t.community_id = ${ctx.community.id} AND t.id = ANY(${array([...new Set(opened.flatMap(({ threadId }) => threadId ?? []))], "uuid")})`);
  const threads = new Map(rows.map((row) => [row.id, row]));
  const renamed = opened.flatMap(({ threadId, occurredAt, words }) => {
    const thread = threads.get(threadId ?? "");
    return thread && thread.openedAt.getTime() === occurredAt.getTime() && speaksIn(thread.title, words) ? [thread.id] : [];
  });
  if (renamed.length === 0) return;
  await ctx.db.execute(sql`
    UPDATE thread t SET title = ${deletedTitle} WHERE t.community_id = ${ctx.community.id} AND t.id = ANY(${array([...new Set(renamed)], "uuid")})`);
}

/** Whether a title is made of these words: shortened, and without the marks that the words may bear. */
function speaksIn(title: string, words: string): boolean {
  const bare = lettersOf(title);
  return bare !== "" && lettersOf(words).includes(bare);
}

const lettersOf = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");
