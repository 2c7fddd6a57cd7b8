import { decodeHTML } from "entities";
import { z } from "zod";
import type { RawRecord, RejectedRecord } from "#features/ledger/index.ts";
import { excerptOf } from "../words.ts";
import type { QuestionHint } from "./format.ts";
import { commentRecord, type Given, postRecord, readOwner, userRecord } from "./records.ts";

const questionSchema = z.looseObject({ question_id: z.int(), creation_date: z.number() });
const answerSchema = z.looseObject({ answer_id: z.int(), question_id: z.int(), creation_date: z.number() });
const commentSchema = z.looseObject({ comment_id: z.int(), post_id: z.int(), creation_date: z.number() });

/** The records in one item of an answer of the API, and what of it cannot be used. */
export interface ItemReading {
  records: RawRecord[];
  rejected: RejectedRecord[];
}

interface ItemInput {
  site: string;
  /** Where the item stands, for what is set aside. */
  place: string;
  value: unknown;
}

/** The question that an answer or comment stands in. */
interface Root {
  id: number;
  hint: QuestionHint;
}

/** A question with the answers and comments that stand in it; or one of these alone; or a user. */
export function readItem(input: ItemInput): ItemReading {
  const reading: ItemReading = { records: [], rejected: [] };
  const { value } = input;
  if (!isObject(value)) takeFault(reading, { ...input, stream: "questions" });
  else if ("comment_id" in value) takeComment(reading, input, undefined);
  else if ("answer_id" in value) takeAnswer(reading, input, undefined);
  else if ("question_id" in value) takeQuestion(reading, input);
  else takeUser(reading, input);
  return reading;
}

function takeQuestion(reading: ItemReading, input: ItemInput): void {
  const parsed = questionSchema.safeParse(input.value);
  if (!parsed.success) return takeFault(reading, { ...input, stream: "questions", issue: parsed.error.issues[0] });
  const given: Given = parsed.data;
  const { question_id: id, creation_date } = parsed.data;
  const title = unescaped(given.title);
  const hint: QuestionHint = { creation_date, ...(title && { title }) };
  const repeats = isObject(given.closed_details) ? idsOf(given.closed_details.original_questions, "question_id") : [];
  const post = {
    ...shared(given),
    post_id: id,
    post_type: "question" as const,
    question_id: id,
    creation_date,
    title,
    tags: listOf(given.tags).filter((tag) => typeof tag === "string"),
    closed_date: number(given.closed_date),
    closed_reason: unescaped(given.closed_reason),
    view_count: number(given.view_count),
    answer_count: number(given.answer_count),
    accepted_answer_id: number(given.accepted_answer_id),
    duplicate_of: repeats.length > 0 ? repeats : undefined,
  };
  reading.records.push(postRecord({ site: input.site, post }));
  for (const [index, answer] of listOf(given.answers).entries()) {
    takeAnswer(reading, { ...input, value: answer, place: `${input.place}.answers[${index}]` }, { id, hint });
  }
  takeComments(reading, input, given, { id, hint });
}

function takeAnswer(reading: ItemReading, input: ItemInput, root: Root | undefined): void {
  const parsed = answerSchema.safeParse(input.value);
  if (!parsed.success) return takeFault(reading, { ...input, stream: "answers", issue: parsed.error.issues[0] });
  const given: Given = parsed.data;
  const { answer_id: id, question_id, creation_date } = parsed.data;
  const title = unescaped(given.title);
  const question = root?.hint ?? (title ? { title } : undefined);
  const is_accepted = given.is_accepted === true ? true : undefined;
  const post = { ...shared(given), post_id: id, post_type: "answer" as const, question_id, creation_date, is_accepted };
  reading.records.push(postRecord({ site: input.site, post, question }));
  takeComments(reading, input, given, root ?? { id: question_id, hint: question ?? {} });
}

function takeComments(reading: ItemReading, input: ItemInput, given: Given, root: Root): void {
  for (const [index, comment] of listOf(given.comments).entries()) {
    takeComment(reading, { ...input, value: comment, place: `${input.place}.comments[${index}]` }, root);
  }
}

function takeComment(reading: ItemReading, input: ItemInput, root: Root | undefined): void {
  const parsed = commentSchema.safeParse(input.value);
  if (!parsed.success) return takeFault(reading, { ...input, stream: "comments", issue: parsed.error.issues[0] });
  const given: Given = parsed.data;
  const { comment_id, post_id, creation_date } = parsed.data;
  const comment = {
    comment_id,
    post_id,
    creation_date,
    // Alone it does not say which question its answer belongs to.
    question_id: root?.id ?? (given.post_type === "question" ? post_id : undefined),
    score: number(given.score),
    edited: given.edited === true ? true : undefined,
    ...wordsOf(given),
    owner: readOwner(given.owner),
  };
  reading.records.push(commentRecord({ site: input.site, comment, question: root?.hint }));
}

function takeUser(reading: ItemReading, input: ItemInput): void {
  const user = readOwner(input.value);
  if (typeof user?.user_id !== "number") return takeFault(reading, { ...input, stream: "questions" });
  reading.records.push(userRecord(input.site, { ...user, user_id: user.user_id }));
}

/** What questions and answers have alike. */
function shared(given: Given) {
  return {
    last_activity_date: number(given.last_activity_date),
    last_edit_date: number(given.last_edit_date),
    community_owned_date: number(given.community_owned_date),
    locked_date: number(given.locked_date),
    score: number(given.score),
    ...wordsOf(given),
    owner: readOwner(given.owner),
  };
}

/** The source text comes escaped as HTML; the HTML is what it is. */
function wordsOf(given: Given): { body_markdown?: string; body?: string } {
  const source = unescaped(given.body_markdown);
  if (source) return { body_markdown: source };
  return typeof given.body === "string" ? { body: given.body } : {};
}

function takeFault(
  reading: ItemReading,
  input: ItemInput & { stream: "questions" | "answers" | "comments"; issue?: { path: PropertyKey[]; message: string } | undefined },
): void {
  const { issue, stream, place } = input;
  const field = issue?.path.map(String).join(".");
  reading.rejected.push({
    stream,
    place: field ? `${place}.${field}` : place,
    reason: issue
      ? `The ${stream.slice(0, -1)} cannot be used: ${field ? `${field}: ` : ""}${issue.message}.`
      : "It is neither question, answer, comment nor user.",
    remedy: "Ask the API again; all the rest was taken.",
    excerpt: excerptOf(input.value),
  });
}

const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
const unescaped = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? decodeHTML(value) : undefined);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function idsOf(list: unknown, field: string): number[] {
  return listOf(list)
    .flatMap((item) => (isObject(item) ? [item[field]] : []))
    .filter((id) => typeof id === "number")
    .sort((a, b) => a - b);
}

export function isObject(value: unknown): value is Given {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
