import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldBatches, readFileWith } from "../testing.ts";
import { template } from "./index.ts";

const fixture = join(import.meta.dirname, "fixtures/topics.jsonl");
const settings = template.settings.parse({});

async function scratch(content: string | Buffer): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "causeway-template-")), "topics.jsonl");
  await writeFile(path, content);
  return path;
}

describe("the template of a connector", () => {
  it("says of the fixture what the golden file holds", async () => {
    const { records, identity } = await readFileWith(template, fixture);
    expect(identity).toEqual({ origin: "template:example", name: "example", reported: { topic_opened: 2 } });
    const batches = records.map((record) => template.normalize(record, settings));
    await expect(`${JSON.stringify(batches, null, 2)}\n`).toMatchFileSnapshot("fixtures/topics.golden.json");
  });

  it("refuses a file that is cut off before anything is stored", async () => {
    await expect(readFileWith(template, await scratch('{"topic":{"id":1}}\n{"topic":{"id'))).rejects.toThrow(/no JSON at line 2/);
  });

  it("sets aside what cannot be used, with its place", async () => {
    const { records, rejected } = await readFileWith(template, await scratch('{"topic":{"id":1}}\n{"topic":{}}\n'));
    expect(rejected).toMatchObject([{ place: "topics.jsonl, line 2" }]);
    expect(() => template.normalize(records[0] ?? { stream: "", externalId: "", payload: null }, settings)).toThrow(/title .*expected string/);
  });

  it("reads a packed file as the file itself", async () => {
    const packed = await scratch(gzipSync(await readFile(fixture)));
    expect((await readFileWith(template, packed)).records).toEqual((await readFileWith(template, fixture)).records);
  });

  it("ends in the same tables in whatever order and parts the records come", async () => {
    const { records } = await readFileWith(template, fixture);
    const fold = (some: typeof records) => foldBatches(some.map((record) => template.normalize(record, settings)));
    const whole = fold(records);
    fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: records.length }), fc.shuffledSubarray(records), (all, again) => {
        expect(fold([...again, ...all])).toEqual(whole);
      }),
    );
  });
});
