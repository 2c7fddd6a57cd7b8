import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import type { Ctx } from "#features/access/index.ts";
import { createCtx } from "#tests/factories.ts";
import { talks } from "#tests/talks.ts";
import type { RawRecord } from "./batch.ts";
import { runRecords } from "./run-records.ts";
import { noPrivacy } from "./source-privacy.ts";
import { ensureSource } from "./sources.ts";

async function bringIn(ctx: Ctx, input: { fresh: boolean; records: readonly RawRecord[] }) {
  const { id } = await ensureSource(ctx, { connector: "talks", origin: "talks", name: "Talks" });
  return runRecords(ctx, {
    source: { id, privacy: noPrivacy },
    connector: talks,
    settings: {},
    stream: "s",
    trigger: "import",
    fresh: input.fresh,
    force: false,
    chunks: async function* () {
      for (let at = 0; at < input.records.length; at += 500) yield { records: input.records.slice(at, at + 500) };
    },
  });
}

const spoken = async (ctx: Ctx) =>
  (
    await ctx.db.rows<{ body: string }>(
      sql`SELECT body FROM activity WHERE community_id = ${ctx.community.id} AND deleted_at IS NULL ORDER BY external_id`,
    )
  ).map(({ body }) => body);

test("of a record that comes twice in one run the newer counts, however far apart and in either order, in a first import and later", async () => {
  const newer = { stream: "s", externalId: "1", asOf: "2026-02-02T00:00:00Z", payload: ["kept, edited"] };
  const older = { stream: "s", externalId: "1", asOf: "2026-01-01T00:00:00Z", payload: ["kept", "taken back"] };
  const others = (count: number) => Array.from({ length: count }, (_, n): RawRecord => ({ stream: "s", externalId: `other ${n}`, payload: [] }));
  for (const fresh of [true, false]) {
    // Within a group, with groups between that have not been stored yet, and with many that have.
    for (const between of [10, 1_200, 6_000]) {
      for (const records of [
        [older, ...others(between), newer],
        [newer, ...others(between), older],
      ]) {
        const ctx = await createCtx();
        const outcome = await bringIn(ctx, { fresh, records });
        expect(await spoken(ctx)).toEqual(["kept, edited"]);
        expect(outcome.counts.new.threads).toBe(between + 1);
        expect((await bringIn(ctx, { fresh: false, records: [newer] })).counts.same.activities).toBe(1);
      }
    }
  }
});
