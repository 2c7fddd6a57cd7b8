import fc from "fast-check";
import { expect, test } from "vitest";
import { testDatabase } from "#tests/factories.ts";
import { encodeArray } from "./binary-array.ts";
import { type ArrayType, array, sql } from "./database.ts";

/** What PostgreSQL makes of an array sent in binary, as text. */
async function echo(values: readonly unknown[], type: ArrayType): Promise<(string | null)[]> {
  expect(encodeArray(values, type), "the values fit the binary form").toBeDefined();
  const rows = await testDatabase().rows<{ v: string | null }>(
    sql`SELECT v::text AS v FROM unnest(${array(values, type)}) WITH ORDINALITY AS u(v, at) ORDER BY at`,
  );
  return rows.map((row) => row.v);
}

test("every type arrives as it was meant, nulls included", async () => {
  const id = "01a210be-946f-7191-8caf-3f8e41d0fe0f";
  expect(await echo([id, null, id.toUpperCase()], "uuid")).toEqual([id, null, id]);
  expect(await echo(["", "a,b", '"q\\', null, "検索", "😀"], "text")).toEqual(["", "a,b", '"q\\', null, "検索", "😀"]);
  expect(await echo([true, false, null], "boolean")).toEqual(["true", "false", null]);
  expect(await echo([3, -2, null], "smallint")).toEqual(["3", "-2", null]);
  expect(await echo([123456, -1], "integer")).toEqual(["123456", "-1"]);
  expect(await echo(["-9223372036854775808", 12n, 7], "bigint")).toEqual(["-9223372036854775808", "12", "7"]);
  expect(await echo([0.5, null], "real")).toEqual(["0.5", null]);
  expect(await echo(["1999-12-31", "2026-11-25"], "date")).toEqual(["1999-12-31", "2026-11-25"]);
  expect(await echo(['{"a":[1,"x"]}', null], "jsonb")).toEqual(['{"a": [1, "x"]}', null]);
  expect(await echo([Buffer.from([0, 255]), null], "bytea")).toEqual(["\\x00ff", null]);
  expect(await echo([], "text")).toEqual([]);
});

test("moments keep their millisecond, before and after the year 2000, as Date and as ISO text", async () => {
  const moments = [new Date("1969-07-20T20:17:40.123Z"), new Date("2026-11-25T12:00:00.001Z"), null];
  const rows = await testDatabase().rows<{ v: Date | null }>(
    sql`SELECT v FROM unnest(${array([...moments, "2026-11-25T12:00:00.001Z"], "timestamptz")}) WITH ORDINALITY AS u(v, at) ORDER BY at`,
  );
  expect(rows.map((row) => row.v)).toEqual([...moments, new Date("2026-11-25T12:00:00.001Z")]);
});

test("any text comes through unchanged", async () => {
  const text = fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\u0000"));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(text)), async (values) => {
      expect(await echo(values, "text")).toEqual(values);
    }),
    { numRuns: 40 },
  );
});

test("a value that does not fit is left to the text form, which says what is wrong", async () => {
  expect(encodeArray(["no uuid"], "uuid")).toBeUndefined();
  await expect(testDatabase().rows(sql`SELECT ${array(["no uuid"], "uuid")}`)).rejects.toThrow(/invalid input syntax for type uuid/);
  expect(encodeArray([1.5], "integer")).toBeUndefined();
});
