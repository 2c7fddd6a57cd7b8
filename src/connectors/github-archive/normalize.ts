import {
  type IdentityRef,
  type NormalizedActivity,
  type NormalizedBatch,
  type NormalizedIdentity,
  type NormalizedThread,
  type RawRecord,
  RecordError,
} from "#features/ledger/index.ts";
import { botReason } from "../known-bots.ts";
import { type ArchiveComment, type ArchivePayload, type ArchiveReview, type ArchiveReviewComment, firstProblem, payloadSchema } from "./format.ts";

type Visibility = NormalizedThread["visibility"];

/** One issue or pull request with all that was said in it. */
export function normalizeItem(record: RawRecord, settings: { visibility: NonNullable<Visibility> }): NormalizedBatch {
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
  const people = new Map<string, NormalizedIdentity>();
  const author = (login: string | null | undefined) => creditTo(people, login);
  const base = { channel, thread: key };

  const opening: NormalizedActivity = {
    ...base,
    externalId: key,
    kind: payload.kind === "issue" ? "issue_opened" : "pull_request_opened",
    ...author(item.author),
    occurredAt: new Date(item.createdAt),
    title: item.title,
    body: text(item.body),
    ...(item.url && { url: item.url }),
    attributes: association(item),
  };
  const activities = [opening];
  for (const [comment, ordinal] of withOrdinals(item.comments, (c) => `${credit(c.author)} ${c.createdAt}`)) {
    activities.push({
      ...base,
      externalId: `${key}/comment/${credit(comment.author)}/${comment.createdAt}${ordinal}`,
      kind: "comment",
      replyTo: key,
      ...author(comment.author),
      ...times(comment),
      body: text(comment.body),
      attributes: association(comment),
    });
  }
  if (payload.kind === "pull") for (const review of payload.item.reviews) activities.push(...readReview(review, base, author));

  return {
    identities: [...people.values()],
    channels: [
      { externalId: channel, kind: "repository", name: payload.repo, url: `https://github.com/${payload.repo}`, visibility: settings.visibility },
    ],
    threads: [readThread(payload, key, channel, opening.author)],
    activities,
  };
}

/**
 * Issues and pull requests share one row of numbers, and a comment that arrives alone does not say which it is on:
 * so the repository and the number are the key, without the kind.
 */
export function threadKey(repo: string, number: number): string {
  return `${repo.toLowerCase()}#${number}`;
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

function readReview(
  review: ArchiveReview,
  base: { channel: string; thread: string },
  author: (login: string | null | undefined) => Pick<NormalizedActivity, "author" | "unattributed">,
): NormalizedActivity[] {
  const key = `review/${review.id}`;
  const activities: NormalizedActivity[] = [
    {
      ...base,
      externalId: key,
      kind: "review",
      replyTo: base.thread,
      ...author(review.author),
      occurredAt: new Date(review.createdAt),
      body: text(review.body),
      attributes: { ...association(review), state: review.state.toLowerCase() },
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
      body: text(comment.body),
      attributes: { ...association(comment.authorAssociation ? comment : review), ...(comment.path && { path: comment.path }) },
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

const ghostLogins = new Set(["", "ghost"]);
const isGhost = (login: string | null | undefined) => ghostLogins.has(login?.trim().toLowerCase() ?? "");
const credit = (login: string | null | undefined) => (isGhost(login) ? "ghost" : (login ?? "").trim().toLowerCase());

function creditTo(people: Map<string, NormalizedIdentity>, login: string | null | undefined): Pick<NormalizedActivity, "author" | "unattributed"> {
  if (isGhost(login)) return { unattributed: "ghost" };
  const shown = (login ?? "").trim();
  const author: IdentityRef = { platform: "github", externalId: `login:${shown.toLowerCase()}` };
  if (!people.has(author.externalId)) {
    const bot = botReason({ login: shown });
    people.set(author.externalId, {
      ...author,
      login: shown,
      displayName: shown,
      url: `https://github.com/${shown}`,
      ...(bot && { kind: { value: "bot" as const, reason: bot } }),
    });
  }
  return { author };
}

/** GitHub's own word for the author's place in the project. It marks nobody as our team: that is for people to say. */
function association(item: { authorAssociation?: string | null }): Record<string, unknown> | undefined {
  const word = item.authorAssociation;
  if (!word || word === "NONE") return undefined;
  const insider = word === "OWNER" || word === "MEMBER" || word === "COLLABORATOR";
  return { authorAssociation: word, ...(insider && { suggestedRole: "team" }) };
}

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

/** Words with one kind of line end; none at all when there are none. */
function text(body: string | null | undefined): string | undefined {
  return body ? body.replace(/\r\n?/g, "\n") : undefined;
}
