import { feedLess } from "./from-event.ts";
import type { ItemReading } from "./item-reading.ts";
import { streams } from "./keys.ts";
import type { Entry } from "./make-record.ts";
import { addressOf, type Place } from "./repository.ts";
import { isRow, type Row, rowIn } from "./row.ts";

/**
 * A row of GH Archive before 2015: people are logins, things are bare numbers, and only the address says more.
 * Titles and words are not in it.
 */
export function readOldEvent(row: Row): ItemReading {
  const place = readPlace(row);
  const entries = readRow(row);
  if (typeof entries === "string") return { place, entries: [], ignored: entries, past: true };
  // It tells less than any row of later years.
  return { place, entries: entries.map((entry) => ({ ...entry, less: (entry.less ?? 0) + feedLess + 2 })), past: true };
}

function readPlace(row: Row): Place | undefined {
  const { owner, name, id } = rowIn(row, "repository");
  if (typeof owner === "string" && typeof name === "string" && owner !== "" && name !== "") {
    return { repo: `${owner}/${name}`, ...(typeof id === "number" && { id }) };
  }
  return addressOf(row.url);
}

function readRow(row: Row): Entry[] | string {
  const payload = rowIn(row, "payload");
  const at = readTime(row.created_at);
  const user = readActor(row);
  const url = typeof row.url === "string" ? row.url : "";
  const { action } = payload;
  switch (row.type) {
    case "IssuesEvent": {
      if (isRow(payload.issue) && typeof payload.issue.title === "string") return [{ stream: streams.issues, item: payload.issue }];
      if (action !== "opened") return "changes of issues that tell nothing but the number (before 2015)";
      return [{ stream: streams.issues, item: { number: payload.number ?? numberIn(url), user, state: "open", created_at: at } }];
    }
    case "IssueCommentEvent": {
      const found = isRow(payload.comment) ? payload.comment : {};
      const id = found.id ?? payload.comment_id ?? Number(/#issuecomment-(\d+)/.exec(url)?.[1]);
      const item = { user, created_at: at, html_url: url, ...found, id };
      const number = numberIn(url);
      return [{ stream: streams.comments, item, ...(number !== undefined && { number, of: url.includes("/pull/") ? "pull_request" : "issue" }) }];
    }
    case "PullRequestEvent": {
      const pull = rowIn(payload, "pull_request");
      const isFull = typeof pull.title === "string" && isRow(pull.user) && typeof pull.created_at === "string";
      if (isFull) return [{ stream: streams.pulls, item: { ...pull, number: pull.number ?? payload.number } }];
      if (action !== "opened") return "changes of pull requests that tell nothing but the number (before 2015)";
      const { title, body } = pull;
      return [{ stream: streams.pulls, item: { number: payload.number ?? pull.number, title, body, user, state: "open", created_at: at } }];
    }
    case "PullRequestReviewCommentEvent": {
      const found = rowIn(payload, "comment");
      const { href } = rowIn(rowIn(found, "_links"), "html");
      const number = numberIn(String(found.html_url ?? found.pull_request_url ?? href ?? url));
      return [{ stream: streams.reviewComments, item: { user, created_at: at, ...found }, ...(number !== undefined && { number }) }];
    }
    case "WatchEvent":
      return [{ stream: streams.stars, item: { user, starred_at: at } }];
    case "ForkEvent": {
      const forkee = isRow(payload.forkee) ? payload.forkee : { id: payload.forkee };
      const name = addressOf(url)?.repo ?? `${user.login}/fork`;
      return [{ stream: streams.forks, item: { full_name: name, owner: user, created_at: at, html_url: url, ...forkee } }];
    }
    case "PushEvent":
      return "pushes (the git source reads commits, with all their authors)";
    default:
      return `events of the kind ${String(row.type)}`;
  }
}

/** In 2011 actors were objects, later bare logins with their attributes beside. */
function readActor(row: Row): { login: string; id?: unknown; type?: unknown } {
  const actor = row.actor;
  const { type } = rowIn(row, "actor_attributes");
  if (isRow(actor)) return { login: String(actor.login ?? ""), ...(typeof actor.id === "number" && { id: actor.id }) };
  return { login: typeof actor === "string" ? actor : "", ...(typeof type === "string" && { type }) };
}

/** `2012/03/10 23:59:59 -0800`, as the rows of the first year have it. */
function readTime(value: unknown): unknown {
  const old = typeof value === "string" ? /^(\d{4})\/(\d\d)\/(\d\d) (\d\d:\d\d:\d\d) ([+-]\d\d):?(\d\d)$/.exec(value) : null;
  return old ? `${old[1]}-${old[2]}-${old[3]}T${old[4]}${old[5]}:${old[6]}` : value;
}

function numberIn(url: string): number | undefined {
  const found = /\/(?:issues|pulls?)\/(\d+)/.exec(url)?.[1];
  return found === undefined ? undefined : Number(found);
}
