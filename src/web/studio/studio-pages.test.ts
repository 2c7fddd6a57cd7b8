import { expect, test } from "vitest";
import { signalsConsumer } from "#features/feedback/index.ts";
import { indexForSearch } from "#features/ledger/index.ts";
import { questionsConsumer } from "#features/support/index.ts";
import { addPerson, addPlace, addThread } from "#tests/conversation.ts";
import { as, createCtx } from "#tests/factories.ts";
import { callPage, thrownBy } from "#tests/pages.ts";
import { loader as metricPage } from "./metric.tsx";
import { loader as csv, csvLine } from "./metric-csv.ts";
import { shellCounts } from "./shell-counts.server.ts";
import { action as decideSignal, loader as signalsPage } from "./signals.tsx";
import { action as markThread, loader as threadPage } from "./thread.tsx";
import { loader as threadsPage } from "./threads.tsx";

async function stage() {
  const ctx = as(await createCtx(), "advocate");
  const place = await addPlace(ctx);
  const mei = await addPerson(ctx, "Mei Lin");
  const open = await addThread(ctx, place, {
    title: "Webhook signature fails after upgrading",
    labels: ["bug"],
    said: [
      {
        by: mei,
        body: "Since 3.2 every webhook fails with `signature mismatch`.\n\nIt would be great if the error named the cause.\n\nHow do I verify it?",
      },
    ],
  });
  const closed = await addThread(ctx, place, { title: "Private plans", visibility: "restricted", said: [{ by: mei, body: "How much is it?" }] });
  const threads = [open.threadId, closed.threadId];
  const changes = { threads, identities: [mei], activities: [...open.activityIds, ...closed.activityIds] };
  await questionsConsumer.run(ctx, changes);
  await signalsConsumer.run(ctx, changes);
  await indexForSearch.run(ctx, changes);
  return { ctx, mei, openId: open.threadId, closedId: closed.threadId };
}

test("the list filters by what its address says, and takes a mistyped value for none", async () => {
  const { ctx, openId } = await stage();
  const ids = async (path: string) => (await callPage(threadsPage, { ctx, path })).page.rows.map(({ id }) => id);
  expect(await ids("/?q=SIGNATURE")).toEqual([openId]);
  expect(await ids("/?label=bug&waiting=yes")).toEqual([openId]);
  expect(await ids("/?question=solved")).toEqual([]);
  expect(await ids("/?question=perhaps&channel=none")).toHaveLength(2);
});

test("a thread that is not for the viewer's eyes is not found, like one that does not exist", async () => {
  const { ctx, closedId } = await stage();
  const asProduct = as(ctx, "product");
  const hidden = await thrownBy(callPage(threadPage, { ctx: asProduct, params: { threadId: closedId } }));
  expect(hidden).toMatchObject({ status: 404, words: "There is no such thread, or it is not for you to see." });
  expect(await thrownBy(callPage(threadPage, { ctx: asProduct, params: { threadId: "nonsense" } }))).toEqual(hidden);
  expect((await callPage(threadPage, { ctx, params: { threadId: closedId } })).thread.title).toBe("Private plans");
});

test("what was heard in a thread is marked in the words themselves", async () => {
  const { ctx, openId } = await stage();
  const { posts, signals } = await callPage(threadPage, { ctx, params: { threadId: openId } });
  const [signal] = signals;
  expect(signal).toBeDefined();
  expect(posts[0]?.html).toContain("<mark>");
});

test("a question is corrected by hand and the correction is taken back; viewers may not", async () => {
  const { ctx, openId } = await stage();
  const params = { threadId: openId };
  const state = async () => (await callPage(threadPage, { ctx, params })).thread.question;
  const before = await state();
  expect(await callPage(markThread, { ctx, params, form: { mark: "solved" } })).toEqual({ ok: true, message: "Marked as solved" });
  expect(await state()).toBe("solved");
  await callPage(markThread, { ctx, params, form: { mark: "undo" } });
  expect(await state()).toBe(before);
  expect(await thrownBy(callPage(markThread, { ctx: as(ctx, "viewer"), params, form: { mark: "solved" } }))).toMatchObject({ status: 403 });
});

test("a signal that was decided leaves the triage list, and comes back when that is undone", async () => {
  const { ctx } = await stage();
  const waiting = async () => (await callPage(signalsPage, { ctx })).page.rows.map(({ id }) => id);
  const [signalId = ""] = await waiting();
  await callPage(decideSignal, { ctx, form: { intent: "dismiss", signalId } });
  expect(await waiting()).not.toContain(signalId);
  await callPage(decideSignal, { ctx, form: { intent: "undo", signalId } });
  expect(await waiting()).toContain(signalId);
});

test("a metric's page and its CSV hold the same rows", async () => {
  const { ctx } = await stage();
  const input = { ctx, path: "/?from=2026-10-01&to=2026-11-25", params: { metricId: "time-to-first-response" } };
  const { page, value } = await callPage(metricPage, input);
  const response = await callPage(csv, input);
  const lines = (await response.text()).trimEnd().split("\r\n");
  expect(value.n).toBe(2);
  expect(lines).toHaveLength(1 + page.rows.length);
  for (const row of page.rows) expect(lines.some((line) => line.includes(row.id))).toBe(true);
  expect(await thrownBy(callPage(metricPage, { ctx, params: { metricId: "happiness" } }))).toMatchObject({ status: 404 });
});

test("a cell cannot break out of its column or become a formula", () => {
  expect(csvLine(['say "hi", you', "=HYPERLINK(1)", "two\nlines", "plain"])).toBe('"say ""hi"", you",\'=HYPERLINK(1),"two\nlines",plain\r\n');
});

test("the menu counts what waits for somebody, and only what its reader may see", async () => {
  const { ctx } = await stage();
  const seen = await shellCounts(ctx);
  expect(seen).toEqual({ waiting: 2, signals: expect.any(Number) });
  expect(seen.signals).toBeGreaterThan(1);
  const viewer = await shellCounts(as(ctx, "viewer"));
  expect(viewer.waiting).toBe(1);
  expect(viewer.signals).toBeLessThanOrEqual(seen.signals);
});
