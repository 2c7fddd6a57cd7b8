import { z } from "zod";
import { type StreamName, streams } from "./keys.ts";

const when = z.iso.datetime({ offset: true, error: "is no date and time like 2026-01-31T12:00:00Z" });
const maybeTime = when.nullish();
const text = z.string().nullish();
/** Upper case where GraphQL says it. */
const lowered = text.transform((word) => word?.toLowerCase());
const id = z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)], { error: "is no number" });

/** People have no type here, so that a row that does not say it is the same record. */
const account = z
  .object({
    login: z.string(),
    id: id.nullish(),
    type: z
      .string()
      .nullish()
      .transform((type) => (type === "User" ? undefined : type)),
  })
  .transform(({ login, id, type }) => ({ login, ...(id && { id }), ...(type && { type }) }));
/** Saved answers have an empty object where an account is gone. */
const user = z.preprocess((given) => (typeof given === "object" && given !== null && !("login" in given) ? null : given), account.nullish());

/** How many of each; the total and what nobody chose are left out. */
const reactions = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((given) => {
    const counts: Record<string, number> = {};
    for (const [name, n] of Object.entries(given ?? {})) if (typeof n === "number" && n > 0 && name !== "total_count") counts[name] = n;
    return Object.keys(counts).length === 0 ? undefined : counts;
  });

const labels = z
  .array(z.union([z.string(), z.looseObject({ name: text })]))
  .nullish()
  .transform((given) => {
    const names = (given ?? []).flatMap((label) => (typeof label === "string" ? label : (label.name ?? [])));
    // Lists and GraphQL have them in different orders.
    return names.length === 0 ? undefined : names.sort();
  });

const deletion = { deleted: z.literal(true).optional() };

const threadFields = {
  number: z.int().positive(),
  title: text,
  body: text,
  user,
  state: text,
  state_reason: lowered,
  labels,
  locked: z.boolean().nullish(),
  author_association: text,
  created_at: when,
  updated_at: maybeTime,
  closed_at: maybeTime,
  html_url: text,
  reactions,
  ...deletion,
};

const branch = z.object({ ref: text }).nullish();

const issue = z.object({ ...threadFields, type: z.object({ name: text }).nullish(), transferred_to: text, transferred_from: text });

const pull = z.object({ ...threadFields, draft: z.boolean().nullish(), merged_at: maybeTime, base: branch, head: branch });

const discussion = z.object({
  ...threadFields,
  category: z.object({ name: text, slug: text, is_answerable: z.boolean().nullish() }).nullish(),
  answer_html_url: text,
});

const commentFields = {
  id,
  body: text,
  user,
  author_association: text,
  created_at: when,
  updated_at: maybeTime,
  html_url: text,
  reactions,
  ...deletion,
};

const comment = z.object(commentFields);
const reviewComment = z.object({ ...commentFields, path: text, pull_request_review_id: id.nullish(), in_reply_to_id: id.nullish() });
const discussionComment = z.object({ ...commentFields, parent_id: id.nullish(), is_answer: z.boolean().nullish() });

const review = z.object({
  id,
  body: text,
  user,
  author_association: text,
  state: z.string().transform((state) => state.toUpperCase()),
  submitted_at: when,
  html_url: text,
});

/** `starred_at` is missing where the star was taken back. */
const star = z.object({ user: account, starred_at: maybeTime });

const fork = z.object({ id, full_name: z.string(), html_url: text, owner: user, created_at: when, deleted: z.literal(true).optional() });

const release = z.object({
  id,
  tag_name: z.string(),
  name: text,
  body: text,
  author: user,
  prerelease: z.boolean().nullish(),
  published_at: when,
  html_url: text,
  reactions,
  ...deletion,
});

/**
 * What is kept of an item of GitHub's REST API, by kind of record: the fields that say something here, under the API's own
 * names. Rows of the event feed, webhooks and GraphQL answers are brought into the same form, so one thing is one record.
 */
export const itemSchemas = {
  [streams.issues]: issue,
  [streams.pulls]: pull,
  [streams.discussions]: discussion,
  [streams.comments]: comment,
  [streams.reviewComments]: reviewComment,
  [streams.discussionComments]: discussionComment,
  [streams.reviews]: review,
  [streams.stars]: star,
  [streams.forks]: fork,
  [streams.releases]: release,
};

export type ItemStream = keyof typeof itemSchemas;
export type Item<S extends ItemStream> = z.output<(typeof itemSchemas)[S]>;
export const isItemStream = (name: StreamName | string): name is ItemStream => name in itemSchemas;

const about = {
  /** As it is written, `owner/name`. */
  repo: z.string().regex(/^[^/\s]+\/[^/\s]+$/, "is no repository like owner/name"),
  /** A GitHub Enterprise Server; absent for github.com. */
  host: z.string().optional(),
  /** Stated where it is known and not public. */
  visibility: z.enum(["private", "internal"]).optional(),
};

/** Where an item belongs, and what is known of the place. */
export const aboutSchema = z.object(about);
export type About = z.output<typeof aboutSchema>;

/** A stored record's payload: the item, where it belongs, and for what is said in a thread, in which. */
export const payloadSchema = z.object({
  ...about,
  number: z.int().positive().optional(),
  of: z.enum(["issue", "pull_request", "discussion"]).optional(),
  item: z.unknown(),
});
export type Payload = z.output<typeof payloadSchema>;

/** Says that the live source has taken the place of what an archive held of a thread. */
export const takenOverSchema = z.object({ takenOver: z.literal(true) });
