import type { RawRecord, RejectedRecord } from "#features/ledger/index.ts";
import { excerptOf } from "../words.ts";
import { type DiscourseCategory, type DiscourseUser, givenPostSchema, givenTopicSchema, type TopicHint } from "./format.ts";
import { type Given, idOf, postRecord, topicRecord } from "./records.ts";

/** What was told of categories, by their number. */
export type Categories = ReadonlyMap<number, DiscourseCategory>;

export interface ValueReading {
  records: RawRecord[];
  rejected: RejectedRecord[];
  /** Topics whose pages it holds, with how many posts they say they have and how many of them are here. */
  pages: { topic: number; title: string; has: number; of: number }[];
  /** Whether it was an answer of the forum that we know at all. */
  isKnown: boolean;
}

export interface ReadValueInput {
  site: string;
  categories: Categories;
  /** Where the value stands, for what is set aside. */
  place: string;
  value: unknown;
  /** Post number → id of posts of the topic that are held and not in the value. */
  numbers?: ReadonlyMap<number, number>;
}

const remedy = "Fetch it again from the forum; all the rest was taken.";

/**
 * The records in an answer of the forum: a topic's page, a list of its posts, a list of topics, of the latest posts, one
 * post, or the body of a webhook; and lists of those.
 */
export function readValue(input: ReadValueInput): ValueReading {
  const reading: ValueReading = { records: [], rejected: [], pages: [], isKnown: false };
  readInto(reading, input);
  return reading;
}

function readInto(reading: ValueReading, input: ReadValueInput): void {
  const { value, place } = input;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) readInto(reading, { ...input, value: item, place: `${place}[${index}]` });
    return;
  }
  if (!isObject(value)) return;
  if (isObject(value.post_stream)) return readTopicPage(reading, input, value, value.post_stream);
  if (isObject(value.topic_list)) readTopicList(reading, input, value.topic_list, value.users);
  if (Array.isArray(value.latest_posts)) readLatestPosts(reading, input, value.latest_posts);
  if (listCategories(value) !== undefined || isObject(value.about)) reading.isKnown = true;
  if (isPost(value)) {
    reading.isKnown = true;
    takePost(reading, input, {
      post: value,
      topic: hintOf(value),
      place,
      category: findCategory(input.categories, value.category_id),
      knowsLess: true,
    });
  }
}

/** `/t/{id}.json`, and `/t/{id}/posts.json`, which lacks the topic's own fields. */
function readTopicPage(reading: ValueReading, input: ReadValueInput, topic: Given, stream: Given): void {
  reading.isKnown = true;
  const posts = Array.isArray(stream.posts) ? (stream.posts as unknown[]) : [];
  const category = findCategory(input.categories, topic.category_id);
  const topicId = typeof topic.id === "number" ? topic.id : posts.map((post) => topicOf(post)).find((id) => id !== undefined);
  const isWhole = typeof topic.title === "string" && typeof topic.created_at === "string";
  const hint: TopicHint = { ...pickHint(topic), id: topicId ?? 0 };
  if (isWhole) {
    const accepted = posts.some((post) => isObject(post) && post.accepted_answer === true);
    const count = typeof topic.posts_count === "number" ? topic.posts_count : posts.length;
    reading.pages.push({ topic: hint.id, title: String(topic.title), has: posts.length, of: count });
    takeTopic(reading, input, {
      topic: accepted ? { ...topic, has_accepted_answer: true } : topic,
      category,
      user: openerOf(topic, posts),
      place: input.place,
    });
  }
  const numbers = new Map([...(input.numbers ?? []), ...numbersOf(posts)]);
  for (const [index, post] of posts.entries()) {
    const given = isObject(post) && topicOf(post) === undefined ? { ...post, topic_id: topicId } : post;
    const replyTo = isObject(post) ? numbers.get(Number(post.reply_to_post_number)) : undefined;
    const place = `${input.place}${input.place.endsWith("]") ? "." : ", "}post_stream.posts[${index}]`;
    takePost(reading, input, { post: given, topic: hint, place, category, replyTo, knowsLess: !isWhole });
  }
}

/** Posts answer each other by their numbers in the topic, which moving them changes. */
export function numbersOf(posts: readonly unknown[]): [number: number, id: number][] {
  return posts.flatMap((post) => {
    const id = idOf(post);
    return isObject(post) && typeof post.post_number === "number" && id !== undefined ? [[post.post_number, id] as [number, number]] : [];
  });
}

function readTopicList(reading: ValueReading, input: ReadValueInput, list: Given, users: unknown): void {
  reading.isKnown = true;
  const topics = Array.isArray(list.topics) ? (list.topics as unknown[]) : [];
  const known = new Map(
    (Array.isArray(users) ? (users as unknown[]) : []).flatMap((user) => (idOf(user) === undefined ? [] : [[idOf(user), user as DiscourseUser]])),
  );
  for (const [index, topic] of topics.entries()) {
    const posters = isObject(topic) && Array.isArray(topic.posters) ? (topic.posters as unknown[]) : [];
    // Whoever opened it stands first.
    const first: unknown = isObject(posters[0]) ? posters[0].user_id : undefined;
    const place = `${input.place}, topic_list.topics[${index}]`;
    const category = isObject(topic) ? findCategory(input.categories, topic.category_id) : undefined;
    takeTopic(reading, input, { topic, category, user: typeof first === "number" ? known.get(first) : undefined, place, knowsLess: true });
  }
}

function readLatestPosts(reading: ValueReading, input: ReadValueInput, posts: readonly unknown[]): void {
  reading.isKnown = true;
  for (const [index, post] of posts.entries()) {
    const given = isObject(post) ? post : {};
    const category = findCategory(input.categories, given.category_id);
    takePost(reading, input, { post, topic: hintOf(given), place: `${input.place}, latest_posts[${index}]`, category, knowsLess: true });
  }
}

/** A post's record, or why there is none. */
function takePost(
  reading: ValueReading,
  input: ReadValueInput,
  given: {
    post: unknown;
    topic: TopicHint;
    place: string;
    category: DiscourseCategory | undefined;
    replyTo?: number | undefined;
    knowsLess?: boolean;
  },
): void {
  const parsed = givenPostSchema.safeParse(given.post);
  if (!parsed.success) {
    reading.rejected.push(setAside("posts", given.place, given.post, parsed.error.issues[0]));
    return;
  }
  reading.records.push(postRecord({ ...given, site: input.site, post: parsed.data, topic: { ...given.topic, id: parsed.data.topic_id } }));
}

function takeTopic(
  reading: ValueReading,
  input: ReadValueInput,
  given: { topic: unknown; category: DiscourseCategory | undefined; user: DiscourseUser | undefined; place: string; knowsLess?: boolean },
): void {
  const parsed = givenTopicSchema.safeParse(given.topic);
  if (!parsed.success) {
    reading.rejected.push(setAside("topics", given.place, given.topic, parsed.error.issues[0]));
    return;
  }
  const topic: Given = parsed.data;
  // A topic has no «updated at»: its last post is the best sign of when it was so. Lists know less than pages.
  const last = [topic.last_posted_at, topic.deleted_at, topic.created_at].map((at) => (typeof at === "string" ? Date.parse(at) : Number.NaN));
  const at = Math.max(...last.filter((time) => !Number.isNaN(time)));
  reading.records.push(topicRecord({ ...given, site: input.site, topic, asOf: new Date(at - (given.knowsLess ? 1 : 0)).toISOString() }));
}

function setAside(
  stream: "posts" | "topics",
  place: string,
  value: unknown,
  issue: { path: PropertyKey[]; message: string } | undefined,
): RejectedRecord {
  const field = issue?.path.map(String).join(".") || "the item";
  const id = idOf(value);
  return {
    stream,
    ...(id !== undefined && { externalId: String(id) }),
    place,
    reason: `The ${stream === "posts" ? "post" : "topic"} cannot be used: ${field}: ${issue?.message ?? "cannot be read"}.`,
    remedy,
    excerpt: excerptOf(value),
  };
}

/** Who opened a topic: as its page says, or its first post. */
function openerOf(topic: Given, posts: readonly unknown[]): DiscourseUser | undefined {
  const details: unknown = isObject(topic.details) ? topic.details.created_by : topic.created_by;
  const first = posts.find((post) => isObject(post) && post.post_number === 1);
  if (isObject(first) && typeof first.user_id === "number") {
    return { id: first.user_id, username: text(first.username), name: text(first.name), avatar_template: text(first.avatar_template) };
  }
  const id = idOf(details);
  return id === undefined || !isObject(details)
    ? undefined
    : { id, username: text(details.username), name: text(details.name), avatar_template: text(details.avatar_template) };
}

/** What a post outside of its topic's page says of its topic. */
export function hintOf(post: Given): TopicHint {
  return {
    id: topicOf(post) ?? 0,
    ...(typeof post.topic_title === "string" && { title: post.topic_title }),
    ...(typeof post.topic_slug === "string" && { slug: post.topic_slug }),
    ...(typeof post.topic_archetype === "string" && { archetype: post.topic_archetype }),
  };
}

function pickHint(topic: Given): Omit<TopicHint, "id"> {
  return { title: text(topic.title), slug: text(topic.slug), created_at: text(topic.created_at), archetype: text(topic.archetype) };
}

/** A category as a list of them shows it; of others only the number is known. */
export function findCategory(categories: Categories, id: unknown): DiscourseCategory | undefined {
  if (typeof id !== "number") return undefined;
  return categories.get(id) ?? { id, access: "unknown" };
}

/**
 * The categories that an answer lists (`/site.json`, `/categories.json`), with those below them.
 * @returns undefined when it lists none
 */
export function listCategories(value: unknown): DiscourseCategory[] | undefined {
  if (!isObject(value)) return undefined;
  const list = isObject(value.category_list) ? value.category_list.categories : value.categories;
  if (!Array.isArray(list)) return undefined;
  const found: DiscourseCategory[] = [];
  const add = (category: unknown) => {
    const id = idOf(category);
    if (id === undefined || !isObject(category)) return;
    const custom = isObject(category.custom_fields) ? category.custom_fields.enable_accepted_answers : undefined;
    found.push({
      id,
      ...(typeof category.name === "string" && { name: category.name }),
      ...(typeof category.slug === "string" && { slug: category.slug }),
      access: category.read_restricted === false ? "open" : category.read_restricted === true ? "private" : "unknown",
      ...((custom === true || custom === "true") && { answerable: true }),
    });
    if (Array.isArray(category.subcategory_list)) for (const below of category.subcategory_list as unknown[]) add(below);
  };
  for (const category of list as unknown[]) add(category);
  return found;
}

function isPost(value: Given): boolean {
  return typeof value.post_number === "number" && ("cooked" in value || "raw" in value);
}

function topicOf(post: unknown): number | undefined {
  return isObject(post) && typeof post.topic_id === "number" ? post.topic_id : undefined;
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

export function isObject(value: unknown): value is Given {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
