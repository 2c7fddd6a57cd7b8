import { decodeHTML } from "entities";
import { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import type { PullInput, RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { PartsMemory } from "../parts-memory.ts";
import { type ApiAnswer, QuotaUsedUp, StackExchangeApi } from "./client.ts";
import { listTags, requireSite, type StackExchangeLiveSettings, siteInfoSchema, tagSchema } from "./connect.ts";
import { readItem } from "./read-item.ts";
import { goneRecord } from "./records.ts";

const pageSize = 100;
const day = 86_400;
/** Questions that were active so long before are read again on every run: comments and accepting are no activity. */
const overlapSeconds = 7 * day;
/** With a key, every question is read again so often: for votes, late comments and deletions. */
const sweepSeconds = 30 * day;

/** Fields on top of the usual ones. The version goes up with them, since a filter is made once and kept. */
const wantedFields = [
  ...["answers", "comments", "body_markdown", "closed_details", "locked_date", "community_owned_date"].map((field) => `question.${field}`),
  ...["comments", "body_markdown", "locked_date", "community_owned_date"].map((field) => `answer.${field}`),
  ...["body_markdown", "post_type"].map((field) => `comment.${field}`),
  "shallow_user.account_id",
];
const filterVersion = 1;

const cursorSchema = z.object({
  filter: z.object({ version: z.int(), name: z.string() }).optional(),
  /** By tag (empty for all): how far it was read, in seconds of last activity, and whether that was to the end. */
  tags: z.record(z.string(), z.object({ since: z.number(), isWhole: z.boolean() })).default({}),
  sweptAt: z.number().optional(),
  /** A sweep under way: the last question that it has read again. */
  sweep: z.object({ after: z.number() }).optional(),
  step: z.int().default(0),
});
type Cursor = z.output<typeof cursorSchema>;

const questionSchema = z.looseObject({
  question_id: z.int(),
  last_activity_date: z.number(),
  creation_date: z.number().default(0),
  title: z.string().optional(),
});
const aboutSchema = z.object({ creation_date: z.number(), title: z.string().optional() });
const filterSchema = z.looseObject({ filter: z.string() });

interface Pulling {
  site: string;
  api: StackExchangeApi;
  memory: PartsMemory;
  cursor: Cursor;
  filter: string;
  now: Date;
}

/**
 * Questions by their last activity, oldest first, each page from where the last one ended: whatever becomes active
 * meanwhile moves to the end, which is still to come, so nothing is lost between pages.
 */
export async function* pullStackExchange(ctx: CoreContext, input: PullInput<StackExchangeLiveSettings>): AsyncGenerator<RecordChunk> {
  const { settings, http, signal } = input;
  const site = requireSite(settings);
  const tags = listTags(settings);
  const cursor = cursorSchema.catch({ tags: {}, step: 0 }).parse(input.cursor ?? {});
  const api = new StackExchangeApi({ key: settings.key, http, signal });
  try {
    const filter = await findFilter(api, cursor);
    const memory = new PartsMemory({ folder: input.workDir, confirmed: cursor.step });
    const pulling: Pulling = { site, api, memory, cursor, filter, now: ctx.clock.now() };
    const reported = await countAll(pulling, tags);
    if (reported) yield { records: [], reported };
    for (const tag of tags.length > 0 ? tags : [""]) yield* pullTag(pulling, tag);
    if (settings.key !== "") yield* sweep(pulling);
  } catch (error) {
    if (!(error instanceof QuotaUsedUp)) throw error;
    const hint = settings.key === "" ? " A key allows 10,000 requests a day in place of 300." : "";
    yield { records: [], warnings: [`Stopped early, because ${error.message}. The next run goes on from there.${hint}`] };
  }
}

/** Filters are made once and stay; asking again for the same one costs a request. */
async function findFilter(api: StackExchangeApi, cursor: Cursor): Promise<string> {
  if (cursor.filter?.version === filterVersion) return cursor.filter.name;
  const answer = await api.ask("filters/create", { include: wantedFields.join(";"), base: "default", unsafe: "false" });
  const { filter } = filterSchema.parse(answer.items[0]);
  cursor.filter = { version: filterVersion, name: filter };
  return filter;
}

/** What the site says it holds of what we read; tags overlap, so of several there is no sum. */
async function countAll({ api, site }: Pulling, tags: readonly string[]): Promise<RecordChunk["reported"]> {
  const [tag, ...more] = tags;
  if (more.length > 0) return undefined;
  if (tag !== undefined) {
    const counted = tagSchema.safeParse((await api.ask(`tags/${encodeURIComponent(tag)}/info`, { site })).items[0]);
    return counted.success ? { question_opened: counted.data.count } : undefined;
  }
  const info = siteInfoSchema.parse((await api.ask("info", { site })).items[0]);
  const comments = info.total_comments;
  return { question_opened: info.total_questions, answer: info.total_answers, ...(comments !== undefined && { comment: comments }) };
}

async function* pullTag(pulling: Pulling, tag: string): AsyncGenerator<RecordChunk> {
  const { api, cursor, site, filter } = pulling;
  const before = cursor.tags[tag];
  let since = before ? Math.max(0, before.since - (before.isWhole ? overlapSeconds : 0)) : 0;
  let page = 1;
  let done = 0;
  for (;;) {
    const query = { site, filter, sort: "activity", order: "asc", pagesize: pageSize, page };
    const answer = await api.ask("questions", { ...query, ...(since > 0 && { min: since }), ...(tag && { tagged: tag }) });
    done += answer.items.length;
    const chunk = await takeQuestions(pulling, answer);
    const last = lastActivity(answer, since);
    // A second in which more questions were active than a page holds is read page by page.
    page = last > since ? 1 : page + 1;
    since = last;
    cursor.tags[tag] = { since, isWhole: !answer.hasMore };
    yield { ...chunk, cursor: await closeStep(pulling), progress: { done, unit: "records" } };
    if (!answer.hasMore) return;
  }
}

function lastActivity(answer: ApiAnswer, since: number): number {
  return answer.items.reduce((last: number, item) => Math.max(last, questionSchema.safeParse(item).data?.last_activity_date ?? 0), since);
}

/** The records of a page of questions, and of what was in them before and is not any more. */
async function takeQuestions(pulling: Pulling, answer: ApiAnswer): Promise<{ records: RawRecord[]; rejected: RejectedRecord[] }> {
  const { site, memory } = pulling;
  const records: RawRecord[] = [];
  const rejected: RejectedRecord[] = [];
  const missing: Missing[] = [];
  for (const [index, item] of answer.items.entries()) {
    const reading = readItem({ site, place: `an answer of the API, items[${index}]`, value: item });
    rejected.push(...reading.rejected);
    const question = questionSchema.safeParse(item);
    if (!question.success) continue;
    const { question_id: id, creation_date, title } = question.data;
    const parts = Object.fromEntries(reading.records.map((record) => [partOf(record), Date.parse(record.asOf ?? "")]));
    const about: z.output<typeof aboutSchema> = { creation_date, ...(title && { title: decodeHTML(title) }) };
    const compared = await memory.compare(id, { signature: "", about, parts });
    for (const part of compared.missing) missing.push({ question: id, ...part });
    // What was reported gone is younger than its own last change, which would not be taken again: it bears no moment.
    for (const record of reading.records) records.push(compared.returned.has(partOf(record)) ? withoutMoment(record) : record);
  }
  records.push(...(await confirmGone(pulling, missing)));
  return { records, rejected };
}

interface Missing {
  question: number;
  id: string;
  at: number;
}

const partOf = (record: RawRecord): string => `${record.stream}/${record.externalId}`;
const withoutMoment = ({ stream, externalId, payload }: RawRecord): RawRecord => ({ stream, externalId, payload });

/** Answers and comments that left a question may stand below another now, since questions are merged: those are asked for. */
async function confirmGone(pulling: Pulling, missing: readonly Missing[]): Promise<RawRecord[]> {
  const { api, site, memory } = pulling;
  const gone: RawRecord[] = [];
  for (const stream of ["answers", "comments"] as const) {
    const field = stream === "answers" ? "answer_id" : "comment_id";
    const left = missing.filter(({ id }) => id.startsWith(`${stream}/`)).map((part) => ({ ...part, number: part.id.slice(stream.length + 1) }));
    for (let from = 0; from < left.length; from += pageSize) {
      const some = left.slice(from, from + pageSize);
      const answer = await api.ask(`${stream}/${some.map(({ number }) => number).join(";")}`, { site, pagesize: pageSize });
      const there = new Set(answer.items.map((item) => (typeof item === "object" && item !== null ? String(Reflect.get(item, field)) : "")));
      for (const { number, at, id, question } of some) {
        if (there.has(number)) await memory.keep(question, id);
        else gone.push(goneRecord({ site, stream, id: number, asOf: new Date(at + 1).toISOString() }));
      }
    }
  }
  return gone;
}

/** Reads every remembered question again by its number; those that do not come are gone. */
async function* sweep(pulling: Pulling): AsyncGenerator<RecordChunk> {
  const { api, cursor, memory, now, site, filter } = pulling;
  const nowSeconds = Math.floor(now.getTime() / 1000);
  cursor.sweptAt ??= nowSeconds;
  if (cursor.sweep || nowSeconds - cursor.sweptAt >= sweepSeconds) {
    const ids: number[] = [];
    for await (const id of memory.wholes()) ids.push(id);
    const rest = ids.sort((a, b) => a - b).filter((id) => id > (cursor.sweep?.after ?? 0));
    for (let from = 0; from < rest.length; from += pageSize) {
      const some = rest.slice(from, from + pageSize);
      const answer = await api.ask(`questions/${some.join(";")}`, { site, filter, pagesize: pageSize });
      const there = new Set(answer.items.map((item) => questionSchema.safeParse(item).data?.question_id));
      const chunk = await takeQuestions(pulling, answer);
      for (const id of some) if (!there.has(id)) chunk.records.push(...(await takeGoneQuestion(pulling, id)));
      cursor.sweep = { after: some.at(-1) ?? 0 };
      const done = ids.length - rest.length + from + some.length;
      yield { ...chunk, cursor: await closeStep(pulling), progress: { done, total: ids.length, unit: "records" } };
    }
    cursor.sweptAt = nowSeconds;
    delete cursor.sweep;
  }
  yield { records: [], cursor: await closeStep(pulling) };
}

async function takeGoneQuestion(pulling: Pulling, id: number): Promise<RawRecord[]> {
  const { memory, site, now } = pulling;
  const held = await memory.recall(id);
  await memory.forget(id);
  const parts = Object.entries(held?.parts ?? {}).map(([part, at]) => ({ question: id, id: part, at }));
  const own = parts.find((part) => part.id === `questions/${id}`);
  const gone = await confirmGone(pulling, parts);
  if (!own) return gone;
  const about = aboutSchema.safeParse(held?.about).data;
  const question = about && { question_id: id, ...about, deleted_date: Math.floor(now.getTime() / 1000) };
  return [goneRecord({ site, stream: "questions", id: String(id), asOf: new Date(own.at + 1).toISOString(), question }), ...gone];
}

async function closeStep({ cursor, memory }: Pulling): Promise<Cursor> {
  cursor.step = await memory.close();
  return structuredClone(cursor);
}
