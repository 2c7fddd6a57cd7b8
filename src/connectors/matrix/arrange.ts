import { z } from "zod";
import type { ThreadArranger } from "#features/ledger/index.ts";

const factsSchema = z.looseObject({ threadRoot: z.string().optional() });

/**
 * Puts answers into the thread of what they answer, however long the chain: an answer alone knows only the message before
 * it. Threads that people opened as such stay as they are.
 */
export function arrangeAnswers(): ThreadArranger {
  const answered = new Map<string, string>();
  const inThread = new Map<string, string>();
  const roots = new Set<string>();
  const found = new Map<string, string>();
  const threadOf = (id: string): string => {
    const chain: string[] = [];
    const seen = new Set<string>();
    let at = id;
    for (;;) {
      const known = found.get(at) ?? inThread.get(at) ?? (roots.has(at) ? at : undefined);
      const next = known ?? answered.get(at);
      if (known !== undefined || next === undefined || seen.has(next)) {
        const root = known ?? at;
        for (const step of chain) found.set(step, root);
        return root;
      }
      seen.add(at);
      chain.push(at);
      at = next;
    }
  };
  return {
    kinds: ["message"],
    add({ externalId, replyTo, attributes }) {
      const root = factsSchema.safeParse(attributes ?? {}).data?.threadRoot;
      if (root) {
        inThread.set(externalId, root);
        roots.add(root);
      } else if (replyTo) answered.set(externalId, replyTo);
    },
    threadOf: ({ externalId }) => threadOf(externalId),
    titleOf: ({ title }) => title,
  };
}
