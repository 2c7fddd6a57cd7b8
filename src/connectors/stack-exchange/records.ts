import { decodeHTML } from "entities";
import type { RawRecord } from "#features/ledger/index.ts";
import type { QuestionHint, SeGone, SeOwner } from "./format.ts";

export type Given = Record<string, unknown>;

/** A post, in the API's words; a dump's rows are brought into them while they are read. */
export interface GivenPost {
  post_id: number;
  post_type: "question" | "answer";
  question_id: number;
  creation_date: number;
  last_activity_date?: number | undefined;
  last_edit_date?: number | undefined;
  closed_date?: number | undefined;
  community_owned_date?: number | undefined;
  owner?: SeOwner | undefined;
  [field: string]: unknown;
}

/** A comment, in the API's words. */
export interface GivenComment {
  comment_id: number;
  post_id: number;
  creation_date: number;
  question_id?: number | undefined;
  owner?: SeOwner | undefined;
  [field: string]: unknown;
}

/**
 * The record of a question or an answer.
 * @param input.knowsLess what a dump tells is a little older than what the API tells of the same state: it has no source text
 */
export function postRecord(input: { site: string; post: GivenPost; question?: QuestionHint | undefined; knowsLess?: boolean }): RawRecord {
  const { last_activity_date, ...post } = input.post;
  const { creation_date, last_edit_date, closed_date, community_owned_date } = post;
  const at = Math.max(creation_date, last_activity_date ?? 0, last_edit_date ?? 0, closed_date ?? 0, community_owned_date ?? 0);
  return {
    // Each has a stream of its own: a site numbers them together, but answers that are made up for tests do not.
    stream: post.post_type === "question" ? "questions" : "answers",
    externalId: String(post.post_id),
    payload: { site: input.site, post: withoutNothing(post), ...(input.question && { question: withoutNothing(input.question) }) },
    asOf: moment(at, input.knowsLess),
  };
}

/** The record of a comment. */
export function commentRecord(input: { site: string; comment: GivenComment; question?: QuestionHint | undefined; knowsLess?: boolean }): RawRecord {
  return {
    stream: "comments",
    externalId: String(input.comment.comment_id),
    payload: { site: input.site, comment: withoutNothing(input.comment), ...(input.question && { question: withoutNothing(input.question) }) },
    asOf: moment(input.comment.creation_date, input.knowsLess),
  };
}

/** The record of a user of a site, for a list of users that comes alone. */
export function userRecord(site: string, user: SeOwner & { user_id: number }): RawRecord {
  return { stream: "users", externalId: String(user.user_id), payload: { site, user: withoutNothing(user) } };
}

/**
 * A post or comment that is not there any more.
 * @param input.question of a question, what its thread needs to be marked so
 */
export function goneRecord(input: {
  site: string;
  stream: "questions" | "answers" | "comments";
  id: string;
  asOf: string;
  question?: SeGone["question"];
}): RawRecord {
  const { site, stream, id, asOf, question } = input;
  return { stream, externalId: id, payload: { site, gone: true, ...(question && { question }) }, asOf };
}

/** Who wrote it, of what the API shows: names come escaped as HTML. */
export function readOwner(owner: unknown): SeOwner | undefined {
  if (typeof owner !== "object" || owner === null) return undefined;
  const given: Given = { ...owner };
  const number = (field: string) => (typeof given[field] === "number" ? given[field] : undefined);
  const text = (field: string) => (typeof given[field] === "string" && given[field] !== "" ? given[field] : undefined);
  const name = text("display_name");
  return withoutNothing({
    user_id: number("user_id"),
    account_id: number("account_id"),
    display_name: name === undefined ? undefined : decodeHTML(name),
    // Registered or not, moderator or not: of that only the deleted are of use.
    user_type: given.user_type === "does_not_exist" ? "does_not_exist" : undefined,
    profile_image: text("profile_image"),
  });
}

function moment(seconds: number, knowsLess: boolean | undefined): string {
  return new Date(seconds * 1000 - (knowsLess ? 1 : 0)).toISOString();
}

/** A copy without the fields that say nothing. */
function withoutNothing<T extends object>(value: T): T {
  const kept = { ...value };
  for (const [field, part] of Object.entries(kept)) {
    if (part === undefined || part === null || part === "") Reflect.deleteProperty(kept, field);
  }
  return kept;
}
