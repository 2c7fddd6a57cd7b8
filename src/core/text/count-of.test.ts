import { expect, test } from "vitest";
import { countOf } from "./count-of.ts";

test("one thing is named in the singular, none and many in the plural", () => {
  expect([0, 1, 2, 12_345].map((n) => countOf(n, "record"))).toEqual(["0 records", "1 record", "2 records", "12,345 records"]);
  expect([1, 3].map((n) => countOf(n, "activity was", "activities were"))).toEqual(["1 activity was", "3 activities were"]);
});
