import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { RecordChunk, ReportedCounts } from "#features/ledger/index.ts";
import type { Github } from "./client.ts";
import { nodesIn, toFork, toStar } from "./from-graphql.ts";
import { streams } from "./keys.ts";
import type { Entry } from "./make-record.ts";
import type { PullRun } from "./pull.ts";
import { readDiscussionNode, readPullNode } from "./pull-nodes.ts";
import { discussionsQuery, forksQuery, type ListOrder, pullsQuery, starsQuery } from "./queries.ts";
import { isRow, type Row, rowIn } from "./row.ts";
import { takeItems, takeOver } from "./take-items.ts";

/** Where pages are heavy, GitHub gives up on them; then smaller ones are asked for. */
const smallestPage = 5;
const overlapMs = 2 * 60_000;

interface Page {
  nodes: Row[];
  total: number | undefined;
  hasNext: boolean;
  end: string | undefined;
}

/** One list of a repository. */
interface ListSource {
  field: string;
  unit: string;
  pageSize: number;
  query: (order: ListOrder) => string;
}

const changedLists = {
  pulls: { field: "pullRequests", unit: "pull_request_opened", pageSize: 40, query: pullsQuery },
  discussions: { field: "discussions", unit: "discussion_opened", pageSize: 20, query: discussionsQuery },
} satisfies Record<string, ListSource>;

const growingLists = {
  stars: { field: "stargazers", unit: "starred", pageSize: 100, query: starsQuery },
  forks: { field: "forks", unit: "forked", pageSize: 100, query: forksQuery },
} satisfies Record<string, ListSource>;

/**
 * `mark`: everything that changed before it is held. While the history is read for the first time: `after`, the page, and the
 * mark as it was at the start.
 */
const changedCursor = z.object({ mark: z.string().optional(), after: z.string().optional(), history: z.literal(true).optional() }).catch({});

/**
 * A list whose items change. First the history, the oldest item first, by GitHub's own page marks, which stay right whatever is
 * added or removed; later what changed, the latest first, down to where the last run began.
 */
export async function* pullChangedList(run: PullRun, name: keyof typeof changedLists): AsyncGenerator<RecordChunk> {
  const list = new ListReader(run.github, changedLists[name]);
  const cursor = changedCursor.parse(run.cursor ?? {});
  let newest = cursor.mark;
  if (cursor.mark === undefined || cursor.history) {
    if (cursor.mark === undefined) newest = timeOf((await list.page({ order: "UPDATED_AT", direction: "DESC", first: 1 })).nodes[0]);
    let done = 0;
    for (let after = cursor.after; ; ) {
      const page = await list.page({ order: "CREATED_AT", direction: "ASC", after });
      done += page.nodes.length;
      after = page.end;
      const next = page.hasNext
        ? { history: true, after, ...(newest !== undefined && { mark: newest }) }
        : { ...(newest !== undefined && { mark: newest }) };
      yield { ...(await takeNodes(run, name, page.nodes)), cursor: next, ...list.counts(page, done) };
      if (!page.hasNext) break;
    }
    // A long history took its time: what changed meanwhile comes next.
  }
  if (newest === undefined) return;
  const until = Date.parse(newest) - overlapMs;
  let top: string | undefined;
  let done = 0;
  for (let after: string | undefined; ; ) {
    const page = await list.page({ order: "UPDATED_AT", direction: "DESC", after });
    top ??= timeOf(page.nodes[0]);
    const fresh = page.nodes.filter((node) => Date.parse(timeOf(node) ?? "") >= until);
    done += fresh.length;
    after = page.end;
    const isLast = !page.hasNext || fresh.length < page.nodes.length;
    const chunk = await takeNodes(run, name, fresh);
    yield { ...chunk, ...list.counts(page, done, false), ...(isLast && { cursor: { mark: top ?? newest } }) };
    if (isLast) return;
  }
}

const growingCursor = z.object({ after: z.string().optional() }).catch({});

/** A list that only grows at its end: each run goes on from the page before the last. */
export async function* pullGrowingList(run: PullRun, name: keyof typeof growingLists): AsyncGenerator<RecordChunk> {
  const list = new ListReader(run.github, growingLists[name]);
  const { after: start } = growingCursor.parse(run.cursor ?? {});
  const order: ListOrder = name === "stars" ? "STARRED_AT" : "CREATED_AT";
  let done = 0;
  let kept = start;
  for (let after = start; ; ) {
    const page = await list.page({ order, direction: "ASC", after }).catch((error: unknown) => {
      // A page mark that GitHub no longer knows: read it all again.
      if (after === undefined || !(error instanceof AppError) || error.code !== "upstream_failed" || !/cursor/i.test(error.message)) throw error;
      return undefined;
    });
    if (!page) {
      after = undefined;
      continue;
    }
    done += page.nodes.length;
    const entries = page.nodes.flatMap((node): Entry[] => {
      const item = name === "stars" ? toStar(node) : toFork(node);
      return item ? [{ stream: name === "stars" ? streams.stars : streams.forks, item }] : [];
    });
    if (page.hasNext) kept = after;
    else kept = after ?? kept;
    yield {
      ...takeItems(run.about, entries),
      cursor: page.hasNext ? { after: page.end } : kept === undefined ? {} : { after: kept },
      ...list.counts(page, done, start === undefined),
    };
    if (!page.hasNext) return;
    after = page.end;
  }
}

async function takeNodes(run: PullRun, name: keyof typeof changedLists, nodes: readonly Row[]): Promise<Pick<RecordChunk, "records" | "rejected">> {
  const entries: Entry[] = [];
  for (const node of nodes) entries.push(...(await (name === "pulls" ? readPullNode(run.github, node) : readDiscussionNode(run.github, node))));
  const taken = takeItems(run.about, entries);
  if (name === "pulls") {
    for (const { number, updatedAt } of nodes)
      if (typeof number === "number") taken.records.push(takeOver(run.about, { number, updated_at: updatedAt }));
  }
  return taken;
}

const timeOf = (node: Row | undefined): string | undefined => (typeof node?.updatedAt === "string" ? node.updatedAt : undefined);

/** Reads pages of one list, and minds what may not be read. */
class ListReader {
  readonly #github: Github;
  readonly #source: ListSource;
  #size: number;
  #denied = new Set<string>();

  constructor(github: Github, source: ListSource) {
    this.#github = github;
    this.#source = source;
    this.#size = source.pageSize;
  }

  async page(input: { order: ListOrder; direction: "ASC" | "DESC"; after?: string | undefined; first?: number }): Promise<Page> {
    const { order, direction, after } = input;
    for (;;) {
      try {
        const { data, denied } = await this.#github.query(this.#source.query(order), {
          direction,
          first: input.first ?? this.#size,
          cursor: after ?? null,
        });
        return this.#read(data, denied);
      } catch (error) {
        const mayShrink = error instanceof AppError && error.code === "upstream_failed" && this.#size > smallestPage && input.first === undefined;
        if (!mayShrink || /cursor/i.test(error.message)) throw error;
        this.#size = Math.max(smallestPage, Math.floor(this.#size / 2));
      }
    }
  }

  /** The rest of a chunk: how far we are, what there is in all, and what was kept from us. */
  counts(page: Page, done: number, isWhole = true): Pick<RecordChunk, "progress" | "reported" | "warnings"> {
    const warnings = [...this.#denied].map((words) => `GitHub kept a part of this back: ${words}`);
    this.#denied.clear();
    const reported: ReportedCounts | undefined = page.total === undefined ? undefined : { [this.#source.unit]: page.total };
    return {
      progress: { done, ...(isWhole && page.total !== undefined && { total: Math.max(done, page.total) }), unit: "records" },
      ...(reported && { reported }),
      ...(warnings.length > 0 && { warnings }),
    };
  }

  #read(data: Row, denied: string[]): Page {
    for (const words of denied) this.#denied.add(words);
    const list = rowIn(rowIn(data, "repository"), this.#source.field);
    if (!isRow(rowIn(data, "repository")[this.#source.field])) {
      throw new AppError("forbidden", {
        public: `The token may not read ${this.#source.field} here. It needs Issues, Pull requests, Discussions and Contents, each read-only.${denied[0] ? ` GitHub said: ${denied[0]}` : ""}`,
      });
    }
    const { hasNextPage, endCursor } = rowIn(list, "pageInfo");
    return {
      nodes: nodesIn(list),
      total: typeof list.totalCount === "number" ? list.totalCount : undefined,
      hasNext: hasNextPage === true,
      end: typeof endCursor === "string" ? endCursor : undefined,
    };
  }
}
