import { expect, test } from "vitest";
import { SeenKeys } from "./seen-keys.ts";

test("a key that came before is always known, and of many that did not hardly one is taken for known", () => {
  const seen = new SeenKeys(8);
  const keys = Array.from({ length: 200_000 }, (_, n) => `messages\u0000${1_300_000_000_000_000_000n + BigInt(n) * 4_194_304n}`);
  const mistaken = keys.filter((key) => seen.add(key)).length;
  expect(mistaken).toBeLessThan(5);
  expect(keys.every((key) => seen.add(key))).toBe(true);
  expect(seen.add("")).toBe(false);
  expect(seen.add("")).toBe(true);
});

test("a smaller filter knows what came before as surely", () => {
  const seen = new SeenKeys(1);
  const keys = Array.from({ length: 100_000 }, (_, n) => `thread ${n}`);
  const mistaken = keys.filter((key) => seen.add(key)).length;
  expect(mistaken).toBeLessThan(50);
  expect(keys.every((key) => seen.add(key))).toBe(true);
});
