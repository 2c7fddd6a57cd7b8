import { z } from "zod";

const time = z.iso.datetime({ offset: true, error: "is no date and time like 2026-01-31T12:00:00Z" });
const optionalTime = time.nullish();
const login = z.string().nullish();

const commentSchema = z.looseObject({
  author: login,
  authorAssociation: z.string().nullish(),
  body: z.string().nullish(),
  createdAt: time,
  updatedAt: optionalTime,
});

/** Review comments bear no author: they are their review's author's. Newer exports may name one all the same. */
const reviewCommentSchema = commentSchema.extend({ originalPosition: z.number().nullish(), path: z.string().nullish() });

const reviewSchema = commentSchema.extend({
  id: z.string().min(1),
  state: z.string(),
  comments: z.array(reviewCommentSchema).default([]),
});

const itemFields = {
  ...commentSchema.shape,
  number: z.int().positive(),
  id: z.string().nullish(),
  title: z.string(),
  url: z.string().nullish(),
  state: z.string(),
  stateReason: z.string().nullish(),
  assignees: z.array(z.string()).nullish(),
  labels: z.array(z.string()).nullish(),
  closedAt: optionalTime,
  comments: z.array(commentSchema).default([]),
};

const issueSchema = z.looseObject(itemFields);
const pullSchema = z.looseObject({
  ...itemFields,
  reviews: z.array(reviewSchema).default([]),
  mergedAt: optionalTime,
  mergedBy: login,
  baseRefName: z.string().nullish(),
  headRefName: z.string().nullish(),
  headRepository: z.string().nullish(),
});

/**
 * What is kept of each issue and pull request: itself as it came, and the repository that the file's head names. What was
 * said in it is a record of its own (`conversations`), of the same form.
 */
export const payloadSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("issue"), repo: z.string(), item: issueSchema }),
  z.object({ kind: z.literal("pull"), repo: z.string(), item: pullSchema }),
]);

export type ArchivePayload = z.output<typeof payloadSchema>;
export type ArchiveComment = z.output<typeof commentSchema>;
export type ArchiveReview = z.output<typeof reviewSchema>;
export type ArchiveReviewComment = z.output<typeof reviewCommentSchema>;
