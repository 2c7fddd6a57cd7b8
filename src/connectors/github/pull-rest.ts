import { z } from "zod";
import type { RecordChunk, ReportedCounts } from "#features/ledger/index.ts";
import type { Answer, Github } from "./client.ts";
import { streams } from "./keys.ts";
import type { Entry } from "./make-record.ts";
import type { PullRun } from "./pull.ts";
import { totalsQuery } from "./queries.ts";
import { isRow, type Row, rowIn } from "./row.ts";
import { takeItems, takeOver } from "./take-items.ts";

const perPage = 100;
/** Asked for anything older, GitHub answers with nothing. */
const theBeginning = "1980-01-01T00:00:00Z";
/** Copies of GitHub's database lag behind each other: so much is read again. */
const overlapMs = 2 * 60_000;

/** `since`: everything up to it is held. `etag`: what GitHub called its answer to that, when nothing was newer. */
const cursorSchema = z.object({ since: z.string().default(theBeginning), etag: z.string().optional() }).catch({ since: theBeginning });

type SinceStream = "issues" | "comments" | "review_comments";

const routes: Record<SinceStream, string> = {
  issues: "GET /repos/{owner}/{repo}/issues",
  comments: "GET /repos/{owner}/{repo}/issues/comments",
  review_comments: "GET /repos/{owner}/{repo}/pulls/comments",
};

/**
 * A list that can be asked for what changed since a moment, oldest change first. Each page asks anew from the last change that
 * was seen: an item that changes meanwhile moves to the end, and page numbers would skip the one that moves up.
 */
export async function* pullSince({ github, about, cursor, now }: PullRun, stream: SinceStream): AsyncGenerator<RecordChunk> {
  const start = cursorSchema.parse(cursor ?? {});
  let since = start.since;
  let page = 1;
  let done = 0;
  let reported: ReportedCounts | undefined;
  for (;;) {
    const answer = await github.ask(routes[stream], {
      per_page: perPage,
      page,
      since,
      sort: "updated",
      direction: "asc",
      ...(stream === "issues" && { state: "all" }),
      ...(done === 0 && start.etag !== undefined && { headers: { "if-none-match": start.etag } }),
    });
    if (answer.status === 304) return;
    reported ??= await countAll(github, stream);
    const rows = rowsOf(answer);
    done += rows.length;
    const last = rows.at(-1)?.updated_at;
    const next = typeof last === "string" ? last : since;
    const total = Object.values(reported)[0];
    const entries = rows.flatMap((row) => toEntry(stream, row));
    const chunk = takeItems(about, entries);
    if (stream === "issues")
      chunk.records.push(
        ...rows.flatMap((row) =>
          isRow(row.pull_request) || typeof row.number !== "number" ? [] : takeOver(about, { number: row.number, updated_at: row.updated_at }),
        ),
      );
    const progress = { done, ...(start.since === theBeginning && total !== undefined && { total: Math.max(done, total) }), unit: "records" as const };
    if (!answer.hasNext) {
      const kept = backFrom(next, start.since, now);
      // The very same question will be asked again only when its moment stays.
      const etag = done <= perPage && kept === start.since ? answer.etag : undefined;
      yield { ...chunk, cursor: { since: kept, ...(etag !== undefined && { etag }) }, reported, progress };
      return;
    }
    yield { ...chunk, cursor: { since: next }, reported, progress };
    if (next === since) page += 1;
    else {
      since = next;
      page = 1;
    }
  }
}

/** The list of issues holds pull requests too; those are read with their branches and reviews. */
function toEntry(stream: SinceStream, row: Row): Entry[] {
  return stream === "issues" && isRow(row.pull_request) ? [] : [{ stream, item: row }];
}

/** A little before the last change, but never before where we started; nothing new leaves the moment as it is. */
function backFrom(last: string, start: string, now: Date): string {
  const at = Date.parse(last);
  // On an old list nothing lags any more.
  const moment = now.getTime() - at > 24 * 3_600_000 ? at : at - overlapMs;
  const kept = new Date(Math.max(moment, Date.parse(start))).toISOString().replace(".000Z", "Z");
  return kept;
}

async function countAll(github: Github, stream: SinceStream): Promise<ReportedCounts> {
  if (stream === "issues") {
    const { data } = await github.query(totalsQuery);
    const total = rowIn(rowIn(data, "repository"), "issues").totalCount;
    return typeof total === "number" ? { issue_opened: total } : {};
  }
  // Of one comment a page, the last page's number is their count.
  const answer = await github.ask(routes[stream], { per_page: 1 });
  return { [stream === "comments" ? "comment" : "review_comment"]: answer.lastPage ?? rowsOf(answer).length };
}

const releasesCursor = z.object({ etag: z.string().optional() }).catch({});

/** Releases are few and change without a trace: all are read, unless GitHub says that the first page is the same as before. */
export async function* pullReleases({ github, about, cursor }: PullRun): AsyncGenerator<RecordChunk> {
  const { etag } = releasesCursor.parse(cursor ?? {});
  let first: string | undefined;
  let done = 0;
  for (let page = 1; ; page += 1) {
    const answer = await github.ask("GET /repos/{owner}/{repo}/releases", {
      per_page: perPage,
      page,
      ...(page === 1 && etag !== undefined && { headers: { "if-none-match": etag } }),
    });
    if (answer.status === 304) return;
    if (page === 1) first = answer.etag;
    const published = rowsOf(answer).filter((row) => row.draft !== true && row.published_at);
    done += published.length;
    const chunk = takeItems(
      about,
      published.map((item) => ({ stream: streams.releases, item })),
    );
    const progress = { done, unit: "records" as const };
    if (answer.hasNext) yield { ...chunk, progress };
    else {
      yield { ...chunk, progress, reported: { released: done }, cursor: first === undefined ? {} : { etag: first } };
      return;
    }
  }
}

const rowsOf = (answer: Answer): Row[] => (Array.isArray(answer.data) ? answer.data.filter(isRow) : []);
