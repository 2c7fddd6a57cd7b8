import type { ThreadArranger } from "#features/ledger/index.ts";

/**
 * Puts replies into the thread of the first message of their chain, or into the topic of a forum: a message names only the
 * one that it answers, which may have come with another export.
 */
export function arrangeReplies(): ThreadArranger {
  const answered = new Map<string, string>();
  return {
    kinds: ["message", "topic_opened"],
    // Only what is older can be answered (`normalize` sees to it), so chains end.
    add({ externalId, replyTo }) {
      if (replyTo !== undefined) answered.set(externalId, replyTo);
    },
    threadOf({ externalId }) {
      const first = answered.get(externalId);
      if (first === undefined) return externalId;
      let root = first;
      for (let next = answered.get(root); next !== undefined; next = answered.get(root)) root = next;
      // The next of the chain gets there in one step.
      answered.set(externalId, root);
      return root;
    },
    titleOf: () => undefined,
  };
}
