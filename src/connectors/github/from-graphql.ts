import { isRow, type Row, rowIn } from "./row.ts";

/** The entries of a list as GraphQL gives it; deleted things are null there. */
export function nodesIn(list: unknown): Row[] {
  const nodes = isRow(list) ? (list.nodes ?? list.edges) : undefined;
  return Array.isArray(nodes) ? nodes.filter(isRow) : [];
}

/** An account in the form of the REST API, which marks apps in the login as well. */
function toUser(actor: unknown): Row | null {
  if (!isRow(actor) || typeof actor.login !== "string") return null;
  const isBot = actor.__typename === "Bot";
  return {
    login: isBot && !actor.login.endsWith("[bot]") ? `${actor.login}[bot]` : actor.login,
    id: actor.databaseId,
    type: actor.__typename,
  };
}

const reactionNames: Record<string, string> = {
  THUMBS_UP: "+1",
  THUMBS_DOWN: "-1",
  LAUGH: "laugh",
  HOORAY: "hooray",
  CONFUSED: "confused",
  HEART: "heart",
  ROCKET: "rocket",
  EYES: "eyes",
};

function toReactions(groups: unknown): Row {
  const counts: Row = {};
  for (const group of Array.isArray(groups) ? groups.filter(isRow) : []) {
    const name = reactionNames[String(group.content)];
    if (name) counts[name] = rowIn(group, "reactors").totalCount;
  }
  return counts;
}

const toLabels = (item: Row) => nodesIn(item.labels).map(({ name }) => name);

/** A pull request as the REST list has it. */
export function toPull(item: Row): Row {
  return {
    number: item.number,
    title: item.title,
    body: item.body,
    user: toUser(item.author),
    state: item.state === "OPEN" ? "open" : "closed",
    draft: item.isDraft,
    locked: item.locked,
    labels: toLabels(item),
    author_association: item.authorAssociation,
    created_at: item.createdAt,
    updated_at: item.updatedAt,
    closed_at: item.closedAt,
    merged_at: item.mergedAt,
    html_url: item.url,
    base: { ref: item.baseRefName },
    head: { ref: item.headRefName },
  };
}

/** @returns undefined for a review that was begun and not handed in */
export function toReview(item: Row): Row | undefined {
  if (!item.submittedAt || item.state === "PENDING") return undefined;
  return {
    id: item.fullDatabaseId ?? item.databaseId,
    user: toUser(item.author),
    body: item.body,
    state: item.state,
    author_association: item.authorAssociation,
    submitted_at: item.submittedAt,
    html_url: item.url,
  };
}

/** A discussion as webhooks have it. */
export function toDiscussion(item: Row): Row {
  const category = rowIn(item, "category");
  return {
    number: item.number,
    title: item.title,
    body: item.body,
    user: toUser(item.author),
    state: item.closed === true ? "closed" : "open",
    state_reason: item.stateReason,
    locked: item.locked,
    labels: toLabels(item),
    author_association: item.authorAssociation,
    created_at: item.createdAt,
    updated_at: item.updatedAt,
    closed_at: item.closedAt,
    html_url: item.url,
    reactions: toReactions(item.reactionGroups),
    category: { name: category.name, slug: category.slug, is_answerable: category.isAnswerable },
    answer_html_url: rowIn(item, "answer").url,
  };
}

/** @param parentId the number of the comment that it answers */
export function toDiscussionComment(item: Row, parentId?: unknown): Row {
  return {
    id: item.databaseId,
    parent_id: parentId,
    user: toUser(item.author),
    body: item.body,
    author_association: item.authorAssociation,
    created_at: item.createdAt,
    updated_at: item.updatedAt,
    html_url: item.url,
    is_answer: item.isAnswer,
    reactions: toReactions(item.reactionGroups),
  };
}

/** @returns undefined where the account is gone: there is nothing left to know the star by */
export function toStar(edge: Row): Row | undefined {
  const user = toUser(edge.node);
  return user ? { user, starred_at: edge.starredAt } : undefined;
}

export function toFork(item: Row): Row {
  return { id: item.databaseId, full_name: item.nameWithOwner, html_url: item.url, owner: toUser(item.owner), created_at: item.createdAt };
}
