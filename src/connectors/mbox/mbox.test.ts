import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { NormalizedActivity } from "#features/ledger/index.ts";
import { foldBatches, readFileWith } from "../testing.ts";
import { arrangeMails } from "./arrange-mails.ts";
import { mbox } from "./index.ts";
import { splitMails } from "./split-mails.ts";
import { scratch, writeInMailbox as write } from "./testing-mail.ts";

const fixture = join(import.meta.dirname, "fixtures/quirks.mbox");
const settings = mbox.settings.parse({});

async function readMails(path: string, given: unknown = {}) {
  const { identity, records, rejected } = await readFileWith(mbox, path, given);
  const batches = records.map((record) => mbox.normalize(record, settings));
  const mails = batches.flatMap((batch) => batch.activities);
  return { identity, records, rejected, batches, mails, threads: arranged(mails), folded: foldBatches(batches) };
}

/** The thread of each mail once all of them are known, as the ledger arranges them. */
function arranged(mails: readonly NormalizedActivity[]): Record<string, string> {
  const arranger = arrangeMails();
  for (const mail of mails) arranger.add({ ...mail, attributes: mail.attributes });
  return Object.fromEntries(mails.map((mail) => [String(mail.attributes?.messageId), arranger.threadOf(mail)]));
}

/** Where Python's mailbox finds mails in each file; undefined where there is no Python. */
function askPython(...paths: string[]): number[][] | undefined {
  const program = [
    "import mailbox, sys, json",
    "def starts(path):",
    "  box = mailbox.mbox(path, create=False)",
    "  box._generate_toc()",
    "  return [box._toc[key][0] for key in sorted(box._toc)]",
    "print(json.dumps([starts(path) for path in sys.argv[1:]]))",
  ].join("\n");
  try {
    return JSON.parse(execFileSync("python3", ["-c", program, ...paths], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })) as number[][];
  } catch {
    return undefined;
  }
}

describe("mbox: what a mailbox says", () => {
  it("says of the fixture what the golden file holds", async () => {
    await expect(`${JSON.stringify((await readMails(fixture)).batches, null, 2)}\n`).toMatchFileSnapshot("fixtures/quirks.golden.json");
  });

  it("names the list by List-Id and counts its mails, six here as a line of a body begins with «From »", async () => {
    const { identity, mails } = await readMails(fixture);
    expect(identity).toEqual({
      origin: "mbox:tide.lists.example.org",
      name: "tide.lists.example.org",
      reported: { mail: 6 },
      reportedParts: { "quirks.mbox": { mail: 6 } },
    });
    expect(mails).toHaveLength(6);
  });

  it.each([
    ["2026-January.txt.gz", "mbox:archive-of-tide"],
    ["tide-users-2026-01.mbox", "mbox:tide-users"],
    ["pipermail_2015_november.mbox", "mbox:pipermail"],
    ["tide.mbox", "mbox:tide"],
    ["mbox", "mbox:mbox"],
  ])("names the list of %s, whose mails do not say it, %s", async (name, origin) => {
    const folder = join(await mkdtemp(join(tmpdir(), "causeway-mbox-")), "archive-of-tide");
    await mkdir(folder);
    const content = Buffer.from(write({ id: "a@x" }));
    await writeFile(join(folder, name), name.endsWith(".gz") ? gzipSync(content) : content);
    expect((await readMails(join(folder, name))).identity.origin).toBe(origin);
    expect((await readMails(join(folder, name), { list: "Tide" })).identity.origin).toBe("mbox:tide");
  });

  it("finds the mails that Python's mailbox finds, whatever the lines", async (test) => {
    if (!askPython(fixture)) test.skip("needs python3");
    const line = fc.constantFrom(
      "From a@b Mon Jan  5 10:00:00 2026",
      "From ",
      "From",
      ">From x",
      "Subject: x",
      "",
      "",
      "words",
      "\r",
      "From x\r",
      " From y",
    );
    const boxes = fc.sample(fc.tuple(fc.array(line, { minLength: 1, maxLength: 30 }), fc.constantFrom("", "\n")), 200);
    const paths = await Promise.all(boxes.map(([lines, end]) => scratch("x.mbox", lines.join("\n") + end)));
    const expected = askPython(...paths) ?? [];
    for (const [i, path] of paths.entries()) {
      const found: number[] = [];
      for await (const mail of splitMails(chunksOf(readFileSync(path), 7))) found.push(mail.byte);
      expect(found, JSON.stringify(boxes[i])).toEqual(expected[i]);
    }
  });

  it("cuts the same mails wherever the bytes are cut", async () => {
    const whole = await readFile(fixture);
    const expected: unknown[] = [];
    for await (const mail of splitMails(chunksOf(whole, whole.length))) expected.push(mail);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 64 }), async (size) => {
        const found: unknown[] = [];
        for await (const mail of splitMails(chunksOf(whole, size))) found.push(mail);
        expect(found).toEqual(expected);
      }),
    );
  });

  it("keeps the bytes of each mail exactly", async () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const path = await scratch("x.mbox", Buffer.concat([Buffer.from(write({ id: "a@x" })), every]));
    const { records } = await readFileWith(mbox, path);
    const { mail } = z.object({ mail: z.string() }).parse(records[0]?.payload);
    expect(Buffer.from(mail, "latin1").subarray(-256)).toEqual(every);
  });

  it("reads packed mailboxes and folders of them as one list", async () => {
    const folder = await mkdtemp(join(tmpdir(), "causeway-mbox-"));
    await writeFile(join(folder, "2026-01.txt"), write({ id: "a@x" }));
    await writeFile(join(folder, "2026-02.txt.gz"), gzipSync(write({ id: "b@x", answers: "a@x" })));
    await writeFile(join(folder, "notes.md"), "# not a mailbox");
    const { threads, rejected } = await readMails(folder);
    expect(threads).toEqual({ "a@x": "a@x", "b@x": "a@x" });
    expect(rejected).toMatchObject([{ place: "notes.md", reason: expect.stringContaining("no mailbox") }]);
  });
});

describe("mbox: nothing is lost", () => {
  it("keeps different mails that bear one id, and one of copies, telling of the other", async () => {
    const one = write({ id: "a@x", body: "first" });
    const later = write({ id: "a@x", body: "second", date: "Mon, 05 Jan 2026 10:00:01 +0000" });
    const footed = write({
      id: "a@x",
      body: "first\n______________________________\ntide mailing list",
      headers: "Received: from a by b; Mon, 5 Jan 2026 10:00:09 +0000",
    });
    const { mails, rejected, identity } = await readMails(await scratch("x.mbox", one + later + one + footed));
    expect(mails.map((m) => m.body)).toEqual(["first", "second"]);
    expect(identity.reported).toEqual({ mail: 2 });
    expect(rejected).toHaveLength(2);
    expect(rejected[0]).toMatchObject({ place: `x.mbox, byte ${(one + later).length}`, reason: expect.stringContaining("kept once") });
  });

  it("keeps mails without id or date, each flagged with where its time comes from", async () => {
    const undated = (body: string) => `From nobody\nFrom: Mara <mara@example.org>\nSubject: s\n\n${body}\n\n`;
    const { mails } = await readMails(
      await scratch("x.mbox", undated("before") + write({ id: "a@x" }) + undated("after") + write({ date: "garbage", body: "line" })),
    );
    expect(mails.map((m) => [m.occurredAt.toISOString(), m.attributes?.dateFrom])).toEqual([
      ["2026-01-05T10:00:00.001Z", "neighbours"],
      ["2026-01-05T10:00:00.000Z", undefined],
      ["2026-01-05T10:00:00.001Z", "neighbours"],
      ["2026-01-05T10:00:00.000Z", "from_line"],
    ]);
    expect(new Set(mails.map((m) => m.externalId)).size).toBe(4);
  });

  it("keeps text that a «From » line cut off, in its thread, as nobody's", async () => {
    const { mails, threads } = await readMails(
      await scratch(
        "x.mbox",
        write({ id: "a@x", body: "One.\n\nFrom my point of view that is all.\nYours\n\nFrom then on\nFrom now on\nNote: it is so" }),
      ),
    );
    expect(threads[mails[1]?.externalId ?? ""]).toBe("a@x");
    expect(mails.map((m) => m.body)).toEqual(["One.", "From my point of view that is all.\nYours", "From then on", "From now on\nNote: it is so"]);
    expect(mails[1]).toMatchObject({
      thread: "a@x",
      replyTo: "a@x",
      unattributed: "no sender",
      attributes: { fragment: expect.any(String) },
    });
  });

  it("tells of text before the first mail", async () => {
    const { rejected } = await readMails(await scratch("x.mbox", `stray words\n${write({ id: "a@x" })}`));
    expect(rejected).toMatchObject([{ place: "x.mbox, byte 0", excerpt: "stray words\n" }]);
  });

  it.each([
    ["a.eml", "Dear all,\n\nwords\n", /no mailbox and no mail: it begins neither .* Give a list's archive as mbox/],
    ["a.json", '{"From ": 1}', /looks like JSON\. Give a list's archive/],
    ["a.html", "<!doctype html>\nFrom here", /a web page or XML\. Archives offer the mailbox/],
    ["a.pst", "!BDN\u0000", /a file of Outlook .*saves mails as \.eml/],
    ["1.emlx", "120\nSubject: x\n\nwords", /Apple Mail .*Export Mailbox/],
    ["a.zip", "PK\u0003\u0004", /damaged zip file.*make it again/],
    ["a.txt", "words", /begins neither with a "From " line/],
    ["a.mbox.gz", gzipSync(""), /is empty.*make it again/],
  ])("says of %s what it looks like", async (name, content, message) => {
    await expect(readMails(await scratch(name, content))).rejects.toThrow(message);
  });

  it("refuses a packed mailbox that is cut off, before anything is stored", async () => {
    const many = Array.from({ length: 3000 }, (_, i) => write({ id: `${i}@x`, body: String(Math.sin(i)) })).join("");
    const whole = gzipSync(many);
    await expect(readMails(await scratch("x.mbox.gz", whole.subarray(0, whole.length - 2000)))).rejects.toMatchObject({
      code: "unreadable_file",
      message: expect.stringMatching(/x\.mbox\.gz cannot be unpacked .*download it again; nothing was stored/),
    });
    const folder = await mkdtemp(join(tmpdir(), "causeway-mbox-"));
    await writeFile(join(folder, "a"), "x");
    await expect(readMails(folder)).rejects.toThrow(/holds no mail that can be used\. a is no mailbox and no mail/);
  });
});

describe("mbox: threads", () => {
  it("follows References through absent mails to the root, in any order", async () => {
    const mails = [
      write({ id: "d@x", refs: ["absent@x", "c@x"] }),
      write({ id: "c@x", answers: "b@x" }),
      write({ id: "a@x" }),
      write({ id: "b@x", answers: "a@x" }),
      write({ id: "e@x", refs: ["gone@x", "lost@x"] }),
      write({ id: "f@x", refs: ["lost@x"] }),
    ];
    const expected = { "a@x": "a@x", "b@x": "a@x", "c@x": "a@x", "d@x": "a@x", "e@x": "gone@x", "f@x": "gone@x" };
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(mails, { minLength: mails.length }), async (order) => {
        expect((await readMails(await scratch("x.mbox", order.join("")))).threads).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  it("ends where replies go round in a circle", async () => {
    const circle = [
      write({ id: "a@x", answers: "b@x" }),
      write({ id: "b@x", answers: "c@x" }),
      write({ id: "c@x", answers: "b@x" }),
      write({ id: "s@x", answers: "s@x" }),
    ];
    expect((await readMails(await scratch("x.mbox", circle.join("")))).threads).toEqual({
      "a@x": "b@x",
      "b@x": "b@x",
      "c@x": "b@x",
      "s@x": "s@x",
    });
  });

  it("joins replies that name nothing to the latest mail of their subject within 30 days, and no others", async () => {
    const { mails, threads } = await readMails(
      await scratch(
        "x.mbox",
        [
          write({ id: "old@x", subject: "[tide] Tides", date: "Sat, 01 Nov 2025 10:00:00 +0000" }),
          write({ id: "new@x", subject: "[tide] Tides", date: "Mon, 05 Jan 2026 10:00:00 +0000" }),
          write({ id: "re@x", subject: "Antw: [tide] RE: Tides", date: "Tue, 06 Jan 2026 10:00:00 +0000" }),
          write({ id: "late@x", subject: "Re: Tides", date: "Sun, 01 Mar 2026 10:00:00 +0000" }),
          write({ id: "bare@x", subject: "Re:", date: "Tue, 06 Jan 2026 10:00:00 +0000" }),
          write({ id: "plain@x", subject: "Tides", date: "Wed, 07 Jan 2026 10:00:00 +0000" }),
        ].join(""),
      ),
    );
    expect(threads).toEqual({
      "old@x": "old@x",
      "new@x": "new@x",
      "re@x": "new@x",
      "late@x": "late@x",
      "bare@x": "bare@x",
      "plain@x": "plain@x",
    });
    expect(mails.find((m) => m.attributes?.messageId === "late@x")?.replyTo).toBe("subject:tides");
  });

  it("gives the same whether the mails come in one file or in overlapping ones, in any order", async () => {
    const tree = fc.array(fc.nat(), { minLength: 2, maxLength: 12 }).map((parents) => {
      const refs: string[][] = [];
      return parents.map((parent, i) => {
        refs.push(i === 0 || parent % 4 === 0 ? [] : [...(refs[parent % i] ?? []), `m${parent % i}@x`]);
        return write({
          id: `m${i}@x`,
          refs: refs[i],
          body: `mail ${i}`,
          date: `Mon, 05 Jan 2026 10:${String(i).padStart(2, "0")}:00 +0000`,
          from: `P${i % 3} <p${i % 3}@example.org>`,
        });
      });
    });
    await fc.assert(
      fc.asyncProperty(tree, fc.array(fc.tuple(fc.nat(12), fc.nat(12)), { maxLength: 3 }), async (mails, spans) => {
        const whole = await readMails(await scratch("x.mbox", mails.join("")));
        const parts = spans.map(([a, b]) => mails.slice(Math.min(a, b), Math.max(a, b) + 1));
        const covered = new Set(parts.flat());
        parts.push(mails.filter((mail) => !covered.has(mail)));
        const batches = [];
        for (const part of parts) if (part.length > 0) batches.push(...(await readMails(await scratch("x.mbox", part.join("")))).batches);
        expect(foldBatches(batches)).toEqual(whole.folded);
      }),
      { numRuns: 15 },
    );
  });
});

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
