import type { Github } from "./client.ts";
import { nodesIn, toDiscussion, toDiscussionComment, toPull, toReview } from "./from-graphql.ts";
import { streams } from "./keys.ts";
import type { Entry } from "./make-record.ts";
import { restQueries } from "./queries.ts";
import { type Row, rowIn } from "./row.ts";

/** A pull request with its reviews. */
export async function readPullNode(github: Github, node: Row): Promise<Entry[]> {
  const number = Number(node.number);
  const entries: Entry[] = [{ stream: streams.pulls, item: toPull(node) }];
  for (const review of await readAll(github, node, "reviews")) {
    const item = toReview(review);
    if (item) entries.push({ stream: streams.reviews, item, number });
  }
  return entries;
}

/** A discussion with its comments and the answers to these. */
export async function readDiscussionNode(github: Github, node: Row): Promise<Entry[]> {
  const number = Number(node.number);
  const entries: Entry[] = [{ stream: streams.discussions, item: toDiscussion(node) }];
  for (const comment of await readAll(github, node, "comments")) {
    entries.push({ stream: streams.discussionComments, item: toDiscussionComment(comment), number });
    for (const reply of await readAll(github, comment, "replies")) {
      entries.push({ stream: streams.discussionComments, item: toDiscussionComment(reply, comment.databaseId), number });
    }
  }
  return entries;
}

/** A list inside an item: what came with it, and the pages that did not. */
async function readAll(github: Github, node: Row, field: keyof typeof restQueries): Promise<Row[]> {
  let list: unknown = node[field];
  const all = nodesIn(list);
  for (let info = rowIn(list, "pageInfo"); info.hasNextPage === true; info = rowIn(list, "pageInfo")) {
    const { data } = await github.query(restQueries[field], { id: node.id, first: 100, cursor: info.endCursor });
    list = rowIn(data, "node")[field];
    all.push(...nodesIn(list));
  }
  return all;
}
