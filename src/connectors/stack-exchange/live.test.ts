import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import type { HttpClient } from "#core/http.ts";
import { createLocalHttp, foldBatches, type LocalServer, offlineContext, pullWith, startLocalServer } from "../testing.ts";
import { stackExchange } from "./index.ts";

interface Answer {
  answer_id: number;
  comments?: number[];
}

interface Question {
  question_id: number;
  last_activity_date: number;
  answers?: Answer[];
  deletedOwner?: boolean;
}

interface World {
  questions: Question[];
  quota?: number;
  backoff?: number;
  throttleAt?: number;
  /** Called with the number of the request for questions before it is answered. */
  before?: (n: number) => void;
}

const person = (id: number) => ({ user_id: id, account_id: 7000 + id, display_name: `P&amp;${id}`, user_type: "registered" });

/** The API after its documentation: a wrapper around items, min/max over the sort, gzip always, errors as 400 with an id. */
async function startApi(world: World): Promise<LocalServer> {
  let asked = 0;
  let quota = world.quota ?? 300;
  return startLocalServer(({ url }, response) => {
    const send = (status: number, body: object) => {
      response.writeHead(status, { "content-type": "application/json; charset=utf-8", "content-encoding": "gzip" });
      response.end(gzipSync(JSON.stringify(body)));
    };
    const wrap = (items: unknown[], more = false) =>
      send(200, { items, has_more: more, quota_max: 300, quota_remaining: Math.max(0, --quota), ...(world.backoff && { backoff: world.backoff }) });
    const fail = (id: number, name: string, message: string) => send(400, { error_id: id, error_name: name, error_message: message });
    const path = url.pathname.replace(/^\/2\.3\//, "");
    if (path === "filters/create") return wrap([{ filter: "!made", filter_type: "safe" }]);
    if (url.searchParams.get("key") === "wrong") return fail(400, "bad_parameter", "`key` doesn't match a known application");
    if (url.searchParams.get("site") === "nowhere") return fail(400, "bad_parameter", "No site found for name `nowhere`");
    if (path === "info") return wrap([{ total_questions: world.questions.length, total_answers: 5, total_comments: 3 }]);
    const tags = /^tags\/([^/]+)\/info$/.exec(path)?.[1];
    if (tags)
      return wrap(
        decodeURIComponent(tags)
          .split(";")
          .filter((name) => name !== "nosuch")
          .map((name) => ({ name, count: world.questions.length })),
      );
    const shown = (q: Question) => ({
      title: `Q &amp; ${q.question_id}`,
      tags: ["moor"],
      creation_date: 1_700_000_000 + q.question_id,
      score: 1,
      is_answered: false,
      body_markdown: "words &lt;x&gt;",
      owner: q.deletedOwner ? { user_type: "does_not_exist", display_name: "user9" } : person(q.question_id % 3),
      ...q,
      answers: (q.answers ?? []).map(shownAnswer(q)),
    });
    const shownAnswer = (q: Question) => (a: Answer) => ({
      ...a,
      question_id: q.question_id,
      creation_date: 1_700_000_500,
      last_activity_date: 1_700_000_500,
      is_accepted: false,
      body_markdown: "answer",
      owner: person(8),
      comments: (a.comments ?? []).map((id) => ({
        comment_id: id,
        post_id: a.answer_id,
        post_type: "answer",
        creation_date: 1_700_000_600,
        owner: person(9),
      })),
    });
    const parts = /^(questions|answers|comments)\/([\d;]+)$/.exec(path);
    if (parts) {
      const ids = new Set(parts[2]?.split(";").map(Number));
      if (parts[1] === "questions") return wrap(world.questions.filter((q) => ids.has(q.question_id)).map(shown));
      const answers = world.questions.flatMap((q) => (q.answers ?? []).map(shownAnswer(q)));
      if (parts[1] === "answers") return wrap(answers.filter((a) => ids.has(a.answer_id)));
      return wrap(answers.flatMap((a) => a.comments).filter((c) => ids.has(c.comment_id)));
    }
    if (path !== "questions") return fail(404, "no_method", "this method cannot be found");
    asked++;
    world.before?.(asked);
    if (asked === world.throttleAt) return fail(502, "throttle_violation", "too many requests from this IP, more requests available in 7200 seconds");
    const [min, page, size] = ["min", "page", "pagesize"].map((name) => Number(url.searchParams.get(name) ?? (name === "min" ? 0 : 1))) as [
      number,
      number,
      number,
    ];
    const sorted = world.questions
      .filter((q) => q.last_activity_date >= min)
      .sort((a, b) => a.last_activity_date - b.last_activity_date || a.question_id - b.question_id);
    wrap(sorted.slice((page - 1) * size, page * size).map(shown), sorted.length > page * size);
  });
}

const many = (count: number, sameSecond = false): Question[] =>
  Array.from({ length: count }, (_, i) => ({ question_id: i + 1, last_activity_date: 1_750_000_000 + (sameSecond ? 0 : i * 60) }));

let server: LocalServer;
afterEach(() => server.close());

/** The real client, whose requests to the API go to this machine. */
const http = (): HttpClient => {
  const client = createLocalHttp();
  const there = (url: string | URL) => String(url).replace("https://api.stackexchange.com", server.url);
  return { ...client, request: (input) => client.request({ ...input, url: there(input.url) }) };
};
const pull = (cursor?: unknown, more: object = {}, workDir?: string) =>
  pullWith(stackExchange, { stream: "questions", settings: { site: "harbor", tags: "moor", ...more }, cursor, http: http(), workDir });
const connect = (more: object = {}) => {
  if (!stackExchange.connect) throw new Error("no connect");
  const settings = stackExchange.settings.parse({ site: "harbor", tags: "moor", ...more });
  return stackExchange.connect(offlineContext(), { settings, signal: new AbortController().signal, http: http() });
};
const of = (stream: string, reading: Awaited<ReturnType<typeof pull>>) => reading.records.filter((record) => record.stream === stream);
const normalize = (reading: Awaited<ReturnType<typeof pull>>) =>
  reading.records.map((record) => stackExchange.normalize(record, stackExchange.settings.parse({})));
const questionsAsked = () => server.requests.filter(({ path }) => path.startsWith("/2.3/questions?"));

describe("stack-exchange live", () => {
  it("tries site and tags, and says how much it will read and how many requests are left", async () => {
    server = await startApi({ questions: many(4) });
    expect(await connect()).toEqual({
      origin: "stackexchange:harbor",
      name: "harbor.stackexchange.com",
      says: "Reads 4 questions tagged moor of harbor.stackexchange.com; 298 of 300 requests are left today.",
    });
    await expect(connect({ site: "" })).rejects.toThrow(/give the site/);
    await expect(connect({ site: "nowhere" })).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/knows no such site/) as string,
    });
    await expect(connect({ tags: "moor, nosuch" })).rejects.toThrow(/has no tag nosuch/);
    await expect(connect({ key: "wrong" })).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringMatching(/does not take the key/) as string,
    });
  });

  it("reads the whole history page by page by last activity, every question once stored, names unescaped", async () => {
    server = await startApi({ questions: many(250) });
    const reading = await pull();
    expect(new Set(of("questions", reading).map(({ externalId }) => externalId)).size).toBe(250);
    expect(questionsAsked()).toHaveLength(3);
    expect(questionsAsked().every(({ path }) => path.includes("filter=%21made") && path.includes("tagged=moor"))).toBe(true);
    expect(reading.chunks[0]?.reported).toEqual({ question_opened: 250 });
    const batch = normalize(reading)[0];
    expect(batch?.threads[0]?.title).toBe("Q & 1");
    expect(batch?.activities[0]?.body).toBe("words <x>");
    expect(batch?.identities.map(({ displayName }) => displayName)).toEqual(["P&1", "P&1"]);
  });

  it("loses nothing when questions become active while it reads, which moves them to the end", async () => {
    const questions = many(250);
    server = await startApi({
      questions,
      before: (n) => {
        // Ten of the first page go to the end: by page numbers ten others would be skipped.
        if (n === 2) for (const question of questions.slice(0, 10)) question.last_activity_date = 1_760_000_000 + question.question_id;
      },
    });
    expect(new Set(of("questions", await pull()).map(({ externalId }) => externalId)).size).toBe(250);
  });

  it("reads on by pages where more questions were active in one second than a page holds", async () => {
    server = await startApi({ questions: many(230, true) });
    expect(new Set(of("questions", await pull()).map(({ externalId }) => externalId)).size).toBe(230);
  });

  it("next time reads what was active in the seven days before, and makes no new filter", async () => {
    const questions = many(20_000 / 50);
    server = await startApi({ questions });
    const first = await pull();
    const since = Math.max(...questions.map((question) => question.last_activity_date));
    questions.push({ question_id: 900, last_activity_date: since + 30 });
    server.requests.length = 0;
    const next = await pull(first.cursor);
    expect(server.requests.some(({ path }) => path.includes("filters/create"))).toBe(false);
    expect(new URL(questionsAsked()[0]?.path ?? "", server.url).searchParams.get("min")).toBe(String(since - 7 * 86_400));
    expect(of("questions", next).map(({ externalId }) => externalId)).toContain("900");
  });

  it("waits as `backoff` asks before it goes on", async () => {
    server = await startApi({ questions: many(150), backoff: 0.1 });
    const started = performance.now();
    expect(new Set(of("questions", await pull()).map(({ externalId }) => externalId)).size).toBe(150);
    expect(performance.now() - started).toBeGreaterThan(290);
  });

  it("ends in good order when the day's quota is used up, and goes on from there", async () => {
    const questions = many(350);
    server = await startApi({ questions, quota: 4 });
    const first = await pull();
    expect(of("questions", first)).toHaveLength(200);
    expect(first.chunks.flatMap((chunk) => chunk.warnings ?? [])).toEqual([
      "Stopped early, because the day's 300 requests are used up. The next run goes on from there. A key allows 10,000 requests a day in place of 300.",
    ]);
    await server.close();
    server = await startApi({ questions });
    const rest = await pull(first.cursor);
    expect(new Set([...of("questions", first), ...of("questions", rest)].map(({ externalId }) => externalId)).size).toBe(350);
    expect(of("questions", rest).length).toBeLessThan(160);
  });

  it("ends in good order at a throttle_violation (error 502), which can last for hours", async () => {
    server = await startApi({ questions: many(250), throttleAt: 2 });
    const reading = await pull();
    expect(of("questions", reading)).toHaveLength(100);
    expect(reading.chunks.flatMap((chunk) => chunk.warnings ?? [])[0]).toMatch(/lets us ask again in 120 minutes/);
  });

  it("ends in the same tables after a stop as without one", async () => {
    const questions = many(350).map((question) => ({
      ...question,
      answers: [{ answer_id: question.question_id + 5000, comments: [question.question_id] }],
    }));
    server = await startApi({ questions, quota: 4 });
    const first = await pull();
    await server.close();
    server = await startApi({ questions });
    const rest = await pull(first.cursor);
    const whole = await pull();
    expect(foldBatches([...normalize(first), ...normalize(rest)])).toEqual(foldBatches(normalize(whole)));
  });

  it("leaves users who do not exist any more unattributed, and stops for none", async () => {
    server = await startApi({ questions: [{ question_id: 1, last_activity_date: 1_750_000_000, deletedOwner: true }] });
    expect(normalize(await pull())[0]?.activities[0]).toMatchObject({ unattributed: "user9" });
  });

  it("takes back answers and comments that are gone, and not those that a merge moved below another question", async () => {
    const workDir = mkdtempSync(join(tmpdir(), "causeway-work-"));
    const questions: Question[] = [
      { question_id: 1, last_activity_date: 1_750_000_000, answers: [{ answer_id: 51, comments: [91, 92] }, { answer_id: 52 }, { answer_id: 53 }] },
      { question_id: 2, last_activity_date: 1_750_000_060, answers: [] },
    ];
    server = await startApi({ questions });
    const first = await pull(undefined, {}, workDir);
    questions[0] = { question_id: 1, last_activity_date: 1_750_000_000, answers: [{ answer_id: 51, comments: [91] }] };
    questions[1] = { question_id: 2, last_activity_date: 1_750_000_060, answers: [{ answer_id: 53 }] };
    const next = await pull(first.cursor, {}, workDir);
    const gone = next.records.filter(({ payload }) => typeof payload === "object" && payload !== null && "gone" in payload);
    expect(gone.map(({ stream, externalId }) => `${stream} ${externalId}`)).toEqual(["answers 52", "comments 92"]);
    expect(gone.every((record) => stackExchange.normalize(record, stackExchange.settings.parse({})).activities.length === 0)).toBe(true);
    // It comes back: its own moment is older than the report of its end, so it bears none.
    questions[0] = { question_id: 1, last_activity_date: 1_750_000_000, answers: [{ answer_id: 51, comments: [91] }, { answer_id: 52 }] };
    const last = await pull(next.cursor, {}, workDir);
    const back = last.records.find(({ stream, externalId }) => stream === "answers" && externalId === "52");
    expect(back?.asOf).toBeUndefined();
    expect(back && stackExchange.normalize(back, stackExchange.settings.parse({})).activities[0]?.kind).toBe("answer");
  });

  it("with a key reads every question again once a month, and marks those that are gone", async () => {
    const workDir = mkdtempSync(join(tmpdir(), "causeway-work-"));
    const questions = many(120);
    server = await startApi({ questions });
    const first = await pull(undefined, { key: "k" }, workDir);
    const cursor = { ...(first.cursor as object), sweptAt: 1_700_000_000 };
    questions.splice(10, 1);
    const next = await pull(cursor, { key: "k" }, workDir);
    const gone = next.records.filter(({ payload }) => typeof payload === "object" && payload !== null && "gone" in payload);
    expect(gone.map(({ stream, externalId }) => `${stream} ${externalId}`)).toEqual(["questions 11"]);
    expect(gone[0] && stackExchange.normalize(gone[0], stackExchange.settings.parse({})).threads[0]).toMatchObject({
      externalId: "11",
      title: "Q & 11",
      deletedAt: new Date("2026-11-25T12:00:00Z"),
    });
    expect(server.requests.filter(({ path }) => /^\/2\.3\/questions\/[\d;%B]+/.test(path))).toHaveLength(2);
    expect((next.cursor as { sweptAt: number }).sweptAt).toBeGreaterThan(1_790_000_000);
  });
});
