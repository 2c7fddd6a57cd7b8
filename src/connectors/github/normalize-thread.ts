import type { NormalizedActivity, NormalizedThread } from "#features/ledger/index.ts";
import type { Item } from "./format.ts";
import type { Reading, Statement } from "./normalize.ts";
import { association, words } from "./people.ts";

type ThreadItem = Item<"issues"> | Item<"pulls"> | Item<"discussions">;
type Told = Pick<NormalizedThread, "state" | "stateReason" | "attributes">;

export function readIssue(item: Item<"issues">, reading: Reading): Statement {
  const told: Told = {
    state: item.transferred_to ? "closed" : stateOf(item),
    ...reason(item.transferred_to ? "transferred" : item.state_reason),
    attributes: {
      ...shared(item),
      ...(item.type?.name && { issueType: item.type.name }),
      ...(item.transferred_to && { transferredTo: item.transferred_to }),
      ...(item.transferred_from && { transferredFrom: item.transferred_from }),
    },
  };
  return state(item, reading, { kind: "issue", path: "issues", opening: "issue_opened", told });
}

export function readPull(item: Item<"pulls">, reading: Reading): Statement {
  const told: Told = {
    state: stateOf(item),
    ...reason(item.merged_at ? "merged" : undefined),
    attributes: {
      ...shared(item),
      ...(item.draft && { draft: true }),
      ...(item.merged_at && { mergedAt: item.merged_at }),
      ...(item.base?.ref && { base: item.base.ref }),
      ...(item.head?.ref && { head: item.head.ref }),
    },
  };
  return state(item, reading, { kind: "pull_request", path: "pull", opening: "pull_request_opened", told });
}

export function readDiscussion(item: Item<"discussions">, reading: Reading): Statement {
  const told: Told = {
    state: stateOf(item),
    ...reason(item.answer_html_url ? "solved" : item.state_reason),
    attributes: {
      ...shared(item),
      ...(item.category?.name && { category: item.category.name }),
      ...(item.category?.is_answerable && { answerable: true }),
      ...(item.answer_html_url && { answer: item.answer_html_url }),
    },
  };
  return state(item, reading, { kind: "discussion", path: "discussions", opening: "discussion_opened", told });
}

function state(item: ThreadItem, reading: Reading, kind: { kind: string; path: string; opening: string; told: Told }): Statement {
  const key = reading.keyOf(item.number);
  const url = item.html_url ?? reading.urlOf(`${kind.path}/${item.number}`);
  const openedAt = new Date(item.created_at);
  const credit = reading.people.credit(item.user);
  const gone = item.deleted ? { deletedAt: new Date(item.updated_at ?? item.created_at) } : undefined;
  // Rows of the event feed may know of a pull request no more than its number.
  const title = gone ? `#${item.number}` : (item.title ?? `#${item.number}`);
  const attributes = { ...association(item.author_association), ...(item.reactions && { reactions: item.reactions }) };
  const opening: NormalizedActivity = {
    channel: reading.channel,
    thread: key,
    externalId: key,
    kind: kind.opening,
    ...credit,
    occurredAt: openedAt,
    ...(gone ?? { title, body: words(item.body) }),
    url,
    ...(!gone && Object.keys(attributes).length > 0 && { attributes }),
  };
  const thread: NormalizedThread = {
    externalId: key,
    channel: reading.channel,
    kind: kind.kind,
    title,
    ref: `#${item.number}`,
    url,
    ...(gone ? { state: "closed" as const, ...gone } : kind.told),
    labels: gone ? [] : (item.labels ?? []),
    openedAt,
    ...(item.closed_at && { closedAt: new Date(item.closed_at) }),
    ...(credit.author && { opener: credit.author }),
  };
  return { threads: [thread], activities: [opening] };
}

const stateOf = (item: ThreadItem): "open" | "closed" => (item.state?.toLowerCase() === "closed" ? "closed" : "open");
const reason = (word: string | null | undefined) => (word ? { stateReason: word.toLowerCase() } : {});
const shared = (item: ThreadItem) => (item.locked ? { locked: true } : {});
