import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import type { Ctx } from "#features/access/index.ts";
import { runImport } from "#features/ledger/index.ts";
import { createCtx } from "#tests/factories.ts";
import { people } from "./index.ts";

const fixtures = join(import.meta.dirname, "fixtures");
const real = join(import.meta.dirname, "../../../../shared/data/affiliations/stackalytics/default_data.json");

const count = async (ctx: Ctx, table: "identity" | "identity_link" | "organization" | "organization_name" | "affiliation") =>
  (await ctx.db.first<{ n: number }>(sql`SELECT count(*) AS n FROM ${sql.raw(table)} WHERE community_id = ${ctx.community.id}`))?.n;

const bring = (ctx: Ctx, path: string) => runImport(ctx, { connector: people, path });

test("a profile that left an employer is one row that ends, and one that lost an employer is none", async () => {
  const ctx = await createCtx();
  const text = await readFile(join(fixtures, "sortinghat.json"), "utf8");
  const write = (content: string) => {
    const path = join(mkdtempSync(join(tmpdir(), "causeway-people-")), "sortinghat.json");
    writeFileSync(path, content);
    return path;
  };
  const first = await bring(ctx, write(text));
  expect(first.counts.new.identities).toBe(4);
  expect(await count(ctx, "affiliation")).toBe(2);
  expect(await count(ctx, "identity_link")).toBe(2);

  const later = text
    .replace("2024-05-01 10:00", "2024-06-01 10:00")
    .replace('"2019-03-01T00:00:00", "end": "2100-01-01T00:00:00"', '"2019-03-01T00:00:00", "end": "2024-05-31T00:00:00"');
  const changed = await bring(ctx, write(later));
  expect(changed.counts.changed.identities).toBe(1);
  const without = later.replace("2024-06-01 10:00", "2024-07-01 10:00").replace(/,\s*\{ "organization": "Gull"[^}]*\}/, "");
  await bring(ctx, write(without));
  const rows = await ctx.db.rows<{ name: string; to: Date | null }>(sql`
    SELECT o.name, a.to_at AS "to" FROM affiliation a JOIN organization o ON o.community_id = a.community_id AND o.id = a.organization_id
    WHERE a.community_id = ${ctx.community.id}`);
  expect(rows).toEqual([{ name: "Tide Works", to: new Date("2024-05-31T00:00:00Z") }]);

  // An older export that is found again changes nothing.
  await bring(ctx, write(text));
  expect(await count(ctx, "affiliation")).toBe(1);
});

test("one person in several lists is one identity with what each of them says", async () => {
  const ctx = await createCtx();
  for (const name of [
    "sortinghat.json",
    "gitdm-email-map.txt",
    "stackalytics.json",
    "mailmap.txt",
    "orbit-members.json",
    "common-room-contacts.csv",
  ]) {
    await bring(ctx, join(fixtures, name));
  }
  const [mara] = await ctx.db.rows<{ rules: string[] }>(sql`
    SELECT array_agg(DISTINCT l.rule ORDER BY l.rule) AS rules FROM identity i
    JOIN identity_link l ON l.community_id = i.community_id AND (l.identity_a = i.id OR l.identity_b = i.id)
    WHERE i.community_id = ${ctx.community.id} AND i.platform = 'email' AND i.external_id = 'mara.shore@gull.example'`);
  expect(mara?.rules).toEqual(["common-room-contact", "mailmap", "orbit-member", "sortinghat-profile", "stackalytics-user"]);
});

test.skipIf(!existsSync(real))(
  "Stackalytics' real data comes in whole, and the second time changes nothing (skipped where ../shared/data is absent)",
  async () => {
    const ctx = await createCtx();
    const first = await bring(ctx, real);
    const held = await Promise.all((["identity", "identity_link", "organization", "affiliation"] as const).map((table) => count(ctx, table)));
    expect(held[0]).toBe(first.counts.new.identities);
    expect(held[2]).toBeGreaterThanOrEqual(533);
    expect(held[3]).toBe(3590);
    const again = await bring(ctx, real);
    expect([again.counts.new.identities, again.counts.changed.identities]).toEqual([0, 0]);
    expect(again.counts.same.identities).toBe(first.counts.new.identities);
    expect(await Promise.all((["identity", "identity_link", "organization", "affiliation"] as const).map((table) => count(ctx, table)))).toEqual(
      held,
    );
  },
);
