import type { RejectedRecord } from "#features/ledger/index.ts";
import { excerptOf } from "../words.ts";
import type { SeOwner } from "./format.ts";
import type { DumpRow } from "./read-rows.ts";
import type { GivenComment, GivenPost } from "./records.ts";

/** Kinds of posts in which nobody asks or answers: pages about tags, elections, help pages. */
export const otherPostTypes: Record<string, string> = {
  "3": "orphaned tag wikis",
  "4": "excerpts of tag wikis",
  "5": "tag wikis",
  "6": "nominations in elections",
  "7": "wiki placeholders",
  "8": "pages on privileges",
};

type OwnerOf = (id: number) => SeOwner;

/** A row of Posts.xml as the API would show it, or the field that is wrong with it. */
export function toPost({ fields }: DumpRow, ownerOf: OwnerOf): GivenPost | string {
  const id = whole(fields.Id);
  if (id === undefined) return "Id";
  const created = seconds(fields.CreationDate);
  if (created === undefined) return "CreationDate";
  const isQuestion = fields.PostTypeId === "1";
  const question = isQuestion ? id : whole(fields.ParentId);
  if (question === undefined) return "ParentId";
  return {
    post_id: id,
    post_type: isQuestion ? "question" : "answer",
    question_id: question,
    creation_date: created,
    last_activity_date: seconds(fields.LastActivityDate),
    last_edit_date: seconds(fields.LastEditDate),
    closed_date: seconds(fields.ClosedDate),
    community_owned_date: seconds(fields.CommunityOwnedDate),
    title: fields.Title,
    tags: isQuestion ? readTags(fields.Tags) : undefined,
    score: whole(fields.Score),
    view_count: whole(fields.ViewCount),
    answer_count: isQuestion ? whole(fields.AnswerCount) : undefined,
    accepted_answer_id: whole(fields.AcceptedAnswerId),
    body: fields.Body,
    owner: toOwner(fields.OwnerUserId, fields.OwnerDisplayName, ownerOf),
  };
}

/** A row of Comments.xml as the API would show it, or the field that is wrong with it. */
export function toComment({ fields }: DumpRow, ownerOf: OwnerOf): GivenComment | string {
  const id = whole(fields.Id);
  if (id === undefined) return "Id";
  const post = whole(fields.PostId);
  if (post === undefined) return "PostId";
  const created = seconds(fields.CreationDate);
  if (created === undefined) return "CreationDate";
  return {
    comment_id: id,
    post_id: post,
    creation_date: created,
    score: whole(fields.Score),
    // Comments are source text in a dump.
    body_markdown: fields.Text,
    owner: toOwner(fields.UserId, fields.UserDisplayName, ownerOf),
  };
}

/** Users who were deleted are known by the name that they are shown under, and no number. */
function toOwner(userId: string | undefined, shownAs: string | undefined, ownerOf: OwnerOf): SeOwner | undefined {
  const id = whole(userId);
  if (id !== undefined) return ownerOf(id);
  return shownAs === undefined ? undefined : { display_name: shownAs, user_type: "does_not_exist" };
}

const nouns = { questions: "question", answers: "answer", comments: "comment", users: "user" };

/** A row that cannot be used, with its line and what is wrong. */
export function setAside(input: { stream: keyof typeof nouns; file: string; row: DumpRow; field: string }): RejectedRecord {
  const { row, field, stream } = input;
  const value = row.fields[field];
  return {
    stream,
    ...(row.fields.Id && { externalId: row.fields.Id }),
    place: `${input.file}, line ${row.line}`,
    reason: `The ${nouns[stream]} has ${value === undefined ? `no ${field}` : `the ${field} «${value.slice(0, 40)}», which cannot be read`}.`,
    remedy: "Download or unpack the dump again; all the rest was taken.",
    excerpt: excerptOf(row.fields),
  };
}

/** `<a><b>` in older dumps, `|a|b|` in newer ones. */
function readTags(tags: string | undefined): string[] {
  return (tags ?? "").split(/[<>|]+/).filter(Boolean);
}

/** A whole number as dumps write it. */
export function whole(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}

/** Times of a dump are UTC without saying so. */
function seconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(at) ? undefined : Math.floor(at / 1000);
}
