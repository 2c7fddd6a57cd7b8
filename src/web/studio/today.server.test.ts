import { expect, test } from "vitest";
import { questionsConsumer } from "#features/support/index.ts";
import { addPerson, addPlace, addThread } from "#tests/conversation.ts";
import { as, createCtx } from "#tests/factories.ts";
import { loadToday, mostUrgent, titleOf } from "./today.server.ts";

const quiet = { people: 0, more: false, old: 0, toTriage: 0 };

test("the title says the most urgent thing, counted in people", () => {
  expect(titleOf({ ...quiet, people: 10, old: 40, toTriage: 3 })).toBe("Ten developers are waiting for us");
  expect(titleOf({ ...quiet, people: 1 })).toBe("One developer is waiting for us");
  expect(titleOf({ ...quiet, people: 90, more: true })).toBe("More than a hundred developers are waiting for us");
  expect(titleOf({ ...quiet, old: 2, toTriage: 5 })).toBe("Nobody new is waiting; two older questions have no answer");
  expect(titleOf({ ...quiet, toTriage: 1 })).toBe("Nobody is waiting; one signal wants a look");
  expect(titleOf(quiet)).toBe("Nobody is waiting for us");
});

async function ask(ctx: Awaited<ReturnType<typeof createCtx>>, titles: { title: string; openedAt: string; visibility?: "restricted" }[]) {
  const place = await addPlace(ctx);
  const threads: string[] = [];
  for (const [index, given] of titles.entries()) {
    const by = await addPerson(ctx, `Asker ${index}`);
    const { threadId } = await addThread(ctx, place, { ...given, said: [{ by, body: "How do I set the retry count?" }] });
    threads.push(threadId);
  }
  await questionsConsumer.run(ctx, { threads, identities: [], activities: [] });
}

test("whoever came lately and waits longest stands first, older ones after, the latest first", async () => {
  const ctx = await createCtx();
  await ask(ctx, [
    { title: "a month ago?", openedAt: "2026-10-25T08:00:00Z" },
    { title: "two months ago?", openedAt: "2026-09-25T08:00:00Z" },
    { title: "this morning?", openedAt: "2026-11-25T08:00:00Z" },
    { title: "last week?", openedAt: "2026-11-18T08:00:00Z" },
  ]);
  const { waiting, title } = await loadToday(ctx);
  expect(waiting.rows.map((row) => row.title)).toEqual(["last week?", "this morning?", "a month ago?", "two months ago?"]);
  expect(title).toBe("Four developers are waiting for us");
  expect(mostUrgent([], ctx.clock.now())).toEqual([]);
});

test("what is private is neither shown nor counted in the title of those who may not read it", async () => {
  const ctx = await createCtx();
  await ask(ctx, [
    { title: "open?", openedAt: "2026-11-25T08:00:00Z" },
    { title: "private?", openedAt: "2026-11-25T09:00:00Z", visibility: "restricted" },
  ]);
  const seen = await loadToday(as(ctx, "product"));
  expect(seen.waiting.rows.map((row) => row.title)).toEqual(["open?"]);
  expect(seen.title).toBe("One developer is waiting for us");
  expect((await loadToday(as(ctx, "advocate"))).title).toBe("Two developers are waiting for us");
});

test("of an archive that ended long ago the pulse shows its last ninety days, and old questions are not called new", async () => {
  const ctx = await createCtx();
  await ask(ctx, [{ title: "years ago?", openedAt: "2021-03-01T08:00:00Z" }]);
  const today = await loadToday(ctx);
  expect(today.span).toMatchObject({ to: "2021-03-01", anchored: true, newest: "2021-03-01" });
  expect(today.title).toBe("Nobody new is waiting; one older question has no answer");
  expect(today.waiting).toMatchObject({ recentOnly: false, rows: [{ title: "years ago?" }] });
});

test("an empty community is told apart from a quiet one", async () => {
  const ctx = await createCtx();
  expect((await loadToday(ctx)).span.newest).toBeNull();
});
