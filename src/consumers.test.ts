import { expect, test } from "vitest";
import { consumerNames } from "#features/ledger/index.ts";
import { consumers } from "./consumers.ts";

test("every consumer that the ledger tells exists, in the same order, and none is forgotten", () => {
  expect(consumers.map((consumer) => consumer.name)).toEqual([...consumerNames]);
});

test("a consumer waits only for such as come before it in the list", () => {
  for (const [at, { after }] of consumers.entries()) expect(consumerNames.slice(0, at)).toEqual(expect.arrayContaining([...(after ?? [])]));
});
