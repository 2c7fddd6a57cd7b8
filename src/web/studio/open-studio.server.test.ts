import { RouterContextProvider } from "react-router";
import { expect, test } from "vitest";
import type { Runtime } from "#app/runtime.ts";
import { runtimeContext } from "#app/runtime-context.ts";
import { sql } from "#core/database/database.ts";
import { createApiKey, createAuth, type Role } from "#features/access/index.ts";
import { createTeamMember } from "#tests/access-fixtures.ts";
import { createCtx } from "#tests/factories.ts";
import { thrownBy } from "#tests/pages.ts";
import { ctxContext } from "../request-context.server.ts";
import { openStudio } from "./open-studio.server.ts";

async function knock(input: { role?: Role; slug?: string }) {
  const ctx = await createCtx();
  const { db, clock, log } = ctx;
  const auth = createAuth({ db, log, publicUrl: "http://causeway.test", secret: "a secret of at least thirty-two characters" });
  const headers = new Headers();
  if (input.role) {
    const member = await createTeamMember(ctx, input.role === "developer" ? "viewer" : input.role);
    const { key } = await createApiKey(member.ctx, { name: "test", scopes: ["read"] });
    headers.set("authorization", `Bearer ${key}`);
    if (input.role === "developer") {
      await db.execute(sql`UPDATE membership SET role = 'developer' WHERE account_id = ${member.accountId}`);
    }
  }
  const slug = input.slug ?? ctx.community.slug;
  const context = new RouterContextProvider();
  // The door reads these of the process and nothing else; a whole one would open jobs, mail and a database of its own.
  context.set(runtimeContext, { db, clock, log, auth } as unknown as Runtime);
  const url = new URL(`http://causeway.test/studio/${slug}/threads?q=x`);
  const request = new Request(url, { headers });
  const entered = openStudio(
    { request, url, pattern: "/studio/:community/threads", params: { community: slug }, context },
    async () => new Response("inside"),
  );
  return { ctx, context, outcome: await thrownBy(Promise.resolve(entered)) };
}

test("a visitor is asked to sign in and brought back to where they wanted to go", async () => {
  const { ctx, outcome } = await knock({});
  expect(outcome).toMatchObject({ status: 302, location: `/sign-in?next=${encodeURIComponent(`/studio/${ctx.community.slug}/threads?q=x`)}` });
});

test.each(["owner", "admin", "advocate", "product", "viewer"] as const)("%s comes in with their own eyes", async (role) => {
  const { context, outcome } = await knock({ role });
  expect(outcome.status).toBe(200);
  expect(context.get(ctxContext).viewer).toMatchObject({ kind: "account", role });
});

test("a developer of the community is shown to its portal", async () => {
  const { ctx, outcome } = await knock({ role: "developer" });
  expect(outcome).toMatchObject({ status: 302, location: `/c/${ctx.community.slug}` });
});

test("another community's Studio looks like none", async () => {
  const { outcome } = await knock({ role: "owner", slug: "no-such-place" });
  expect(outcome).toMatchObject({ status: 404 });
});
