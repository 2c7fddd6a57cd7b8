import { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import type { PullInput, RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { PartsMemory } from "../parts-memory.ts";
import { type Asking, accessOf, askDiscourse } from "./client.ts";
import { chooseCategories, countForum, type DiscourseLiveSettings, readCategories } from "./connect.ts";
import { type DiscourseCategory, topicPayloadSchema } from "./format.ts";
import { askOrNothing, readTopic } from "./read-topic.ts";
import { isObject } from "./read-value.ts";
import { goneRecord } from "./records.ts";

const day = 86_400_000;
/** Every list is walked to its end so often, to find topics that are gone. */
const sweepMs = 7 * day;
/** Topics bumped within this time are then read again whatever their list shows: for edits and likes of single posts. */
const readAgainMs = 30 * day;
/** Topics bumped so long before the newest one of the last run are looked at again. */
const overlapMs = 3_600_000;
const chunkRecords = 300;
const pagesMax = 100_000;

const listCursorSchema = z.object({
  /** Newest bump when the last whole walk began. */
  since: z.string().optional(),
  /** A walk under way: the page to go on from, and the newest bump when it began. */
  walk: z.object({ page: z.int(), newest: z.string().optional(), toTheEnd: z.boolean() }).optional(),
});
const cursorSchema = z.object({
  lists: z.record(z.string(), listCursorSchema).default({}),
  sweptAt: z.string().optional(),
  step: z.int().default(0),
});
type Cursor = z.output<typeof cursorSchema>;

const listedSchema = z.looseObject({
  id: z.int(),
  title: z.string().nullish(),
  created_at: z.string().nullish(),
  bumped_at: z.string().nullish(),
  last_posted_at: z.string().nullish(),
  pinned: z.boolean().nullish(),
  pinned_globally: z.boolean().nullish(),
});
type Listed = z.output<typeof listedSchema>;
const pageSchema = z.looseObject({
  topic_list: z.looseObject({ topics: z.array(z.unknown()).default([]), more_topics_url: z.string().nullish() }),
});
const aboutSchema = z.object({ topic: topicPayloadSchema, numbers: z.array(z.tuple([z.number(), z.number()])).optional() });

/** A list of topics that is walked: the forum's latest ones, or those of a category. */
interface TopicList {
  key: string;
  path: string;
  name: string;
}

interface Pulling {
  asking: Asking;
  categories: ReadonlyMap<number, DiscourseCategory>;
  memory: PartsMemory;
  cursor: Cursor;
  now: Date;
  /** Walk every list to its end. */
  isSweep: boolean;
  /** Topics that stood in a list during this run. */
  seen: Set<number>;
  pages: number;
}

/** Topics by their last bump, newest first, as far back as the last run got; once a week all of them. */
export async function* pullDiscourse(ctx: CoreContext, input: PullInput<DiscourseLiveSettings>): AsyncGenerator<RecordChunk> {
  const { settings, http, signal } = input;
  const asking: Asking = { access: accessOf(settings), http, signal };
  const cursor = cursorSchema.catch({ lists: {}, step: 0 }).parse(input.cursor ?? {});
  const now = ctx.clock.now();
  // A refusal here means that the forum cannot be read at all.
  const all = await readCategories(asking);
  const { chosen, unknown, isAll } = chooseCategories(all, settings.categories);
  const warnings =
    unknown.length > 0 ? [`There is no category ${unknown.join(", ")} any more that we can see: renamed, removed, or closed to us?`] : [];
  const reported = isAll ? await countForum(asking) : undefined;
  if (warnings.length > 0 || reported) yield { records: [], ...(reported && { reported }), ...(warnings.length > 0 && { warnings }) };
  const lists: TopicList[] = isAll
    ? [{ key: "latest", path: "/latest.json", name: "all topics" }]
    : chosen.map(({ id, slug, name }) => ({ key: String(id), path: `/c/${slug || "-"}/${id}/l/latest.json`, name: name ?? String(id) }));
  const isSweep = cursor.sweptAt === undefined || now.getTime() - Date.parse(cursor.sweptAt) >= sweepMs;
  const isResumed = lists.some(({ key }) => cursor.lists[key]?.walk);
  const pulling: Pulling = {
    asking,
    categories: new Map(all.map((category) => [category.id, category])),
    memory: new PartsMemory({ folder: input.workDir, confirmed: cursor.step }),
    cursor,
    now,
    isSweep,
    seen: new Set(),
    pages: 0,
  };
  for (const list of lists) yield* walkList(pulling, list);
  // What a walk that was cut short did not see may have stood in its first part.
  if (isSweep && !isResumed) {
    yield* findGoneTopics(pulling);
    cursor.sweptAt = now.toISOString();
  }
  yield { records: [], cursor: await closeStep(pulling) };
}

/**
 * Walks a list page by page. Topics that are bumped meanwhile move to its front, which the next run reads; when topics
 * are deleted, others move up over the page's edge: so each page is looked at again once the next one is there.
 */
async function* walkList(pulling: Pulling, list: TopicList): AsyncGenerator<RecordChunk> {
  const { cursor } = pulling;
  const held = cursor.lists[list.key] ?? {};
  // While nobody read, topics moved up too.
  let number = Math.max(0, (held.walk?.page ?? 0) - 1);
  const toTheEnd = held.walk?.toTheEnd ?? (pulling.isSweep || held.since === undefined);
  const since = held.since === undefined ? undefined : Date.parse(held.since) - overlapMs;
  let page = await readPage(pulling, list, number);
  let newest = held.walk?.newest ?? newestBump(page.topics);
  for (;;) {
    yield* takeTopics(pulling, page.topics);
    cursor.lists[list.key] = { ...held, walk: { page: number, newest, toTheEnd } };
    yield { records: [], cursor: await closeStep(pulling), progress: { done: ++pulling.pages, unit: "pages" } };
    if (page.isLast || number >= pagesMax || (!toTheEnd && since !== undefined && isOlderThan(page.topics, since))) break;
    const next = await readPage(pulling, list, number + 1);
    const again = await readPage(pulling, list, number);
    const known = new Set(page.topics.map(({ id }) => id));
    yield* takeTopics(
      pulling,
      again.topics.filter(({ id }) => !known.has(id)),
    );
    page = next;
    number++;
  }
  newest ??= held.since;
  cursor.lists[list.key] = newest === undefined ? {} : { since: newest };
}

/** Pinned topics stand first whatever their age, and say nothing of how far a list has come. */
const isPinned = (topic: Listed): boolean => topic.pinned === true || topic.pinned_globally === true;
/** A topic without a reply has no last post in some versions. */
const bumpOf = (topic: Listed): string => topic.bumped_at ?? topic.last_posted_at ?? topic.created_at ?? "";

function newestBump(topics: readonly Listed[]): string | undefined {
  return topics
    .map(bumpOf)
    .filter((at) => at !== "")
    .sort()
    .at(-1);
}

/** Whether a page has come to topics that the last run knew: the last one that is not pinned tells. */
function isOlderThan(topics: readonly Listed[], since: number): boolean {
  const last = topics.filter((topic) => !isPinned(topic)).at(-1);
  return last !== undefined && Date.parse(bumpOf(last)) < since;
}

async function readPage(pulling: Pulling, list: TopicList, number: number): Promise<{ topics: Listed[]; isLast: boolean }> {
  const { topic_list } = pageSchema.parse(await askDiscourse(pulling.asking, `${list.path}?page=${number}&no_definitions=true`));
  const topics = topic_list.topics.flatMap((topic) => listedSchema.safeParse(topic).data ?? []);
  for (const { id } of topics) pulling.seen.add(id);
  return { topics, isLast: topics.length === 0 || !topic_list.more_topics_url };
}

/** Reads those topics of a page that changed since they were read last. */
async function* takeTopics(pulling: Pulling, topics: readonly Listed[]): AsyncGenerator<RecordChunk> {
  let records: RawRecord[] = [];
  let rejected: RejectedRecord[] = [];
  for (const topic of topics) {
    const signature = signatureOf(topic);
    const isRecent = pulling.isSweep && pulling.now.getTime() - Date.parse(bumpOf(topic)) < readAgainMs;
    if (!isRecent && (await pulling.memory.recall(topic.id))?.signature === signature) continue;
    const taken = await takeTopic(pulling, topic.id, signature);
    records.push(...taken.records);
    rejected.push(...taken.rejected);
    if (records.length + rejected.length < chunkRecords) continue;
    // The cursor still names this page: its other topics are yet to be read.
    yield { records, rejected, cursor: await closeStep(pulling) };
    records = [];
    rejected = [];
  }
  if (records.length + rejected.length > 0) yield { records, rejected };
}

/** What a list shows of a topic, less the views: when it is the same, so is the topic, but for edits of older posts. */
function signatureOf(topic: Listed): string {
  const { bumped_at, last_posted_at, title, posts_count, like_count, closed, archived, visible, category_id, tags, has_accepted_answer } = topic;
  return JSON.stringify([
    bumped_at,
    last_posted_at,
    title,
    posts_count,
    like_count,
    closed,
    archived,
    visible,
    isPinned(topic),
    category_id,
    tags,
    has_accepted_answer,
  ]);
}

async function takeTopic(pulling: Pulling, id: number, signature: string): Promise<{ records: RawRecord[]; rejected: RejectedRecord[] }> {
  const { asking, categories, memory, now } = pulling;
  const held = await memory.recall(id);
  const heldAbout = aboutSchema.safeParse(held?.about).data;
  const known = new Set(Object.keys(held?.parts ?? {}).map(Number));
  const reading = await readTopic(asking, { id, categories, known, numbers: new Map(heldAbout?.numbers ?? []), now });
  if (!reading) return { records: await takeGoneTopic(pulling, id), rejected: [] };
  const parts: Record<string, number> = {};
  for (const post of reading.stream ?? []) {
    const before = held?.parts[post];
    if (before !== undefined) parts[post] = before;
  }
  for (const record of reading.records) if (record.stream === "posts") parts[record.externalId] = Date.parse(record.asOf ?? "") || now.getTime();
  // A topic that does not list its posts tells nothing of those that are gone.
  if (!reading.stream) for (const [post, at] of Object.entries(held?.parts ?? {})) parts[post] ??= at;
  const own = reading.records.find(({ stream }) => stream === "topics");
  const about = { topic: own?.payload, ...(reading.numbers.size > 100 && { numbers: [...reading.numbers] }) };
  const { missing, returned } = await memory.compare(id, { signature, about, parts });
  const records = reading.records.map((record) =>
    // What was reported gone is younger than its own last change, which would not be taken again: it bears no moment.
    record.stream === "posts" && returned.has(record.externalId) ? withoutMoment(record) : record,
  );
  return { records: [...records, ...(await confirmGone(pulling, id, missing))], rejected: reading.rejected };
}

const withoutMoment = ({ stream, externalId, payload }: RawRecord): RawRecord => ({ stream, externalId, payload });

/** Posts that left a topic may have been moved to another one, which brings them in: those are asked for one by one. */
async function confirmGone(pulling: Pulling, topic: number, missing: readonly { id: string; at: number }[]): Promise<RawRecord[]> {
  const { asking, memory } = pulling;
  const gone: RawRecord[] = [];
  for (const { id, at } of missing) {
    const post = await askOrNothing(asking, `/posts/${id}.json`);
    const isThere = isObject(post) && !post.deleted_at;
    if (isThere) await memory.keep(topic, id);
    else gone.push(goneRecord({ site: asking.access.site, id, topicId: topic, asOf: new Date(at + 1).toISOString() }));
  }
  return gone;
}

/** Topics that no list shows any more are asked for: deleted, closed to us, or only not listed. */
async function* findGoneTopics(pulling: Pulling): AsyncGenerator<RecordChunk> {
  const { memory, seen } = pulling;
  const unseen: number[] = [];
  for await (const id of memory.wholes()) if (!seen.has(id)) unseen.push(id);
  for (const id of unseen) {
    const taken = await takeTopic(pulling, id, "");
    if (taken.records.length + taken.rejected.length > 0) yield { ...taken, cursor: await closeStep(pulling) };
  }
}

/** A topic that is gone, or that was closed to us: what came from it is taken back. */
async function takeGoneTopic(pulling: Pulling, id: number): Promise<RawRecord[]> {
  const { memory, now } = pulling;
  const held = await memory.recall(id);
  if (!held) return [];
  await memory.forget(id);
  const posts = Object.entries(held.parts).map(([post, at]) => ({ id: post, at }));
  const gone = await confirmGone(pulling, id, posts);
  const payload = aboutSchema.safeParse(held.about).data?.topic;
  if (!payload) return gone;
  const asOf = now.toISOString();
  const deleted = { ...payload, topic: { ...payload.topic, deleted_at: asOf } };
  return [{ stream: "topics", externalId: String(id), payload: deleted, asOf }, ...gone];
}

async function closeStep({ cursor, memory }: Pulling): Promise<Cursor> {
  cursor.step = await memory.close();
  return structuredClone(cursor);
}
