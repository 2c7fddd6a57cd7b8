import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MessageCutter } from "./cut-messages.ts";
import { general, load, message, readBatches, readWarnings, scratch, write } from "./testing.ts";

describe("discord: faults in a file", () => {
  it("takes a file that was cut off anywhere in its messages up to the cut, and says where", async () => {
    const text = await readFile(general);
    const first = text.indexOf('"messages": [') + '"messages": ['.length;
    const whole = (await load(general)).messages;
    const ends = [...text.toString("latin1").matchAll(/\n {4}\}/g)].map((match) => match.index + match[0].length);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: first, max: text.length - 3 }), async (length) => {
        const path = await scratch("general.json", text.subarray(0, length));
        const { records, identity } = await readBatches(path);
        const expected = ends.filter((end) => end <= length).length;
        expect(records.map((record) => record.externalId)).toEqual(whole.slice(0, expected).map((m) => m.id));
        expect(identity).not.toHaveProperty("reported");
        expect(await readWarnings(path)).toEqual([
          expect.stringMatching(
            new RegExp(
              `^general.json is cut off at byte ${length.toLocaleString("en")} \\(line \\d+\\), .*The ${expected} whole messages? (?:was|were) taken`,
            ),
          ),
        ]);
      }),
      { numRuns: 30 },
    );
  });

  it("refuses a file that ends before its messages", async () => {
    const text = await readFile(general, "utf8");
    await expect(readBatches(await scratch("general.json", text.slice(0, 300)))).rejects.toThrow(
      /general.json is cut off at byte 300, before its messages begin/,
    );
  });

  it("says so when an export holds more or fewer messages than it claims, and takes what it holds", async () => {
    const path = await scratch("x.json", write([message(1)], { messageCount: 3 }));
    expect(await readWarnings(path)).toEqual(["x.json says that it holds 3 messages; 1 whole message was taken."]);
    expect((await readBatches(path)).activities).toHaveLength(1);
    expect(await readWarnings(await scratch("x.json", write([message(1)], { messageCount: undefined })))).toEqual([]);
  });

  it.each([
    ["[{}]", /does not begin with "guild"/],
    ['[{"ID": 1, "Contents": "x"}]', /Discord's own data package/],
    ["<!DOCTYPE html><html>", /a web page\. If it came from DiscordChatExporter, export again and choose JSON/],
    ["AuthorID,Author,Date,Content,Attachments,Reactions\n", /CSV\. Export again/],
    ["==============\nGuild: Tidewater\n", /plain text\. Export again/],
    ['<?xml version="1.0"?><discord/>', /XML/],
    ["hello", /no JSON at all/],
  ])("says what %j looks like instead", async (content, words) => {
    await expect(readBatches(await scratch("x.json", content))).rejects.toThrow(words);
  });

  it("refuses an export whose structure is broken, with line and byte", async () => {
    const text = write([message(1), message(2)]);
    await expect(readBatches(await scratch("x.json", text.replace("},\n    {", "}\n    {")))).rejects.toThrow(
      /at line \d+ \(byte \d+\) a "," or "\]" after a message was expected/,
    );
    await expect(readBatches(await scratch("x.json", text.replace('"messages": [', '"messages": [7,')))).rejects.toThrow(/a message was expected/);
    await expect(readBatches(await scratch("x.json", text.replace('"messages"', '"letters"')))).rejects.toThrow(/a list of "messages" was expected/);
    await expect(readBatches(await scratch("x.json", text.replace('"name": "Tidewater"', '"name": 7')))).rejects.toThrow(/guild\.name/);
  });

  it("sets a message that cannot be read aside with its place, and takes the rest", async () => {
    const text = write([
      message(1),
      message(2, { id: 1468154039500800000 }),
      message(3, { author: { name: "x" } }),
      message(4, { content: 7 }),
      message(5, { id: "12", timestamp: "soon" }),
      message(6, { content: "BROKEN" }),
      message(7),
    ]).replace('"BROKEN"', "BROKEN");
    const { activities, rejected, identity } = await readBatches(await scratch("x.json", text));
    expect(activities.map((a) => a.body)).toEqual(["words 1", "words 7"]);
    expect(rejected.map((r) => [r.place, r.reason])).toEqual([
      [
        "x.json: messages[1], line 28",
        expect.stringMatching(/^Message 2, at line 28 of x.json, has a number as its "id", whose last digits are lost/),
      ],
      ["x.json: messages[2], line 41", expect.stringMatching(/"author" without an "id"/)],
      ["x.json: messages[3], line 50", expect.stringMatching(/"content" that is no text/)],
      ["x.json: messages[4], line 63", expect.stringMatching(/no time/)],
      ["x.json: messages[5], line 76", expect.stringMatching(/not valid JSON/)],
    ]);
    expect(identity.reported).toMatchObject({ message: expect.any(Number) });
  });

  it("cuts the same messages out however the stream falls into chunks", () => {
    const text = Buffer.from(`\ufeff${write([message(1, { content: 'Gezeiten – 潮汐 \\" ] } {' }), message(2), message(3)])}`);
    const cut = (sizes: number[]) => {
      const cutter = new MessageCutter("x.json");
      const pieces = [];
      for (let from = 0, turn = 0; from < text.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        pieces.push(...cutter.push(text.subarray(from, from + size)));
        from += size;
      }
      return { pieces, head: cutter.head, end: cutter.end() };
    };
    const expected = cut([text.length]);
    expect(expected.pieces.map((piece) => (JSON.parse(piece.bytes.toString()) as { content: string }).content)).toEqual([
      'Gezeiten – 潮汐 \\" ] } {',
      "words 2",
      "words 3",
    ]);
    expect(expected.pieces.map((piece) => text.subarray(piece.byte, piece.byte + 1).toString())).toEqual(["{", "{", "{"]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 12 }), (sizes) => {
        expect(cut(sizes)).toEqual(expected);
      }),
    );
  });

  it("reads a byte order mark and gzip", async () => {
    const text = write([message(1, { content: 'Gezeiten – 潮汐 \\" ] }' }), message(2)]);
    const marked = await readBatches(await scratch("x.json", `\ufeff${text}`));
    const packed = await readBatches(await scratch("x.json.gz", gzipSync(text)));
    expect(packed.folded).toEqual(marked.folded);
    expect(marked.activities[0]?.body).toBe('Gezeiten – 潮汐 \\" ] }');
  });
});
