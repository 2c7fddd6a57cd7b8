import { expect, test } from "vitest";
import { testDatabase } from "#tests/factories.ts";
import { array, type Database, retryContended, sql, together } from "./database.ts";

test("rows come back with dates, numbers and arrays as JavaScript has them", async () => {
  const row = await testDatabase().first<{ at: Date; big: number; list: string[]; doc: unknown }>(
    sql`SELECT '2026-01-02T03:04:05Z'::timestamptz AS at, 12345678901::bigint AS big, ${array(["a", "b,c", '"q"', null], "text")} AS list, '{"a":1}'::jsonb AS doc`,
  );
  expect(row?.at).toEqual(new Date("2026-01-02T03:04:05Z"));
  expect(row?.big).toBe(12345678901);
  expect(row?.list).toEqual(["a", "b,c", '"q"', null]);
  expect(row?.doc).toEqual({ a: 1 });
});

test("a throw inside a transaction leaves nothing behind, and a nested one only undoes itself", async () => {
  const db = testDatabase();
  await db.execute(sql`CREATE TABLE IF NOT EXISTS transaction_probe (n int)`);
  await expect(
    db.transaction(async (tx) => {
      await tx.execute(sql`INSERT INTO transaction_probe VALUES (1)`);
      throw new Error("no");
    }),
  ).rejects.toThrow("no");
  await db.transaction(async (tx) => {
    await tx.execute(sql`INSERT INTO transaction_probe VALUES (2)`);
    await tx
      .transaction(async (inner) => {
        await inner.execute(sql`INSERT INTO transaction_probe VALUES (3)`);
        throw new Error("inner");
      })
      .catch(() => undefined);
  });
  expect(await db.rows(sql`SELECT n FROM transaction_probe`)).toEqual([{ n: 2 }]);
  await db.execute(sql`DROP TABLE transaction_probe`);
});

test("a transaction that PostgreSQL ends as a deadlock is run again, one that fails otherwise is not", async () => {
  const db = testDatabase();
  let runs = 0;
  const failing = (times: number, code: string) =>
    retryContended(() =>
      db.transaction(async (tx) => {
        runs += 1;
        if (runs <= times) await tx.execute(sql`DO ${sql.raw(`$$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '${code}'; END $$`)}`);
        return runs;
      }),
    );
  expect(await failing(2, "40P01")).toBe(3);
  runs = 0;
  await expect(failing(1, "23505")).rejects.toThrow("lost");
  expect(runs).toBe(1);
  runs = 0;
  await expect(failing(99, "40001")).rejects.toThrow("lost");
  expect(runs).toBe(4);
});

test("statements sent side by side run in their order; when one fails, that failure is told and nothing comes after the rollback", async () => {
  const db = testDatabase();
  await db.execute(sql`CREATE TABLE side_by_side (n int PRIMARY KEY)`);
  try {
    const seen = await db.transaction((tx) =>
      together([tx.execute(sql`INSERT INTO side_by_side VALUES (1)`), tx.rows(sql`SELECT n FROM side_by_side`), Promise.resolve("no statement")]),
    );
    expect(seen).toEqual([1, [{ n: 1 }], "no statement"]);

    const twoSteps = async (tx: Database) => {
      await tx.execute(sql`INSERT INTO side_by_side VALUES (2)`).catch(() => undefined);
      // Were the rollback sent meanwhile, this would stand by itself.
      await tx.execute(sql`INSERT INTO side_by_side VALUES (3)`);
    };
    const failing = db.transaction((tx) =>
      together([twoSteps(tx), tx.execute(sql`INSERT INTO side_by_side VALUES (1)`), tx.execute(sql`INSERT INTO side_by_side VALUES (4)`)]),
    );
    await expect(failing).rejects.toMatchObject({ code: "23505" });
    expect(await db.rows(sql`SELECT n FROM side_by_side`)).toEqual([{ n: 1 }]);
  } finally {
    await db.execute(sql`DROP TABLE side_by_side`);
  }
});

test("a transaction waits for statements that nobody awaited, and one of them that fails undoes it all and is told", async () => {
  const db = testDatabase();
  await db.execute(sql`CREATE TABLE not_awaited (n int PRIMARY KEY)`);
  try {
    const done = await db.transaction(async (tx) => {
      void tx.execute(sql`INSERT INTO not_awaited SELECT 1 FROM pg_sleep(0.05)`);
      return "done";
    });
    expect(done).toBe("done");
    expect(await db.rows(sql`SELECT n FROM not_awaited`)).toEqual([{ n: 1 }]);

    const failing = db.transaction(async (tx) => {
      void tx.execute(sql`INSERT INTO not_awaited VALUES (2)`);
      void tx.rows(sql`INSERT INTO not_awaited VALUES (1) RETURNING n`);
      void tx.first(sql`SELECT 1`);
    });
    await expect(failing).rejects.toMatchObject({ code: "23505" });
    expect(await db.rows(sql`SELECT n FROM not_awaited`)).toEqual([{ n: 1 }]);
  } finally {
    await db.execute(sql`DROP TABLE not_awaited`);
  }
});

test("a failure that was caught still ends its transaction, unless a nested one kept it to itself", async () => {
  const db = testDatabase();
  await db.execute(sql`CREATE TABLE caught (n int PRIMARY KEY)`);
  try {
    const swallowed = db.transaction(async (tx) => {
      await tx.execute(sql`INSERT INTO caught VALUES (1)`);
      await tx.execute(sql`INSERT INTO caught VALUES (1)`).catch(() => undefined);
    });
    await expect(swallowed).rejects.toMatchObject({ code: "23505" });
    await db.transaction(async (tx) => {
      await tx.execute(sql`INSERT INTO caught VALUES (2)`);
      await tx
        .transaction(async (inner) => {
          void inner.execute(sql`INSERT INTO caught VALUES (2)`);
        })
        .catch(() => undefined);
      void tx.execute(sql`INSERT INTO caught VALUES (3)`);
    });
    expect(await db.rows(sql`SELECT n FROM caught ORDER BY n`)).toEqual([{ n: 2 }, { n: 3 }]);
  } finally {
    await db.execute(sql`DROP TABLE caught`);
  }
});
