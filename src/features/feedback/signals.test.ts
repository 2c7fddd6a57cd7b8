import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { addPerson, addPlace, addThread, type ThreadOptions } from "#tests/conversation.ts";
import { as, createCtx } from "#tests/factories.ts";
import { confirmSignal, dismissSignal, listSignals, reclassifySignal, signalCounts, signalsConsumer, undoSignalDecision } from "./index.ts";

const crash = "We moved to 2.1. The server crashes on start.";

async function stage() {
  const ctx = await createCtx();
  const place = await addPlace(ctx);
  const people = {
    ada: await addPerson(ctx, "Ada"),
    ben: await addPerson(ctx, "Ben"),
    tess: await addPerson(ctx, "Tess", { kind: "team" }),
    bot: await addPerson(ctx, "robo", { kind: "bot" }),
  };
  const open = async (options: Partial<ThreadOptions> = {}) => {
    const thread = await addThread(ctx, place, { said: [{ by: people.ada, body: crash }], ...options });
    await signalsConsumer.run(ctx, { threads: [thread.threadId], identities: [], activities: thread.activityIds });
    return thread;
  };
  const all = async (viewer: Parameters<typeof as>[1] = "owner") => (await listSignals(as(ctx, viewer), { limit: 100 })).rows;
  return { ctx, place, people, open, all };
}

test("people are heard, bots, the team and contributions are not; a gone account is heard without a person", async () => {
  const { people, open, all } = await stage();
  await open({
    said: [
      { by: people.ada, body: "Hello." },
      { by: people.bot, body: crash },
      { by: people.tess, body: crash },
      { by: null, body: crash },
    ],
  });
  await open({
    kind: "pull_request",
    title: "Fix",
    said: [
      { by: people.ada, body: crash },
      { by: people.ben, kind: "review_comment", body: crash },
    ],
  });
  const rows = await all();
  expect(rows).toMatchObject([
    { kind: "bug", author: null, unattributed: "ghost", quote: "The server crashes on start.", context: { before: "We moved to 2.1. ", after: "" } },
  ]);
});

test("reading again changes a suggestion with its text and leaves what somebody decided", async () => {
  const { ctx, open, all } = await stage();
  const thread = await open();
  const read = (body: string) =>
    ctx.db
      .execute(sql`UPDATE activity SET body = ${body} WHERE community_id = ${ctx.community.id} AND id = ${thread.activityIds[0]}`)
      .then(() => signalsConsumer.run(ctx, { threads: [], identities: [], activities: thread.activityIds }));
  const [before] = await all();
  await read("We moved to 2.2. The worker process crashes at night.");
  expect(await all()).toMatchObject([{ id: before?.id, quote: "The worker process crashes at night." }]);
  await confirmSignal(ctx, { signalId: before?.id ?? "" });
  await read("It would be nice to have a changelog.");
  expect((await all()).map((row) => [row.kind, row.state, row.quote, row.context === null])).toEqual(
    expect.arrayContaining([
      ["bug", "confirmed", "The worker process crashes at night.", true],
      ["request", "suggested", "It would be nice to have a changelog.", false],
    ]),
  );
  await read("Never mind.");
  expect((await all()).map((row) => row.state)).toEqual(["confirmed"]);
});

test("a new label is seen through its thread", async () => {
  const { ctx, open, all } = await stage();
  const thread = await open({ said: [{ by: null, body: "The queue stops at noon." }] });
  expect(await all()).toEqual([]);
  await ctx.db.execute(sql`UPDATE thread SET labels = '{bug}' WHERE community_id = ${ctx.community.id} AND id = ${thread.threadId}`);
  await signalsConsumer.run(ctx, { threads: [thread.threadId], identities: [], activities: [] });
  expect(await all()).toMatchObject([{ kind: "bug", rule: "label", quote: "A thread", context: { before: "", after: "" } }]);
});

test("what becomes private or is deleted at its source disappears for those who may no longer see it, decided or not", async () => {
  const { ctx, open, all } = await stage();
  const thread = await open();
  const [row] = await all();
  await confirmSignal(ctx, { signalId: row?.id ?? "" });
  await ctx.db.execute(sql`UPDATE activity SET visibility = 3 WHERE community_id = ${ctx.community.id} AND id = ${thread.activityIds[0]}`);
  expect(await all("viewer")).toEqual([]);
  await signalsConsumer.run(ctx, { threads: [], identities: [], activities: thread.activityIds });
  expect(await signalCounts(as(ctx, "viewer"))).toEqual([]);
  expect(await signalCounts(as(ctx, "owner"))).toEqual([{ kind: "bug", state: "confirmed", n: 1, people: 1 }]);
  await ctx.db.execute(sql`UPDATE activity SET deleted_at = now() WHERE community_id = ${ctx.community.id} AND id = ${thread.activityIds[0]}`);
  await signalsConsumer.run(ctx, { threads: [], identities: [], activities: thread.activityIds });
  expect(await all("owner")).toEqual([]);
  expect(await signalCounts(as(ctx, "owner"))).toEqual([]);
});

test("an identity that turns out to be a bot takes its suggestions along", async () => {
  const { ctx, people, open, all } = await stage();
  await open();
  await ctx.db.execute(sql`UPDATE identity SET kind = 'bot' WHERE community_id = ${ctx.community.id} AND id = ${people.ada}`);
  await signalsConsumer.run(ctx, { threads: [], identities: [people.ada], activities: [] });
  expect(await all()).toEqual([]);
});

test("decisions are audited and taken back one by one, exactly", async () => {
  const { ctx, open, all } = await stage();
  const thread = await open();
  const editor = as(ctx, "product");
  const signalId = (await all())[0]?.id ?? "";
  expect(await confirmSignal(editor, { signalId })).toMatchObject({ state: "confirmed", decided: { by: "test-product" } });
  const request = await reclassifySignal(editor, { signalId, kind: "request" });
  expect(request).toMatchObject({ kind: "request", state: "confirmed", rule: "person", quote: "The server crashes on start." });
  await signalsConsumer.run(ctx, { threads: [], identities: [], activities: thread.activityIds });
  expect((await all()).map((row) => [row.kind, row.state]).toSorted()).toEqual([
    ["bug", "dismissed"],
    ["request", "confirmed"],
  ]);

  await dismissSignal(editor, { signalId: request.id });
  await expect(undoSignalDecision(editor, { signalId })).rejects.toMatchObject({ code: "conflict" });
  expect(await undoSignalDecision(editor, { signalId: request.id })).toMatchObject({ kind: "request", state: "confirmed" });
  expect(await undoSignalDecision(editor, { signalId: request.id })).toMatchObject({ id: signalId, kind: "bug", state: "confirmed" });
  expect(await undoSignalDecision(editor, { signalId })).toMatchObject({ state: "suggested", decided: null });
  await expect(undoSignalDecision(editor, { signalId })).rejects.toMatchObject({ code: "conflict" });
  expect((await all()).map((row) => row.kind)).toEqual(["bug"]);
  const audit = await ctx.db.rows<{ action: string }>(sql`SELECT action FROM audit_entry WHERE community_id = ${ctx.community.id} ORDER BY id`);
  expect(audit.map((entry) => entry.action)).toEqual([
    "signal.confirmed",
    "signal.reclassified",
    "signal.dismissed",
    "signal.decision_undone",
    "signal.decision_undone",
    "signal.decision_undone",
  ]);
});

test("deciding needs a role and a signal the viewer can see", async () => {
  const { ctx, open, all } = await stage();
  await open({ visibility: "restricted" });
  const signalId = (await all())[0]?.id ?? "";
  await expect(confirmSignal(as(ctx, "viewer"), { signalId })).rejects.toMatchObject({ code: "forbidden" });
  await expect(confirmSignal(as(ctx, "product"), { signalId })).rejects.toMatchObject({ code: "not_found" });
  expect(await all("product")).toEqual([]);
});

test("the list filters, pages through everything once, and counts people once", async () => {
  const { ctx, people, place, open } = await stage();
  for (let i = 1; i <= 5; i += 1) await open({ openedAt: `2026-11-0${i}T08:00:00Z` });
  await open({ said: [{ by: people.ben, body: "Does it support 100% of RFC 5322?" }] });
  const seen = new Set<string>();
  let after: string | undefined;
  do {
    const page = await listSignals(ctx, { kind: "bug", sourceId: place.sourceId, limit: 2, ...(after ? { after } : {}) });
    for (const row of page.rows) seen.add(row.id);
    after = page.next ?? undefined;
  } while (after);
  expect(seen.size).toBe(5);
  expect((await listSignals(ctx, { q: "100%", limit: 10 })).rows).toHaveLength(1);
  expect((await listSignals(ctx, { q: "100_", limit: 10 })).rows).toHaveLength(0);
  expect((await listSignals(ctx, { memberId: people.ben, limit: 10 })).rows).toHaveLength(1);
  expect(await signalCounts(ctx)).toEqual([
    { kind: "bug", state: "suggested", n: 5, people: 1 },
    { kind: "question", state: "suggested", n: 1, people: 1 },
  ]);
});
