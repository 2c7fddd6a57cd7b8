import { z } from "zod";

const id = z.int();
const moment = z.string().refine((text) => !Number.isNaN(Date.parse(text)), "is no time");

const userSchema = z.looseObject({
  id,
  username: z.string().nullish(),
  name: z.string().nullish(),
  avatar_template: z.string().nullish(),
});

/** A category as far as the record knows it; `access` is unknown where only its number was told. */
export const categorySchema = z.object({
  id,
  name: z.string().optional(),
  slug: z.string().optional(),
  access: z.enum(["open", "private", "unknown"]),
  /** Replies of its topics can be marked as the answer. */
  answerable: z.boolean().optional(),
});

/** A topic as its page or a list shows it, less what changes with every reader. */
const topicSchema = z.looseObject({
  id,
  title: z.string().nullish(),
  slug: z.string().nullish(),
  created_at: moment,
  last_posted_at: z.string().nullish(),
  posts_count: z.number().nullish(),
  views: z.number().nullish(),
  like_count: z.number().nullish(),
  closed: z.boolean().nullish(),
  archived: z.boolean().nullish(),
  /** False for topics that are reached by their link only. */
  visible: z.boolean().nullish(),
  pinned: z.boolean().nullish(),
  archetype: z.string().nullish(),
  deleted_at: z.string().nullish(),
  tags: z.array(z.string()).nullish(),
  has_accepted_answer: z.boolean().nullish(),
  /** Who opened it. */
  user: userSchema.nullish(),
});

/** A post, less what changes with every reader. */
const postSchema = z.looseObject({
  id,
  post_number: z.int().positive(),
  /** 1 a post, 2 a moderator's action, 3 a small action of the forum, 4 a whisper among staff. */
  post_type: z.int().nullish(),
  topic_id: id,
  user_id: z.int().nullish(),
  username: z.string().nullish(),
  name: z.string().nullish(),
  avatar_template: z.string().nullish(),
  created_at: moment,
  updated_at: z.string().nullish(),
  deleted_at: z.string().nullish(),
  user_deleted: z.boolean().nullish(),
  version: z.number().nullish(),
  raw: z.string().nullish(),
  cooked: z.string().nullish(),
  /** The post that it answers, once the topic was read. */
  reply_to_post_id: z.int().nullish(),
  likes: z.number().nullish(),
  reactions: z.record(z.string(), z.number()).nullish(),
  accepted_answer: z.boolean().nullish(),
  trust_level: z.number().nullish(),
  admin: z.boolean().nullish(),
  moderator: z.boolean().nullish(),
  primary_group_name: z.string().nullish(),
  action_code: z.string().nullish(),
  hidden: z.boolean().nullish(),
  wiki: z.boolean().nullish(),
  via_email: z.boolean().nullish(),
  mentioned_users: z.array(z.looseObject({ id })).nullish(),
});

/** What a post's record knows of its topic. */
export const topicHintSchema = z.looseObject({
  id,
  title: z.string().nullish(),
  slug: z.string().nullish(),
  created_at: z.string().nullish(),
  archetype: z.string().nullish(),
});

const goneSchema = z.object({ site: z.string(), gone: z.object({ topic_id: id.nullish() }) });

export const topicPayloadSchema = z.object({ site: z.string(), category: categorySchema.nullish(), topic: topicSchema });
export const postPayloadSchema = z.union([
  z.object({ site: z.string(), category: categorySchema.nullish(), topic: topicHintSchema, post: postSchema }),
  goneSchema,
]);

export type DiscourseUser = z.output<typeof userSchema>;
export type DiscourseCategory = z.output<typeof categorySchema>;
export type DiscourseTopic = z.output<typeof topicSchema>;
export type TopicHint = z.output<typeof topicHintSchema>;
export type DiscoursePost = z.output<typeof postSchema>;
export type TopicPayload = z.output<typeof topicPayloadSchema>;
export type PostPayload = Exclude<z.output<typeof postPayloadSchema>, { gone: unknown }>;

/** What must be there for a record to be taken. */
export const givenTopicSchema = z.looseObject({ id, created_at: moment });
export const givenPostSchema = z.looseObject({ id, created_at: moment, post_number: z.int().positive(), topic_id: id });

/** A forum's own accounts: `system` is -1, `discobot` -2, and later ones go on downwards. */
export function isOwnAccount(userId: number | null | undefined): boolean {
  return typeof userId === "number" && userId < 0;
}

/** Whose account was anonymised: the forum keeps the posts and gives it a name of this form. */
export function isAnonymised(person: { username?: string | null; name?: string | null }): boolean {
  return /^anon\d{3,}$/i.test(person.username ?? "") && (person.name ?? "").trim() === "";
}

/** A forum's id, with the path where it does not stand at the host's root, and the address in front of its links. */
export function siteOf(address: string): { site: string; base: string } | undefined {
  const text = address.trim().replace(/\/+$/, "");
  if (text === "") return undefined;
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `https://${text}`);
  if (!url?.host) return undefined;
  const path = url.pathname.replace(/\/+$/, "");
  return { site: `${url.host}${path}`, base: `${url.origin}${path}` };
}
