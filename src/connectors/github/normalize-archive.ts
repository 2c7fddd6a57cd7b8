import {
  type IdentityRef,
  type NormalizedActivity,
  type NormalizedBatch,
  type NormalizedChannel,
  type NormalizedThread,
  type RawRecord,
  RecordError,
} from "#features/ledger/index.ts";
import { type ArchiveComment, type ArchivePayload, type ArchiveReview, type ArchiveReviewComment, payloadSchema } from "./archive-format.ts";
import { firstProblem } from "./first-problem.ts";
import { afterOpening, streams, threadKey } from "./keys.ts";
import { association, type Credit, loginKey, People, words } from "./people.ts";

type CreditLogin = (login: string | null | undefined) => Credit;

/** What an archive.json says: the opening of an issue or pull request, or what was said in it. */
export function normalizeArchive(record: RawRecord, settings: { visibility: NormalizedChannel["visibility"] }): NormalizedBatch {
  const parsed = payloadSchema.safeParse(record.payload);
  if (!parsed.success) {
    const { path, reason } = firstProblem(parsed.error);
    throw new RecordError({
      place: path.replace(/^\./, ""),
      reason: `${path.replace(/^\.(?:item\.)?/, "")} ${reason}`,
      remedy: "Generate the archive again.",
    });
  }
  const payload = parsed.data;
  const { item } = payload;
  const key = threadKey(payload.repo, item.number);
  const channel = payload.repo.toLowerCase();
  const people = new People();
  const author: CreditLogin = (login) => people.credit({ login: login ?? "" });
  const base = { channel, thread: key };

  const isConversation = record.stream === streams.conversations;
  const opener: Credit = isConversation ? {} : author(item.author);
  const activities: NormalizedActivity[] = [];
  if (!isConversation) {
    activities.push({
      ...base,
      externalId: key,
      kind: payload.kind === "issue" ? "issue_opened" : "pull_request_opened",
      ...opener,
      occurredAt: new Date(item.createdAt),
      title: item.title,
      body: words(item.body),
      ...(item.url && { url: item.url }),
      attributes: association(item.authorAssociation),
    });
  }
  for (const [comment, ordinal] of withOrdinals(item.comments, (c) => `${loginKey(c.author)} ${c.createdAt}`)) {
    activities.push({
      ...base,
      externalId: `${key}/comment/${loginKey(comment.author)}/${comment.createdAt}${ordinal}`,
      kind: "comment",
      replyTo: key,
      ...author(comment.author),
      ...times(comment),
      body: words(comment.body),
      attributes: association(comment.authorAssociation),
    });
  }
  if (payload.kind === "pull") for (const review of payload.item.reviews) activities.push(...readReview(review, base, author));

  const thread = isConversation ? readStub(payload, key, channel) : readThread(payload, key, channel, opener.author);
  return {
    ...people.state(),
    channels: [
      { externalId: channel, kind: "repository", name: payload.repo, url: `https://github.com/${payload.repo}`, visibility: settings.visibility },
    ],
    threads: [thread],
    activities,
  };
}

/** The thread as far as it matters to what was said in it: its opening says the rest. */
function readStub({ item, kind }: ArchivePayload, key: string, channel: string): NormalizedThread {
  return {
    externalId: key,
    channel,
    kind: kind === "issue" ? "issue" : "pull_request",
    title: `#${item.number}`,
    ref: `#${item.number}`,
    ...(item.url && { url: item.url }),
    state: "open",
    openedAt: afterOpening(item.createdAt),
  };
}

function readThread(payload: ArchivePayload, key: string, channel: string, opener: IdentityRef | undefined): NormalizedThread {
  const { item } = payload;
  const state = item.state.toLowerCase();
  const stateReason = state === "merged" ? "merged" : item.stateReason?.toLowerCase();
  return {
    externalId: key,
    channel,
    kind: payload.kind === "issue" ? "issue" : "pull_request",
    title: item.title,
    ref: `#${item.number}`,
    ...(item.url && { url: item.url }),
    state: state === "open" ? "open" : "closed",
    ...(stateReason && { stateReason }),
    labels: item.labels ?? [],
    openedAt: new Date(item.createdAt),
    ...(item.closedAt && { closedAt: new Date(item.closedAt) }),
    ...(opener && { opener }),
    attributes: {
      ...(item.id && { nodeId: item.id }),
      ...(item.assignees?.length && { assignees: item.assignees }),
      ...(payload.kind === "pull" && {
        ...(payload.item.mergedAt && { mergedAt: payload.item.mergedAt }),
        ...(payload.item.mergedBy && { mergedBy: payload.item.mergedBy }),
        ...(payload.item.baseRefName && { base: payload.item.baseRefName }),
        ...(payload.item.headRefName && { head: payload.item.headRefName }),
      }),
    },
  };
}

function readReview(review: ArchiveReview, base: { channel: string; thread: string }, author: CreditLogin): NormalizedActivity[] {
  const key = `review/${review.id}`;
  const activities: NormalizedActivity[] = [
    {
      ...base,
      externalId: key,
      kind: "review",
      replyTo: base.thread,
      ...author(review.author),
      occurredAt: new Date(review.createdAt),
      body: words(review.body),
      attributes: { ...association(review.authorAssociation), state: review.state.toLowerCase() },
    },
  ];
  for (const [comment, ordinal] of withOrdinals(review.comments, (c) => `${c.createdAt} ${c.originalPosition ?? ""}`)) {
    activities.push({
      ...base,
      externalId: `${key}/${comment.createdAt}/${comment.originalPosition ?? ""}${ordinal}`,
      kind: "review_comment",
      replyTo: key,
      ...author(comment.author ?? review.author),
      ...reviewCommentTimes(comment, review),
      body: words(comment.body),
      attributes: { ...association(comment.authorAssociation ?? review.authorAssociation), ...(comment.path && { path: comment.path }) },
    });
  }
  return activities;
}

/**
 * Numbers items that share a key. The order in the file does not matter: equals are ordered by what they say.
 * @returns each item with "" for the first of its key, then "/2", "/3" …
 */
function* withOrdinals<T extends { body?: string | null }>(items: readonly T[], keyOf: (item: T) => string): Generator<[T, string]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  const ordinals = new Map<T, string>();
  for (const group of groups.values()) {
    if (group.length > 1) group.sort((a, b) => compare(a.body ?? "", b.body ?? ""));
    for (const [index, item] of group.entries()) ordinals.set(item, index === 0 ? "" : `/${index + 1}`);
  }
  for (const item of items) yield [item, ordinals.get(item) ?? ""];
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function times(item: ArchiveComment): Pick<NormalizedActivity, "occurredAt" | "editedAt"> {
  const edited = item.updatedAt && item.updatedAt !== item.createdAt;
  return { occurredAt: new Date(item.createdAt), ...(edited && { editedAt: new Date(item.updatedAt ?? item.createdAt) }) };
}

/** A review's comments are all touched when it is handed in; only what changed after that was an edit. */
function reviewCommentTimes(comment: ArchiveReviewComment, review: ArchiveReview): Pick<NormalizedActivity, "occurredAt" | "editedAt"> {
  const handedIn = Date.parse(review.updatedAt ?? review.createdAt);
  const updated = Date.parse(comment.updatedAt ?? comment.createdAt);
  return { occurredAt: new Date(comment.createdAt), ...(updated > handedIn && { editedAt: new Date(updated) }) };
}
