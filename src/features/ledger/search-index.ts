import { array, sql } from "#core/database/database.ts";
import type { Ctx } from "../access/index.ts";
import { defineConsumer } from "./consumer.ts";
import { readAhead } from "./read-ahead.ts";
import { guessLanguage, tokenize } from "./search-tokens.ts";

interface Words {
  id: string;
  title: string | null;
  body: string | null;
}

const documentsPerStatement = 1_000;

/** Builds what full-text search reads. It may lag behind an import; its lag is shown where people search. */
export const indexForSearch = defineConsumer({
  name: "search",
  after: [],
  fills: [{ table: "search_document" }, { table: "search_title" }],
  async run(ctx, changes) {
    await readAhead(changes.activities, documentsPerStatement, {
      read: (ids) => readWords(ctx, ids),
      work: (rows, ids) => indexActivities(ctx, ids, rows),
    });
    await indexTitles(ctx, changes.threads);
  },
});

function readWords(ctx: Ctx, ids: readonly string[]): Promise<Words[]> {
  // The opening's own title may be missing where the thread has one; people search for both together.
  return ctx.db.rows<Words>(sql`
    SELECT a.id, COALESCE(a.title, CASE WHEN a.occurred_at = t.opened_at THEN t.title END) AS title, a.body
    FROM activity a LEFT JOIN thread t ON t.community_id = a.community_id AND t.id = a.thread_id
    WHERE a.community_id = ${ctx.community.id} AND a.id = ANY(${array(ids, "uuid")}) AND a.deleted_at IS NULL`);
}

async function indexActivities(ctx: Ctx, ids: readonly string[], rows: readonly Words[]): Promise<void> {
  const documents = rows.flatMap((row) => {
    const text = [row.title, row.body].filter((part) => part !== null).join("\n");
    const tokens = tokenize(text);
    if (tokens.length === 0) return [];
    return [{ id: row.id, tokens: JSON.stringify(tokens), text: text.slice(0, 20_000), language: guessLanguage(text) }];
  });
  const kept = new Set(documents.map((document) => document.id));
  const dropped = ids.filter((id) => !kept.has(id));
  if (dropped.length > 0) {
    await ctx.db.execute(sql`DELETE FROM search_document WHERE community_id = ${ctx.community.id} AND activity_id = ANY(${array(dropped, "uuid")})`);
  }
  if (documents.length === 0) return;
  await ctx.db.execute(sql`
    INSERT INTO search_document (community_id, activity_id, thread_id, visibility, occurred_at, tokens)
    SELECT a.community_id, a.id, a.thread_id, a.visibility, a.occurred_at,
           array_to_tsvector(ARRAY(SELECT jsonb_array_elements_text(n.tokens))) || strip(to_tsvector(n.language::regconfig, n.text))
    FROM unnest(${array(
      documents.map((d) => d.id),
      "uuid",
    )}, ${array(
      documents.map((d) => d.tokens),
      "jsonb",
    )},
                ${array(
                  documents.map((d) => d.language),
                  "text",
                )}, ${array(
                  documents.map((d) => d.text),
                  "text",
                )}) AS n(id, tokens, language, text)
    JOIN activity a ON a.community_id = ${ctx.community.id} AND a.id = n.id
    ON CONFLICT (community_id, activity_id) DO UPDATE SET
      thread_id = excluded.thread_id, visibility = excluded.visibility, occurred_at = excluded.occurred_at, tokens = excluded.tokens`);
}

async function indexTitles(ctx: Ctx, threadIds: string[]): Promise<void> {
  await ctx.db.execute(sql`
    INSERT INTO search_title (community_id, thread_id, visibility, title)
    SELECT t.community_id, t.id, t.visibility, t.title FROM thread t
    WHERE t.community_id = ${ctx.community.id} AND t.id = ANY(${array(threadIds, "uuid")}) AND t.deleted_at IS NULL
    ON CONFLICT (community_id, thread_id) DO UPDATE SET visibility = excluded.visibility, title = excluded.title
    WHERE (search_title.visibility, search_title.title) IS DISTINCT FROM (excluded.visibility, excluded.title)`);
  await ctx.db.execute(sql`
    DELETE FROM search_title s WHERE s.community_id = ${ctx.community.id} AND s.thread_id = ANY(${array(threadIds, "uuid")})
      AND NOT EXISTS (SELECT FROM thread t WHERE t.community_id = s.community_id AND t.id = s.thread_id AND t.deleted_at IS NULL)`);
}
