import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RawRecord } from "#features/ledger/index.ts";
import { countKinds, foldBatches } from "../testing.ts";
import { chatKey, readPeer } from "./format.ts";
import { telegram } from "./index.ts";
import { importExport } from "./read-export.ts";
import { account, chat, fixtures, forum, key, message, read, say, scratch, write } from "./testing.ts";

describe("telegram: a group's export", () => {
  it("says of the fixtures what the golden files hold", async () => {
    for (const name of ["forum", "account"]) {
      const { batches } = await read(join(fixtures, `${name}.json`));
      await expect(`${JSON.stringify(batches, null, 2)}\n`).toMatchFileSnapshot(`fixtures/${name}.golden.json`);
    }
  });

  it("is named by its id, which stays when it is renamed, and reports what it holds", async () => {
    const { identity } = await read(forum);
    expect(identity).toEqual({ origin: `telegram:${key}`, name: "Tide Tools", reported: { message: 14, joined: 2, topic_opened: 1 } });
    const renamed = (await readFile(forum, "utf8")).replace('"name": "Tide Tools"', '"name": "Ebb Tools"');
    expect((await read(await scratch(renamed))).identity.origin).toBe(`telegram:${key}`);
  });

  it("leaves out what Telegram notes by itself, but not who joined and which topics were opened", async () => {
    const { activities, batches } = await read(forum);
    expect(countKinds(batches)).toEqual({ message: 14, joined: 2, topic_opened: 1 });
    expect(activities.filter((a) => a.kind === "joined").map((a) => a.author?.externalId)).toEqual(["id:700000002", "id:700000003"]);
  });

  it("puts a message under a topic or the message that it answers, and not under one of another chat", async () => {
    const { byId } = await read(forum);
    expect(byId.get(`${key}/6`)).toMatchObject({ thread: `${key}/2`, replyTo: `${key}/2` });
    expect(byId.get(`${key}/7`)).toMatchObject({ thread: `${key}/6`, replyTo: `${key}/6` });
    expect(byId.get(`${key}/12`)?.replyTo).toBeUndefined();
    const arranger = telegram.arrangeThreads?.();
    const activities = [...byId.values()].filter(({ kind }) => arranger?.kinds.includes(kind));
    for (const a of activities) arranger?.add({ ...a, attributes: a.attributes });
    const threads = Object.fromEntries(activities.map((a) => [a.externalId.split("/")[1], arranger?.threadOf(a)]));
    expect(threads).toMatchObject({ 2: `${key}/2`, 6: `${key}/2`, 7: `${key}/2`, 8: `${key}/2`, 9: `${key}/9`, "-999999989": `${key}/-999999990` });
  });

  it("keeps apart what was written before the group became a supergroup: below zero there, with its own id where it was", async () => {
    const { byId } = await read(forum);
    expect(byId.get(`${key}/-999999990`)).toMatchObject({ body: "From before the group grew" });
    expect(byId.get(`${key}/-999999990`)?.url).toBeUndefined();
    expect(chatKey({ ...chat, type: "private_group" })).not.toBe(chatKey(chat));
  });

  it("reads marked words as Markdown, from a text, from parts, or from text_entities alone", async () => {
    const { byId } = await read(forum);
    expect(byId.get(`${key}/6`)?.body).toBe(
      "How do I install on **ARM**? I tried `tide up`, see [the log](https://example.com/log%281%29)\n\n```sh\nerror 7\nstop\n```",
    );
    const parts = [
      { type: "bold", text: " loud " },
      { type: "italic", text: "soft" },
      { type: "strikethrough", text: "gone" },
      { type: "blockquote", text: "a\nb" },
      { type: "code", text: "a`b" },
      { type: "hashtag", text: "#tag" },
    ];
    expect((await say({ text: undefined, text_entities: parts })).activity?.body).toBe(" **loud** _soft_~~gone~~\n> a\n> b\n\n`` a`b ``#tag".trim());
    expect((await say({ text: "a\r\nb" })).activity?.body).toBe("a\nb");
  });

  it("counts reactions, and names people who are mentioned by their ids", async () => {
    const { byId } = await read(forum);
    expect(byId.get(`${key}/6`)?.attributes).toMatchObject({ reactions: { "👍": 2, "custom emoji": 1, "⭐": 3 } });
    expect(byId.get(`${key}/7`)?.attributes).toEqual({ mentions: [{ platform: "telegram", externalId: "id:700000002" }] });
  });

  it("tells an edit, and takes the beginning of 1970 for none", async () => {
    expect((await read(forum)).byId.get(`${key}/7`)?.editedAt).toEqual(new Date(1_767_600_260_000));
    expect((await say({ edited: "1970-01-01T01:00:00" })).activity?.editedAt).toBeUndefined();
  });

  it("never makes a person of a deleted account, a channel or an anonymous admin", async () => {
    const { byId, batches } = await read(forum);
    expect(byId.get(`${key}/8`)).toMatchObject({ unattributed: "Deleted Account", replyTo: `${key}/7` });
    expect(byId.get(`${key}/9`)).toMatchObject({ unattributed: "Tide Tools", attributes: { signedBy: "Mara" } });
    expect(new Set(batches.flatMap((b) => b.identities.map((i) => i.externalId)))).toEqual(
      new Set(["id:5000000001", "id:700000002", "id:700000003", "id:700000010"]),
    );
    expect((await say({ from: "Deleted Account" })).identity).toBeUndefined();
  });

  it("marks bots by what only bots do, with the reason", async () => {
    const bots = (path: string, given = {}) => read(path, given).then(({ batches }) => batches.flatMap((b) => b.identities).filter((i) => i.kind));
    expect((await bots(forum)).map((i) => i.kind?.reason)).toEqual(["Its messages have buttons below them, which only bots can put there."]);
    expect((await bots(account, { chats: "*" })).map((i) => i.externalId)).toEqual(["id:700000010"]);
    expect((await say({ via_bot: "@gif", inline_bot_buttons: [[{}]] })).identity?.kind).toBeUndefined();
    expect((await say({ forwarded_from: "Herald", inline_bot_buttons: [[{}]] })).identity?.kind).toBeUndefined();
  });

  it("names files without a link, and takes the note that a file was left out for no name", async () => {
    const { byId, batches } = await read(forum);
    expect(byId.get(`${key}/11`)?.attributes).toEqual({ attachments: [{ type: "image" }] });
    expect(byId.get(`${key}/12`)?.attributes).toEqual({ attachments: [{ name: "tide.log", type: "text/plain", sizeBytes: 2048 }] });
    expect((await say({ photo: "photos/photo_1@05-01-2026.jpg" })).activity?.attributes).toEqual({
      attachments: [{ name: "photo_1@05-01-2026.jpg", type: "image" }],
    });
    const left = "(File exceeds maximum size. Change data exporting settings to download.)";
    expect((await say({ file: `film.mp4 ${left}`, text: "" })).thread?.title).toBe("film.mp4");
    const titles = batches.flatMap((b) => b.threads.map((t) => t.title));
    expect(titles).toEqual(expect.arrayContaining(["Photo", "Sticker: 🌊", "Animation", "Which day?"]));
    expect(JSON.stringify(batches)).not.toMatch(/not included|exceeds/);
  });

  it("quotes what was forwarded and says from whom", async () => {
    expect((await read(forum)).byId.get(`${key}/13`)).toMatchObject({
      body: "> Read this\n> https://example.com/news",
      attributes: { forwarded: { from: "Harbour News" } },
    });
    expect((await say({ forwarded_from: null })).activity?.attributes).toEqual({ forwarded: { from: "Deleted Account" } });
  });

  it("takes over neither telephones nor places, and nothing twice", async () => {
    const text = JSON.stringify([(await read(forum)).records, (await read(account, { chats: "*" })).records]);
    expect(text).not.toMatch(/\+00|phone_number|text_entities|ci\.example/);
  });

  it("sets aside what Telegram Desktop could not write, and entries without an id or a time", async () => {
    expect((await read(forum)).rejected).toMatchObject([
      { externalId: `${key}/19`, place: "forum.json: messages[20], line 440", reason: expect.stringMatching(/of a sort that/) as string },
    ]);
    const { rejected, faults, activities } = await read(await scratch(write([7, { id: "x" }, message(3, { date_unixtime: "?" }), message(4)])));
    expect(rejected.map(({ place }) => place)).toEqual(["result.json: messages[0], line 1", "result.json: messages[1], line 1"]);
    expect(faults).toMatchObject([{ place: "message.date" }]);
    expect(activities).toHaveLength(1);
  });
});

describe("telegram: who may see what", () => {
  it.each([
    ["public_supergroup", "public"],
    ["public_channel", "public"],
    ["private_supergroup", "members"],
    ["private_channel", "members"],
    ["private_group", "members"],
    ["personal_chat", "restricted"],
    ["bot_chat", "restricted"],
    ["saved_messages", "restricted"],
    ["replies", "restricted"],
    ["of_a_later_day", "members"],
  ])("shows a %s to %s", async (type, visibility) => {
    const { channel } = await say({}, { ...chat, type }, { visibility: "public", privateGroups: "members" });
    expect(channel?.visibility).toBe(visibility);
  });

  it("shows private groups to few unless told otherwise", async () => {
    expect((await say({})).channel?.visibility).toBe("restricted");
  });
});

describe("telegram: an account's export", () => {
  it("reads every chat, those that were left too, each under its own key", async () => {
    const { identity, folded, batches } = await read(account, { chats: "*" });
    expect(identity).toEqual({ origin: "telegram:account-5000000001", name: "Telegram of Mara Quill", reported: { message: 10 } });
    expect(countKinds(batches)).toEqual({ message: 10 });
    expect(folded.channels.map(([id, { name, visibility }]) => [id, name, visibility])).toEqual([
      ["channel1700000003", "Tide News", "team"],
      ["channel1700000004", "Old harbour", "restricted"],
      ["chat4000001", "Crew", "restricted"],
      ["user5000000001", "Saved messages", "restricted"],
      ["user700000002", "Ilo Brandt", "restricted"],
      ["user700000009", "Deleted Account", "restricted"],
      ["user700000010", "Herald", "restricted"],
    ]);
  });

  it("leaves private chats and groups of an account out unless they are named, and says how many", async () => {
    const { folded } = await read(account);
    expect(folded.channels.map(([id]) => id)).toEqual(["channel1700000003"]);
    const warnings: string[] = [];
    for await (const chunk of importExport(account, telegram.settings.parse({}), new AbortController().signal))
      warnings.push(...(chunk.warnings ?? []));
    expect(warnings).toEqual(["6 private chats were left out. Name in the setting Chats what belongs to the community."]);
  });

  it("brings in only the chats that are named, by name, number or key", async () => {
    const { records, identity } = await read(account, { chats: "tide news, 4000001, channel1700000004" });
    expect(records.map((r) => r.externalId)).toEqual(["chat4000001/108", "chat4000001/109", "channel1700000003/6", "channel1700000004/6"]);
    expect(identity.reported).toEqual({ message: 4 });
    expect((await read(forum, { chats: "tide news" })).records).toHaveLength(17);
  });

  it("asks whose it is where nothing says so", async () => {
    const silent = JSON.stringify({ about: "…", chats: { about: "…", list: [{ ...chat, messages: [message(1)] }] } });
    await expect(read(await scratch(silent))).rejects.toThrow(/does not say whose account/);
    expect((await read(await scratch(silent), { account: "Mara" })).identity.origin).toBe("telegram:account-mara");
  });

  it("gives a message the same key as the export of its chat", async () => {
    const alone = await scratch(write([message(6)], { name: "Old harbour", type: "private_supergroup", id: 1_700_000_004 }));
    expect((await read(account, { chats: "*" })).records.map((r) => r.externalId)).toContain((await read(alone)).records[0]?.externalId);
  });
});

describe("telegram: exports of all ages", () => {
  it("reads ids as they were written until 2021, as numbers with their kind above the 32nd bit", () => {
    expect(readPeer(19)).toEqual({ isUser: true, id: "19" });
    expect(readPeer(2 ** 32 + 700_000_002)).toEqual(readPeer("user700000002"));
    expect(readPeer(2 ** 33 + 1_700_000_001)).toEqual(readPeer(key));
    expect(readPeer("user5000000001")).toEqual({ isUser: true, id: "5000000001" });
    expect(chatKey({ id: 2 ** 33 + 1_700_000_001, type: "public_supergroup" })).toBe(key);
    expect(readPeer(null)).toBeUndefined();
  });

  it("prefers seconds to the clock of the exporting computer, whose zone can be given", async () => {
    const date = "2026-07-05T12:00:00";
    expect((await say({ date })).activity?.occurredAt).toEqual(new Date(1_767_600_001_000));
    const old = { date, date_unixtime: undefined };
    expect((await say(old)).activity?.occurredAt).toEqual(new Date("2026-07-05T12:00:00Z"));
    expect((await say(old, chat, { timeZone: "Europe/Berlin" })).activity?.occurredAt).toEqual(new Date("2026-07-05T10:00:00Z"));
    expect((await say({ ...old, date: "2026-01-05T12:00:00" }, chat, { timeZone: "Europe/Berlin" })).activity?.occurredAt).toEqual(
      new Date("2026-01-05T11:00:00Z"),
    );
    expect((await say({ ...old, date: "2026-07-05T12:00:00.250Z" })).activity?.occurredAt).toEqual(new Date("2026-07-05T12:00:00.250Z"));
    expect(telegram.settings.safeParse({ timeZone: "Berlin" }).success).toBe(false);
  });

  it("lets an export that knows the seconds count more than one that does not", async () => {
    const asOf = async (more: object) => (await read(await scratch(write([message(1, more)])))).records[0]?.asOf ?? "";
    const unsure = await asOf({ date: "2026-07-05T12:00:00", date_unixtime: undefined });
    expect(unsure < (await asOf({ edited: "2026-07-06T12:00:00", date: "2026-07-05T12:00:00", date_unixtime: undefined }))).toBe(true);
    expect(unsure < (await asOf({}))).toBe(true);
    expect((await asOf({})) < (await asOf({ edited_unixtime: "1767700000" }))).toBe(true);
  });

  it("reads control characters as Telegram writes them, which is not as JSON does", async () => {
    const odd = write([message(1, { text: "bell § and \\x07" })]).replace("§", "\\x1F");
    expect((await read(await scratch(odd))).activities[0]?.body).toBe("bell \u001f and \\x07");
  });
});

it("ends in the same tables in whatever order and parts the records come", async () => {
  const records: RawRecord[] = [...(await read(forum)).records, ...(await read(account, { chats: "*" })).records];
  const settings = telegram.settings.parse({});
  const whole = foldBatches(records.map((record) => telegram.normalize(record, settings)));
  fc.assert(
    fc.property(fc.shuffledSubarray(records, { minLength: records.length }), fc.shuffledSubarray(records), (all, again) => {
      expect(foldBatches([...again, ...all].map((record) => telegram.normalize(record, settings)))).toEqual(whole);
    }),
    { numRuns: 30 },
  );
});
