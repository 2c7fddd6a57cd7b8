import { type SQL, sql } from "#core/database/database.ts";
import { decodeCursor, encodeCursor, type Page } from "#core/page.ts";
import { type Ctx, visibleTo } from "../access/index.ts";
import { listConsumerLag } from "./consumer.ts";
import { foldText, guessLanguage, parseQuery, type SearchTerm } from "./search-tokens.ts";
import { type PersonRef, personJson, type ThreadRow, getThreads } from "./thread-queries.ts";

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
  const conditions = [visibleTo(ctx, "d"), sql`d.tokens @@ (${buildTsquery(terms, guessLanguage(input.query))})`];
  if (input.after) {
    const [at, id] = decodeCursor(input.after, ["time", "id"]);
    conditions.push(sql`(d.occurred_at, d.activity_id) < (${at}::timestamptz, ${id}::uuid)`);
  }
  if (input.sourceId) {
    conditions.push(sql`EXISTS (SELECT FROM activity f WHERE f.community_id = d.community_id AND f.id = d.activity_id AND f.source_id = ${input.sourceId})`);
  }
  const rows = await ctx.db.rows<HitRow>(sql`
    WITH hits AS MATERIALIZED (
      SELECT d.activity_id, d.occurred_at FROM search_document d WHERE ${sql.join(conditions, sql` AND `)}
      ORDER BY d.occurred_at DESC, d.activity_id DESC LIMIT ${documents + 1}
    )
    SELECT a.id, a.kind, a.title, a.url, a.body, a.occurred_at AS "occurredAt", a.thread_id AS "threadId", ${personJson("i")} AS author, c.name AS channel
    FROM hits h JOIN activity a ON a.community_id = ${ctx.community.id} AND a.id = h.activity_id AND ${visibleTo(ctx, "a")}
    JOIN channel c ON c.community_id = a.community_id AND c.id = a.channel_id
    LEFT JOIN identity i ON i.community_id = a.community_id AND i.id = a.identity_id
    ORDER BY h.occurred_at DESC, h.activity_id DESC`);
  const page = await groupHits(ctx, { rows, limit, documents, words: positive.flatMap((term) => (term.stem === null ? term.tokens : [term.stem])) });
  const similar = page.rows.length === 0 && !input.after ? await similarTitles(ctx, input.query) : [];
  return { ...page, similar };
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

async function similarTitles(ctx: Ctx, query: string): Promise<ThreadRow[]> {
  const rows = await ctx.db.rows<{ id: string }>(sql`
    SELECT s.thread_id AS id FROM search_title s WHERE ${visibleTo(ctx, "s")} AND (s.title % ${query} OR ${query} <% s.title)
    ORDER BY GREATEST(similarity(s.title, ${query}), word_similarity(${query}, s.title)) DESC, s.thread_id LIMIT 10`);
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
