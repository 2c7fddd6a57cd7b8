import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import type { Ctx } from "#features/access/index.ts";
import { as, createCtx } from "#tests/factories.ts";
import { drainOutbox, enqueueChanges } from "./consumer.ts";
import { makeSnippet, search } from "./search.ts";
import { indexForSearch } from "./search-index.ts";
import { guessLanguage, parseQuery, tokenize } from "./search-tokens.ts";
import { ensureSource } from "./sources.ts";

async function write(ctx: Ctx, texts: { title: string; body: string; visibility?: number }[]): Promise<void> {
  const source = await ensureSource(ctx, { connector: "test", origin: "test:search", name: "Test" });
  const threads: string[] = [];
  const activities: string[] = [];
  for (const [index, { title, body, visibility = 0 }] of texts.entries()) {
    const [channel, thread, activity] = [newId(), newId(), newId()];
    const at = new Date(Date.UTC(2026, 0, 1, 0, index));
    await ctx.db.execute(
      sql`INSERT INTO channel (community_id, id, source_id, external_id, kind, name, visibility) VALUES (${ctx.community.id}, ${channel}, ${source.id}, ${channel}, 'chat', 'c', ${visibility})`,
    );
    await ctx.db.execute(sql`INSERT INTO thread (community_id, id, source_id, external_id, channel_id, kind, title, visibility, state, opened_at, last_activity_at)
      VALUES (${ctx.community.id}, ${thread}, ${source.id}, ${thread}, ${channel}, 'topic', ${title}, ${visibility}, 'open', ${at}, ${at})`);
    await ctx.db.execute(sql`INSERT INTO activity (community_id, id, source_id, kind, external_id, channel_id, thread_id, visibility, occurred_at, body, content_hash, unattributed)
      VALUES (${ctx.community.id}, ${activity}, ${source.id}, 'message', ${activity}, ${channel}, ${thread}, ${visibility}, ${at}, ${body}, 1, 'x')`);
    threads.push(thread);
    activities.push(activity);
  }
  await enqueueChanges(ctx, { threads, identities: [], activities }, ["search"]);
  await drainOutbox(ctx, { consumers: [indexForSearch], communityId: ctx.community.id });
}

const found = async (ctx: Ctx, query: string) => (await search(ctx, { query })).rows.map((hit) => hit.thread?.title);

test("technical words, Chinese, Japanese and inflected words are found as people write them", async () => {
  const ctx = await createCtx();
  await write(ctx, [
    { title: "Blocklists", body: "I run it beside pi-hole on a Raspberry." },
    { title: "Rendering", body: "Works with next.js 15 and not with 14." },
    { title: "Native", body: "The C++ client crashes; the C# one does not." },
    { title: "Plain C", body: "The C client is fine." },
    { title: "中文", body: "请问如何配置检索功能？" },
    { title: "日本語", body: "検索機能の設定を教えてください。サーバーが落ちます。" },
    { title: "Retries", body: "The client was retrying although connections failed." },
    { title: "Häuser", body: "Wir haben das Problem mit den Verbindungen nicht gelöst." },
  ]);
  expect(await found(ctx, "pi-hole")).toEqual(["Blocklists"]);
  expect(await found(ctx, "next.js")).toEqual(["Rendering"]);
  expect(await found(ctx, "C++")).toEqual(["Native"]);
  expect(await found(ctx, "C#")).toEqual(["Native"]);
  expect(await found(ctx, "检索")).toEqual(["中文"]);
  expect(await found(ctx, "配置检索功能")).toEqual(["中文"]);
  expect(await found(ctx, "検索機能")).toEqual(["日本語"]);
  expect(await found(ctx, "サーバー")).toEqual(["日本語"]);
  expect(await found(ctx, "retry connection")).toEqual(["Retries"]);
  expect(await found(ctx, "client -plain crash")).toEqual(["Native"]);
  expect(await found(ctx, "client -crashes ")).toEqual(["Retries", "Plain C"]);
  expect(await found(ctx, "raspb")).toEqual(["Blocklists"]);
  expect(await found(ctx, "häuser")).toEqual(["Häuser"]);
});

test("a query full of operators and quotes is only words", async () => {
  const ctx = await createCtx();
  await write(ctx, [{ title: "Quotes", body: "it's a 'test' of \\ back|slash & more" }]);
  for (const query of ["it's", "'test'", "\\", "a & | ! ( )", '"test', "back|slash", ":*", "<->"]) await search(ctx, { query });
  expect(await found(ctx, "test & more")).toEqual(["Quotes"]);
});

test("nobody finds what they may not see, not even by a similar title", async () => {
  const ctx = await createCtx();
  await write(ctx, [
    { title: "Secret roadmap", body: "unicorn", visibility: 3 },
    { title: "Team plans", body: "unicorn", visibility: 2 },
    { title: "Open talk", body: "unicorn" },
  ]);
  expect(await found(as(ctx, "owner"), "unicorn")).toEqual(["Open talk", "Team plans", "Secret roadmap"]);
  expect(await found(as(ctx, "viewer"), "unicorn")).toEqual(["Open talk", "Team plans"]);
  expect(await found(as(ctx, "anonymous"), "unicorn")).toEqual(["Open talk"]);
  expect((await search(as(ctx, "anonymous"), { query: "Secrat roadmup" })).similar).toEqual([]);
  expect((await search(as(ctx, "owner"), { query: "Secrat roadmup" })).similar.map((thread) => thread.title)).toEqual(["Secret roadmap"]);
});

test("pages of hits meet every thread once", async () => {
  const ctx = await createCtx();
  await write(
    ctx,
    Array.from({ length: 23 }, (_, index) => ({ title: `T${index}`, body: "needle" })),
  );
  const seen: (string | undefined)[] = [];
  let after: string | undefined;
  do {
    const page = await search(ctx, { query: "needle", after, limit: 5 });
    seen.push(...page.rows.map((hit) => hit.thread?.title));
    after = page.next ?? undefined;
  } while (after);
  expect(seen).toEqual(Array.from({ length: 23 }, (_, index) => `T${22 - index}`));
});

test("tokens keep compounds whole and in parts, and cut unspaced scripts into pairs", () => {
  expect(tokenize("Next.js on C++")).toEqual(["next.js", "next", "js", "on", "c++", "c"]);
  expect(tokenize("検索機能")).toEqual(["検索", "索機", "機能"]);
  expect(parseQuery('foo "bar baz" -qux')).toMatchObject([
    { tokens: ["foo"], stem: "foo" },
    { tokens: ["bar"], stem: null },
    { tokens: ["baz"], stem: null },
    { tokens: ["qux"], negated: true },
  ]);
  expect(guessLanguage("Das ist nicht so, wie ich es will")).toBe("german");
  expect(guessLanguage("кошки бегают")).toBe("russian");
});

test("a snippet shows the words in their place", () => {
  const parts = makeSnippet(`${"lead ".repeat(40)}the Webhook fails ${"tail ".repeat(80)}`, ["webhook"]);
  expect(parts.find((part) => part.marked)?.text).toBe("Webhook");
  expect(parts[0]?.text).toBe("… ");
  expect(parts.map((part) => part.text).join("").length).toBeLessThan(240);
});
