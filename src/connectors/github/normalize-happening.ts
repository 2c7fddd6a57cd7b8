import type { NormalizedActivity } from "#features/ledger/index.ts";
import type { Item } from "./format.ts";
import type { Reading, Statement } from "./normalize.ts";
import { words } from "./people.ts";

/** A star; one that was taken back says nothing any more. */
export function readStar(item: Item<"stars">, reading: Reading): Statement {
  if (!item.starred_at) return { threads: [], activities: [] };
  const who = item.user.id === undefined ? `login:${item.user.login.toLowerCase()}` : item.user.id;
  return stand({
    externalId: `star/${who}`,
    kind: "starred",
    channel: reading.channel,
    ...reading.people.credit(item.user),
    occurredAt: new Date(item.starred_at),
    url: reading.urlOf("stargazers"),
  });
}

export function readFork(item: Item<"forks">, reading: Reading): Statement {
  return stand({
    externalId: `fork/${item.id}`,
    kind: "forked",
    channel: reading.channel,
    ...reading.people.credit(item.owner),
    occurredAt: new Date(item.created_at),
    title: item.full_name,
    ...(item.html_url && { url: item.html_url }),
  });
}

export function readRelease(item: Item<"releases">, reading: Reading): Statement {
  const attributes = { tag: item.tag_name, ...(item.prerelease && { prerelease: true }), ...(item.reactions && { reactions: item.reactions }) };
  return stand({
    externalId: `release/${item.id}`,
    kind: "released",
    channel: reading.channel,
    ...reading.people.credit(item.author),
    occurredAt: new Date(item.published_at),
    ...(item.deleted ? { deletedAt: new Date(item.published_at) } : { title: item.name || item.tag_name, body: words(item.body), attributes }),
    ...(item.html_url && { url: item.html_url }),
  });
}

const stand = (activity: NormalizedActivity): Statement => ({ threads: [], activities: [activity] });
