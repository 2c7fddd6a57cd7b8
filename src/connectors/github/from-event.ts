import { forget, type ItemReading, readIssueRow } from "./item-reading.ts";
import { streams } from "./keys.ts";
import type { Entry } from "./make-record.ts";
import type { Place } from "./repository.ts";
import { isRow, type Row, rowIn } from "./row.ts";

/** Rows of the feed tell of a moment in the past, and less than the API does when it is asked today. */
export const feedLess = 1;

/**
 * A row of GitHub's event feed, as GH Archive keeps it since 2015. Since October 2025 pull requests come as stubs of number
 * and branches, and pushes without commits.
 */
export function readEvent(row: Row): ItemReading {
  const repo = rowIn(row, "repo");
  const place = readPlace(repo);
  const read = readers[String(row.type)];
  if (!read) return { place, entries: [], ignored: whyNot[String(row.type)] ?? `events of the kind ${String(row.type)}`, past: true };
  const entries = read(row, rowIn(row, "payload"));
  if (typeof entries === "string") return { place, entries: [], ignored: entries, past: true };
  return { place, entries: entries.map((entry) => ({ ...entry, less: (entry.less ?? 0) + feedLess })), past: true };
}

function readPlace(repo: Row): Place | undefined {
  if (typeof repo.name !== "string" || !/^[^/\s]+\/[^/\s]+$/.test(repo.name)) return undefined;
  return { repo: repo.name, ...(typeof repo.id === "number" && { id: repo.id }) };
}

type Reader = (row: Row, payload: Row) => Entry[] | string;

const whyNot: Record<string, string> = {
  PushEvent: "pushes (the git source reads commits, with all their authors)",
  CommitCommentEvent: "comments on commits",
  GollumEvent: "edits of the wiki",
  CreateEvent: "new branches and tags",
  DeleteEvent: "deleted branches and tags",
  MemberEvent: "new collaborators",
  PublicEvent: "repositories that were made public",
};

const readers: Record<string, Reader> = {
  IssuesEvent: (_row, { issue }) => (isRow(issue) ? [readIssueRow(issue)] : "rows without their issue"),
  IssueCommentEvent(_row, { action, issue, comment }) {
    if (!isRow(comment)) return "rows without their comment";
    const { number, pull_request } = isRow(issue) ? issue : {};
    return [
      ...(isRow(issue) ? [readIssueRow(issue)] : []),
      {
        stream: streams.comments,
        item: action === "deleted" ? forget(comment) : comment,
        ...(typeof number === "number" && { number, of: isRow(pull_request) ? "pull_request" : "issue" }),
      },
    ];
  },
  PullRequestEvent(row, { action, number, pull_request: pull }) {
    if (isRow(pull) && typeof pull.title === "string") return [{ stream: streams.pulls, item: pull }];
    if (action !== "opened") return "changes of pull requests that tell nothing but the number (since October 2025)";
    const stub = { number: number ?? rowIn({ pull }, "pull").number, user: row.actor, state: "open", created_at: row.created_at };
    return [{ stream: streams.pulls, item: stub, less: 2 }];
  },
  PullRequestReviewEvent(_row, { review, pull_request: pull }) {
    if (!isRow(review) || !review.submitted_at) return "reviews that are not handed in";
    return [...fullPull(pull), { stream: streams.reviews, item: review, ...numberOf(pull) }];
  },
  PullRequestReviewCommentEvent(_row, { action, comment, pull_request: pull }) {
    if (!isRow(comment)) return "rows without their comment";
    const item = action === "deleted" ? forget(comment) : comment;
    return [...fullPull(pull), { stream: streams.reviewComments, item, ...numberOf(pull) }];
  },
  DiscussionEvent: (_row, { discussion }) =>
    isRow(discussion) ? [{ stream: streams.discussions, item: discussion }] : "rows without their discussion",
  WatchEvent: (row) => [{ stream: streams.stars, item: { user: row.actor, starred_at: row.created_at } }],
  ForkEvent(row, { forkee }) {
    if (!isRow(forkee)) return "rows without their fork";
    return [
      {
        stream: streams.forks,
        item: { ...forkee, owner: forkee.owner ?? row.actor, created_at: forkee.created_at ?? row.created_at },
      },
    ];
  },
  ReleaseEvent(row, { release }) {
    if (!isRow(release) || release.draft === true) return "releases that are not published";
    return [{ stream: streams.releases, item: { ...release, published_at: release.published_at ?? row.created_at } }];
  },
};

/** Pull requests come in full beside reviews too; there the list's form is missing nothing. */
function fullPull(pull: unknown): Entry[] {
  return isRow(pull) && typeof pull.title === "string" && isRow(pull.user) ? [{ stream: streams.pulls, item: pull }] : [];
}

function numberOf(pull: unknown): Partial<Entry> {
  const { number } = isRow(pull) ? pull : {};
  return { of: "pull_request", ...(typeof number === "number" && { number }) };
}
