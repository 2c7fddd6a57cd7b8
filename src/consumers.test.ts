import { expect, test } from "vitest";
import { consumerNames } from "#features/ledger/index.ts";
import { consumers } from "./consumers.ts";

test("every consumer that the ledger tells exists, in the same order, and none is forgotten", () => {
  expect(consumers.map((consumer) => consumer.name)).toEqual([...consumerNames]);
});
