import { signalsConsumer } from "#features/feedback/index.ts";
import { type Consumer, indexForSearch, rollUp } from "#features/ledger/index.ts";
import { membersConsumer } from "#features/members/index.ts";
import { questionsConsumer } from "#features/support/index.ts";

/** Everything that derives from the ledger, in the order in which it is worked off. */
export const consumers: readonly Consumer[] = [rollUp, membersConsumer, questionsConsumer, signalsConsumer, indexForSearch];
