import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { openFile } from "#features/ledger/index.ts";
import { countKinds, foldBatches } from "../testing.ts";
import { discord } from "./index.ts";
import { importExport, inspectExport } from "./read-export.ts";
import { ReplyRoots } from "./reply-roots.ts";
import {
  at,
  author,
  direct,
  type ExportFile,
  general,
  id,
  load,
  message,
  readBatches,
  readWarnings,
  real,
  replyTo,
  scratch,
  scratchFolder,
  server,
  write,
} from "./testing.ts";

describe("discord: what an export says", () => {
  it("says of a server's folder and of direct messages what the golden files hold", async () => {
    const { batches } = await readBatches(server);
    await expect(`${JSON.stringify(batches, null, 2)}\n`).toMatchFileSnapshot("fixtures/tidewater.golden.json");
    const { batches: private_ } = await readBatches(direct);
    await expect(`${JSON.stringify(private_, null, 2)}\n`).toMatchFileSnapshot("fixtures/direct.golden.json");
  });

  it("finds who answers whom by itself where nothing was noted while the file was checked", async () => {
    const { signal } = new AbortController();
    const told = async (noted?: unknown) => {
      const records = [];
      for await (const chunk of importExport(server, signal, noted)) records.push(...chunk.records);
      return records;
    };
    const { noted } = await inspectExport(server, signal);
    expect(noted).toBeInstanceOf(ReplyRoots);
    const records = await told(noted);
    expect(JSON.stringify(records)).toContain('"root"');
    expect(records).toEqual(await told());
  });

  it("names the server, the same for every channel of it, and what the files hold by kind", async () => {
    const { identity } = await readBatches(server);
    expect(identity).toEqual({
      origin: "discord:700000000000000001",
      name: "Tidewater",
      reported: { joined: 1, message: 20, pinned: 1, boosted: 1, thread_started: 1, topic_opened: 1 },
    });
    expect((await readBatches(general)).identity.origin).toBe("discord:700000000000000001");
    expect((await readBatches(direct)).identity).toMatchObject({ origin: "discord:dm", name: "Discord direct messages" });
  });

  it("reports the activities that it makes, no more and no less", async () => {
    const { identity, batches } = await readBatches(server);
    expect(countKinds(batches)).toEqual(identity.reported);
  });

  it("keys people by the number of their account, whatever they are called on which server or day", async () => {
    const elsewhere = await scratch(
      "x.json",
      write([message(1, { author: { ...author, name: "mara_new", nickname: "M." } })], {
        guild: { id: "700000000000000002", name: "Lighthouse" },
        exportedAt: "2026-06-01T00:00:00Z",
      }),
    );
    const [batch] = (await readBatches(elsewhere)).batches;
    expect(batch?.identities).toMatchObject([
      {
        platform: "discord",
        externalId: "700000000000001001",
        labels: [
          { kind: "name", value: "M.", at: new Date("2026-06-01") },
          { kind: "login", value: "mara_new", at: new Date("2026-06-01") },
        ],
      },
    ]);
  });

  it("leaves each deleted account unattributed and keeps its thread; who was only called so stays a person", async () => {
    const { activities, folded, batches } = await readBatches(server);
    expect(activities.filter((a) => a.unattributed).map((a) => [a.unattributed, a.author, a.body])).toEqual([
      ["Deleted User", undefined, "Is the sandbox down?"],
      ["Deleted User", undefined, "Same here"],
      ["Deleted User", undefined, "Welcome"],
    ]);
    const down = folded.threads.map(([, thread]) => thread).find((thread) => thread.title === "Is the sandbox down?");
    expect(activities.filter((a) => a.thread === down?.externalId).map((a) => a.body)).toEqual(["Is the sandbox down?", "Same here"]);
    const people = new Set(batches.flatMap((batch) => batch.identities.map((identity) => identity.externalId)));
    expect(people.has("700000000000001003") || people.has("700000000000001004") || people.has("700000000000001007")).toBe(false);
    expect(people.has("700000000000001008")).toBe(true);
  });

  it("takes the true time from the id where the exporter wrote its local zone, also without saying which", async () => {
    const { activities } = await readBatches(join(server, "Tidewater - Text - lounge [700000000000000103].json"));
    expect(activities.map((a) => a.occurredAt.toISOString())).toEqual([
      "2020-07-17T17:03:14.366Z",
      "2020-07-17T17:04:00.000Z",
      "2020-07-17T17:05:00.000Z",
    ]);
    const bare = await scratch("x.json", write([message(1, { timestamp: "2023-11-14T17:13:21.000" }), message(2, { timestamp: null })]));
    expect((await readBatches(bare)).activities.map((a) => a.occurredAt.toISOString())).toEqual([at(1), at(2)]);
  });

  it("takes the stamp where the id is none that Discord made", async () => {
    const path = await scratch("x.json", write([message(1, { id: "100", timestamp: "2020-07-17T19:03:14+02:00" })]));
    expect((await readBatches(path)).activities[0]?.occurredAt.toISOString()).toBe("2020-07-17T17:03:14.000Z");
  });

  it("joins a chain of replies to the message it began with", async () => {
    const { activities, folded } = await readBatches(general);
    const [, question, answer, thanks] = activities;
    expect(answer?.thread).toBe(question?.externalId);
    expect(thanks?.thread).toBe(question?.externalId);
    expect(thanks?.replyTo).toBe(answer?.externalId);
    const thread = folded.threads.find(([key]) => key === question?.externalId)?.[1];
    expect(thread).toMatchObject({ kind: "chat", title: "How do I read the tide table in C++?", opener: { externalId: "700000000000001001" } });
  });

  it("knows replies of older exports, which bear no type of their own, and leaves what a followed channel passed on alone", async () => {
    const { activities: lounge } = await readBatches(join(server, "Tidewater - Text - lounge [700000000000000103].json"));
    expect(lounge[1]?.replyTo).toBe(lounge[0]?.externalId);
    const { activities } = await readBatches(general);
    expect(activities.find((a) => a.body === "Upstream news")).not.toHaveProperty("replyTo");
  });

  it("hangs a thread under its channel, joined to the message it grew out of", async () => {
    const { activities, folded } = await readBatches(server);
    const root = activities.find((a) => a.body?.startsWith("Release 2 is out"));
    const inside = activities.filter((a) => a.thread === root?.externalId);
    expect(inside.map((a) => [a.channel, a.body])).toEqual(
      [
        ["700000000000000101", "Does it run on arm?"],
        ["700000000000000101", "It does."],
        ["700000000000000101", "Release 2 is out, questions in the thread"],
      ].sort((a, b) => inside.findIndex((x) => x.body === a[1]) - inside.findIndex((x) => x.body === b[1])),
    );
    expect(folded.threads.find(([key]) => key === root?.externalId)?.[1]).toMatchObject({
      title: "Release 2 is out, questions in the thread",
      opener: root?.author,
    });
    expect(folded.channels.map(([key]) => key)).toEqual(["700000000000000101", "700000000000000102", "700000000000000103"]);
  });

  it("reads a forum post as a topic under the post's title", async () => {
    const { folded, activities } = await readBatches(join(server, "Tidewater - ideas - Dark mode [1468501327872000000].json"));
    expect(folded.threads.map(([, thread]) => thread)).toMatchObject([{ kind: "topic", title: "Dark mode", channel: "700000000000000102" }]);
    expect(activities.map((a) => [a.kind, a.title, a.body])).toEqual([
      ["topic_opened", "Dark mode", "Please add one.\nMy eyes."],
      ["message", undefined, "Seconded"],
    ]);
  });

  it("tells Discord's own lines apart from what people say, by name and by number", async () => {
    const { activities } = await readBatches(general);
    const lines = activities.filter((a) => a.kind !== "message");
    expect(lines.map((a) => [a.kind, a.body, a.thread])).toEqual([
      ["joined", undefined, undefined],
      ["pinned", undefined, undefined],
      ["boosted", undefined, undefined],
      ["thread_started", undefined, undefined],
    ]);
    expect(lines.find((a) => a.kind === "boosted")?.attributes).toMatchObject({ tier: 2 });
    expect((await readBatches(direct)).activities.map((a) => a.kind)).toEqual(["message", "call"]);
    const odd = await scratch("x.json", write([message(1, { type: "39" }), message(2, { type: "SomethingNew" })]));
    expect((await readBatches(odd)).activities.map((a) => a.kind)).toEqual(["system", "system"]);
  });

  it("keeps direct messages and private threads, and channels named as private, from all but a few", async () => {
    expect((await readBatches(direct)).batches.flatMap((b) => b.channels.map((c) => c.visibility))).toEqual(["restricted", "restricted"]);
    const { batches } = await readBatches(server);
    const leaked = batches.find((batch) => batch.activities[0]?.body?.startsWith("Keys leaked"));
    expect([leaked?.threads[0]?.visibility, leaked?.activities[0]?.visibility, leaked?.channels[0]?.visibility]).toEqual([
      "restricted",
      "restricted",
      "team",
    ]);
    const closed = await readBatches(server, { privateChannels: "#Lounge, 700000000000000102", visibility: "public" });
    expect(Object.fromEntries(closed.folded.channels.map(([key, channel]) => [key, (channel as { visibility: string }).visibility]))).toEqual({
      "700000000000000101": "public",
      "700000000000000102": "restricted",
      "700000000000000103": "restricted",
    });
  });

  it("marks apps and webhooks as bots with the reason, and reads what they show in a box; a link's preview is nobody's words", async () => {
    const { batches, activities } = await readBatches(general);
    const bots = new Map(batches.flatMap((b) => b.identities.filter((i) => i.kind).map((i) => [i.externalId, i.kind?.reason])));
    expect([...bots]).toEqual([
      ["700000000000001005", "Discord marks the account as an app."],
      ["700000000000001006", "The message came through a webhook."],
    ]);
    expect(activities.find((a) => a.body?.startsWith("[Reading"))).toMatchObject({
      body: "[Reading tide tables](https://docs.example.org/tides)\nOpen a table before you read it.\nSince: 1.4",
      attributes: { command: "docs" },
    });
    expect(activities.find((a) => a.body?.startsWith("see"))).toMatchObject({
      body: "see https://docs.example.org/tides",
      attributes: { links: [{ title: "Reading tide tables", url: "https://docs.example.org/tides" }] },
    });
    expect(activities.find((a) => a.body === "Build 7 passed")?.attributes).toEqual({ postedAs: "Build news" });
  });

  it("keeps reactions, mentions, stickers, edits and pins; files as links without their tokens; what was forwarded as a quotation", async () => {
    const { activities, batches } = await readBatches(general);
    expect(activities[1]).toMatchObject({
      attributes: { reactions: { "👍": 3, ":tide:": 2 }, mentions: [{ platform: "discord", externalId: "700000000000001002" }] },
      url: expect.stringMatching(/^https:\/\/discord\.com\/channels\/700000000000000001\/700000000000000101\/\d+$/),
    });
    expect(activities[2]?.editedAt?.toISOString()).toBe("2026-02-01T10:06:00.000Z");
    expect(activities[3]?.attributes).toEqual({ pinned: true });
    expect(activities.find((a) => a.attributes?.attachments)?.attributes?.attachments).toEqual([
      { name: "log.txt", url: "https://cdn.discordapp.com/attachments/1/2/log.txt", sizeBytes: 1200 },
    ]);
    expect(
      batches
        .flatMap((b) => b.threads)
        .filter((t) => /Sticker|log/.test(t.title))
        .map((t) => t.title),
    ).toEqual(["Sticker: Wave", "log.txt"]);
    const forward = activities.find((a) => a.attributes?.forwarded);
    expect(forward).toMatchObject({ body: "> Rate limits rise\n> in March", attributes: { forwarded: { messageId: "700000000000007777" } } });
    expect(forward).not.toHaveProperty("replyTo");
  });

  it("names those whom raw marks mention, where the exporter left them as they are", async () => {
    const raw = "<@700000000000001001> and <@!700000000000001009> <a:wave:700000000000000812> <t:1700000000:R>";
    const path = await scratch("x.json", write([message(1, { content: raw, mentions: [author] })]));
    expect((await readBatches(path)).activities[0]?.body).toBe("@Mara and <@!700000000000001009> :wave: 2023-11-14 22:13 UTC");
  });

  it("takes downloaded files, which are paths on the exporter's disk, as names without a link", async () => {
    const path = await scratch(
      "x.json",
      write([
        message(1, {
          attachments: [{ url: "general.json_Files\\a.png", fileName: "a.png" }],
          author: { ...author, avatarUrl: "general.json_Files/b.png" },
        }),
      ]),
    );
    const { activities, batches } = await readBatches(path);
    expect(activities[0]?.attributes?.attachments).toEqual([{ name: "a.png" }]);
    expect(batches[0]?.identities[0]).not.toHaveProperty("avatarUrl");
  });
});

describe("discord: one server in many files", () => {
  it("says the same of a channel as of its parts, in any order, cut anywhere, overlapping, and zipped or not", async () => {
    const whole = await load(general);
    const expected = (await readBatches(general)).folded;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.shuffledSubarray(whole.messages), { maxLength: 3 }),
        fc.constantFrom("folder", "gzip", "zip"),
        async (parts, form) => {
          parts.push(whole.messages.filter((m) => !parts.flat().includes(m)).reverse());
          const files = Object.fromEntries(
            parts.map((messages, i) => {
              const text = JSON.stringify({ ...whole, messages, messageCount: messages.length });
              const name = `x [700000000000000101]${i === 0 ? "" : ` [part ${i + 1}]`}.json`;
              return form === "gzip" ? [`${name}.gz`, gzipSync(text)] : [name, Buffer.from(text)];
            }),
          );
          const path = form === "zip" ? await scratch("export.zip", Buffer.from(zipSync(files))) : await scratchFolder(files);
          expect((await readBatches(path)).folded).toEqual(expected);
        },
      ),
      { numRuns: 25 },
    );
  });

  it("makes of the same records the same tables in any order", async () => {
    const { batches } = await readBatches(server);
    const expected = foldBatches(batches);
    fc.assert(
      fc.property(fc.shuffledSubarray(batches, { minLength: batches.length }), fc.subarray(batches), (shuffled, again) => {
        expect(foldBatches([...again, ...shuffled])).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  it("finds where a long chain of replies began though its parts are named out of order", async () => {
    const messages = Array.from({ length: 60 }, (_, n) => message(n, n === 0 ? {} : replyTo(n - 1)));
    const part = (from: number, to: number) => write(messages.slice(from, to).reverse());
    const folder = await scratchFolder({
      "c [700000000000000101] [part 10].json": part(40, 60),
      "c [700000000000000101].json": part(0, 20),
      "c [700000000000000101] [part 2].json": part(20, 40),
    });
    const { activities, folded } = await readBatches(folder);
    expect(new Set(activities.map((a) => a.thread))).toEqual(new Set([id(0)]));
    expect(folded.threads).toHaveLength(1);
  });

  it("gives a reply whose beginning is nowhere in the export a thread of its own, without an opener", async () => {
    const { batches } = await readBatches(await scratch("x.json", write([message(5, replyTo(1))])));
    expect(batches[0]?.threads).toMatchObject([{ externalId: id(1), title: "words 5", openedAt: new Date(at(5)) }]);
    expect(batches[0]?.threads[0]).not.toHaveProperty("opener");
  });

  it("lets an older export change nothing, by when it was made", async () => {
    const { records } = await readBatches(general);
    expect(new Set(records.map((record) => record.asOf))).toEqual(new Set(["2026-03-02T08:00:00.000Z"]));
    const { records: old } = await readBatches(join(server, "Tidewater - Text - lounge [700000000000000103].json"));
    expect(old[0]?.asOf).toBe("2020-07-17T17:03:14.366Z");
  });

  it("refuses exports of two servers in one folder, naming both", async () => {
    const folder = await scratchFolder({
      "a [700000000000000101].json": write([message(1)]),
      "b [700000000000000201].json": write([message(2)], { guild: { id: "700000000000000002", name: "Lighthouse" } }),
    });
    await expect(readBatches(folder)).rejects.toThrow(/exports of 2 servers: Tidewater \(1 file\), Lighthouse \(1 file\)/);
  });

  it("leaves other files of a folder out and says which", async () => {
    const folder = await scratchFolder({ "a [700000000000000101].json": write([message(1)]), "notes.json": "{}", "a.json_Files/x.png": "png" });
    expect((await readBatches(folder)).activities).toHaveLength(1);
    expect(await readWarnings(folder)).toEqual(["1 JSON file is no export and was left out: notes.json."]);
  });
});

describe("discord: which files are its own", () => {
  it("knows exports alone, in folders, zips and gzip, and no other chat", async () => {
    expect(discord.recognizes?.(await openFile(general))).toBe(1);
    expect(discord.recognizes?.(await openFile(direct))).toBe(1);
    expect(discord.recognizes?.(await openFile(server))).toBe(0.95);
    expect(discord.recognizes?.(await openFile(await scratch("x.gz", gzipSync(await readFile(general)))))).toBe(1);
    for (const other of [
      '{"guild":"x"}',
      '{"channel":{"id":"1"}}',
      '{"messages":[]}',
      "<?xml?>",
      "[]",
      '{"name":"Tide","type":"private_group","id":1,"messages":[]}',
    ]) {
      expect(discord.recognizes?.(await openFile(await scratch("x.json", other)))).toBe(0);
    }
    const slack = await scratchFolder({ "users.json": "[]", "channels.json": "[]", "general/2026-01-01.json": "[]" });
    expect(discord.recognizes?.(await openFile(slack))).toBe(0);
  });

  it("says nothing of the research format in XML", async (test) => {
    const folder = join(real, "discord-xml");
    if (!existsSync(folder)) test.skip("needs ../shared/data");
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((n) => /\.(?:xml|out)$/.test(n))) {
      expect(discord.recognizes?.(await openFile(join(folder, name)))).toBe(0);
    }
    expect(discord.recognizes?.(await openFile(folder))).toBe(0);
  });
});

describe("discord: real files", () => {
  it("reads the samples of chat-analytics: every different message, nothing set aside, the second time the same", async (test) => {
    const folder = join(real, "discord-export/chat-analytics");
    if (!existsSync(folder)) test.skip("needs ../shared/data");
    for (const name of readdirSync(folder).filter((n) => n.endsWith(".json"))) {
      const path = join(folder, name);
      const given = JSON.parse(readFileSync(path, "utf8")) as ExportFile;
      const expected = new Set(given.messages.map((m) => m.id)).size;
      const first = await readBatches(path);
      expect(first.folded.activities).toHaveLength(expected);
      expect(Object.values(first.identity.reported ?? {}).reduce((sum, n) => sum + n, 0)).toBe(expected);
      expect(first.rejected).toEqual([]);
      expect(discord.recognizes?.(await openFile(path))).toBe(1);
      expect((await readBatches(path)).records).toEqual(first.records);
    }
  });
});
