import fc from "fast-check";
import { expect, test } from "vitest";
import { IdTable } from "./id-table.ts";
import { PackedLists } from "./packed-lists.ts";

test("a table answers like a map, whatever was put in and however often it grew", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ maxLength: 3 }), fc.integer()), { maxLength: 3_000 }), (entries) => {
      const table = new IdTable();
      const map = new Map<string, number>();
      for (const [id, value] of entries) {
        table.set(id, value);
        map.set(id, value);
      }
      expect(table.size).toBe(map.size);
      for (const id of [...map.keys(), "never given"]) expect(table.get(id)).toBe(map.get(id));
    }),
    { numRuns: 20 },
  );
  const many = new IdTable();
  for (let n = 0; n < 20_000; n++) many.set(`$${n}:example.org`, n);
  expect([many.size, many.get("$0:example.org"), many.get("$19999:example.org")]).toEqual([20_000, 0, 19_999]);
});

test("lists come back as they were added, also those that fill blocks and are larger than one", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "ä"), fc.string()), { maxLength: 60 }), (entries) => {
      const lists = new PackedLists<string>();
      for (const [id, value] of entries) lists.add(id, value);
      for (const id of ["a", "b", "c", "ä", "d"]) expect(lists.of(id)).toEqual(entries.flatMap(([own, value]) => (own === id ? [value] : [])));
      expect([...lists.all()]).toEqual(entries.map(([, value]) => value));
    }),
  );
  const lists = new PackedLists<string>();
  const values = [1, 700_000, 700_000, 3_000_000, 2].map((length, n) => String(n).repeat(length));
  for (const value of values) lists.add("a", value);
  expect(lists.of("a")).toEqual(values);
  expect([...lists.all()]).toEqual(values);
});
