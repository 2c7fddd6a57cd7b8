import type { NormalizedActivity, NormalizedThread } from "#features/ledger/index.ts";
import { RecordError } from "#features/ledger/index.ts";
import type { Item, Payload } from "./format.ts";
import { afterOpening } from "./keys.ts";
import type { Reading, Statement } from "./normalize.ts";
import { association, words } from "./people.ts";

type CommentStream = "comments" | "review_comments" | "discussion_comments";
type CommentItem = Item<"comments"> & Partial<Item<"review_comments">> & Partial<Item<"discussion_comments">>;

const kinds = { comments: "comment", review_comments: "review_comment", discussion_comments: "reply" };
const names = { comments: "comment", review_comments: "review_comment", discussion_comments: "discussion_comment" };

/** A comment on an issue or pull request, in a review, or in a discussion. */
export function readComment(stream: CommentStream, item: CommentItem, place: Payload, reading: Reading): Statement {
  const thread = statePlace(place, item.created_at, reading);
  const edited = item.updated_at && item.updated_at !== item.created_at && Date.parse(item.updated_at) > Date.parse(item.created_at);
  const attributes = {
    ...association(item.author_association),
    ...(item.reactions && { reactions: item.reactions }),
    ...(item.path && { path: item.path }),
    ...(item.is_answer && { accepted: true }),
  };
  const activity: NormalizedActivity = {
    channel: reading.channel,
    thread: thread.externalId,
    externalId: `${names[stream]}/${item.id}`,
    kind: kinds[stream],
    replyTo: answered(stream, item) ?? thread.externalId,
    ...reading.people.credit(item.user),
    occurredAt: new Date(item.created_at),
    ...(item.deleted
      ? { deletedAt: new Date(item.updated_at ?? item.created_at) }
      : { ...(edited && { editedAt: new Date(item.updated_at ?? item.created_at) }), body: words(item.body) }),
    ...(item.html_url && { url: item.html_url }),
    ...(!item.deleted && Object.keys(attributes).length > 0 && { attributes }),
  };
  return { threads: [thread], activities: [activity] };
}

export function readReview(item: Item<"reviews">, place: Payload, reading: Reading): Statement {
  const thread = statePlace(place, item.submitted_at, reading);
  const activity: NormalizedActivity = {
    channel: reading.channel,
    thread: thread.externalId,
    externalId: `review/${item.id}`,
    kind: "review",
    replyTo: thread.externalId,
    ...reading.people.credit(item.user),
    occurredAt: new Date(item.submitted_at),
    body: words(item.body),
    ...(item.html_url && { url: item.html_url }),
    attributes: { ...association(item.author_association), state: item.state.toLowerCase() },
  };
  return { threads: [thread], activities: [activity] };
}

function answered(stream: CommentStream, item: CommentItem): string | undefined {
  if (stream === "review_comments") {
    if (item.in_reply_to_id) return `review_comment/${item.in_reply_to_id}`;
    return item.pull_request_review_id ? `review/${item.pull_request_review_id}` : undefined;
  }
  return stream === "discussion_comments" && item.parent_id ? `discussion_comment/${item.parent_id}` : undefined;
}

const paths = { issue: "issues", pull_request: "pull", discussion: "discussions" };

/** The thread as far as one who speaks in it knows it. */
function statePlace(place: Payload, at: string, reading: Reading): NormalizedThread {
  if (place.number === undefined) {
    throw new RecordError({ place: "number", reason: "number is missing", remedy: "Look at that item on GitHub; the others were taken." });
  }
  const kind = place.of ?? "issue";
  return {
    externalId: reading.keyOf(place.number),
    channel: reading.channel,
    kind,
    title: `#${place.number}`,
    ref: `#${place.number}`,
    url: reading.urlOf(`${paths[kind]}/${place.number}`),
    state: "open",
    openedAt: afterOpening(at),
  };
}
