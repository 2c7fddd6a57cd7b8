import { z } from "zod";
import type { ThreadArranger } from "#features/ledger/index.ts";
import { readSubject, threadTitle } from "./read-subject.ts";
import { ThreadIndex } from "./thread-index.ts";

const factsSchema = z.looseObject({ references: z.array(z.string()).optional() });
const bySubject = "subject:";

/**
 * Puts the mails of a list into threads, whichever months came when: a mail alone knows only the mails that it names, and
 * some name none.
 */
export function arrangeMails(): ThreadArranger {
  const index = new ThreadIndex();
  let isFinished = false;
  return {
    kinds: ["mail"],
    add({ externalId, replyTo, title, occurredAt, attributes }) {
      const facts = factsSchema.safeParse(attributes ?? {}).data ?? {};
      const named = replyTo === undefined || replyTo.startsWith(bySubject) ? undefined : replyTo;
      index.add({
        id: idOfKey(externalId),
        ancestors: named === undefined ? [] : [...(facts.references ?? []), named],
        at: occurredAt.getTime(),
        subject: replyTo?.startsWith(bySubject) ? replyTo.slice(bySubject.length) : readSubject(title ?? "").key,
        isReply: replyTo?.startsWith(bySubject) ?? false,
      });
    },
    threadOf({ externalId }) {
      if (!isFinished) index.finish();
      isFinished = true;
      return index.rootOf(idOfKey(externalId));
    },
    titleOf: ({ title }) => threadTitle(title),
  };
}

/** The id in a mail's key, which stays when its words are taken away. */
const idOfKey = (key: string) => (key.startsWith("none-") ? key : key.slice(0, key.lastIndexOf("#")));
