import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { createCtx } from "#tests/factories.ts";
import { canSee, roles, scopes, type Viewer, type Visibility, viewerLevel, visibilities, visibilityRank, visibleTo } from "./index.ts";

const account = (role: (typeof roles)[number]): Viewer => ({ kind: "account", accountId: "a", role });
const viewers: Viewer[] = [
  { kind: "system" },
  { kind: "anonymous" },
  ...roles.map(account),
  ...roles.flatMap((role) => scopes.map((scope): Viewer => ({ kind: "account", accountId: "a", role, apiKeyId: "k", scopes: [scope] }))),
  { kind: "account", accountId: "a", role: "owner", apiKeyId: "k", scopes: [] },
];

test.each<[Viewer, Visibility]>([
  [{ kind: "system" }, "restricted"],
  [account("owner"), "restricted"],
  [account("admin"), "restricted"],
  [account("advocate"), "restricted"],
  [account("product"), "team"],
  [account("viewer"), "team"],
  [account("developer"), "members"],
  [{ kind: "anonymous" }, "public"],
])("%j sees up to %s", (viewer, level) => {
  expect(viewerLevel(viewer)).toBe(level);
});

test("the predicate and its SQL say the same of every viewer and object", async () => {
  const ctx = await createCtx();
  const objects = [ctx.community.id, newId()].flatMap((communityId) => visibilities.map((visibility) => ({ communityId, visibility })));
  const table = sql.join(
    objects.map((object, n) => sql`(${object.communityId}::uuid, ${visibilityRank(object.visibility)}::smallint, ${n}::int)`),
    sql`, `,
  );
  for (const viewer of viewers) {
    const scope = { community: ctx.community, viewer };
    const rows = await ctx.db.rows<{ n: number }>(
      sql`SELECT o.n FROM (VALUES ${table}) AS o(community_id, visibility, n) WHERE ${visibleTo(scope, "o")} ORDER BY o.n`,
    );
    const predicted = objects.flatMap((object, n) => (canSee(scope, object) ? [n] : []));
    expect(rows.map((row) => row.n)).toEqual(predicted);
  }
});

test("a key without a scope to read sees what a visitor sees", () => {
  const key = (held: (typeof scopes)[number][]): Viewer => ({ kind: "account", accountId: "a", role: "owner", apiKeyId: "k", scopes: held });
  expect(viewerLevel(key([]))).toBe("public");
  expect(viewerLevel(key(["import"]))).toBe("public");
  expect(viewerLevel(key(["export"]))).toBe("restricted");
});
