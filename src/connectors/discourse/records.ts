import type { RawRecord } from "#features/ledger/index.ts";
import type { DiscourseCategory, DiscourseUser, TopicHint } from "./format.ts";

export type Given = Record<string, unknown>;

/** What a record belongs to. */
export interface RecordPlace {
  site: string;
  category: DiscourseCategory | undefined;
}

const topicFields = ["id", "title", "slug", "created_at", "last_posted_at", "posts_count", "views", "like_count", "closed", "archived"] as const;
const topicFieldsToo = ["visible", "archetype", "deleted_at"] as const;
const postFields = ["id", "post_number", "post_type", "topic_id", "user_id", "username", "name", "avatar_template", "created_at"] as const;
const postFieldsToo = ["updated_at", "deleted_at", "user_deleted", "version", "accepted_answer", "trust_level", "admin", "moderator"] as const;
const postFieldsMore = ["primary_group_name", "action_code", "hidden", "wiki", "via_email"] as const;

/**
 * The record of a topic.
 * @param input.asOf the moment of which the topic's state is known
 */
export function topicRecord(input: RecordPlace & { topic: Given; user?: DiscourseUser | undefined; asOf?: string | undefined }): RawRecord {
  const { topic, user } = input;
  const kept = {
    ...pick(topic, [...topicFields, ...topicFieldsToo]),
    ...((topic.pinned === true || topic.pinned_globally === true) && { pinned: true }),
    ...(isSolved(topic) && { has_accepted_answer: true }),
    tags: namesOfTags(topic.tags),
    ...(user && { user: pickUser(user) }),
  };
  return {
    stream: "topics",
    externalId: String(topic.id),
    payload: { site: input.site, ...(input.category && { category: input.category }), topic: kept },
    ...(input.asOf && { asOf: input.asOf }),
  };
}

/**
 * The record of a post.
 * @param input.replyTo the id of the post that it answers, where the topic's numbers are known
 * @param input.asOf replaces the post's own moment; null for none
 */
export function postRecord(
  input: RecordPlace & { post: Given; topic: TopicHint; replyTo?: number | undefined; knowsLess?: boolean; asOf?: string | null },
): RawRecord {
  const { post, topic } = input;
  const reactions = countReactions(post.reactions);
  const likes = countLikes(post.actions_summary);
  const mentioned = Array.isArray(post.mentioned_users) ? post.mentioned_users.flatMap((user) => idOf(user) ?? []) : [];
  const hasRaw = typeof post.raw === "string" && post.raw !== "";
  const kept = {
    ...pick(post, [...postFields, ...postFieldsToo, ...postFieldsMore]),
    ...(hasRaw ? { raw: post.raw } : { cooked: post.cooked ?? "" }),
    ...(input.replyTo !== undefined && { reply_to_post_id: input.replyTo }),
    ...(likes > 0 && { likes }),
    ...(reactions && { reactions }),
    ...(mentioned.length > 0 && { mentioned_users: mentioned.map((id) => ({ id })) }),
  };
  const asOf = input.asOf === undefined ? momentOf(post, hasRaw && !input.knowsLess) : input.asOf;
  return {
    stream: "posts",
    externalId: String(post.id),
    payload: {
      site: input.site,
      ...(input.category && { category: input.category }),
      topic: pick(topic, ["id", "title", "slug", "created_at", "archetype"]),
      post: kept,
    },
    ...(asOf && { asOf }),
  };
}

/** A post that is not there any more, or not for us to read. */
export function goneRecord(input: { site: string; id: string; topicId?: number | undefined; asOf?: string | undefined }): RawRecord {
  return {
    stream: "posts",
    externalId: input.id,
    payload: { site: input.site, gone: { ...(input.topicId !== undefined && { topic_id: input.topicId }) } },
    ...(input.asOf && { asOf: input.asOf }),
  };
}

/**
 * When a post was last changed, in milliseconds; deleting it counts. Numbers that go up (likes) do not move it.
 * @returns undefined where the post names no time
 */
export function changedAt(post: Given): number | undefined {
  const times = [post.created_at, post.updated_at, post.deleted_at].flatMap((at) => (typeof at === "string" ? [Date.parse(at)] : []));
  const known = times.filter((at) => !Number.isNaN(at));
  return known.length === 0 ? undefined : Math.max(...known);
}

/** What knows less of the same state (no source text, no likes) is a millisecond older, so that it never replaces it. */
function momentOf(post: Given, isFull: boolean): string | undefined {
  const at = changedAt(post);
  return at === undefined ? undefined : new Date(at - (isFull ? 0 : 1)).toISOString();
}

/** Whether a topic says that one of its replies is the answer: lists and pages of the solved plugin say it differently. */
function isSolved(topic: Given): boolean {
  if (topic.has_accepted_answer === true) return true;
  if (typeof topic.accepted_answer === "object" && topic.accepted_answer !== null) return true;
  return Array.isArray(topic.accepted_answers) && topic.accepted_answers.length > 0;
}

/** Tags were names, and are objects in newer versions. */
function namesOfTags(tags: unknown): string[] {
  if (!Array.isArray(tags)) return [];
  return tags.flatMap((tag: unknown) => (typeof tag === "string" ? [tag] : nameOf(tag)));
}

function nameOf(tag: unknown): string[] {
  const name: unknown = typeof tag === "object" && tag !== null ? Reflect.get(tag, "name") : undefined;
  return typeof name === "string" ? [name] : [];
}

const likeAction = 2;

function countLikes(summary: unknown): number {
  if (!Array.isArray(summary)) return 0;
  const like = (summary as unknown[]).find((action) => idOf(action) === likeAction);
  const count: unknown = typeof like === "object" && like !== null ? Reflect.get(like, "count") : undefined;
  return typeof count === "number" ? count : 0;
}

/** The reactions plugin counts each emoji; without it there are likes only. */
function countReactions(reactions: unknown): Record<string, number> | undefined {
  if (!Array.isArray(reactions) || reactions.length === 0) return undefined;
  const counts: [string, number][] = [];
  for (const reaction of reactions as unknown[]) {
    if (typeof reaction !== "object" || reaction === null) continue;
    const [name, count]: unknown[] = [Reflect.get(reaction, "id"), Reflect.get(reaction, "count")];
    if (typeof name === "string" && typeof count === "number" && count > 0) counts.push([name, count]);
  }
  return counts.length === 0 ? undefined : Object.fromEntries(counts.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function idOf(value: unknown): number | undefined {
  const id: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "id") : undefined;
  return typeof id === "number" ? id : undefined;
}

function pickUser(user: DiscourseUser): Given {
  return pick(user, ["id", "username", "name", "avatar_template"]);
}

/** A copy with those of the fields that say something. */
function pick(value: Given, fields: readonly string[]): Given {
  const kept: Given = {};
  for (const field of fields) {
    const part = value[field];
    if (part !== undefined && part !== null && part !== "") kept[field] = part;
  }
  return kept;
}
