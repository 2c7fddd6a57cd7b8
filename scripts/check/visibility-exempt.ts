/**
 * Declarations that read rows past the visibility rule because what they read is answered to nobody, each with the
 * reason: `path#declaration`, or `path` for a file from which nothing leaves by the feature's index.ts. Consumers belong
 * here: they derive rows that carry a visibility of their own. An entry that is not needed (any more) fails the check.
 */
export const readsForNobody: Readonly<Record<string, string>> = {
  "src/features/ledger/arrange-threads.ts": "the ingest: it puts what is stored into threads, and answers nobody",
  "src/features/ledger/preview-import.ts#readHeld": "ids and hashes to compare a file with; counts alone leave, to who may import all of it",
  "src/features/ledger/search-index.ts#readWords": "a consumer: search documents carry the activity's visibility",
  "src/features/ledger/settle-threads.ts": "the ingest: it settles threads whose activities were moved or deleted, and answers nobody",
  "src/features/ledger/sources.ts#deleteSource": "ids for the consumers; nothing of it is answered",
  "src/features/ledger/store-channels.ts#findChannels": "the ingest: it meets channels that are stored already",
  "src/features/ledger/store-threads.ts#findThreads": "the ingest: it meets threads that are stored already",
  "src/features/members/consumer.ts#wakeReaders": "a consumer: ids for other consumers",
  "src/features/members/recount.ts": "a consumer: days and totals per visibility",
  "src/features/members/write-members.ts": "a consumer: members get their visibility here",
  "src/features/feedback/consumer.ts#dropUnheard": "a consumer; asks which identities are no humans, and answers nobody",
  "src/features/feedback/consumer.ts#activitiesToRead": "a consumer: ids of what it reads next",
  "src/features/feedback/consumer.ts#readCandidates": "a consumer: signals carry the activity's visibility",
  "src/features/support/thread-facts.ts": "a consumer: questions are columns of the thread itself",
};

/**
 * Ways out where the rule holds though the check cannot see it, each with how. They are asked as every role like all
 * others (tests/visibility.test.ts).
 */
export const guardedOtherwise: Readonly<Record<string, string>> = {
  "src/features/members/suggestions.ts#listSuggestedKinds": "x is the member that m joins again, under the rule",
  "src/features/feedback/commands.ts#reclassifySignal": "another signal of the same activity as one that is held under the rule",
  "src/features/feedback/queries.ts#readRows": "its activity stands under the rule, and callers pass the rule for the signal in their conditions",
  "src/metrics/people.ts#pageMembers": "the members are those of a query under the rule that the metric passes in",
};
