import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openFile } from "#features/ledger/index.ts";
import { countKinds, foldBatches, readFileWith, scratch } from "../testing.ts";
import { PostTable, UserTable } from "./dump-tables.ts";
import { hostOfSite, siteFrom, siteInName } from "./format.ts";
import { stackExchange } from "./index.ts";

const fixtures = join(import.meta.dirname, "fixtures");
const dumpPath = join(fixtures, "harbor.stackexchange.com");
const answersPath = join(fixtures, "answers.json");
const real = join(import.meta.dirname, "../../../../shared/data");
const settings = stackExchange.settings.parse({});

async function read(path: string, given: object = {}) {
  const { identity, records, rejected } = await readFileWith(stackExchange, path, given);
  const batches = records.map((record) => stackExchange.normalize(record, settings));
  const activities = batches.flatMap((batch) => batch.activities);
  const find = (kind: string, id: string) => activities.find((activity) => activity.kind === kind && activity.externalId === id);
  const folded = foldBatches(batches);
  const thread = (id: string) => folded.threads.find(([key]) => key === id)?.[1];
  return { identity, records, rejected, batches, activities, find, thread, folded, people: batches.flatMap((batch) => batch.identities) };
}

async function copyOfDump(name = "harbor.stackexchange.com"): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), "causeway-stack-")), name);
  await cp(dumpPath, folder, { recursive: true });
  return folder;
}

describe("stack-exchange: a dump", () => {
  it("says of the fixture what the golden file holds", async () => {
    const { batches } = await read(dumpPath);
    await expect(`${JSON.stringify(batches, null, 2)}\n`).toMatchFileSnapshot("fixtures/harbor.golden.json");
  });

  it("is named by its folder, as it is downloaded, and says how much it holds", async () => {
    const { identity } = await read(dumpPath);
    expect(identity).toEqual({
      origin: "stackexchange:harbor",
      name: "harbor.stackexchange.com",
      reported: { question_opened: 4, answer: 3, comment: 4 },
    });
    expect((await read(await copyOfDump("stackoverflow.com-Posts"))).identity.origin).toBe("stackexchange:stackoverflow");
    expect((await read(await copyOfDump("my-copy"))).identity.origin).toBe("stackexchange:unnamed-my-copy");
    expect((await read(await copyOfDump("my-copy"), { site: "https://harbor.meta.stackexchange.com/" })).identity.origin).toBe(
      "stackexchange:harbor.meta",
    );
  });

  it("joins people to their posts by the account that is one across all sites, and states the link to the site's user", async () => {
    const { find, folded } = await read(dumpPath);
    expect(find("answer", "3")).toMatchObject({ author: { platform: "stackexchange", externalId: "id:70012" } });
    expect(folded.links.map(([, link]) => link)).toContainEqual({
      a: { platform: "stackexchange", externalId: "id:70012" },
      b: { platform: "stackexchange:harbor", externalId: "id:12" },
      rule: "stackexchange_account",
      evidence: "harbor.stackexchange.com says that its user 12 belongs to the account 70012 of Stack Exchange.",
      strength: 1,
    });
    // No account is stated: the site's user is all there is.
    expect(find("answer", "4")).toMatchObject({ author: { platform: "stackexchange:harbor", externalId: "id:13" } });
  });

  it("brings in nobody who wrote nothing, and nothing that people say about themselves", async () => {
    const { people, records } = await read(dumpPath);
    expect(people.map((person) => person.displayName)).not.toContain("Never Wrote");
    expect(JSON.stringify(records)).not.toMatch(/secret hobby/);
  });

  it("leaves posts with a name and no number unattributed, and keeps user -1 apart as a bot", async () => {
    const { find, people } = await read(dumpPath);
    expect(find("answer", "2")).toMatchObject({ unattributed: "user23" });
    expect(find("comment", "2")).toMatchObject({ unattributed: "user77" });
    expect(find("question_opened", "7")).toMatchObject({ author: { platform: "stackexchange:harbor", externalId: "id:-1" } });
    expect(people.find((person) => person.externalId === "id:-1")?.kind?.value).toBe("bot");
  });

  it("reads times without a mark as UTC, and to the second as the API does", async () => {
    const { find } = await read(dumpPath);
    expect(find("question_opened", "1")).toMatchObject({
      occurredAt: new Date("2026-02-06T20:19:50Z"),
      editedAt: new Date("2026-02-07T10:00:00Z"),
    });
  });

  it("marks the accepted answer and what it solves, also where the answer stands before its question", async () => {
    const { find, thread } = await read(dumpPath);
    expect(find("answer", "3")?.attributes).toEqual({ score: 22, accepted: true });
    expect(find("answer", "4")?.attributes).toEqual({ score: 1, accepted: true });
    expect(thread("1")).toMatchObject({ stateReason: "solved", state: "open", labels: ["mooring", "c++"] });
    expect(thread("5")).toMatchObject({
      stateReason: "solved",
      state: "closed",
      labels: ["mooring", "knots"],
      attributes: { closedReason: "closed" },
    });
  });

  it("takes the question's own words for its thread, though a merged answer is older", async () => {
    expect((await read(dumpPath)).thread("5")).toMatchObject({ title: "Knots?", openedAt: new Date("2026-02-09T08:00:00Z") });
  });

  it("says which question a duplicate repeats", async () => {
    expect((await read(dumpPath)).thread("7")).toMatchObject({ state: "closed", stateReason: "duplicate", attributes: { duplicateOf: ["5"] } });
  });

  it("puts comments below the question of their post, and keeps those whose post is gone", async () => {
    const { find } = await read(dumpPath);
    expect(find("comment", "1")).toMatchObject({ thread: "1", replyTo: "3", body: "Thanks, `bowline` holds <3", attributes: { score: 2 } });
    expect(find("comment", "3")?.thread).toBeUndefined();
  });

  it("keeps code and links of the HTML, and titles as they are read", async () => {
    const { find } = await read(dumpPath);
    expect(find("question_opened", "1")).toMatchObject({ title: "How do I moor <b> in C++ & wind?" });
    expect(find("question_opened", "1")?.body).toMatch(/^How do I moor\?\n\n```\nrope --knot ?\n```$/);
    expect(find("answer", "3")?.body).toBe("Use a [bowline](https://docs.example/bowline).");
  });

  it("sets aside rows that cannot be used, with their line, and counts the kinds of posts that it leaves out", async () => {
    expect((await read(dumpPath)).rejected).toMatchObject([
      {
        stream: "questions",
        externalId: "8",
        place: "Posts.xml, line 10",
        reason: "The question has the CreationDate «some day», which cannot be read.",
      },
      { stream: "comments", externalId: "4", place: "Comments.xml, line 6", reason: "The comment has no PostId." },
    ]);
    const warnings: string[] = [];
    const input = { path: dumpPath, head: Buffer.alloc(0), settings, signal: new AbortController().signal };
    if (!stackExchange.importFile) throw new Error("no importFile");
    for await (const chunk of stackExchange.importFile({} as never, input)) warnings.push(...(chunk.warnings ?? []));
    expect(warnings).toEqual([
      "Left out, because nobody asks or answers in them: 1 tag wikis.",
      "Kept without a question, because their posts are no questions or answers of Posts.xml: 1 comments.",
    ]);
  });

  it("reads a zip and gzip files as the folder itself", async () => {
    const folder = await copyOfDump();
    const whole = (await read(folder)).folded;
    const zip = `${folder}.zip`;
    execFileSync("python3", ["-m", "zipfile", "-c", zip, folder]);
    expect((await read(zip)).folded).toEqual(whole);
    await writeFile(join(folder, "Posts.xml.gz"), gzipSync(await readFile(join(folder, "Posts.xml"))));
    await rm(join(folder, "Posts.xml"));
    expect((await read(folder)).folded).toEqual(whole);
  });

  it("takes single files when the site is given, and says what is missing otherwise", async () => {
    const site = { site: "harbor" };
    const posts = await read(join(dumpPath, "Posts.xml"), site);
    expect(countKinds(posts.batches)).toEqual({ question_opened: 3, answer: 3 });
    expect(posts.find("answer", "3")).toMatchObject({ author: { platform: "stackexchange:harbor", externalId: "id:12" } });
    const comments = await read(join(dumpPath, "Comments.xml"), site);
    expect(comments.activities.map(({ thread }) => thread)).toEqual([undefined, undefined, undefined]);
    const users = await read(join(dumpPath, "Users.xml"), site);
    expect(users.records).toHaveLength(5);
    expect(users.folded.links).toHaveLength(3);
    const alone = await scratch("Posts.xml", await readFile(join(dumpPath, "Posts.xml")));
    await expect(read(alone)).rejects.toThrow(/does not say which site it comes from.*Give the site in the settings/);
    await expect(read(join(dumpPath, "Votes.xml"), site)).rejects.toThrow(/holds votes only, which name no words and no people/);
  });

  it("ends with what the folder says when its files came one by one", async () => {
    const site = { site: "harbor" };
    const parts = [...(await read(join(dumpPath, "Comments.xml"), site)).records, ...(await read(join(dumpPath, "Posts.xml"), site)).records];
    const whole = (await read(dumpPath)).records;
    const keys = new Set(whole.map((record) => `${record.stream} ${record.externalId}`));
    expect(parts.every((record) => keys.has(`${record.stream} ${record.externalId}`))).toBe(true);
    const asOf = new Map(whole.map((record) => [`${record.stream} ${record.externalId}`, record.asOf ?? ""]));
    // Equal or older: what came in by parts never stands in the way of the whole.
    expect(parts.filter((record) => (record.asOf ?? "") > (asOf.get(`${record.stream} ${record.externalId}`) ?? ""))).toEqual([]);
  });

  it("refuses files that are cut off, broken or of another kind, saying where", async () => {
    const folder = await copyOfDump();
    const text = await readFile(join(dumpPath, "Posts.xml"), "utf8");
    await writeFile(join(folder, "Posts.xml"), text.slice(0, -30));
    await expect(read(folder)).rejects.toThrow(/Posts\.xml is cut off: it ends in line 10 .*closing <\/posts> is missing/);
    await writeFile(join(folder, "Posts.xml"), text.replace('PostTypeId="2"', "PostTypeId=2"));
    await expect(read(folder)).rejects.toThrow(/Posts\.xml is no whole XML: unquoted attribute value at line 4/);
    await rename(join(folder, "Comments.xml"), join(folder, "Posts.xml"));
    await expect(read(folder)).rejects.toThrow(/Posts\.xml holds <comments>, not <posts>/);
    await expect(read(await scratch("x.xml", "<rss><channel/></rss>"))).rejects.toThrow(/begins with <rss>/);
  });

  it("takes characters that XML knows no way to write as they stand", async () => {
    const folder = await copyOfDump();
    const text = await readFile(join(dumpPath, "Posts.xml"), "utf8");
    await writeFile(join(folder, "Posts.xml"), text.replace("With a rope.", "With a &#x1B;rope\u0001."));
    expect((await read(folder)).find("answer", "2")?.body).toContain("rope");
  });

  it("refuses the dumps of two sites in one folder", async () => {
    const folder = await copyOfDump("all");
    await cp(dumpPath, join(folder, "other"), { recursive: true });
    await expect(read(folder)).rejects.toThrow(/several sites/);
  });

  it("says how to unpack a .7z", async () => {
    const path = await scratch("ai.stackexchange.com.7z", Buffer.from([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4]));
    expect(stackExchange.recognizes?.(await openFile(path))).toBe(0.9);
    await expect(read(path)).rejects.toThrow(/7z x ai\.stackexchange\.com\.7z -oai\.stackexchange\.com/);
  });
});

describe("stack-exchange: saved answers of the API", () => {
  it("takes a question apart into its answers and comments, each by itself", async () => {
    const { identity, batches, thread, find, rejected } = await read(answersPath);
    expect(identity).toMatchObject({ origin: "stackexchange:harbor", reported: { question_opened: 2, answer: 2, comment: 2 } });
    expect(countKinds(batches)).toEqual({ question_opened: 2, answer: 2, comment: 2 });
    expect(thread("1")).toMatchObject({ title: "How do I moor <b> in C++ & wind?", stateReason: "solved" });
    expect(find("question_opened", "1")?.body).toBe("How do I **moor**?\n\n    rope --knot <x>");
    expect(find("comment", "2")).toMatchObject({ unattributed: "user77", attributes: { edited: true } });
    expect(rejected).toMatchObject([{ stream: "answers", place: "answers.json, items[0].answers[2].creation_date" }]);
  });

  it("unescapes names, once", async () => {
    expect((await read(answersPath)).people.map((person) => person.displayName)).toContain("Ilo <Brandt> & Söhne");
  });

  it("knows duplicates by the reason and the question that they repeat", async () => {
    expect((await read(answersPath)).thread("7")).toMatchObject({ stateReason: "duplicate", attributes: { duplicateOf: ["5"] } });
  });

  it("names the same things as the dump, so that both feed one source and nothing is doubled", async () => {
    const [dump, api] = [await read(dumpPath), await read(answersPath)];
    const keys = new Set(dump.records.map((record) => `${record.stream} ${record.externalId}`));
    expect(api.records.map((record) => `${record.stream} ${record.externalId}`).filter((key) => !keys.has(key))).toEqual([]);
    for (const record of api.records) {
      const other = dump.records.find(({ stream, externalId }) => stream === record.stream && externalId === record.externalId);
      const said = stackExchange.normalize(record, settings).activities[0];
      const told = other && stackExchange.normalize(other, settings).activities[0];
      expect([said?.occurredAt, said?.editedAt, said?.author, said?.unattributed, said?.thread, said?.replyTo, said?.title]).toEqual([
        told?.occurredAt,
        told?.editedAt,
        told?.author,
        told?.unattributed,
        told?.thread,
        told?.replyTo,
        told?.title,
      ]);
      // The API gives the source text: a dump of the same state never replaces it.
      expect((other?.asOf ?? "") < (record.asOf ?? "")).toBe(true);
    }
  });

  it("refuses broken JSON, other JSON and what the API refused", async () => {
    await expect(read(await scratch("a.json", readFileSync(answersPath, "utf8").slice(0, 900)))).rejects.toThrow(/cut off/);
    await expect(read(await scratch("a.json", '{"issues":[]}'))).rejects.toThrow(/no answers of the Stack Exchange API/);
    const throttled = '{"error_id":502,"error_message":"too many requests","error_name":"throttle_violation"}';
    await expect(read(await scratch("a.json", throttled))).rejects.toThrow(/refusal of the API: too many requests/);
  });

  it("is recognised by its fields, and other files are not", async () => {
    expect(stackExchange.recognizes?.(await openFile(answersPath))).toBe(1);
    expect(stackExchange.recognizes?.(await openFile(dumpPath))).toBe(1);
    expect(stackExchange.recognizes?.(await openFile(join(dumpPath, "Posts.xml")))).toBe(1);
    expect(stackExchange.recognizes?.(await openFile(await scratch("x.json", '{"items":[],"total":3}')))).toBe(0);
    expect(stackExchange.recognizes?.(await openFile(await scratch("x.xml", '<posts><row title="mine"/></posts>')))).toBe(0);
  });
});

it("ends in the same tables in whatever order and parts the records come", async () => {
  const records = [...(await read(dumpPath)).records];
  const whole = foldBatches(records.map((record) => stackExchange.normalize(record, settings)));
  await fc.assert(
    fc.property(fc.shuffledSubarray(records, { minLength: records.length }), fc.shuffledSubarray(records), (all, again) => {
      expect(foldBatches([...again, ...all].map((record) => stackExchange.normalize(record, settings)))).toEqual(whole);
    }),
    { numRuns: 40 },
  );
});

describe("stack-exchange: what sites are called", () => {
  it("reads addresses, names and names of dumps alike", () => {
    for (const given of ["stackoverflow", "stackoverflow.com", "https://www.stackoverflow.com/questions"])
      expect(siteFrom(given)).toBe("stackoverflow");
    expect(siteFrom("ai.meta.stackexchange.com")).toBe("ai.meta");
    expect(siteFrom("ru.stackoverflow.com")).toBe("ru.stackoverflow");
    expect(siteFrom("meta.stackexchange.com")).toBe("meta");
    expect(siteFrom("mathoverflow.net")).toBe("mathoverflow.net");
    expect(siteInName("/tmp/x/stackoverflow.com-Posts")).toBe("stackoverflow");
    expect(siteInName("conlang.meta.stackexchange.com.7z")).toBe("conlang.meta");
    expect(siteInName("notes.txt")).toBeUndefined();
    for (const host of ["stackoverflow.com", "ai.meta.stackexchange.com", "ru.stackoverflow.com", "meta.stackexchange.com", "mathoverflow.net"]) {
      expect(hostOfSite(siteFrom(host) ?? "")).toBe(host);
    }
  });
});

describe("stack-exchange: tables for large dumps", () => {
  it("keep names and accounts of users in any order of numbers", () => {
    const table = new UserTable();
    const ids = [5, 70_000, 6, 200_001, 70_001, 3];
    for (const id of ids) table.set(id, id % 2 === 0 ? id * 10 : undefined, `Näme ${id}`);
    for (const id of ids) expect(table.get(id)).toEqual({ accountId: id % 2 === 0 ? id * 10 : undefined, name: `Näme ${id}` });
    expect(table.get(4)).toBeUndefined();
    expect(table.get(-1)).toBeUndefined();
    expect(table.get(9_999_999)).toBeUndefined();
  });

  it("keep which question a post belongs to", () => {
    const table = new PostTable();
    table.setQuestion(10, 1_700_000_000);
    table.setAnswer(5000, 10);
    table.setAnswer(2, 77);
    expect(table.questionOf(10)).toEqual({ id: 10, since: 1_700_000_000 });
    expect(table.questionOf(5000)).toEqual({ id: 10, since: 1_700_000_000 });
    expect(table.questionOf(2)).toEqual({ id: 77, since: undefined });
    expect(table.questionOf(11)).toBeUndefined();
  });
});

describe.skipIf(!existsSync(join(real, "stackexchange-dump")))("stack-exchange: real files (skipped where ../shared/data is absent)", () => {
  const dump = join(real, "stackexchange-dump/conlang-meta");

  it("reads a real dump whole, as counted by its lines, twice alike", async () => {
    const lines = (name: string) =>
      readFileSync(join(dump, name), "utf8")
        .split("\n")
        .filter((line) => line.includes("<row "));
    const ofType = (type: string) => lines("Posts.xml").filter((line) => line.includes(` PostTypeId="${type}" `)).length;
    const first = await read(dump);
    expect(first.rejected).toEqual([]);
    expect(countKinds(first.batches)).toEqual({ question_opened: ofType("1"), answer: ofType("2"), comment: lines("Comments.xml").length });
    expect(first.identity.reported).toEqual(countKinds(first.batches));
    expect(ofType("1") + ofType("2") + ofType("4") + ofType("5")).toBe(lines("Posts.xml").length);
    expect(first.activities.filter(({ attributes }) => attributes?.accepted)).toHaveLength(
      lines("Posts.xml").filter((line) => line.includes(" AcceptedAnswerId=")).length,
    );
    const unattributed = [...lines("Posts.xml"), ...lines("Comments.xml")].filter((line) => / (?:OwnerDisplayName|UserDisplayName)="/.test(line));
    expect(first.activities.filter((activity) => activity.unattributed)).toHaveLength(unattributed.length);
    expect(first.thread("79")).toMatchObject({ state: "closed", stateReason: "duplicate", attributes: { duplicateOf: ["119"] } });
    expect((await read(dump)).records).toEqual(first.records);
  });

  it.each([
    ["stackexchange_question", { question_opened: 1, answer: 1, comment: 1 }],
    ["stackexchange_question_page", { question_opened: 1, answer: 2, comment: 2 }],
    ["stackexchange_question_backoff_page", { question_opened: 1, answer: 2, comment: 2 }],
    ["stackexchange_question_parse", { question_opened: 1, answer: 2, comment: 2 }],
  ])("reads %s, whose pages repeat a question", async (name, kinds) => {
    const { batches, rejected, identity } = await read(join(real, "stackexchange-api/chaoss-perceval", name));
    expect(countKinds(batches)).toEqual(kinds);
    expect(rejected).toEqual([]);
    expect(identity.origin).toBe("stackexchange:stackoverflow");
  });
});
