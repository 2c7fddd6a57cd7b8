/** The kinds of records; the same names whichever way a record comes. */
export const streams = {
  issues: "issues",
  pulls: "pulls",
  comments: "comments",
  reviews: "reviews",
  reviewComments: "review_comments",
  discussions: "discussions",
  discussionComments: "discussion_comments",
  stars: "stars",
  forks: "forks",
  releases: "releases",
  /** What an archive.json says in one issue or pull request: its comments and reviews have no lasting ids of their own. */
  conversations: "conversations",
} as const;

export type StreamName = (typeof streams)[keyof typeof streams];

/**
 * Issues, pull requests and discussions share one row of numbers, and a comment that arrives alone does not say which it is
 * on: so the repository and the number are the key, without the kind.
 */
export function threadKey(repo: string, number: number): string {
  return `${repo.toLowerCase()}#${number}`;
}

/**
 * The moment of which a record tells. What tells less of the same moment (an archive that has only logins, a row of the event
 * feed) counts as some milliseconds older, so that it never takes the place of what tells more. GitHub's times are whole seconds.
 * @param less how much less it tells, in milliseconds
 */
export function momentOf(times: readonly (string | null | undefined)[], less = 0): string | undefined {
  let newest = Number.NEGATIVE_INFINITY;
  for (const at of times) if (at) newest = Math.max(newest, Date.parse(at));
  return Number.isFinite(newest) ? new Date(newest - less).toISOString() : undefined;
}

/** A thread stated by one of its comments must give way to the opening itself, even when both are of one second. */
export function afterOpening(at: string): Date {
  return new Date(Date.parse(at) + 1);
}
