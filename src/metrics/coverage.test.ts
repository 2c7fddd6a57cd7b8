import { expect, it } from "vitest";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { createCtx } from "#tests/factories.ts";
import { peopleRows } from "#tests/people-rows.ts";
import { readMetric } from "./index.ts";

it("a file answers up to its last activity, a live source up to its last pull, and what lies beyond is no zero", async () => {
  const ctx = await createCtx();
  const rows = await peopleRows(ctx);
  await rows.activity({ by: await rows.identity({ externalId: "ada@acme.dev" }), at: "2026-11-02T10:00:00Z" });
  await rows.derive();
  const params = { from: "2026-11-01", to: "2026-11-05" };
  const values = async () => (await readMetric(ctx, { id: "active-members", params, maxAgeSeconds: 0 })).value;
  const ran = (trigger: string, at: string) =>
    ctx.db.execute(sql`
      INSERT INTO sync (community_id, id, source_id, trigger, state, started_at, finished_at)
      VALUES (${ctx.community.id}, ${newId()}, ${rows.sourceId}, ${trigger}, 'done', ${at}, ${at})`);

  await ran("import", "2026-11-05T10:00:00Z");
  expect((await values()).points.map(({ value }) => value)).toEqual([null, 1, null, null, null]);
  expect(await readMetric(ctx, { id: "active-members", params: { from: "2026-11-04", to: "2026-11-05" } })).toMatchObject({
    value: { value: null, note: "No source covers any day of this span." },
  });
  await ran("schedule", "2026-11-04T10:00:00Z");
  const live = await values();
  expect(live.points.map(({ value }) => value)).toEqual([null, 1, 0, 0, null]);
  expect(live.coverage).toBe("Not all sources cover the whole span: Test only from 2026-11-02 to 2026-11-04.");
});
