import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openFile } from "#features/ledger/index.ts";
import { foldBatches, readFileWith, scratch } from "../testing.ts";
import { matrixBotReason, readBridge } from "./bridge.ts";
import { matrix } from "./index.ts";

const fixture = join(import.meta.dirname, "fixtures/element.json");
const roomId = "!harbour:tide.example";
const start = 1_770_000_000_000;
const minute = (n: number) => new Date(start + n * 60_000);

interface Raw {
  event_id: string;
  room_id?: string;
  content: Record<string, unknown>;
  [field: string]: unknown;
}

async function read(path: string, given: object = {}) {
  const settings = matrix.settings.parse(given);
  const { identity, records, rejected, chunks } = await readFileWith(matrix, path, given);
  const batches = records.map((record) => matrix.normalize(record, settings));
  const activities = batches.flatMap((batch) => batch.activities);
  return {
    identity,
    records,
    rejected,
    chunks,
    batches,
    activities,
    folded: foldBatches(batches),
    byId: new Map(activities.map((a) => [a.externalId, a])),
  };
}

const eventsOf = async (): Promise<Raw[]> => (JSON.parse(await readFile(fixture, "utf8")) as { messages: Raw[] }).messages;

describe("matrix: Element's export", () => {
  it("says of the fixture what the golden file holds", async () => {
    const { batches } = await read(fixture);
    await expect(`${JSON.stringify(batches, null, 2)}\n`).toMatchFileSnapshot("fixtures/element.golden.json");
  });

  it("is of its room, and counts what people said and nothing else", async () => {
    const { identity, activities } = await read(fixture);
    expect(identity).toEqual({ origin: `matrix:${roomId}`, name: "Harbour", reported: { message: 13 } });
    // The two that are encrypted cannot be read.
    expect(activities).toHaveLength(11);
  });

  it("shows an edited message with its last words and the edit's time, as one message", async () => {
    const { byId } = await read(fixture);
    expect(byId.get("$e11")).toMatchObject({ body: "Use three lines.", occurredAt: minute(11), editedAt: minute(13) });
    expect(byId.has("$e13")).toBe(false);
  });

  it("takes no edit from anybody but the writer", async () => {
    const events = await eventsOf();
    const forged = events.map((event) => (event.event_id === "$e13" ? { ...event, sender: "@mallory:elsewhere.example" } : event));
    const { byId } = await read(await scratch("x.json", JSON.stringify({ chunk: forged })));
    expect(byId.get("$e11")?.editedAt).toBeUndefined();
    expect(byId.get("$e11")?.body).toBe("Use two lines, [Mara](x).");
  });

  it("counts reactions, and not those that were taken back", async () => {
    const { byId } = await read(fixture);
    expect(byId.get("$e11")?.attributes).toMatchObject({ reactions: { "👍": 1 } });
    expect(byId.get("$e10")?.attributes).toBeUndefined();
  });

  it("leaves out the quote in front of an answer, and names who is mentioned", async () => {
    const { byId } = await read(fixture);
    expect(byId.get("$e12")).toMatchObject({
      body: "That holds.",
      replyTo: "$e11",
      attributes: { mentions: [{ platform: "matrix", externalId: "@ilo:shore.example" }] },
    });
  });

  it("puts a chain of answers into one thread, and leaves threads that were opened as such alone", async () => {
    const { activities, byId } = await read(fixture);
    const arranger = matrix.arrangeThreads?.();
    if (!arranger) throw new Error("no arranger");
    for (const activity of [...activities].reverse()) arranger.add({ ...activity, attributes: activity.attributes ?? {} });
    const threadOf = (externalId: string) => arranger.threadOf({ externalId, kind: "message" });
    expect(["$e10", "$e11", "$e12"].map(threadOf)).toEqual(["$e10", "$e10", "$e10"]);
    expect(["$e20", "$e21", "$e22"].map(threadOf)).toEqual(["$e20", "$e20", "$e20"]);
    expect(threadOf("$e33")).toBe("$e33");
    // In a thread, what old clients are shown as answered was not answered.
    expect(byId.get("$e22")?.replyTo).toBe("$e20");
  });

  it("ends a ring of answers, which a server may make up", () => {
    const arranger = matrix.arrangeThreads?.();
    const at = { kind: "message", occurredAt: minute(0), attributes: {} };
    arranger?.add({ ...at, externalId: "$a", replyTo: "$b" });
    arranger?.add({ ...at, externalId: "$b", replyTo: "$a" });
    expect(arranger?.threadOf({ ...at, externalId: "$a" })).toBe(arranger?.threadOf({ ...at, externalId: "$b" }));
  });

  it("keeps a redacted message without its words, also where the file still has them", async () => {
    expect((await read(fixture)).byId.get("$e30")).toMatchObject({ deletedAt: minute(31), author: { externalId: "@ilo:shore.example" } });
    const events = [
      ...(await eventsOf()),
      {
        type: "m.room.redaction",
        event_id: "$r",
        room_id: roomId,
        sender: "@mara:tide.example",
        origin_server_ts: start + 90 * 60_000,
        content: { redacts: "$e20" },
      },
    ];
    const { records, byId } = await read(await scratch("x.json", JSON.stringify(events)));
    expect(byId.get("$e20")).toMatchObject({ deletedAt: minute(90) });
    expect(byId.get("$e20")?.body).toBeUndefined();
    expect(JSON.stringify(records)).not.toContain("Release party?");
  });

  it("sets aside what is encrypted, what edits a message of before, and what has no time, each with its reason", async () => {
    const { rejected } = await read(fixture);
    expect(rejected.map(({ externalId, reason }) => [externalId, reason])).toEqual([
      ["$e34", "The message $e34 of @ilo:shore.example is encrypted, and its key is not here."],
      ["$e35", "The message $e35 of @ilo:shore.example is encrypted, and its key is not here."],
      [undefined, expect.stringMatching(/origin_server_ts/) as string],
      ["$e36", "@mara:tide.example edited the message $before, which is not in the file."],
    ]);
    expect(rejected[2]?.place).toMatch(/^element\.json, messages\[\d+\] \(line \d+\)$/);
    expect(JSON.stringify(rejected)).not.toContain("AwgA");
  });

  it("names those who wrote, and nobody who only joined", async () => {
    const { batches, activities } = await read(fixture);
    const named = batches.flatMap((b) => b.identities).filter((i) => i.labels?.length);
    expect(named.map((i) => [i.externalId, i.labels?.[0]?.value, i.labels?.[0]?.at])).toEqual([
      ["@mara:tide.example", "Mara", minute(2)],
      ["@ilo:shore.example", "Ilo Brandt", minute(4)],
    ]);
    expect(activities.every(({ kind }) => kind === "message")).toBe(true);
  });

  it("keeps the Matrix id of people behind a bridge, and notes network and id beside the message", async () => {
    const { byId } = await read(fixture);
    expect(byId.get("$e21")).toMatchObject({
      author: { platform: "matrix", externalId: "@_discord_123456789012345678:bridge.example" },
      attributes: { bridged: { network: "discord", id: "123456789012345678" } },
    });
    expect(byId.get("$e22")?.attributes).toMatchObject({ bridged: { network: "slack", team: "T024BE7LD", id: "U024BE7LH" } });
    expect(byId.get("$e23")).toMatchObject({
      body: "* tessa-57542ae7c43b8c601977a0b6 waves",
      attributes: { bridged: { network: "gitter", id: "57542ae7c43b8c601977a0b6" } },
    });
    expect(readBridge("@gitter_ilo:matrix.example")).toEqual({ network: "gitter", id: "ilo" });
    expect(readBridge("@_discord_bot:bridge.example")).toBeUndefined();
    expect(matrixBotReason("@_discord_bot:bridge.example")).toMatch(/bot of a bridge/);
    expect(matrixBotReason("@abbot:tide.example")).toBeUndefined();
  });

  it("reads polls, pictures and notices of programs", async () => {
    const { byId, batches } = await read(fixture);
    expect(byId.get("$e37")?.body).toBe("Which knot?\n- Bowline\n- Cleat");
    expect(byId.get("$e32")).toMatchObject({
      attributes: { attachments: [{ name: "chart.png", url: "mxc://tide.example/abc", type: "image/png", sizeBytes: 1234 }] },
    });
    expect(byId.get("$e32")?.body).toBeUndefined();
    expect(byId.get("$e33")?.attributes).toMatchObject({ notice: true });
    expect(batches.flatMap((b) => b.identities).find((i) => i.kind)?.externalId).toBe("@build-bot:tide.example");
  });

  it("shows a room that not everybody may join to few", async () => {
    const closed = (await readFile(fixture, "utf8")).replace('"join_rule": "public"', '"join_rule": "invite"');
    const visibility = async (path: string) =>
      (await read(path, { visibility: "public" })).batches.find((b) => b.channels.length)?.channels[0]?.visibility;
    expect(await visibility(fixture)).toBe("public");
    expect(await visibility(await scratch("closed.json", closed))).toBe("restricted");
  });

  it("refuses an export that is cut off, with the place", async () => {
    const cut = (await readFile(fixture, "utf8")).slice(0, 3100);
    const path = await scratch("cut.json", cut);
    expect(matrix.recognizes?.(await openFile(path))).toBe(1);
    await expect(read(path)).rejects.toThrow(/cut\.json is cut off: it ends at byte 3,\d{3} \(line \d+\) inside messages\[\d+\]/);
    await expect(read(await scratch("x.json", '{"issues":[]}'))).rejects.toThrow(/holds no events of Matrix/);
  });

  it("takes an export without messages for what it is", async () => {
    const path = await scratch("empty.json", JSON.stringify({ room_name: "Harbour", exported_by: "Mara", messages: [] }));
    expect((await read(path)).identity.reported).toEqual({ message: 0 });
  });
});

describe("matrix: saved answers of the API", () => {
  it("reads the same messages from /messages, /sync, a list, lines and gzip", async () => {
    const events = await eventsOf();
    const withoutRoom = events.map(({ room_id, ...event }) => event);
    const chunk = await read(await scratch("m.json", JSON.stringify({ start: "t1", end: "t2", chunk: [...events].reverse() })));
    const expected = chunk.folded;
    const sync = {
      next_batch: "s1",
      rooms: { join: { [roomId]: { state: { events: withoutRoom.slice(0, 5) }, timeline: { events: withoutRoom.slice(5), limited: true } } } },
    };
    const lines = events.map((event) => JSON.stringify(event)).join("\n");
    for (const [name, content] of [
      ["sync.json", JSON.stringify(sync)],
      ["list.json", JSON.stringify(events)],
      ["pages.json", JSON.stringify([{ chunk: events.slice(0, 9) }, { chunk: events.slice(7) }])],
      ["lines.jsonl", lines],
      ["lines.jsonl.gz", gzipSync(lines)],
    ] as const) {
      const path = await scratch(name, content);
      expect((await read(path)).folded, name).toEqual(expected);
      expect(matrix.recognizes?.(await openFile(path)), name).toBe(0.95);
    }
    await expect(read(await scratch("cut.jsonl", lines.slice(0, -20)))).rejects.toThrow(/not valid JSON at line \d+: it may be cut off/);
  });

  it("finds edit and reactions in whichever file of a folder they are, and reads overlapping pages once", async () => {
    const events = await eventsOf();
    const folder = join(await mkdtemp(join(tmpdir(), "causeway-matrix-")), "pages");
    await mkdir(folder);
    await writeFile(join(folder, "2.json"), JSON.stringify({ chunk: events.slice(0, 10) }));
    await writeFile(join(folder, "1.json"), JSON.stringify({ chunk: events.slice(7) }));
    await writeFile(join(folder, "picture.png"), Buffer.from([1, 2, 3]));
    const whole = await read(await scratch("m.json", JSON.stringify({ chunk: events })));
    const parts = await read(folder);
    expect(parts.folded).toEqual(whole.folded);
    expect(parts.activities).toHaveLength(whole.activities.length);
  });

  it("takes the edit that the server puts beside the message", async () => {
    const [event] = (await eventsOf()).filter(({ event_id }) => event_id === "$e10");
    const edit = {
      event_id: "$later",
      sender: "@mara:tide.example",
      origin_server_ts: start + 99 * 60_000,
      content: { "m.new_content": { msgtype: "m.text", body: "Better words" } },
    };
    const path = await scratch("m.json", JSON.stringify({ chunk: [{ ...event, unsigned: { "m.relations": { "m.replace": edit } } }] }));
    expect((await read(path)).byId.get("$e10")).toMatchObject({ body: "Better words", editedAt: minute(99) });
  });

  it("knows a room by its id alone where nothing says more, and gives way to who knows it", async () => {
    const [event] = (await eventsOf()).filter(({ event_id }) => event_id === "$e10");
    const { batches, identity } = await read(await scratch("m.json", JSON.stringify({ chunk: [event] })));
    expect(identity.name).toBe(roomId);
    expect(batches[0]?.channels).toMatchObject([{ externalId: roomId, name: roomId, partial: true }]);
  });
});

it("ends in the same tables in whatever order and parts the records come, however old an export is brought in later", async () => {
  const { records } = await read(fixture);
  const settings = matrix.settings.parse({});
  const whole = foldBatches(records.map((record) => matrix.normalize(record, settings)));
  fc.assert(
    fc.property(fc.shuffledSubarray(records, { minLength: records.length }), fc.shuffledSubarray(records), (all, again) => {
      expect(foldBatches([...again, ...all].map((record) => matrix.normalize(record, settings)))).toEqual(whole);
    }),
  );
  const early = (await eventsOf()).filter(({ event_id }) => !["$e13", "$e14"].includes(event_id));
  const before = (await read(await scratch("m.json", JSON.stringify({ chunk: early })))).records.find((r) => r.externalId === "$e11");
  const after = records.find((r) => r.externalId === "$e11");
  expect(before?.asOf && after?.asOf && before.asOf < after.asOf).toBe(true);
});

it("reads the same records in whatever order events stand in the files, copies that are stripped of their words among them", async () => {
  const at = (n: number) => start + n * 60_000;
  const event = (id: string, n: number, more: object) => ({
    event_id: id,
    room_id: roomId,
    type: "m.room.message",
    sender: "@ada:tide.example",
    origin_server_ts: at(n),
    content: { msgtype: "m.text", body: id },
    ...more,
  });
  const edit = (id: string, target: string, n: number) =>
    event(id, n, {
      content: { msgtype: "m.text", "m.new_content": { msgtype: "m.text", body: id }, "m.relates_to": { rel_type: "m.replace", event_id: target } },
    });
  const reaction = (id: string, target: string, n: number) =>
    event(id, n, { type: "m.reaction", content: { "m.relates_to": { rel_type: "m.annotation", event_id: target, key: "👍" } } });
  const redaction = (id: string, target: string, n: number) => event(id, n, { type: "m.room.redaction", redacts: target, content: {} });
  const events = [
    event("$a", 1, {}),
    event("$b", 2, {}),
    event("$b", 2, { content: {} }),
    redaction("$r1", "$b", 9),
    event("$c", 3, { unsigned: { redacted_because: { origin_server_ts: at(7) } }, content: {} }),
    event("$d", 4, { content: {} }),
    edit("$e1", "$a", 5),
    edit("$e2", "$a", 6),
    redaction("$r2", "$e2", 8),
    reaction("$x1", "$a", 5),
    reaction("$x2", "$a", 4),
    reaction("$x3", "$d", 4),
  ];
  const folder = await mkdtemp(join(tmpdir(), "causeway-matrix-order-"));
  const recordsOf = async (list: readonly object[], cut: number) => {
    await writeFile(join(folder, "1.json"), JSON.stringify(list.slice(0, cut)));
    await writeFile(join(folder, "2.json"), JSON.stringify([...list.slice(cut), ...list.slice(0, 2)]));
    const { records } = await read(folder);
    return records.toSorted((x, y) => (x.externalId < y.externalId ? -1 : 1));
  };
  const expected = await recordsOf(events, 5);
  // Either copy of $b may be read first; what both become is the same.
  const told = expected.map(({ externalId, asOf, payload }) => [externalId, asOf, (payload as { redactedAt?: number }).redactedAt]);
  expect(told.map(([id, , redacted]) => [id, redacted])).toEqual([
    ["$a", undefined],
    ["$b", at(9)],
    ["$c", at(7)],
    ["$d", at(4) + 1],
  ]);
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(events, { minLength: events.length }), fc.nat(events.length), async (list, cut) => {
      expect(await recordsOf(list, cut)).toEqual(expected);
    }),
    { numRuns: 25 },
  );
});
