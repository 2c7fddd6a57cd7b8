import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { auditOf, openOwnDatabase } from "#tests/access-fixtures.ts";
import { completeSetup, createSetupToken, ensureCommunity, listCommunitiesOf, openAsSystem, readSetup } from "./index.ts";

let own: Awaited<ReturnType<typeof openOwnDatabase>>;
beforeAll(async () => {
  own = await openOwnDatabase();
});
afterAll(() => own.close());
beforeEach(async () => {
  await own.core.db.execute(sql`TRUNCATE community, auth_user, setup_token CASCADE`);
  own.core.clock.set("2026-11-25T12:00:00Z");
});

const owner = { name: "Ada Lindqvist", email: "Ada@Example.org", password: "harbour lantern 42" };
const community = { name: "Tide", slug: "tide", timeZone: "Europe/Berlin" };

async function newToken(): Promise<string> {
  const created = await createSetupToken(own.core);
  if (!created) throw new Error("there is an owner already");
  return created.token;
}

test("the link makes account, community, owner and audit entry, once", async () => {
  const token = await newToken();
  expect(await readSetup(own.core, token)).toMatchObject({ ok: true });
  const done = await completeSetup(own.core, { token, owner, community });
  if (!done.ok) throw new Error(done.reason);
  expect(done.account.email).toBe("ada@example.org");
  expect(await listCommunitiesOf(own.core, { accountId: done.account.id })).toMatchObject([
    { slug: "tide", role: "owner", timeZone: "Europe/Berlin" },
  ]);
  const ctx = await openAsSystem(own.core, { slug: "tide" });
  expect(ctx && (await auditOf(ctx))).toMatchObject([{ actor: done.account.id, action: "setup.completed" }]);

  expect(await completeSetup(own.core, { token, owner: { ...owner, email: "b@example.org" }, community })).toEqual({ ok: false, reason: "done" });
  expect(await createSetupToken(own.core)).toBeUndefined();
});

test("only the hash of the token is stored", async () => {
  const token = await newToken();
  const [row] = await own.core.db.rows<Record<string, string>>(sql`SELECT * FROM setup_token`);
  expect(Object.values(row ?? {}).some((value) => String(value).includes(token))).toBe(false);
});

test("a link is refused when it is made up, a day old, or replaced by a later start", async () => {
  expect(await readSetup(own.core, "made-up")).toEqual({ ok: false, reason: "unknown" });
  const first = await newToken();
  const second = await newToken();
  expect(await readSetup(own.core, first)).toEqual({ ok: false, reason: "unknown" });
  own.core.clock.set("2026-11-26T12:00:00Z");
  expect(await readSetup(own.core, second)).toEqual({ ok: false, reason: "expired" });
  expect(await completeSetup(own.core, { token: second, owner, community })).toEqual({ ok: false, reason: "expired" });
  expect(await own.core.db.rows(sql`SELECT 1 FROM auth_user`)).toEqual([]);
});

test("of two set-ups at once with one token, exactly one happens", async () => {
  const token = await newToken();
  const results = await Promise.all(
    ["a", "b", "c"].map((letter) =>
      completeSetup(own.core, {
        token,
        owner: { ...owner, email: `${letter}@example.org` },
        community: { ...community, slug: `tide-${letter}` },
      }),
    ),
  );
  expect(results.filter((result) => result.ok)).toHaveLength(1);
  expect(await own.core.db.rows(sql`SELECT 1 FROM auth_user`)).toHaveLength(1);
  expect(await own.core.db.rows(sql`SELECT 1 FROM community`)).toHaveLength(1);
  expect(await own.core.db.rows(sql`SELECT 1 FROM membership`)).toHaveLength(1);
});

test("a field that is wrong names itself and leaves the link good and nothing behind", async () => {
  const token = await newToken();
  await expect(completeSetup(own.core, { token, owner: { ...owner, password: "short" }, community })).rejects.toMatchObject({
    code: "invalid_input",
    issues: [{ path: "password" }],
  });
  await expect(completeSetup(own.core, { token, owner, community: { ...community, slug: "studio" } })).rejects.toMatchObject({
    code: "invalid_input",
    issues: [{ path: "slug" }],
  });
  expect(await own.core.db.rows(sql`SELECT 1 FROM auth_user`)).toEqual([]);
  expect((await completeSetup(own.core, { token, owner, community })).ok).toBe(true);
});

test("communities that the command line founded before go to the first owner, later ones too", async () => {
  await ensureCommunity(own.core, { slug: "tls" });
  await ensureCommunity(own.core, { slug: "tide" });
  const done = await completeSetup(own.core, { token: await newToken(), owner, community });
  if (!done.ok) throw new Error(done.reason);
  await ensureCommunity(own.core, { slug: "later" });
  const held = await listCommunitiesOf(own.core, { accountId: done.account.id });
  expect(held.map((each) => [each.slug, each.role])).toEqual([
    ["later", "owner"],
    ["tide", "owner"],
    ["tls", "owner"],
  ]);
  expect(held.find((each) => each.slug === "tide")?.name).toBe("Tide");
});
