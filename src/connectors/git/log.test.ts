import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type NormalizedActivity, openFile, type RawRecord } from "#features/ledger/index.ts";
import type { ExportFile } from "../export-files.ts";
import { foldBatches, readFileWith, scratch } from "../testing.ts";
import { cutLog } from "./cut-log.ts";
import { git } from "./index.ts";
import { findTrailers } from "./message-trailers.ts";
import { parseLogDate } from "./parse-log-date.ts";
import { makeScratchRepository, type ScratchRepository } from "./testing-remote.ts";

const real = join(import.meta.dirname, "../../../../shared/data/git-log");
const settings = git.settings.parse({});
const normalize = (records: readonly RawRecord[]) => records.map((record) => git.normalize(record, settings));

async function readLog(content: string | Buffer, given: object = {}) {
  const reading = await readFileWith(git, await scratch("log.txt", content), given);
  const batches = normalize(reading.records);
  const commits = new Map(batches.flatMap((b) => b.activities).flatMap((a) => (a.kind === "commit" ? [[a.externalId, a] as const] : [])));
  return { ...reading, batches, commits };
}

const hash = (n: number) => String(n).repeat(40).slice(0, 40);
const block = (n: number, { head = "", date = "Sat Apr 16 15:23:55 2005 -0700", author = "Mara <mara@example.org>", message = "words" } = {}) =>
  `commit ${hash(n)}\n${head}Author: ${author}\nDate:   ${date}\n\n${message.replace(/^/gm, "    ")}\n`;

describe("git log: every form of git's own", () => {
  let repository: ScratchRepository;
  let root: string;
  beforeAll(async () => {
    repository = await makeScratchRepository();
    root = repository.commit("root\n\nThe first words.\n\nReported-by: Noor <noor@example.org>\n");
    const other = repository.commit("a side\n\ncommit 1234567890123456789012345678901234567890\nAuthor: nobody\n", {
      author: "Jo [x] <jo@example.org>",
    });
    const next = repository.commit("a branch\n\n    indented code\n\n\nafter two empty lines", {
      branch: "next",
      parents: [root],
      files: { "a.txt": "a\n" },
    });
    repository.commit("Merge branch 'next'", { parents: [other, next], files: { "a.txt": "a\n", "b.txt": "b\n" } });
    repository.commit("last\n\nSigned-off-by: Mara <mara@example.org>\nCo-authored-by: Sam <sam@example.org>", { author: "Müller <m@example.org>" });
    repository.git(["notes", "add", "-m", "a note about it"]);
  });

  it.each([
    ["medium", ["--pretty=medium"]],
    ["fuller", ["--pretty=fuller"]],
    ["raw", ["--pretty=raw"]],
    ["as Perceval asks for it", ["--raw", "--numstat", "--pretty=fuller", "--decorate=full", "--parents", "-M", "-C", "-c"]],
    ["with differences", ["-p", "--stat", "--pretty=fuller"]],
    ["with names of files", ["--name-status"]],
    ["oldest first", ["--reverse", "--pretty=fuller"]],
    ["with children", ["--children", "--pretty=fuller"]],
    ["with sources and marks", ["--source", "--boundary", "--left-right", "--log-size"]],
    ...["local", "iso", "iso-strict", "rfc", "raw", "unix"].map((date): [string, string[]] => [`dates as ${date}`, [`--date=${date}`]]),
  ])("%s says of each commit what the repository says", async (_, args) => {
    const text = repository.git(["log", "--exclude=refs/notes/*", "--all", "--notes", ...args], { env: { TZ: "UTC" } });
    const log = await readLog(`${text}\n`);
    expect(log.rejected).toEqual([]);
    repository.git(["update-ref", "-d", "refs/notes/commits"]);
    const clone = await readFileWith(git, repository.folder);
    const strip = (batches: ReturnType<typeof normalize>) =>
      foldBatches(batches.map((batch) => ({ ...batch, channels: [], activities: batch.activities.map(withoutCommitter) })));
    expect(strip(log.batches)).toEqual(strip(normalize(clone.records)));
    expect(log.identity.origin).toBe(`git:${root}`);
    expect(clone.identity.origin).toBe(log.identity.origin);
    expect(await git.recognizes?.(await openFile(await scratch("any", text)))).toBe(1);
  });

  /** The medium form has no committer, and local times no zone. */
  function withoutCommitter(activity: NormalizedActivity): NormalizedActivity {
    const { committer: _, committedAt: __, dateDoubt: ___, ...attributes } = activity.attributes ?? {};
    return { ...activity, attributes };
  }

  it.each([
    ["--oneline", /written with --oneline, so it tells neither authors nor dates/],
    ["--graph", /written with --graph/],
    ["--abbrev-commit", /line 1: The hash [0-9a-f]+ is shortened/],
    ["--pretty=short", /form without dates \(short or full\)/],
    ["--date=relative", /«.* ago» names no moment/],
    ["--pretty=email", /patches as mails/],
  ])("%s is refused with the reason and how to write it anew", async (arg, words) => {
    const text = repository.git(["log", arg]);
    await expect(readLog(text)).rejects.toMatchObject({ code: "unreadable_file", message: expect.stringMatching(words) });
    await expect(readLog(text)).rejects.toThrow(/git log --all .*--date=iso-strict/);
  });

  it("reads SHA-256 repositories, gzip, Windows' line ends and PowerShell's UTF-16", async () => {
    const text = repository.git(["log", "--pretty=fuller", "--date=iso-strict"]);
    const expected = foldBatches((await readLog(text)).batches);
    const windows = text.replaceAll("\n", "\r\n");
    expect(foldBatches((await readLog(windows)).batches)).toEqual(expected);
    expect(foldBatches((await readLog(Buffer.from(`\ufeff${windows}`, "utf16le"))).batches)).toEqual(expected);
    expect(foldBatches((await readLog(`\ufeff${text}`)).batches)).toEqual(expected);
    const packed = await readFileWith(git, await scratch("log.txt.gz", gzipSync(text)));
    expect(foldBatches(normalize(packed.records).map((batch) => batch))).toEqual(expected);
    const long = text.replace(/^(commit [0-9a-f]{40})/gm, `$1${"a".repeat(24)}`);
    expect((await readLog(long)).records[0]?.externalId).toHaveLength(64);
  });

  it("meets the repository by the root that a whole log shows, by the one that is told, and else stands alone", async () => {
    const part = repository.git(["log", "-2", "--parents", "--pretty=fuller"]);
    const [, last = ""] = (await readLog(part)).records.map((record) => record.externalId);
    expect((await readLog(part)).identity).toEqual({ origin: `git:${last}`, name: "log" });
    expect((await readLog(part, { firstCommit: root })).identity.origin).toBe(`git:${root}`);
    expect((await readLog(part, { repositoryName: "Tide" })).identity).toEqual({ origin: "git-log:tide", name: "Tide" });
    const whole = await readLog(repository.git(["log", "--all", "--parents"]), { repositoryName: "Tide" });
    expect(whole.identity).toEqual({ origin: `git:${root}`, name: "Tide", reported: { commit: 5 } });
  });
});

describe("git log: what tools and editors make of it", () => {
  it("keeps commits with bad bytes, stray carriage returns, brackets in names and absurd zones", async () => {
    const bad = Buffer.concat([
      Buffer.from(`commit ${hash(1)}\nAuthor: M`),
      Buffer.from([0xfc]),
      Buffer.from(`ller <rganor>\nDate:   Thu Apr 29 10:18:26 2010 +0000\n\n    Calling `),
      Buffer.from([0x94]),
      Buffer.from("Open Type\n\n"),
      Buffer.from(block(2, { author: "Jo <the [x]> <jo@example.org>", date: "Wed Sep 7 00:50:26 2011 +51800", message: "one\r)\ntwo" })),
    ]);
    const { commits, rejected } = await readLog(bad);
    expect(rejected).toEqual([]);
    expect(commits.get(hash(1))).toMatchObject({ title: "Calling ”Open Type", attributes: { signature: "Müller <rganor>" } });
    expect(commits.get(hash(2))).toMatchObject({
      title: "one",
      body: ")\ntwo",
      occurredAt: new Date("2011-08-16T10:50:26Z"),
      attributes: { signature: "Jo <the [x]> <jo@example.org>" },
    });
  });

  it("keeps the empty lines within a message when an editor has trimmed the others, and leaves out what stands below", async () => {
    const text = `${block(1, { message: "title\n\nwords\n\nmore" }).replace(/ +$/gm, "")}\nNotes:\n    not the message\n\n${block(2)}\n file.txt | 2 ++\n 1 file changed\n`;
    const { commits } = await readLog(text);
    expect(commits.get(hash(1))).toMatchObject({ title: "title", body: "words\n\nmore" });
    expect(commits.get(hash(2))?.body).toBeUndefined();
  });

  it("sets aside a commit without author, without a date, with a date that names no moment, and one that is cut off, each with its line", async () => {
    const text = [
      block(1),
      block(2, { date: "2 weeks ago" }),
      block(3).replace(/^Author.*\n/m, ""),
      `commit ${hash(4)}\nAuthor: Mara <mara@example.org>\nDate:   Sat Apr 16`,
    ].join("\n");
    const { records, rejected } = await readLog(text);
    expect(records.map((record) => record.externalId)).toEqual([hash(1)]);
    expect(rejected).toMatchObject([
      {
        externalId: hash(2),
        place: "line 7",
        reason: "The date «2 weeks ago» names no moment.",
        remedy: expect.stringContaining("--date=iso-strict"),
      },
      { externalId: hash(3), place: "line 13", reason: "The commit names no author." },
      { externalId: hash(4), place: "line 18", reason: expect.stringContaining("cut off") },
    ]);
  });

  it("says of a time without a zone that it was read as UTC, and of a day that it is a day", async () => {
    const { commits } = await readLog(block(1, { date: "Sat Apr 16 15:23:55 2005" }) + block(2, { date: "2005-04-16" }));
    expect(commits.get(hash(1))).toMatchObject({
      occurredAt: new Date("2005-04-16T15:23:55Z"),
      attributes: { dateDoubt: expect.stringContaining("UTC") },
    });
    expect(commits.get(hash(2))).toMatchObject({
      occurredAt: new Date("2005-04-16T00:00:00Z"),
      attributes: { dateDoubt: expect.stringContaining("day") },
    });
  });

  it("is known as a log by how it begins, and other texts are not", async () => {
    const sure = async (text: string) => git.recognizes?.(await openFile(await scratch("file", text)));
    expect(await sure(block(1))).toBe(1);
    expect(await sure(block(1, { head: "Merge: 1234567 7654321\n" }))).toBe(1);
    expect(await sure(block(1).replace(hash(1), "1234567"))).toBe(0.9);
    expect(await sure("From mara@example.org Sat Apr 16\nSubject: x\n\ncommit to it\nAuthor: me\n")).toBe(0);
    expect(await sure("# Changes\n\nWe commit 1234567 to this.\n")).toBe(0);
  });

  it("cuts the same commits however the file is read", async () => {
    const text = Buffer.from(
      ["before\n", block(1), block(2, { message: `commit ${hash(9)}\nwords` }), "\n", block(3), `:100644 M\tcommit ${hash(8)}\n`].join("\n"),
    );
    const cut = async (parts: Buffer[]) => {
      const file: ExportFile = {
        name: "log",
        sizeBytes: text.length,
        async *read() {
          yield* parts;
        },
      };
      const blocks: [number, string][] = [];
      for await (const { bytes, line } of cutLog(file, new AbortController().signal)) blocks.push([line, bytes.toString()]);
      return blocks;
    };
    const expected = await cut([text]);
    expect(expected.map(([line]) => line)).toEqual([1, 3, 9, 18]);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 }), { maxLength: 12 }), async (places) => {
        const at = [0, ...places.toSorted((a, b) => a - b), text.length];
        expect(await cut(at.slice(1).map((end, i) => text.subarray(at[i], end)))).toEqual(expected);
      }),
    );
  });

  it("keeps no large difference in memory, and its line numbers stay right", async () => {
    const patch = `diff --git a/x b/x\n${`+${"x".repeat(99)}\n`.repeat(300_000)}`;
    const text = `${block(1)}\n${patch}\n${block(2)}\n${block(3, { date: "yesterday" })}`;
    const { records, rejected } = await readLog(text);
    expect(records).toHaveLength(2);
    expect(rejected).toMatchObject([{ place: `line ${text.slice(0, text.indexOf(`commit ${hash(3)}`)).split("\n").length}` }]);
  });
});

describe("git log: dates", () => {
  it.each([
    ["Sat Apr 16 15:23:55 2005 -0700", "1113690235 -0700"],
    ["Tue Sep 6 20:00:00 2011 +0200 CEST", "1315332000 +0200"],
    ["Wed Mar 5 00.24.50 2003 +0000", "1046823890 +0000"],
    ["Sat, 16 Apr 2005 15:23:55 -0700", "1113690235 -0700"],
    ["2005-04-16 15:23:55 -0700", "1113690235 -0700"],
    ["2005-04-16T15:23:55-07:00", "1113690235 -0700"],
    ["2005-04-16T22:23:55Z", "1113690235 +0000"],
    ["1113690235 -0700", "1113690235 -0700"],
    ["1113690235", "1113690235 +0000"],
    ["-100 +0000", "-100 +0000"],
    ["yesterday", undefined],
    ["Thu 14:35", undefined],
    ["Sat Foo 16 15:23:55 2005 -0700", undefined],
    ["2005-13-16", undefined],
    ["", undefined],
  ])("%j is %j", (text, raw) => {
    expect(parseLogDate(text)?.raw).toBe(raw);
  });
});

describe("git log: trailers of a message", () => {
  const messages = [
    "title\n\nSigned-off-by: A <a@x>\nReviewed-by: B <b@x>\n",
    "title only: with a colon\n",
    "title\n\nsome words\nSigned-off-by: A <a@x>\n",
    "title\n\na\nb\nc\nd\nSigned-off-by: A <a@x>\n",
    "title\n\nwords: these are none\nand this is prose\n",
    "title\n\nTested-by: A <a@x>\n and B <b@x>\nAcked-by : C <c@x>\n",
    "title\n\nTested-by: A <a@x>\n# a comment\nAcked-by: C\n\n\n",
    "title\n\n(cherry picked from commit 1234)\nLink: https://x.example/1\n",
    "title\n\nbody\n\nSigned-off-by: A <a@x>\n---\nnot a divider here\n",
    "title\nSigned-off-by: A <a@x>\n",
    "title\n\n  Signed-off-by: A <a@x>\n",
    "title\n\nFixes: #1\nno trailer\n continued\nSigned-off-by: A <a@x>\n",
    "title\r\n\r\nSigned-off-by: A <a@x>\r\n",
    "title\n\nReported-by:\nReported-by:A <a@x>\n",
    "title\n\nhttps://example.org/a\n",
  ];

  /** Messages with the trailers that git prints for them. */
  function trailersByGit(folder: string): { message: string; trailers: string }[] {
    const printed = execFileSync("git", ["-C", folder, "log", "--all", "--format=%B%x00%(trailers:only,unfold)%x00"], { encoding: "utf8" });
    return printed
      .split("\0\n")
      .filter((pair) => pair.includes("\0"))
      .map((pair) => {
        const [message = "", trailers = ""] = pair.split("\0");
        return { message, trailers: trailers.replaceAll("\r", "").trim().replace(/ +$/gm, "") };
      });
  }

  it("are those that git itself finds, in odd messages", async () => {
    const repository = await makeScratchRepository();
    for (const message of messages) repository.commit(message);
    const expected = trailersByGit(repository.folder);
    expect(expected).toHaveLength(messages.length);
    expect(expected.map(({ message }) => ({ message, trailers: findTrailers(message) }))).toEqual(expected);
  });

  it("are those that git itself finds, in this very project", (test) => {
    const root = join(import.meta.dirname, "../../..");
    if (!existsSync(join(root, ".git"))) return test.skip("the project is no clone here");
    const expected = trailersByGit(root);
    expect(expected.map(({ message }) => ({ message, trailers: findTrailers(message) }))).toEqual(expected);
  });
});

const files = existsSync(real) ? readdirSync(real, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".txt")) : [];

describe.skipIf(files.length === 0)("git log: real files (skipped where ../shared/data is absent)", () => {
  it.each(files)("%s: every commit comes in or is set aside", async (name) => {
    const path = join(real, name);
    const counted = (readFileSync(path, "latin1").match(/^commit [0-9a-f]{40}/gm) ?? []).length;
    const reading = await readFileWith(git, path);
    expect(reading.records.length + reading.rejected.length).toBe(counted);
    expect(reading.rejected.map(({ externalId, place }) => [externalId?.slice(0, 7), place])).toEqual(
      name.includes("incompleted") ? [["51a3b65", "line 16"]] : [],
    );
    expect(await readFileWith(git, path)).toEqual(reading);
    expect(git.recognizes?.(await openFile(path))).toBe(1);
  });

  it("holds the people of 400 commits of git's own log as its lines name them", async () => {
    const name = files.find((one) => one.endsWith("log-400.txt"));
    if (!name) return;
    const text = readFileSync(join(real, name), "utf8");
    const activities = normalize((await readFileWith(git, join(real, name))).records).flatMap((batch) => batch.activities);
    const authors = new Set([...text.matchAll(/^Author: +(.*)$/gm)].map(([, author]) => author));
    const commits = activities.filter(({ kind }) => kind === "commit");
    expect(new Set(commits.map(({ attributes }) => attributes?.signature))).toEqual(authors);
    const helped = (text.match(/^ {4}Helped-by: /gm) ?? []).length;
    expect(activities.filter(({ kind }) => kind === "helped").length).toBe(helped);
  });

  it("says the same whichever order, overlap and repetition its records come in", async () => {
    const name = files.find((one) => one.endsWith("log-400.txt"));
    if (!name) return;
    const records = (await readFileWith(git, join(real, name))).records.slice(0, 40);
    const expected = foldBatches(normalize(records));
    const twice = [...records, ...records.slice(0, 20)];
    fc.assert(
      fc.property(fc.shuffledSubarray(twice, { minLength: twice.length }), (list) => {
        expect(foldBatches(normalize(list))).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });
});
