import { describe, expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { testDatabase } from "./factories.ts";

interface Key {
  table: string;
  name: string;
  columns: string[];
  target: string | null;
}

/** Keys of the tables that belong to a community, with their columns in order. */
async function keysOf(kinds: string[]): Promise<Key[]> {
  return testDatabase().rows<Key>(sql`
    SELECT c.conrelid::regclass::text AS "table", c.conname AS name, t.relname AS target,
      ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k(number, place)
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number ORDER BY k.place) AS columns
    FROM pg_constraint c
    JOIN pg_attribute own ON own.attrelid = c.conrelid AND own.attname = 'community_id' AND NOT own.attisdropped
    LEFT JOIN pg_class t ON t.oid = c.confrelid
    WHERE c.connamespace = 'public'::regnamespace AND c.contype::text = ANY(${sql.param(kinds)}::text[])
    ORDER BY 1, 2`);
}

const told = (keys: Key[]) => keys.map((key) => `${key.table}.${key.name} (${key.columns.join(", ")})`);

describe("tables of a community", () => {
  test("lead their primary and unique keys with community_id, so that they can be spread over machines", async () => {
    const keys = await keysOf(["p", "u"]);
    expect(keys.length).toBeGreaterThan(10);
    expect(told(keys.filter((key) => key.columns[0] !== "community_id"))).toEqual([]);
  });

  test("lead their foreign keys with community_id, so that no row can point into another community", async () => {
    const withCommunity = new Set((await keysOf(["p"])).map((key) => key.table));
    const keys = (await keysOf(["f"])).filter((key) => key.target !== null && withCommunity.has(key.target));
    expect(keys.length).toBeGreaterThan(5);
    expect(told(keys.filter((key) => key.columns[0] !== "community_id"))).toEqual([]);
  });

  test("all have a primary key", async () => {
    const without = await testDatabase().rows<{ table: string }>(sql`
      SELECT t.relname AS "table" FROM pg_class t
      WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p')
        AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = t.oid AND c.contype = 'p')`);
    expect(without).toEqual([]);
  });
});
