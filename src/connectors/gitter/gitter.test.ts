import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openFile } from "#features/ledger/index.ts";
import { countKinds, foldBatches, readFileWith } from "../testing.ts";
import { gitter } from "./index.ts";

const fixture = join(import.meta.dirname, "fixtures/messages.json");
const real = join(import.meta.dirname, "../../../../shared/data/gitter-api/chaoss-perceval");
const settings = gitter.settings.parse({});

async function read(path: string, given: object = {}) {
  const { identity, records, rejected } = await readFileWith(gitter, path, given);
  const batches = records.map((record) => gitter.normalize(record, settings));
  const activities = batches.flatMap((batch) => batch.activities);
  return { identity, records, rejected, batches, folded: foldBatches(batches), byId: new Map(activities.map((a) => [a.externalId.slice(-1), a])) };
}

async function folderOf(files: Record<string, string | Buffer>): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), "causeway-gitter-")), "gitter-room");
  await mkdir(folder);
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

const roomRow = (uri: string, more: object = {}) => ({
  id: `room-${uri}`,
  name: uri,
  uri,
  oneToOne: false,
  githubType: "REPO_CHANNEL",
  security: "PUBLIC",
  public: true,
  ...more,
});

describe("gitter", () => {
  it("says of the fixture what the golden file holds", async () => {
    const { batches } = await read(fixture, { room: "tide/tools" });
    await expect(`${JSON.stringify(batches, null, 2)}\n`).toMatchFileSnapshot("fixtures/messages.golden.json");
  });

  it("keeps a thread whose root was deleted or came from nobody, and leaves ghosts unattributed", async () => {
    const { byId, folded } = await read(fixture);
    expect(byId.get("4")).toMatchObject({ unattributed: "ghost", deletedAt: new Date("2021-02-03T11:30:00Z"), thread: "600000000000000000000004" });
    expect(byId.get("5")?.thread).toBe(byId.get("4")?.thread);
    expect(byId.get("3")).toMatchObject({ unattributed: "deleted user", body: "Me too" });
    expect(folded.threads.map(([, thread]) => thread.title)).toEqual(["How do I run the *tests* on Windows? See #12", "(deleted message)"]);
  });

  it("sets aside a message without a time, with its place, and keeps the rest", async () => {
    const { rejected, records, identity } = await read(fixture);
    expect(rejected).toMatchObject([
      { place: "messages.json, item 6 (line 29)", reason: expect.stringMatching(/sent is no date and time/) as string },
    ]);
    expect(records).toHaveLength(5);
    expect(identity.reported).toEqual({ message: 6 });
  });

  it("drops what concerns the reader, so that every export of a message is the same", async () => {
    expect(JSON.stringify((await read(fixture)).records)).not.toMatch(/readBy|unread/);
  });

  it("reads the room export's lines, packed too, with users given by id alone", async () => {
    const rows = JSON.parse(await readFile(fixture, "utf8")) as { fromUser: { id: string } | null }[];
    const lines = rows.map((row) => JSON.stringify(row)).join("\n");
    const folder = await folderOf({ "messages.ndjson": lines, "messages.ndjson.gz": gzipSync(lines) });
    const whole = await read(fixture, { room: "tide/tools" });
    expect((await read(join(folder, "messages.ndjson"), { room: "tide/tools" })).folded).toEqual(whole.folded);
    expect((await read(join(folder, "messages.ndjson.gz"), { room: "tide/tools" })).folded).toEqual(whole.folded);
    const short = await folderOf({ "messages.ndjson": rows.map((row) => JSON.stringify({ ...row, fromUser: row.fromUser?.id })).join("\n") });
    expect((await read(short)).byId.get("1")?.author).toEqual({ platform: "gitter", externalId: "id:500000000000000000000001" });
  });

  it("takes the room from a list beside the messages, closed rooms to few", async () => {
    const messages = await readFile(fixture);
    const folder = await folderOf({
      "page1.json": messages,
      rooms: JSON.stringify([roomRow("tide/private", { security: "PRIVATE", public: false })]),
    });
    const { identity, batches } = await read(folder);
    expect(identity).toMatchObject({ origin: "gitter:tide/private", name: "tide/private" });
    expect(batches[0]?.channels).toMatchObject([{ externalId: "room-tide/private", visibility: "restricted" }]);
    const two = await folderOf({ "page1.json": messages, rooms: JSON.stringify([roomRow("a/b"), roomRow("tide/tools")]) });
    expect((await read(two)).identity.name).toBe("gitter-room");
    expect((await read(two, { room: "Tide/Tools" })).batches[0]?.channels).toMatchObject([{ externalId: "room-tide/tools", visibility: "team" }]);
  });

  it("refuses what is cut off, is no JSON, or holds no messages, saying so", async () => {
    const text = await readFile(fixture, "utf8");
    const folder = await folderOf({
      "cut.json": text.slice(0, 900),
      "cut.ndjson": '{"id":"1","sent":"2021-02-03T10:00:00Z","fromUser":null}\n{"id":',
      "other.json": '[{"a":1}]',
      rooms: JSON.stringify([roomRow("a/b")]),
      "log.txt": "[2016-11-20 07:02:10] <someone> hello\n",
    });
    await expect(read(join(folder, "cut.json"))).rejects.toThrow(/cut off: it ends at byte 900/);
    await expect(read(join(folder, "cut.ndjson"))).rejects.toThrow(/not valid JSON at line 2/);
    await expect(read(join(folder, "other.json"))).rejects.toThrow(/holds no messages as Gitter's API/);
    await expect(read(join(folder, "rooms"))).rejects.toThrow(/lists rooms and holds no messages/);
    await expect(read(join(folder, "log.txt"))).rejects.toThrow(/not valid JSON at line 1/);
    expect(gitter.recognizes?.(await openFile(join(folder, "log.txt")))).toBe(0);
    expect(gitter.recognizes?.(await openFile(join(folder, "rooms")))).toBe(0);
    expect(gitter.recognizes?.(await openFile(fixture))).toBe(1);
  });

  it("ends in the same tables in whatever order and parts the records come", async () => {
    const { records } = await read(fixture);
    const whole = foldBatches(records.map((record) => gitter.normalize(record, settings)));
    fc.assert(
      fc.property(fc.shuffledSubarray(records, { minLength: records.length }), fc.shuffledSubarray(records), (all, again) => {
        expect(foldBatches([...again, ...all].map((record) => gitter.normalize(record, settings)))).toEqual(whole);
      }),
    );
  });

  it.skipIf(!existsSync(real))("reads real answers whole, twice alike (skipped where ../shared/data is absent)", async () => {
    const rows = ["message_page_1", "message_page_2", "message_empty"].flatMap(
      (name) => JSON.parse(readFileSync(join(real, name), "utf8")) as { id: string }[],
    );
    const first = await read(real, { room: "testapicomm/community" });
    expect(first.identity).toEqual({ origin: "gitter:testapicomm/community", name: "testapicomm/community", reported: { message: rows.length } });
    expect(countKinds(first.batches)).toEqual({ message: rows.length });
    expect(first.rejected).toEqual([]);
    expect((await read(real, { room: "testapicomm/community" })).records).toEqual(first.records);
    expect((await read(join(real, "message_empty"))).identity.reported).toEqual({ message: 0 });
    expect(gitter.recognizes?.(await openFile(join(real, "message_page_1")))).toBe(1);
  });
});
