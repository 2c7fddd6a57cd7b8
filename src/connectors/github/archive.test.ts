import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonCutter, type JsonPiece } from "../cut-json.ts";
import { countKinds, foldBatches, readFileWith, scratch } from "../testing.ts";
import { github } from "./index.ts";

const fixture = join(import.meta.dirname, "fixtures/archive.json");
const real = join(import.meta.dirname, "../../../../shared/data/github-archive/tlswg-tls13-spec/archive.json");
const settings = github.settings.parse({});

async function readBatches(path: string) {
  const { records } = await readFileWith(github, path);
  return records.map((record) => github.normalize(record, settings));
}

describe("github: archive.json: what a file says", () => {
  it("says of the fixture what the golden file holds", async () => {
    await expect(`${JSON.stringify(await readBatches(fixture), null, 2)}\n`).toMatchFileSnapshot("fixtures/archive.golden.json");
  });

  it("names the repository and what the file holds, before anything is stored", async () => {
    const { identity } = await readFileWith(github, fixture);
    expect(identity).toEqual({
      origin: "github:harbor/tide-table",
      name: "Harbor/Tide-Table",
      reported: { issue_opened: 2, pull_request_opened: 1, comment: 6, review: 2, review_comment: 2 },
    });
  });

  it("keeps comments by one person in one second apart, in any order of the file", async () => {
    const given = JSON.parse(await readFile(fixture, "utf8"));
    const expected = foldBatches(await readBatches(fixture));
    given.issues.reverse();
    for (const item of [...given.issues, ...given.pulls]) {
      item.comments.reverse();
      for (const review of item.reviews ?? []) review.comments.reverse();
    }
    const reversed = await scratch("archive.json", JSON.stringify(given));
    expect(foldBatches(await readBatches(reversed))).toEqual(expected);
    expect(countKinds(await readBatches(reversed)).comment).toBe(6);
  });

  it("says the same of one archive as of overlapping ones, in any order", async () => {
    const whole = JSON.parse(await readFile(fixture, "utf8"));
    const expected = foldBatches(await readBatches(fixture));
    const items = [...whole.issues.map((item: unknown) => ["issues", item]), ...whole.pulls.map((item: unknown) => ["pulls", item])];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.subarray(items), { maxLength: 3 }), async (parts) => {
        parts.push(items.filter((item) => !parts.flat().includes(item)));
        const batches = [];
        for (const part of parts) {
          const of = (list: string) => part.filter(([name]) => name === list).map(([, item]) => item);
          batches.push(...(await readBatches(await scratch("archive.json", JSON.stringify({ ...whole, issues: of("issues"), pulls: of("pulls") })))));
        }
        expect(foldBatches(batches)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  it("keeps a comment's key when its words are edited", async () => {
    const before = foldBatches(await readBatches(fixture)).activities.map(([key]) => key);
    const edited = (await readFile(fixture, "utf8")).replace("Which version?", "Which version, please?");
    const after = foldBatches(await readBatches(await scratch("archive.json", edited))).activities.map(([key]) => key);
    expect(after).toEqual(before);
  });

  it("leaves ghosts unattributed, marks bots with their reason, and makes nobody team", async () => {
    const batches = await readBatches(fixture);
    const activities = batches.flatMap((batch) => batch.activities);
    expect(activities.filter((a) => a.unattributed === "ghost").map((a) => a.kind)).toEqual(["comment", "issue_opened"]);
    const marked = batches.flatMap((batch) => batch.identities).filter((identity) => identity.kind);
    expect(marked.map((identity) => [identity.login, identity.kind?.value])).toEqual([
      ["stale[bot]", "bot"],
      ["codecov", "bot"],
    ]);
    expect(activities.find((a) => a.body === "Which version?")?.attributes).toEqual({ authorAssociation: "MEMBER", suggestedRole: "team" });
  });

  it("takes a review comment as edited only when it changed after the review was handed in", async () => {
    const comments = (await readBatches(fixture)).flatMap((b) => b.activities).filter((a) => a.kind === "review_comment");
    expect(comments.map((c) => [c.body, c.editedAt?.toISOString()])).toEqual([
      ["nit", undefined],
      ["edited later", "2026-01-07T08:00:00.000Z"],
    ]);
  });
});

describe("github: archive.json: faults in the file", () => {
  it("refuses a file that is cut off anywhere, saying at which byte", async () => {
    const whole = (await readFile(fixture)).subarray(0, -1);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: whole.length - 2 }), async (length) => {
        const path = await scratch("archive.json", whole.subarray(0, length));
        await expect(readFileWith(github, path)).rejects.toMatchObject({
          code: "unreadable_file",
          message: expect.stringMatching(new RegExp(`cut off: .*byte ${length.toLocaleString("en")} `)),
        });
      }),
      { numRuns: 40 },
    );
  });

  it("says what is missing at the end of a cut file", async () => {
    const whole = await readFile(fixture, "utf8");
    const cut = await scratch("archive.json", whole.slice(0, whole.indexOf('"nit"') + 3));
    await expect(readFileWith(github, cut)).rejects.toThrow(/inside pulls\[0\], where a closing quote and the rest of the file are missing/);
  });

  it("names line, column and byte of what is not JSON", async () => {
    const whole = await readFile(fixture, "utf8");
    const between = await scratch("archive.json", whole.replace('"pulls": [', '"pulls" [ '));
    await expect(readFileWith(github, between)).rejects.toThrow(/line 25, column 11 \(byte \d,\d{3}\): a ":" was expected/);
    const inside = await scratch("archive.json", whole.replace('"number": 2,', '"number": 2;'));
    await expect(readFileWith(github, inside)).rejects.toThrow(/not valid JSON at line 27, byte \d,\d{3}, in pulls\[0\]/);
    const after = await scratch("archive.json", `${whole}{}`);
    await expect(readFileWith(github, after)).rejects.toThrow(/the end of the file was expected/);
  });

  it.each([
    ["[{}]", /holds nothing that can be brought in from GitHub: it is an object with nothing in it/],
    ["<!doctype html>", /a web page or XML/],
    ["PK\u0003\u0004", /is a damaged zip file/],
    ["\u001f\u008b\u0008", /cannot be unpacked/],
    ["From a@b Mon Jan 1\n", /a mailbox: import it with mbox/],
    ["hello", /not JSON at all/],
    ['{"a": 1, "b": [2]}', /it is an object with a, b\. Give an archive\.json \(it should name a "repo" and list "issues" and "pulls"\)/],
    ["{}", /holds nothing/],
  ])("says what %j looks like instead", async (content, message) => {
    await expect(readFileWith(github, await scratch("x.json", Buffer.from(content, "latin1")))).rejects.toThrow(message);
  });

  it("sets one broken item aside with its place and takes the rest", async () => {
    const given = JSON.parse(await readFile(fixture, "utf8"));
    delete given.issues[1].number;
    given.issues[0].comments[0].createdAt = "yesterday";
    given.pulls[0].reviews[0].comments[1].createdAt = 12;
    given.pulls.push({ ...given.pulls[0] }, null, { ...given.pulls[0], number: 9, createdAt: "00.24.50" });
    const { records, rejected } = await readFileWith(github, await scratch("archive.json", JSON.stringify(given)));
    expect(rejected.map((r) => r.place)).toEqual([
      "issues[0].comments[0].createdAt",
      "issues[1].number",
      "pulls[0].reviews[0].comments[1].createdAt",
      "pulls[1].reviews[0].comments[1].createdAt",
      "pulls[1]",
      "pulls[2]",
      "pulls[3].createdAt",
    ]);
    expect(rejected.find((r) => r.place === "pulls[1]")?.reason).toBe("pulls[1] repeats number 2 of pulls[0]; the first one was taken");
    expect(countKinds(records.map((r) => github.normalize(r, settings)))).toEqual({
      issue_opened: 1,
      comment: 5,
      pull_request_opened: 1,
      review: 2,
      review_comment: 1,
    });
  });

  it("reads the same pieces however the bytes arrive", () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.oneof(value, fc.array(value)), { maxKeys: 5 }),
        fc.array(fc.nat(200)),
        fc.constantFrom(0, 2),
        (object, cuts, indent) => {
          const bytes = Buffer.from(JSON.stringify(object, null, indent));
          const places = [0, ...cuts.map((c) => Math.min(c, bytes.length)).sort((a, b) => a - b), bytes.length];
          const cutter = new JsonCutter("x");
          const pieces: JsonPiece[] = [];
          for (let i = 1; i < places.length; i++) pieces.push(...cutter.push(bytes.subarray(places[i - 1], places[i])));
          cutter.end();
          const rebuilt = new Map<string, unknown>(
            Object.entries(object)
              .filter(([, v]) => Array.isArray(v))
              .map(([k]) => [k, []]),
          );
          for (const piece of pieces) {
            if (piece.index === undefined) rebuilt.set(piece.key, cutter.parse(piece));
            else (rebuilt.get(piece.key) as unknown[])[piece.index] = cutter.parse(piece);
            expect(bytes.subarray(piece.byte, piece.byte + Buffer.byteLength(piece.text)).toString()).toBe(piece.text);
          }
          expect(new Map(rebuilt)).toEqual(new Map(Object.entries(JSON.parse(bytes.toString()) as object)));
        },
      ),
    );
  });
});

describe.skipIf(!existsSync(real))("github: archive.json: a real archive (skipped where ../shared/data is absent)", () => {
  it("holds exactly what is in it", async () => {
    const { identity, records, rejected } = await readFileWith(github, real);
    const batches = records.map((record) => github.normalize(record, settings));
    const folded = foldBatches(batches);
    const counts = { issue_opened: 446, pull_request_opened: 709, comment: 1962, review: 433, review_comment: 714 };
    expect(identity.reported).toEqual(counts);
    expect(countKinds(batches)).toEqual(counts);
    expect(folded.threads).toHaveLength(1155);
    expect(folded.identities).toHaveLength(146);
    expect(rejected).toEqual([]);
  });
});
