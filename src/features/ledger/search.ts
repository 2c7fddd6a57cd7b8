import { array, type SQL, sql } from "#core/database/database.ts";
import { decodeCursor, encodeCursor, type Page } from "#core/page.ts";
import { type Ctx, visibleTo } from "../access/index.ts";
import { listConsumerLag } from "./consumer.ts";
import { foldText, guessLanguage, parseQuery, type SearchTerm } from "./search-tokens.ts";
import { getThreads, type PersonRef, personJson, type ThreadRow } from "./thread-queries.ts";

/** A piece of a snippet; marked pieces are what was searched for. */
export interface SnippetPart {
  text: string;
  marked: boolean;
}

export interface SearchHit {
  /** Absent for a hit outside threads, such as a commit. */
  thread: ThreadRow | null;
  activity: { id: string; kind: string; title: string | null; url: string | null; occurredAt: Date; author: PersonRef | null; channel: string };
  snippet: SnippetPart[];
  /** Further hits in the same thread on this page. */
  more: number;
}

export interface SearchResult extends Page<SearchHit> {
  /** Set when nothing held the words and these threads only have similar titles: probably a slip of the keyboard. */
  similar: ThreadRow[];
}

interface HitRow {
  id: string;
  kind: string;
  title: string | null;
  url: string | null;
  body: string | null;
  occurredAt: Date;
  threadId: string | null;
  author: PersonRef | null;
  channel: string;
}

/** A page looks at this many times as many documents as it shows threads, since a thread may hold many hits. */
const documentsPerThread = 4;

/**
 * Searches what people wrote, newest first, hits of one thread together.
 * @param input.query words, "exact words", -without; technical words such as `next.js` and `C++` as they are
 * @param input.limit threads a page, at most 100
 */
export async function search(ctx: Ctx, input: { query: string; after?: string; limit?: number; sourceId?: string }): Promise<SearchResult> {
  const limit = Math.min(input.limit ?? 20, 100);
  const terms = parseQuery(input.query);
  const positive = terms.filter((term) => !term.negated);
  if (positive.length === 0) return { rows: [], next: null, similar: [] };
  const documents = limit * documentsPerThread;
  const conditions = [sql`d.tokens @@ (${buildTsquery(terms, guessLanguage(input.query))})`];
  if (input.after) {
    const [at, id] = decodeCursor(input.after, ["time", "id"]);
    conditions.push(sql`(d.occurred_at, d.activity_id) < (${at}::timestamptz, ${id}::uuid)`);
  }
  if (input.sourceId) {
    conditions.push(sql`EXISTS (SELECT FROM activity f WHERE ${visibleTo(ctx, "f")} AND f.id = d.activity_id AND f.source_id = ${input.sourceId})`);
  }
  const hits = await findHits(ctx, { conditions, limit: documents + 1 });
  const rows = await ctx.db.rows<HitRow>(sql`
    SELECT a.id, a.kind, a.title, a.url, a.body, a.occurred_at AS "occurredAt", a.thread_id AS "threadId", ${personJson("i")} AS author, c.name AS channel
    FROM unnest(${array(hits, "uuid")}) WITH ORDINALITY AS h(id, place)
    JOIN activity a ON a.community_id = ${ctx.community.id} AND a.id = h.id AND ${visibleTo(ctx, "a")}
    JOIN channel c ON c.community_id = a.community_id AND c.id = a.channel_id
    LEFT JOIN identity i ON i.community_id = a.community_id AND i.id = a.identity_id
    ORDER BY h.place`);
  const page = await groupHits(ctx, { rows, limit, documents, words: positive.flatMap((term) => (term.stem === null ? term.tokens : [term.stem])) });
  const similar = page.rows.length === 0 && !input.after ? await similarTitles(ctx, input.query) : [];
  return { ...page, similar };
}

/** Up to so many matches are all fetched and sorted; beyond, matches are frequent enough to be met by going back in time. */
const sortedMax = 10_000;

/**
 * The latest matches. Going back in time until enough are met is fast for words that many use and reads everything for
 * words that nobody uses; the word index is the other way round. How frequent words are is known to the planner for
 * the commonest alone, so the word index is asked first, for a bounded number.
 */
async function findHits(ctx: Ctx, input: { conditions: SQL[]; limit: number }): Promise<string[]> {
  const where = sql.join(input.conditions, sql` AND `);
  const ids = (rows: { id: string }[]) => rows.map((row) => row.id);
  const few = await ctx.db.transaction(async (tx) => {
    await tx.execute(sql`SET LOCAL enable_seqscan = off`);
    return tx.rows<{ id: string; n: number }>(sql`
      WITH found AS MATERIALIZED (SELECT d.activity_id, d.occurred_at FROM search_document d WHERE ${visibleTo(ctx, "d")} AND ${where} LIMIT ${sortedMax + 1})
      SELECT activity_id AS id, (SELECT count(*) FROM found) AS n FROM found ORDER BY occurred_at DESC, activity_id DESC LIMIT ${input.limit}`);
  });
  if ((few[0]?.n ?? 0) <= sortedMax) return ids(few);
  return ids(
    await ctx.db.rows<{ id: string }>(sql`
      SELECT d.activity_id AS id FROM search_document d WHERE ${visibleTo(ctx, "d")} AND ${where} ORDER BY d.occurred_at DESC, d.activity_id DESC LIMIT ${input.limit}`),
  );
}

async function groupHits(ctx: Ctx, input: { rows: HitRow[]; limit: number; documents: number; words: string[] }): Promise<Page<SearchHit>> {
  const groups = new Map<string, { first: HitRow; more: number }>();
  let last: HitRow | undefined;
  let cut = false;
  for (const row of input.rows.slice(0, input.documents)) {
    const key = row.threadId ?? row.id;
    const group = groups.get(key);
    if (!group && groups.size === input.limit) {
      cut = true;
      break;
    }
    if (group) group.more += 1;
    else groups.set(key, { first: row, more: 0 });
    last = row;
  }
  const threads = await getThreads(ctx, { threadIds: [...groups.values()].flatMap(({ first }) => first.threadId ?? []) });
  const byId = new Map(threads.map((thread) => [thread.id, thread]));
  const rows = [...groups.values()].map(({ first, more }): SearchHit => {
    const { body, threadId, ...activity } = first;
    return {
      thread: threadId === null ? null : (byId.get(threadId) ?? null),
      activity,
      snippet: makeSnippet(body ?? first.title ?? "", input.words),
      more,
    };
  });
  const hasMore = cut || input.rows.length > input.documents;
  return { rows, next: hasMore && last ? encodeCursor([last.occurredAt.toISOString(), last.id]) : null };
}

/** A query as PostgreSQL takes it. Words come as parameters, quoted, so that none is read as an operator. */
function buildTsquery(terms: readonly SearchTerm[], language: string): SQL {
  const languages = [...new Set([language, "english"])];
  const built = terms.map((term) => {
    const exact = term.tokens.map((token) => `'${token.replaceAll("'", "''").replaceAll("\\", "\\\\")}'${term.prefix ? ":*" : ""}`).join(" & ");
    const stems = term.stem === null ? [] : languages.map((name) => sql`plainto_tsquery(${name}::regconfig, ${term.stem})`);
    const either = sql.join([sql`${exact}::tsquery`, ...stems], sql` || `);
    return term.negated ? sql`!!(${either})` : sql`(${either})`;
  });
  return sql.join(built, sql` && `);
}

/** How alike the query and a stretch of a title must be, 0 to 1: two slips in a dozen letters still count. */
const leastSimilarity = 0.45;

async function similarTitles(ctx: Ctx, query: string): Promise<ThreadRow[]> {
  const rows = await ctx.db.transaction(async (tx) => {
    await tx.execute(sql`SELECT set_config('pg_trgm.word_similarity_threshold', ${String(leastSimilarity)}, true)`);
    return tx.rows<{ id: string }>(sql`
      SELECT s.thread_id AS id FROM search_title s WHERE ${visibleTo(ctx, "s")} AND ${query} <% s.title
      ORDER BY word_similarity(${query}, s.title) DESC, s.thread_id LIMIT 10`);
  });
  return getThreads(ctx, { threadIds: rows.map((row) => row.id) });
}

const snippetChars = 220;

/**
 * The stretch of a text around the first place where a word stands, cut at spaces, the words marked.
 * @param words folded words
 */
export function makeSnippet(text: string, words: readonly string[]): SnippetPart[] {
  const flat = text.replace(/\s+/g, " ").trim();
  const folded = flat.toLowerCase();
  const places = words
    .flatMap((word) => findAll(folded, foldText(word)).map((start) => ({ start, end: start + word.length })))
    .sort((a, b) => a.start - b.start || b.end - a.end);
  const first = places[0]?.start ?? 0;
  let start = Math.max(0, first - 60);
  if (start > 0) start = flat.indexOf(" ", start) + 1 || start;
  if (start > first) start = first;
  const end = Math.min(flat.length, start + snippetChars);
  const parts: SnippetPart[] = [];
  let at = start;
  const push = (from: number, to: number, marked: boolean) => {
    if (to > from) parts.push({ text: flat.slice(from, to), marked });
  };
  for (const place of places) {
    if (place.start < at || place.end > end) continue;
    push(at, place.start, false);
    push(place.start, place.end, true);
    at = place.end;
  }
  push(at, end, false);
  if (start > 0) parts.unshift({ text: "… ", marked: false });
  if (end < flat.length) parts.push({ text: " …", marked: false });
  return parts;
}

function findAll(text: string, word: string): number[] {
  const places: number[] = [];
  if (word === "") return places;
  for (let at = text.indexOf(word); at !== -1 && places.length < 50; at = text.indexOf(word, at + word.length)) places.push(at);
  return places;
}

/** How far search is behind the ledger: activities not yet searchable, and since when. */
export async function searchLag(ctx: Ctx): Promise<{ activities: number; since: Date | null }> {
  const lag = (await listConsumerLag(ctx)).find((entry) => entry.consumer === "search");
  return { activities: lag?.activities ?? 0, since: lag?.since ?? null };
}
