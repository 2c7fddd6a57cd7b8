import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { HttpClient } from "#core/http.ts";
import type { RawRecord } from "#features/ledger/index.ts";
import { createLocalHttp, foldBatches, type LocalServer, offlineContext, pullWith } from "../testing.ts";
import { discourse } from "./index.ts";
import { at, startForum, type Topic } from "./local-forum.ts";

let next = 1000;
const topic = (id: number, posts: number, more: Partial<Topic> = {}): Topic => ({
  id,
  bumped_at: at(id),
  posts: Array.from({ length: posts }, () => ({ id: next++ })),
  ...more,
});
const many = (count: number): Topic[] => Array.from({ length: count }, (_, i) => topic(i + 1, 2));

let server: LocalServer;
afterEach(() => server.close());

/** The real client, without the pauses that it makes out of politeness. */
const http = (): HttpClient => {
  const client = createLocalHttp();
  return { ...client, request: ({ spacingMs: _, ...input }) => client.request(input) };
};
const settingsOf = (more: object = {}) => ({ site: server.url, ...more });
const pull = (cursor?: unknown, more: object = {}, workDir?: string) =>
  pullWith(discourse, { stream: "posts", settings: settingsOf(more), cursor, http: http(), workDir });
const connect = (more: object = {}) => {
  if (!discourse.connect) throw new Error("no connect");
  return discourse.connect(offlineContext(), {
    settings: discourse.settings.parse(settingsOf(more)),
    signal: new AbortController().signal,
    http: http(),
  });
};
type Reading = Awaited<ReturnType<typeof pull>>;
const of = (stream: string, reading: Reading) => reading.records.filter((record) => record.stream === stream);
const idsOf = (stream: string, reading: Reading) => new Set(of(stream, reading).map(({ externalId }) => externalId));
const normalizeAll = (records: readonly RawRecord[]) => records.map((record) => discourse.normalize(record, discourse.settings.parse(settingsOf())));
const goneIn = (reading: Reading) =>
  reading.records.filter(({ payload }) => typeof payload === "object" && payload !== null && "gone" in payload).map(({ externalId }) => externalId);
const asked = (pattern: RegExp) => server.requests.filter(({ path }) => pattern.test(path));
const warningsOf = (reading: Reading) => reading.chunks.flatMap((chunk) => chunk.warnings ?? []);
const workFolder = () => mkdtempSync(join(tmpdir(), "causeway-work-"));

describe("discourse live", () => {
  it("tries the address and says as whom it reads and how much there is", async () => {
    server = await startForum({ topics: many(3), key: "k" });
    const { host } = new URL(server.url);
    expect(await connect()).toEqual({
      origin: `discourse:${host}`,
      name: "Tide",
      says: "Reads all 2 categories as a visitor, 1 of them private; the forum holds 3 topics and 99 posts.",
    });
    expect((await connect({ apiKey: "k", apiUsername: "reader", categories: "help" })).says).toMatch(/^Reads 1 of 2 categories as reader/);
    await expect(connect({ categories: "nowhere" })).rejects.toThrow(/no category nowhere/);
    await expect(connect({ site: "" })).rejects.toThrow(/give its address/);
  });

  it("says that a key is wrong (403 invalid_access), and that a forum wants a sign-in (403 not_logged_in)", async () => {
    server = await startForum({ topics: [], key: "k", loginRequired: true });
    await expect(connect({ apiKey: "old" })).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringMatching(/does not take this API key/) as string,
    });
    await expect(connect()).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringMatching(/signed-in members only\. Give an API key/) as string,
    });
    expect((await connect({ apiKey: "k" })).name).toBe("Tide");
  });

  it("says that an address is no forum", async () => {
    server = await startForum({ topics: [], before: () => ({ status: 404, body: "not here" }) });
    await expect(connect()).rejects.toThrow(/does not answer as a Discourse forum/);
  });

  it("reads all topics page by page, and of long topics the posts beyond the first twenty by their numbers", async () => {
    const topics = [...many(40), topic(50, 145, { category_id: 6 })];
    server = await startForum({ topics });
    const reading = await pull();
    expect(idsOf("topics", reading).size).toBe(41);
    expect(idsOf("posts", reading).size).toBe(80 + 145);
    expect(asked(/\/t\/50\/posts\.json/)).toHaveLength(3);
    expect(reading.chunks[0]?.reported).toEqual({ topic_opened: 41, reply: 58 });
    const channels = new Map(
      normalizeAll(reading.records)
        .flatMap((batch) => batch.channels)
        .map((channel) => [channel.name, channel.visibility]),
    );
    expect(Object.fromEntries(channels)).toEqual({ Help: "team", Crew: "restricted" });
    // The source text, and nothing of the counts that change with every reader.
    expect(JSON.stringify(of("posts", reading)[0]?.payload)).toMatch(/"raw":"post \d+"/);
    expect(JSON.stringify(reading.records)).not.toMatch(/"reads"|cooked/);
  });

  it("reads topics of more than 10,000 posts, which do not list them, page by page", async () => {
    server = await startForum({ topics: [topic(9, 55, { isMega: true })] });
    expect(idsOf("posts", await pull()).size).toBe(55);
  });

  it("goes on past pinned topics, which come first whatever their age, and stops at what the last run knew", async () => {
    const topics = many(100).map((each) => ({ ...each, bumped_at: at(1000 + each.id * 60) }));
    const pinned = topic(900, 1, { pinned: true, bumped_at: at(1) });
    server = await startForum({ topics: [...topics, pinned], perPage: 10 });
    const workDir = workFolder();
    const first = await pull(undefined, {}, workDir);
    expect(idsOf("topics", first).size).toBe(101);
    topics[49]?.posts.push({ id: next++ });
    for (const [index, each] of topics.entries()) if (index === 49) each.bumped_at = at(20_000);
    for (let id = 300; id < 315; id++) topics.push(topic(id, 1, { bumped_at: at(20_000 + id) }));
    await server.close();
    server = await startForum({ topics: [...topics, pinned], perPage: 10 });
    const again = await pull(first.cursor, { site: first.records.length > 0 ? server.url : "" }, workDir);
    expect(idsOf("topics", again)).toEqual(new Set(["50", ...Array.from({ length: 15 }, (_, i) => String(300 + i))]));
    expect(asked(/latest\.json\?page=[45]/)).toEqual([]);
  });

  it("loses no topic when others are deleted while it reads, which moves them up over a page's edge", async () => {
    const topics = many(40);
    server = await startForum({
      topics,
      perPage: 10,
      // Once the second topic page is there, five of the first page go: five of the third move up.
      before: (path) => {
        if (path.startsWith("/t/25.json"))
          topics.splice(
            topics.findIndex(({ id }) => id === 36),
            5,
          );
        return undefined;
      },
    });
    const ids = idsOf("topics", await pull());
    expect(Array.from({ length: 35 }, (_, i) => String(i + 1)).filter((id) => !ids.has(id))).toEqual([]);
  });

  it("reads a bumped topic in the next run that moved to the front while it read", async () => {
    const topics = many(40);
    let moved = false;
    server = await startForum({
      topics,
      perPage: 10,
      before: (path) => {
        const last = topics[0];
        if (!moved && path.startsWith("/t/25.json") && last) {
          moved = true;
          last.bumped_at = at(9000);
        }
        return undefined;
      },
    });
    const workDir = workFolder();
    const first = await pull(undefined, {}, workDir);
    const second = await pull(first.cursor, {}, workDir);
    expect(new Set([...idsOf("topics", first), ...idsOf("topics", second)]).size).toBe(40);
  });

  it("reads nothing again that did not change", async () => {
    server = await startForum({ topics: many(20) });
    const workDir = workFolder();
    const first = await pull(undefined, {}, workDir);
    server.requests.length = 0;
    const second = await pull(first.cursor, {}, workDir);
    expect(second.records).toEqual([]);
    expect(asked(/\/t\//)).toEqual([]);
  });

  it("waits as a 429 asks: by Retry-After, by wait_seconds in its body, or in its words", async () => {
    let refused = 0;
    const body = { errors: ["You've performed this action too many times."], error_type: "rate_limit", extras: { wait_seconds: 0.02 } };
    server = await startForum({
      topics: many(2),
      before: (path) => {
        if (!path.startsWith("/t/") || refused > 12) return undefined;
        refused++;
        if (refused === 1) return { status: 429, body, headers: { "retry-after": "0.02" } };
        return { status: 429, body };
      },
    });
    expect(idsOf("topics", await pull()).size).toBe(2);
    await server.close();
    server = await startForum({
      topics: many(1),
      before: (path) => (path.startsWith("/t/") ? { status: 429, body: "Slow down, too many requests. Please retry again in 2 hours" } : undefined),
    });
    await expect(pull()).rejects.toMatchObject({ code: "rate_limited", message: expect.stringMatching(/for 7200 seconds/) as string });
  });

  it("skips a topic that is gone (404, 410) or closed to us (403) between list and page, and reads the others", async () => {
    server = await startForum({
      topics: many(4),
      before: (path) => {
        if (path.startsWith("/t/2.json")) return { status: 410, body: { errors: ["deleted"], error_type: "not_found" } };
        if (path.startsWith("/t/3.json")) return { status: 403, body: { errors: ["not permitted"], error_type: "invalid_access" } };
        return undefined;
      },
    });
    expect(idsOf("topics", await pull())).toEqual(new Set(["1", "4"]));
  });

  it("takes back posts that are gone, leaves those that were moved to another topic, and takes back again what returns", async () => {
    const topics = [topic(1, 4), topic(2, 1)];
    server = await startForum({ topics });
    const workDir = workFolder();
    const first = await pull(undefined, {}, workDir);
    const [one, two] = topics;
    if (!one || !two) throw new Error("no topics");
    const [deleted, moved] = [one.posts[1], one.posts[2]];
    if (!deleted || !moved) throw new Error("no posts");
    one.posts = one.posts.filter((post) => post !== deleted && post !== moved);
    two.posts.push(moved);
    for (const each of topics) each.bumped_at = at(5000);
    const second = await pull(first.cursor, {}, workDir);
    expect(goneIn(second)).toEqual([String(deleted.id)]);
    const last = of("posts", second).filter(({ externalId }) => externalId === String(moved.id));
    expect(normalizeAll(last)[0]?.activities[0]?.thread).toBe("2");
    one.posts.push(deleted);
    one.bumped_at = at(6000);
    const third = await pull(second.cursor, {}, workDir);
    const back = of("posts", third).find(({ externalId }) => externalId === String(deleted.id));
    expect(back).toBeDefined();
    expect(back?.asOf).toBeUndefined();
  });

  it("once a week takes back topics that are gone, with their posts, and sees edits that bumped nothing", async () => {
    const topics = many(5).map((each) => ({ ...each, bumped_at: new Date(Date.UTC(2026, 10, 20) + each.id * 1000).toISOString() }));
    server = await startForum({ topics });
    const workDir = workFolder();
    const first = await pull(undefined, {}, workDir);
    const [removed] = topics.splice(2, 1);
    Object.assign(topics[0]?.posts[0] ?? {}, { raw: "edited", version: 2, updated_at: at(40_000) });
    expect((await pull(first.cursor, {}, workDir)).records).toEqual([]);
    const second = await pull({ ...(first.cursor as object), sweptAt: "2026-11-01T00:00:00Z" }, {}, workDir);
    expect(goneIn(second).sort()).toEqual(removed?.posts.map(({ id }) => String(id)).sort());
    const gone = of("topics", second).find(({ externalId }) => externalId === String(removed?.id));
    expect(gone && normalizeAll([gone])[0]?.threads[0]).toMatchObject({ title: "Topic 3", deletedAt: new Date("2026-11-25T12:00:00Z") });
    const edited = normalizeAll(of("posts", second))
      .flatMap((batch) => batch.activities)
      .find(({ body }) => body === "edited");
    expect(edited?.editedAt).toEqual(new Date(at(40_000)));
  });

  it("of a long topic that is held reads the new posts and the last hundred, and keeps whom they answer", async () => {
    const long = topic(7, 300);
    server = await startForum({ topics: [long] });
    const workDir = workFolder();
    const first = await pull(undefined, {}, workDir);
    long.posts.push({ id: next++, reply_to_post_number: 150 });
    long.bumped_at = at(7000);
    server.requests.length = 0;
    const second = await pull(first.cursor, {}, workDir);
    expect(idsOf("posts", second).size).toBe(20 + 100);
    const added = normalizeAll(of("posts", second))
      .flatMap((batch) => batch.activities)
      .find(({ externalId }) => externalId === String(long.posts.at(-1)?.id));
    expect(added?.replyTo).toBe(String(long.posts[149]?.id));
    expect(goneIn(second)).toEqual([]);
  });

  it("goes on after a crash, and ends in the same tables as without one", async () => {
    const topics = many(45);
    let crashing = true;
    server = await startForum({
      topics,
      perPage: 10,
      before: (path) => (crashing && path.startsWith("/t/17.json") ? { status: 500, body: {} } : undefined),
    });
    const workDir = workFolder();
    const chunks: RawRecord[] = [];
    let cursor: unknown;
    if (!discourse.pull) throw new Error("no pull");
    const client = http();
    const impatient: HttpClient = { ...client, request: (input) => client.request({ ...input, retries: 0 }) };
    const run = async () => {
      const input = {
        settings: discourse.settings.parse(settingsOf()),
        stream: "posts",
        cursor,
        signal: new AbortController().signal,
        workDir,
        http: impatient,
      };
      for await (const chunk of discourse.pull?.(offlineContext(), input) ?? []) {
        chunks.push(...chunk.records);
        cursor = chunk.cursor ?? cursor;
      }
    };
    await expect(run()).rejects.toThrow(/answered 500/);
    crashing = false;
    await run();
    const whole = await pull();
    expect(foldBatches(normalizeAll(chunks))).toEqual(foldBatches(normalizeAll(whole.records)));
  });

  it("reads only the categories that were named, and says when one is gone", async () => {
    server = await startForum({ topics: [...many(3), topic(9, 1, { category_id: 6 })] });
    expect(idsOf("topics", await pull(undefined, { categories: "#Crew" }))).toEqual(new Set(["9"]));
    expect(warningsOf(await pull(undefined, { categories: "Crew, Old" }))[0]).toMatch(/no category old any more/);
  });
});
