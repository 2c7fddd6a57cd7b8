import { type Consumer, indexForSearch, rollUp } from "#features/ledger/index.ts";

/** Everything that derives from the ledger, in the order in which it is worked off. */
export const consumers: readonly Consumer[] = [rollUp, indexForSearch];
