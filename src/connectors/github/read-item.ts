import { readEvent } from "./from-event.ts";
import { readOldEvent } from "./from-old-event.ts";
import { type ItemReading, readIssueRow } from "./item-reading.ts";
import { streams } from "./keys.ts";
import type { Entry } from "./make-record.ts";
import { addressOf, type Place } from "./repository.ts";
import { isRow, type Row } from "./row.ts";

/** Tells what an item of GitHub's REST API, or a row of its event feed, is. */
export function readItem(value: unknown): ItemReading {
  if (!isRow(value)) return { foreign: "a value that is no object" };
  if (isEvent(value)) return typeof value.id === "string" || isRow(value.repo) ? readEvent(value) : readOldEvent(value);
  const entry = readAnswer(value);
  if (typeof entry === "string") return { foreign: entry };
  const visibility = isRow(value.base) ? value.base.repo : undefined;
  const place = placeOf(value);
  if (place && isRow(visibility) && visibility.private === true) place.visibility = "private";
  if ("ignored" in entry) return { place, entries: [], ignored: entry.ignored };
  return { place, entries: [entry] };
}

function isEvent(row: Row): boolean {
  return typeof row.type === "string" && /^[A-Z]\w+Event$/.test(row.type) && "actor" in row;
}

/** The item's kind by the fields that no other kind has together. */
function readAnswer(row: Row): Entry | { ignored: string } | string {
  const entry = (stream: Entry["stream"], more: Partial<Entry> = {}): Entry => ({ stream, item: row, ...more });
  if ("starred_at" in row && isRow(row.user)) return entry(streams.stars);
  if ("tag_name" in row && "published_at" in row) {
    return row.draft === true || row.published_at === null ? { ignored: "releases that are not published" } : entry(streams.releases);
  }
  if ("diff_hunk" in row) return entry(streams.reviewComments);
  if ("discussion_id" in row && "body" in row) return entry(streams.discussionComments);
  if ("answer_html_url" in row && "number" in row) return entry(streams.discussions);
  if ("number" in row && "title" in row && "head" in row && "base" in row) return entry(streams.pulls);
  if ("number" in row && "title" in row && ("comments_url" in row || "repository_url" in row || "html_url" in row)) return readIssueRow(row);
  if ("pull_request_url" in row && "state" in row && "id" in row) {
    return row.state === "PENDING" || !row.submitted_at ? { ignored: "reviews that are not handed in" } : entry(streams.reviews);
  }
  if ("issue_url" in row && "body" in row) return entry(streams.comments);
  if (row.fork === true && "full_name" in row && isRow(row.owner)) return entry(streams.forks);
  return describe(row);
}

function placeOf(row: Row): Place | undefined {
  if (isRow(row.base) && isRow(row.base.repo) && typeof row.base.repo.full_name === "string") {
    const host = addressOf(row.html_url)?.host ?? addressOf(row.url)?.host;
    return { repo: row.base.repo.full_name, ...(host !== undefined && { host }) };
  }
  // A fork's own address names the fork and not what it is a fork of.
  if (row.fork === true) return isRow(row.parent) && typeof row.parent.full_name === "string" ? { repo: row.parent.full_name } : undefined;
  for (const field of ["repository_url", "html_url", "url", "issue_url", "pull_request_url"]) {
    const place = addressOf(row[field]);
    if (place) return place;
  }
  return undefined;
}

function describe(row: Row): string {
  if (typeof row.message === "string") return `an answer that refuses («${row.message.slice(0, 120)}»)`;
  if ("sha" in row && "commit" in row) return "commits (the git source reads those, with all their authors)";
  if ("content" in row && "user" in row) return "reactions (the counts stand at what they are to)";
  if ("data" in row || "errors" in row) return "an answer of the GraphQL API";
  if ("rate" in row || "resources" in row) return "the state of a request limit";
  if ("users" in row && Array.isArray(row.users)) return "requested reviewers";
  if ("full_name" in row) return "a repository";
  if ("login" in row && "id" in row) return "accounts";
  return `an object with ${Object.keys(row).slice(0, 6).join(", ") || "nothing in it"}`;
}
