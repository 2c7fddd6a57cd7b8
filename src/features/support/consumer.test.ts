import { expect, test } from "vitest";
import { sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { addPerson, addPlace, addThread, type Said, type ThreadOptions } from "#tests/conversation.ts";
import { as, createCtx } from "#tests/factories.ts";
import type { Ctx } from "../access/index.ts";
import { firstResponseTimes, listWaiting, markQuestion, questionCounts, questionsConsumer, undoQuestionMark } from "./index.ts";

interface Stored {
  question: string;
  reason: string;
  waiting: string | null;
  first: string | null;
  by: string | null;
}

const question = "How do I set the retry count?";

async function stage() {
  const ctx = await createCtx();
  const place = await addPlace(ctx);
  const ada = await addPerson(ctx, "Ada");
  const people = {
    ada,
    adaAtWork: await addPerson(ctx, "Ada at work", { sameAs: ada }),
    ben: await addPerson(ctx, "Ben"),
    tess: await addPerson(ctx, "Tess", { kind: "team" }),
    bot: await addPerson(ctx, "robo", { kind: "bot" }),
  };
  const ask = async (said: Said[], options: Partial<ThreadOptions> = {}) => {
    const { threadId } = await addThread(ctx, place, { said: [{ by: ada, body: question }, ...said], ...options });
    return { threadId, ...(await judged(ctx, threadId)) };
  };
  return { ctx, place, people, ask };
}

async function judged(ctx: Ctx, threadId: string): Promise<Stored> {
  await questionsConsumer.run(ctx, { threads: [threadId], identities: [], activities: [] });
  const row = await ctx.db.first<Stored>(sql`
    SELECT question, question_reason AS reason, to_char(waiting_since, 'DD HH24') AS waiting, to_char(first_response_at, 'DD HH24') AS first, first_response_by AS by
    FROM thread WHERE community_id = ${ctx.community.id} AND id = ${threadId}`);
  if (!row) throw new Error("the thread is gone");
  return row;
}

test("bots, reactions, self-replies, a second account of the asker and notes the asker cannot read answer nobody", async () => {
  const { people, ask } = await stage();
  const thread = await ask([
    { by: people.bot, body: "Thank you for the report" },
    { by: people.ben, kind: "reaction", body: "+1" },
    { by: people.ada, body: "Anyone?" },
    { by: people.adaAtWork, body: "I have it too" },
    { by: people.tess, body: "Do we know them?", visibility: "team" },
    { by: people.ben, body: "Wrong thread, sorry", deleted: true },
  ]);
  expect(thread).toMatchObject({ question: "unanswered", first: null, by: null, waiting: "01 08" });
});

test("the first word of another human is the first response, team and peers apart, at the earliest time", async () => {
  const { people, ask } = await stage();
  expect(
    await ask([
      { by: people.ben, atHours: 5 },
      { by: people.tess, atHours: 3 },
    ]),
  ).toMatchObject({ question: "answered", first: "01 11", by: "team", waiting: null });
  expect(
    await ask([
      { by: people.ben, atHours: 2 },
      { by: people.tess, atHours: 3 },
    ]),
  ).toMatchObject({ first: "01 10", by: "peer" });
});

test("an answer from an account that is gone is a peer's; with an asker who is gone too it proves nothing", async () => {
  const { ctx, place, ask } = await stage();
  expect(await ask([{ by: null, body: "Set PILOT_RETRIES" }])).toMatchObject({ question: "answered", by: "peer" });
  const { threadId } = await addThread(ctx, place, {
    said: [
      { by: null, body: question },
      { by: null, body: "Anyone?" },
    ],
  });
  expect(await judged(ctx, threadId)).toMatchObject({ question: "unanswered", waiting: "01 08" });
});

test("an answer dated before the question by a wrong clock took no time, and never less", async () => {
  const { people, ask } = await stage();
  expect(await ask([{ by: people.ben, atHours: -4 }])).toMatchObject({ question: "answered", first: "01 08" });
});

test("who asks again waits since the earliest word that nobody answered", async () => {
  const { people, ask } = await stage();
  const again = await ask([
    { by: people.tess, body: "Set PILOT_RETRIES", atHours: 1 },
    { by: people.ada, body: "It does not help", atHours: 2 },
    { by: people.ada, body: "Here is the log", atHours: 3 },
  ]);
  expect(again).toMatchObject({ question: "answered", waiting: "01 10" });
  expect(
    await ask([
      { by: people.tess, atHours: 1 },
      { by: people.ada, body: "Thank you, I will try", atHours: 2 },
    ]),
  ).toMatchObject({ question: "answered", waiting: null });
  const solved = await ask([
    { by: people.tess, atHours: 1 },
    { by: people.ada, body: "Thanks, that works", atHours: 2 },
    { by: people.ben, body: "Same here", atHours: 3 },
  ]);
  expect(solved).toMatchObject({ question: "solved", waiting: null });
  expect(solved.reason).toContain("the asker wrote “Thanks … that works”");
});

test("closed, deleted, solved, a bot's and the team's own threads do not wait", async () => {
  const { ctx, place, people, ask } = await stage();
  expect(await ask([], { state: "closed" })).toMatchObject({ question: "unanswered", waiting: null });
  expect(await ask([], { state: "closed", stateReason: "completed" })).toMatchObject({ question: "solved", waiting: null });
  expect(await ask([], { state: "closed", stateReason: "not_planned" })).toMatchObject({ question: "unanswered", waiting: null });
  expect(await ask([], { deleted: true })).toMatchObject({ waiting: null });
  expect(await ask([{ by: people.ben, attributes: { accepted: true } }])).toMatchObject({ question: "solved" });
  expect(await ask([{ by: people.ben }], { labels: ["Resolved"] })).toMatchObject({ question: "solved" });
  const byTeam = await addThread(ctx, place, { said: [{ by: people.tess, body: question }] });
  expect(await judged(ctx, byTeam.threadId)).toMatchObject({ question: "unanswered", waiting: null });
  const byBot = await addThread(ctx, place, { said: [{ by: people.bot, body: question }] });
  expect(await judged(ctx, byBot.threadId)).toMatchObject({ question: "none" });
});

test("what is marked by hand holds against the rules and is taken back exactly", async () => {
  const { ctx, people, ask, place } = await stage();
  const { threadId } = await ask([]);
  const editor = as(ctx, "advocate");
  expect(await markQuestion(editor, { threadId, mark: "not_question" })).toMatchObject({ question: "none", waitingSince: null });
  expect(await judged(ctx, threadId)).toMatchObject({ question: "none", reason: "Marked by hand: not a question." });
  expect(await markQuestion(editor, { threadId, mark: "answered" })).toMatchObject({ question: "answered", waitingSince: null });
  expect(await undoQuestionMark(editor, { threadId })).toMatchObject({ question: "none" });
  expect(await undoQuestionMark(editor, { threadId })).toMatchObject({ question: "unanswered" });
  await expect(undoQuestionMark(editor, { threadId })).rejects.toMatchObject({ code: "conflict" });
  const audit = await ctx.db.rows<{ action: string }>(sql`SELECT action FROM audit_entry WHERE community_id = ${ctx.community.id} ORDER BY id`);
  expect(audit.map((entry) => entry.action)).toEqual(["question.marked", "question.marked", "question.mark_withdrawn", "question.mark_withdrawn"]);

  const statement = await addThread(ctx, place, { said: [{ by: people.ada, body: "The queue stops." }] });
  expect(await markQuestion(editor, { threadId: statement.threadId, mark: "question" })).toMatchObject({ question: "unanswered" });
});

test("who was answered elsewhere waits again only after a new word", async () => {
  const { ctx, people, ask, place } = await stage();
  const { threadId } = await ask([{ by: people.ada, body: "Anyone?", atHours: 30 }]);
  await markQuestion(ctx, { threadId, mark: "answered" });
  expect(await judged(ctx, threadId)).toMatchObject({ question: "answered", waiting: null, first: null });
  const later = await addThread(ctx, place, {
    openedAt: "2026-11-25T10:00:00Z",
    said: [
      { by: people.ada, body: question },
      { by: people.ada, body: "Anyone?", atHours: 1 },
      { by: people.ada, body: "The call did not help", atHours: 5 },
    ],
  });
  await markQuestion(ctx, { threadId: later.threadId, mark: "answered" });
  expect(await judged(ctx, later.threadId)).toMatchObject({ waiting: "25 15" });
});

test("marking needs an editor's role and a thread the viewer can see", async () => {
  const { ctx, ask } = await stage();
  const { threadId } = await ask([], { visibility: "restricted" });
  await expect(async () => markQuestion(as(ctx, "viewer"), { threadId, mark: "question" })).rejects.toBeInstanceOf(AppError);
  const { ctx: other } = await stage();
  await expect(markQuestion(as(other, "owner"), { threadId, mark: "question" })).rejects.toMatchObject({ code: "not_found" });
});

test("the waiting list shows each thread once, to those who may see it, and counts agree", async () => {
  const { ctx, people, ask } = await stage();
  for (let i = 0; i < 5; i += 1) await ask([], { openedAt: `2026-11-0${i + 1}T08:00:00Z` });
  await ask([], { visibility: "restricted" });
  await ask(
    [
      { by: people.tess, atHours: 1 },
      { by: people.ada, body: "And for two queues?", atHours: 2 },
    ],
    { openedAt: "2026-11-07T08:00:00Z" },
  );

  for (const sort of ["longest", "latest"] as const) {
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await listWaiting(as(ctx, "viewer"), { limit: 2, sort, ...(after ? { after } : {}) });
      seen.push(...page.rows.map((row) => `${row.waitingSince.toISOString().slice(8, 13)} ${row.askedAgain ? "again" : "never"}`));
      after = page.next ?? undefined;
    } while (after);
    const expected = ["01T08 never", "02T08 never", "03T08 never", "04T08 never", "05T08 never", "07T10 again"];
    expect(seen).toEqual(sort === "latest" ? expected.toReversed() : expected);
  }
  const [first] = (await listWaiting(as(ctx, "viewer"), { limit: 1, sort: "latest" })).rows;
  expect(first).toMatchObject({ asker: { name: "Ada" }, excerpt: "And for two queues?", source: { name: "harbour/pilot" } });
  expect(await questionCounts(as(ctx, "viewer"))).toMatchObject({ unanswered: 5, answered: 1, waiting: 6 });
  expect(await questionCounts(as(ctx, "owner"))).toMatchObject({ unanswered: 6, answered: 1, waiting: 7 });
});

test("the rows of the first response keep the unanswered, censored at now or at the closing, and leave the team's own out", async () => {
  const { ctx, people, ask, place } = await stage();
  await ask([{ by: people.ben, atHours: 6 }], { openedAt: "2026-11-20T12:00:00Z" });
  await ask([], { openedAt: "2026-11-24T12:00:00Z" });
  await ask([], { openedAt: "2026-10-24T12:00:00Z" });
  const own = await addThread(ctx, place, { openedAt: "2026-11-21T12:00:00Z", said: [{ by: people.tess, body: question }] });
  await judged(ctx, own.threadId);
  const rows = await firstResponseTimes(ctx, { from: new Date("2026-11-01T00:00:00Z"), to: new Date("2026-12-01T00:00:00Z") });
  expect(rows.map((row) => [row.hours, row.responded, row.by])).toEqual([
    [6, true, "peer"],
    [24, false, null],
  ]);
});
