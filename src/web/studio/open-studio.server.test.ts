import { RouterContextProvider } from "react-router";
import { expect, test } from "vitest";
import type { Runtime } from "#app/runtime.ts";
import { runtimeContext } from "#app/runtime-context.ts";
import { sql } from "#core/database/database.ts";
import { createApiKey, createAuth, findViewer, type Role } from "#features/access/index.ts";
import { createTeamMember } from "#tests/access-fixtures.ts";
import { createCtx } from "#tests/factories.ts";
import { thrownBy } from "#tests/pages.ts";
import { cookiesAfter, password, post, request, signedIn } from "#tests/settings-visits.ts";
import { ctxContext } from "../request-context.server.ts";
import { openStudio } from "./open-studio.server.ts";
import * as account from "./settings/account.tsx";

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

test("a password changed on the day a session is prolonged leaves its owner signed in", async () => {
  const visit = await signedIn();
  const { ctx, runtime } = visit;
  // Ten days old by the look of it: due for another thirty.
  const age = () =>
    ctx.db.execute(sql`
      UPDATE auth_session SET expires_at = now() + interval '20 days', updated_at = now() - interval '10 days'
      WHERE user_id = (SELECT id FROM auth_user WHERE email = ${visit.email})`);
  await age();
  const context = new RouterContextProvider();
  context.set(runtimeContext, runtime);
  const asked = request(visit.cookies, "");
  const args = { request: asked, url: new URL(asked.url), pattern: "/studio/:community", params: { community: ctx.community.slug }, context };
  const enter = async (next: () => Promise<Response>) => (await openStudio(args, next)) ?? new Response();
  expect((await enter(async () => new Response())).headers.getSetCookie().join()).toContain("session_token=");

  await age();
  const answer = await enter(async () => {
    const changed = await post(account, visit, { intent: "password", currentPassword: password, newPassword: "willow basin 77" });
    expect(changed.answer.ok).toBe(true);
    return new Response(null, { headers: changed.cookies.map((cookie): [string, string] => ["Set-Cookie", cookie]) });
  });
  const cookies = answer.headers.getSetCookie();
  expect(new Set(cookies.map((cookie) => cookie.split("=")[0])).size).toBe(cookies.length);
  const { headers } = request(cookiesAfter(visit.cookies, cookies), "");
  expect((await findViewer(runtime, { headers, auth: runtime.auth })).account).toMatchObject({ email: visit.email });
});
