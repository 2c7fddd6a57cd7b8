import { RouterContextProvider } from "react-router";
import { expect, test } from "vitest";
import type { Runtime } from "#app/runtime.ts";
import { runtimeContext } from "#app/runtime-context.ts";
import { createApiKey, createAuth } from "#features/access/index.ts";
import { createTeamMember } from "#tests/access-fixtures.ts";
import { addPerson, addPlace, addThread } from "#tests/conversation.ts";
import { createCtx } from "#tests/factories.ts";
import { thrownBy } from "#tests/pages.ts";
import { loader as communityPage } from "./community.tsx";
import { loader as feed, xml } from "./feed.ts";
import { loader as threadPage } from "./thread.tsx";

async function stage() {
  const ctx = await createCtx();
  const place = await addPlace(ctx);
  const by = await addPerson(ctx, "Mei Lin");
  const add = async (title: string, visibility: "public" | "members" | "team" | "restricted") =>
    (await addThread(ctx, place, { title, visibility, said: [{ by, body: `words of ${title}` }] })).threadId;
  const ids = {
    public: await add("an open <question>", "public"),
    members: await add("for members", "members"),
    restricted: await add("a secret", "restricted"),
  };
  await add("of the team", "team");
  const { db, clock, log } = ctx;
  const auth = createAuth({ db, log, publicUrl: "http://causeway.test", secret: "a secret of at least thirty-two characters" });
  const owner = await createTeamMember(ctx, "owner");
  const { key } = await createApiKey(owner.ctx, { name: "test", scopes: ["read"] });

  /** Asks as a visitor, or as the owner, who may read everything in the Studio. */
  function ask<Args, Result>(loader: (args: Args) => Result, input: { as: "visitor" | "owner"; threadId?: string }): Result {
    const context = new RouterContextProvider();
    // Pages of the Portal read these of the process and nothing else.
    context.set(runtimeContext, { db, clock, log, auth } as unknown as Runtime);
    const url = new URL("http://causeway.test/");
    const request = new Request(url, input.as === "owner" ? { headers: { authorization: `Bearer ${key}` } } : {});
    // The router's argument type differs per route in its params alone.
    return loader({ request, url, pattern: "", context, params: { community: ctx.community.slug, threadId: input.threadId } } as Args);
  }
  return { ctx, ids, ask };
}

test("a visitor reads what is public, and caches may keep the page", async () => {
  const { ask } = await stage();
  const { data: page, init } = await ask(communityPage, { as: "visitor" });
  expect(page.recent.map(({ title }) => title)).toEqual(["an open <question>"]);
  expect(new Headers(init?.headers).get("cache-control")).toContain("public");
});

test("the team sees the portal as members do: nothing private stands on a page that looks public, and no cache keeps it", async () => {
  const { ask, ids, ctx } = await stage();
  const { data: page, init } = await ask(communityPage, { as: "owner" });
  expect(page.recent.map(({ title }) => title).sort()).toEqual(["an open <question>", "for members"]);
  expect(page.reader).toMatchObject({ studio: `/studio/${ctx.community.slug}` });
  expect(new Headers(init?.headers).get("cache-control")).toBe("private, no-store");
  expect(await thrownBy(ask(threadPage, { as: "owner", threadId: ids.restricted }))).toMatchObject({ status: 404 });
});

test("a thread for members is not there for visitors", async () => {
  const { ask, ids } = await stage();
  expect((await ask(threadPage, { as: "visitor", threadId: ids.public })).data.posts[0]?.html).toContain("words of an open");
  expect(await thrownBy(ask(threadPage, { as: "visitor", threadId: ids.members }))).toMatchObject({ status: 404 });
  expect(await thrownBy(ask(threadPage, { as: "visitor", threadId: "1" }))).toMatchObject({ status: 404 });
});

test("the feed holds what everybody may see, whoever asks, as well-formed Atom", async () => {
  const { ask, ids } = await stage();
  for (const reader of ["visitor", "owner"] as const) {
    const text = await (await ask(feed, { as: reader })).text();
    expect(text.match(/<entry>/g)).toHaveLength(1);
    expect(text).toContain(`<id>urn:uuid:${ids.public}</id>`);
    expect(text).toContain("<title>an open &lt;question&gt;</title>");
  }
  expect(xml('a & "b" \u0007<c>')).toBe("a &amp; &quot;b&quot; &lt;c&gt;");
});
