import { beforeAll, describe, expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import { type Role, roles, viewerLevel, visibilities, visibilityRank } from "#features/access/index.ts";
import { createSecretToken } from "#features/access/secret-token.ts";
import { metrics } from "#metrics/index.ts";
import { createTeamMember } from "./access-fixtures.ts";
import { createTestApi, type TestApi } from "./api-fixtures.ts";
import { marksIn, type Seeded, type Shelf, seedShelves } from "./visibility-fixture.ts";

let home: Seeded;
let foreign: Seeded;
let api: TestApi;
const keys = new Map<string, string | undefined>([["anonymous", undefined]]);

beforeAll(async () => {
  home = await seedShelves("kelp");
  foreign = await seedShelves("fjord");
  api = createTestApi(home.ctx);
  for (const role of roles) keys.set(role, await keyOf(home, role));
  keys.set("owner of another community", await keyOf(foreign, "owner"));
});

/** A key with every scope, whatever the role: the role alone must hold. */
async function keyOf({ ctx }: Seeded, role: Role): Promise<string> {
  const { accountId } = await createTeamMember(ctx, role);
  const { token, hash } = createSecretToken("cw_");
  await ctx.db.execute(sql`
    INSERT INTO api_key (community_id, id, account_id, name, prefix, key_hash, scopes, created_at)
    VALUES (${ctx.community.id}, ${newId()}, ${accountId}, ${role}, 'cw_', ${hash}, '{admin}', ${ctx.clock.now()})`);
  return token;
}

/** What each part of a path may stand for, per shelf. A GET with a part that is missing here fails below. */
function valuesOf(part: string, shelf: Shelf): readonly string[] | undefined {
  const values: Record<string, readonly string[]> = {
    thread: [shelf.threadId],
    activity: shelf.activityIds,
    member: [shelf.memberId],
    signal: [shelf.signalId],
    link: [shelf.linkId],
    channel: [shelf.channelId],
    source: [home.sourceId],
    sync: [newId()],
    upload: [newId()],
    metric: metrics.map((metric) => metric.id),
    kind: ["threads", "activities", "members", "signals"],
  };
  return values[part];
}

function addresses(path: string): string[] {
  const found = new Set<string>();
  for (const level of visibilities) {
    let open = [path.replace("{community}", home.ctx.community.slug)];
    for (const [hole, part = ""] of path.matchAll(/\{(\w+)\}/g)) {
      if (part === "community") continue;
      const values = valuesOf(part, home.shelves[level]);
      if (!values) throw new Error(`${path}: add what {${part}} stands for to this test`);
      open = open.flatMap((address) => values.map((value) => address.replace(hole, value)));
    }
    for (const address of open) found.add(address);
  }
  return [...found];
}

/** Ways out that must show every level that the caller sees, not only hide the others. */
const shows =
  /\/(?:threads|activities|members|signals|search|questions\/waiting|export\/\{kind\}|threads\/\{thread\}|threads\/\{thread\}\/activities|members\/\{member\}|signals\/\{signal\})$/;
const queryOf = (path: string) => `limit=100&from=2026-11-01&to=2026-11-25${path.endsWith("/search") ? "&q=lighthouse" : ""}`;

describe.each([...roles, "anonymous", "owner of another community"])("%s", (who) => {
  const isForeign = who === "owner of another community";
  const role = roles.find((known) => known === who);
  const level = viewerLevel(role ? { kind: "account", accountId: "any", role } : { kind: "anonymous" });
  const levels = isForeign ? [] : visibilities.filter((one) => visibilityRank(one) <= visibilityRank(level));

  test("no GET of the API gives away what the caller may not see", async () => {
    const gets = api.endpoints.filter((endpoint) => endpoint.method === "get" && endpoint.path.includes("{community}"));
    expect(gets.length).toBeGreaterThan(15);
    for (const { path } of gets) {
      const answers = [];
      for (const address of addresses(path)) {
        const answer = await api.call("GET", `${address}?${queryOf(path)}`, { key: keys.get(who) });
        expect([200, 401, 403, 404], address).toContain(answer.status);
        const given = marksIn(answer.text, { home, foreign }).filter((mark) => mark !== "foreign" || !isForeign);
        // An audit log and a team list speak of accounts, not of the ledger.
        expect(
          given.filter((mark) => !levels.some((one) => one === mark)),
          `${who}: ${address}`,
        ).toEqual([]);
        answers.push({ status: answer.status, given });
      }
      const refused = answers.every(({ status }) => status === 401 || status === 403 || (isForeign && status === 404));
      if (shows.test(path) && !refused)
        expect([...new Set(answers.flatMap(({ given }) => given))].sort(), `${who}: ${path}`).toEqual([...levels].sort());
    }
  });
});
