import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openFile } from "#features/ledger/index.ts";
import { countKinds, foldBatches, readFileWith, scratch } from "../testing.ts";
import { discourse } from "./index.ts";

const fixtures = join(import.meta.dirname, "fixtures");
const topicPath = join(fixtures, "topic.json");
const answersPath = join(fixtures, "answers");
const real = join(import.meta.dirname, "../../../../shared/data/discourse-api/chaoss-perceval");
const site = "https://forum.tide.example";

async function read(path: string, given: object = { site }) {
  const settings = discourse.settings.parse(given);
  const { identity, records, rejected } = await readFileWith(discourse, path, given);
  const batches = records.map((record) => discourse.normalize(record, settings));
  const activities = batches.flatMap((batch) => batch.activities);
  return { identity, records, rejected, batches, activities, folded: foldBatches(batches), byId: new Map(activities.map((a) => [a.externalId, a])) };
}

describe("discourse: a topic", () => {
  test("its posts are one thread with author, likes, replies, edits and words as Markdown", async () => {
    const { identity, byId, folded } = await read(topicPath);
    expect(identity).toMatchObject({ origin: "discourse:forum.tide.example" });
    expect(folded.threads).toHaveLength(1);
    expect(byId.get("901")).toMatchObject({ kind: "topic_opened", author: { externalId: "id:11" }, attributes: { reactions: { like: 3 } } });
    expect(byId.get("901")?.body).toMatch(/```\s+error: no anchor\s+```/);
    expect(byId.get("902")).toMatchObject({ kind: "reply", replyTo: "901", attributes: { accepted: true } });
    expect(byId.get("902")?.editedAt).toEqual(new Date("2026-03-03T08:00:00Z"));
    expect(byId.get("902")?.body).toContain("Run `tide anchor --new`.");
  });

  test("an accepted answer solves it; what the system writes is no post; its bots are bots", async () => {
    const { folded, byId, batches } = await read(topicPath);
    expect(folded.threads[0]?.[1]).toMatchObject({ stateReason: "solved", title: "Sync stops & starts" });
    expect(byId.get("906")?.kind).not.toBe("reply");
    const people = batches.flatMap((batch) => batch.identities);
    expect(people.find((person) => person.externalId === "id:-2")?.kind?.value).toBe("bot");
  });

  test("a post deleted by its author keeps its place and loses its words", async () => {
    const { byId } = await read(topicPath);
    expect(byId.get("904")?.deletedAt).toBeInstanceOf(Date);
    expect(byId.get("904")?.body).toBeUndefined();
  });

  test("a post whose time cannot be read is set aside with its place, the others come in", async () => {
    const { records, rejected } = await readFileWith(discourse, topicPath, { site });
    const reasons: string[] = rejected.map(({ reason }) => reason);
    for (const record of records) {
      try {
        discourse.normalize(record, discourse.settings.parse({ site }));
      } catch (error) {
        reasons.push((error as Error).message);
      }
    }
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(/created_at/);
  });
});

describe("discourse: a folder of answers", () => {
  test("says of the fixture what the golden file holds", async () => {
    const { batches } = await read(answersPath);
    await expect(`${JSON.stringify(batches, null, 2)}\n`).toMatchFileSnapshot("fixtures/answers.golden.json");
  });

  test("categories name the channels, and closed ones are restricted", async () => {
    const { batches } = await read(answersPath);
    const channels = new Map(batches.flatMap((batch) => batch.channels).map((channel) => [channel.externalId, channel]));
    expect(channels.get("7")).toMatchObject({ name: "Off topic" });
    expect(channels.get("6")).toMatchObject({ visibility: "restricted" });
  });
});

describe("discourse: who and what is kept apart", () => {
  test("anonymised users are nobody, and the forum's own accounts are bots", async () => {
    const { byId, batches } = await read(topicPath);
    expect(byId.get("903")).toMatchObject({ unattributed: "anonymised user" });
    const people = batches.flatMap((batch) => batch.identities);
    expect(people.map(({ externalId }) => externalId)).not.toContain("id:13");
    expect(people.filter(({ kind }) => kind?.value === "bot").map(({ login }) => login)).toEqual(expect.arrayContaining(["system", "discobot"]));
  });

  test("what the forum notes (post_type 3) is an event without words; a whisper and a hidden post are the team's", async () => {
    expect((await read(topicPath)).byId.get("906")).toMatchObject({ kind: "topic_event", attributes: { action: "autoclosed.enabled" } });
    expect((await read(topicPath)).byId.get("906")?.body).toBeUndefined();
    const { byId } = await read(answersPath);
    expect(byId.get("922")).toMatchObject({ visibility: "team", attributes: { whisper: true } });
    // A moderator's words stay words, though they are marked as an action.
    expect(byId.get("923")).toMatchObject({ kind: "reply", visibility: "team", body: "Plans." });
  });

  test("trust level, staff and group stand on the post; reactions count each emoji, and people named are known by number", async () => {
    expect((await read(topicPath)).byId.get("902")?.attributes).toMatchObject({
      trustLevel: 4,
      moderator: true,
      group: "core",
      reactions: { heart: 1, rocket: 2 },
      mentions: [{ platform: "discourse:forum.tide.example", externalId: "id:11" }],
    });
  });

  test("attachments are links that fetch nothing by themselves", async () => {
    expect((await read(topicPath)).byId.get("901")?.attributes?.attachments).toEqual([
      { name: "run.log", url: "https://forum.tide.example/uploads/short-url/abc.log" },
    ]);
  });

  test("the source text is taken where it is given, with others' words marked as quotes", async () => {
    expect((await read(join(fixtures, "post.json"))).activities[0]).toMatchObject({
      body: "> How do I \n> > a\n> \n> reset it\n\nSee ![shot|690x388](upload://k3y.png) and\n\n```js\nreset()\n```",
      attributes: { attachments: [{ name: "shot", url: "https://forum.tide.example/uploads/short-url/k3y.png" }] },
    });
  });

  test("a category whose access was not told stays with the team, and never opens one that is known", async () => {
    const { batches } = await read(topicPath, { site, visibility: "public" });
    expect(batches[0]?.channels[0]).toMatchObject({ externalId: "5", visibility: "team", partial: true });
    const told = (await read(answersPath, { site, visibility: "public" })).batches.flatMap((batch) => batch.channels);
    expect(told.find(({ externalId }) => externalId === "5")).toMatchObject({ name: "Help", visibility: "public" });
    expect(told.every(({ partial }) => !partial)).toBe(true);
  });

  test("a topic without a last post, pinned, closed and archived comes in", async () => {
    const { folded } = await read(answersPath);
    const topic = folded.threads.find(([id]) => id === "70")?.[1];
    expect(topic).toMatchObject({ state: "closed", stateReason: "archived", attributes: { pinned: true, archived: true } });
  });
});

describe("discourse: files that are something else", () => {
  test("a cut file and a foreign one are refused in words", async () => {
    const cut = await scratch("t-77.json", readFileSync(topicPath, "utf8").slice(0, 900));
    await expect(readFileWith(discourse, cut)).rejects.toMatchObject({ code: "unreadable_file" });
    await expect(readFileWith(discourse, await scratch("x.json", '{"issues":[]}'))).rejects.toMatchObject({ code: "unreadable_file" });
  });

  test("answers of two forums are refused, unless the address is given, since their numbers would be mixed up", async () => {
    const folder = await mkdtemp(join(tmpdir(), "causeway-discourse-"));
    const text = readFileSync(join(fixtures, "post.json"), "utf8");
    await writeFile(join(folder, "a.json"), text);
    await writeFile(join(folder, "b.json"), text.replace("forum.tide.example", "talk.shore.example"));
    await expect(readFileWith(discourse, folder)).rejects.toThrow(
      /several forums \(forum\.tide\.example in a\.json, talk\.shore\.example in b\.json\)/,
    );
    expect((await read(folder)).identity.origin).toBe("discourse:forum.tide.example");
  });

  test("posts that a topic's page does not hold are said to be missing", async () => {
    const warnings: string[] = [];
    const input = { path: topicPath, head: Buffer.alloc(0), settings: discourse.settings.parse({ site }), signal: new AbortController().signal };
    for await (const chunk of discourse.importFile?.({} as never, input) ?? []) warnings.push(...(chunk.warnings ?? []));
    expect(warnings).toEqual([
      "Topic 77 («Sync stops & starts») has 8 posts, of which its page holds 7: the others are missing unless another file holds them.",
    ]);
  });

  test("it is recognised by its fields, and other JSON is not", async () => {
    expect(discourse.recognizes?.(await openFile(topicPath))).toBe(1);
    expect(discourse.recognizes?.(await openFile(await scratch("x.json", '{"messages":[]}')))).toBe(0);
  });
});

test("discourse: the same records in any order, however often, end in the same rows", async () => {
  const { records } = await read(topicPath).catch(() => readFileWith(discourse, topicPath, { site }));
  const settings = discourse.settings.parse({ site });
  const usable = records.filter((record) => {
    try {
      discourse.normalize(record, settings);
      return true;
    } catch {
      return false;
    }
  });
  const fold = (list: typeof usable) => foldBatches(list.map((record) => discourse.normalize(record, settings)));
  const expected = fold(usable);
  const twice = [...usable, ...usable];
  fc.assert(
    fc.property(fc.shuffledSubarray(twice, { minLength: twice.length, maxLength: twice.length }), (list) => {
      expect(fold(list)).toEqual(expected);
    }),
  );
});

describe.skipIf(!existsSync(real))("discourse: real answers (skipped where ../shared/data is absent)", () => {
  test.each([
    ["discourse_posts.json", { topic_opened: 1, reply: 3 }],
    ["discourse_topic_1148.json", { topic_opened: 1, reply: 19 }],
    ["discourse_topic_1149.json", { topic_opened: 1, reply: 1 }],
    ["discourse_post.json", { topic_opened: 1 }],
  ])("%s holds the posts that its JSON has", async (name, kinds) => {
    const { batches, rejected } = await read(join(real, name), {});
    expect(countKinds(batches)).toEqual(kinds);
    expect(rejected).toEqual([]);
  });

  test.each([
    ["discourse_topics_pinned.json", 3],
    ["discourse_topics_last_posted_at_null.json", 2],
  ])("%s states its topics without words", async (name, n) => {
    expect((await read(join(real, name), {})).folded.threads).toHaveLength(n);
  });
});
