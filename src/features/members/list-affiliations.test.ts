import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { consumers } from "#app/consumers.ts";
import { sql } from "#core/database/database.ts";
import type { Ctx } from "#features/access/index.ts";
import { createCtx } from "#tests/factories.ts";
import { defineConnector, drainOutbox, runImport, updateSource } from "../ledger/index.ts";
import { removeLink } from "./commands.ts";
import { getMember } from "./get-member.ts";
import { listAffiliations } from "./list-affiliations.ts";

const ann = { platform: "email", externalId: "ann@tide.example" };
const annAtWork = { platform: "email", externalId: "ann@gull.example" };

/** Two identities of one person, each with a job. */
const registry = defineConnector({
  id: "registry",
  title: "Registry",
  summary: "Two identities of one person.",
  normalizeVersion: 1,
  settings: z.object({}),
  docs: { collects: "-", identityKey: "-", limits: "-", privacy: "-" },
  streams: {},
  normalize: () => ({
    identities: [ann, annAtWork],
    channels: [],
    threads: [],
    activities: [],
    links: [{ a: ann, b: annAtWork, rule: "registry", evidence: "one entry", strength: 1 }],
    organizations: [{ name: "Tide Works", aliases: ["Tide Works Ltd."] }],
    affiliations: [
      { identity: ann, organization: "Tide Works Ltd.", from: new Date("2019-01-01"), to: new Date("2021-12-31"), evidence: "line 3" },
      { identity: annAtWork, organization: "Gull", from: new Date("2022-01-01"), evidence: "line 4" },
    ],
  }),
  identifyFile: async () => ({ origin: "registry:test", name: "The list" }),
  async *importFile() {
    yield { records: [{ stream: "people", externalId: "ann", payload: {} }] };
  },
});

async function seed(): Promise<{ ctx: Ctx; sourceId: string; memberId: string }> {
  const ctx = await createCtx();
  const path = join(mkdtempSync(join(tmpdir(), "causeway-registry-")), "list.txt");
  writeFileSync(path, "x");
  const { sourceId } = await runImport(ctx, { connector: registry, path });
  await drainOutbox(ctx, { consumers, communityId: ctx.community.id });
  const row = await ctx.db.first<{ id: string }>(
    sql`SELECT member_id AS id FROM identity WHERE community_id = ${ctx.community.id} AND external_id = ${ann.externalId}`,
  );
  return { ctx, sourceId, memberId: row?.id ?? "" };
}

test("shows where a member belongs and belonged, the days as typed, with what says so", async () => {
  const { ctx, sourceId, memberId } = await seed();
  const found = await listAffiliations(ctx, { memberId });
  expect(
    found.map(({ organization, writtenAs, from, to, evidence }) => ({
      organization,
      writtenAs,
      from: from?.toISOString(),
      to: to?.toISOString(),
      evidence,
    })),
  ).toEqual([
    { organization: "Gull", writtenAs: "Gull", from: "2022-01-01T00:00:00.000Z", to: undefined, evidence: "line 4" },
    {
      organization: "Tide Works",
      writtenAs: "Tide Works Ltd.",
      from: "2019-01-01T00:00:00.000Z",
      to: "2021-12-31T00:00:00.000Z",
      evidence: "line 3",
    },
  ]);
  expect(found[0]?.source).toEqual({ id: sourceId, name: "The list" });
});

test("each identity keeps its own when a member is taken apart", async () => {
  const { ctx, memberId } = await seed();
  const link = (await getMember(ctx, { memberId }))?.links[0];
  await removeLink(ctx, { linkId: link?.id ?? "" });
  await drainOutbox(ctx, { consumers, communityId: ctx.community.id });
  const rows = await ctx.db.rows<{ externalId: string; memberId: string }>(
    sql`SELECT external_id AS "externalId", member_id AS "memberId" FROM identity WHERE community_id = ${ctx.community.id}`,
  );
  const of = async (externalId: string) =>
    (await listAffiliations(ctx, { memberId: rows.find((row) => row.externalId === externalId)?.memberId ?? "" })).map((row) => row.organization);
  expect(await of(ann.externalId)).toEqual(["Tide Works"]);
  expect(await of(annAtWork.externalId)).toEqual(["Gull"]);
});

test("a source that was closed to few shows its affiliations to those few alone", async () => {
  const { ctx, sourceId, memberId } = await seed();
  await updateSource(ctx, { sourceId, visibility: "restricted" });
  const asViewer: Ctx = { ...ctx, viewer: { kind: "account", accountId: "v", role: "viewer" } };
  expect(await listAffiliations(asViewer, { memberId })).toEqual([]);
  expect(await listAffiliations(ctx, { memberId })).toHaveLength(2);
  const asDeveloper: Ctx = { ...ctx, viewer: { kind: "account", accountId: "d", role: "developer" } };
  await expect(listAffiliations(asDeveloper, { memberId })).rejects.toMatchObject({ code: "forbidden" });
});
