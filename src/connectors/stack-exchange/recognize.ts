import type { GlimpsedFile } from "#features/ledger/index.ts";
import { siteInName } from "./format.ts";

/** How sure it is that a file is a dump, a part of one, or saved answers of the API. */
export function recognizeStackExchange({ path, head, isDirectory, entries }: GlimpsedFile): number {
  const names = entries.map(({ name }) => name);
  if (names.length > 0) {
    const has = (root: string) => names.some((name) => new RegExp(`(?:^|/)${root}\\.xml(?:\\.gz)?$`, "i").test(name));
    if (has("posts")) return has("users") || has("comments") || has("postlinks") ? 1 : 0.8;
    if (has("comments") && has("users")) return 0.9;
    return names.every((name) => /stack(?:exchange|overflow)/i.test(name)) ? 0.5 : 0;
  }
  if (isDirectory) return 0;
  if (isSevenZip(head)) return siteInName(path) ? 0.9 : 0.2;
  const start = head.toString("utf8");
  if (/^\ufeff?\s*</.test(start)) return recognizeXml(start);
  return /^\ufeff?\s*[[{]/.test(start) ? recognizeAnswer(start) : 0;
}

export function isSevenZip(head: Buffer): boolean {
  return head.subarray(0, 6).toString("latin1") === "7z\u00bc\u00af\u0027\u001c";
}

const fieldsOfRoots: Record<string, RegExp> = {
  posts: /\bPostTypeId="/,
  users: /\bReputation="|\bAccountId="/,
  comments: /\bPostId="/,
  postlinks: /\bRelatedPostId="/,
  votes: /\bVoteTypeId="/,
  badges: /\bTagBased="|\bClass="/,
  tags: /\bTagName="/,
  posthistory: /\bPostHistoryTypeId="/,
};

function recognizeXml(start: string): number {
  const [, root, row] = /<(posts|users|comments|postlinks|votes|badges|tags|posthistory)>\s*(?:<row ([^>]*)|$)/.exec(start) ?? [];
  if (root === undefined) return 0;
  if (row === undefined) return 0.5;
  return fieldsOfRoots[root]?.test(row) ? 1 : 0;
}

/** By fields that no other service has together; heads may be cut anywhere. */
function recognizeAnswer(start: string): number {
  const has = (field: string) => new RegExp(`"${field}"\\s*:`).test(start);
  const isPost = has("question_id") && (has("is_answered") || has("accepted_answer_id") || has("answer_id"));
  const isComment = has("comment_id") && has("post_id") && has("owner");
  if (isPost || isComment) return has("creation_date") ? 1 : 0.6;
  return has("quota_remaining") && has("has_more") ? 0.9 : 0;
}
