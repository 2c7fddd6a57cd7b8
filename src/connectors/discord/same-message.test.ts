import { afterEach, describe, expect, it } from "vitest";
import { foldBatches } from "../testing.ts";
import { makeDirectory } from "./directory.ts";
import { type FakeMessage, guildId } from "./fake-discord.ts";
import { eventToRecords } from "./from-gateway.ts";
import { discord } from "./index.ts";
import { ReplyRoots } from "./reply-roots.ts";
import { readBatches, scratch, write } from "./testing.ts";
import { answer, flake, general, ilan, mara, now, pull, say, start, stopAll } from "./testing-live.ts";

afterEach(stopAll);

describe("discord live: one message, however it comes", () => {
  const root = say(flake(10), "Where is <#700000000000000101>, <@&700000000000000900>? <@700000000000001002> <:tide:700000000000000801>", {
    channel_id: "700000000000000101",
    mentions: [ilan],
    attachments: [
      { id: "700000000000000821", url: "https://cdn.discordapp.com/attachments/1/2/log.txt?ex=65&hm=secret", filename: "log.txt", size: 12 },
    ],
    reactions: [{ count: 2, emoji: { id: null, name: "👍" } }],
    pinned: true,
  });
  const reply = answer(flake(9), "Here.", root, { channel_id: "700000000000000101" });

  it("makes of the API's answer what an export of the same messages makes", async () => {
    const fake = await start([general([root, reply])]);
    const live = await pull(fake);
    const person = (user: typeof mara | typeof ilan) => ({
      id: user.id,
      name: user.username,
      discriminator: "0000",
      nickname: user.global_name ?? user.username,
      color: null,
      isBot: false,
      roles: [],
      avatarUrl: user.avatar
        ? `https://cdn.discordapp.com/avatars/${user.id}/${user.avatar}.png?size=512`
        : "https://cdn.discordapp.com/embed/avatars/0.png",
    });
    const exported = (m: FakeMessage, over: object) => ({
      id: m.id,
      timestamp: String(m.timestamp),
      timestampEdited: null,
      callEndedTimestamp: null,
      isPinned: m.pinned,
      content: m.content,
      embeds: [],
      stickers: [],
      reactions: [],
      mentions: [],
      attachments: [],
      ...over,
    });
    const path = await scratch(
      "x.json",
      write(
        [
          exported(root, {
            type: "Default",
            content: "Where is #general, @Helpers? @ilan :tide:",
            author: person(mara),
            mentions: [person(ilan)],
            attachments: [
              { id: "700000000000000821", url: "https://cdn.discordapp.com/attachments/1/2/log.txt?ex=1", fileName: "log.txt", fileSizeBytes: 12 },
            ],
            reactions: [{ emoji: { id: "", name: "👍", code: "thumbsup" }, count: 2 }],
          }),
          exported(reply, {
            type: "Reply",
            author: person(ilan),
            reference: { type: "Default", messageId: root.id, channelId: "700000000000000101", guildId },
          }),
        ],
        { channel: { id: "700000000000000101", type: "GuildTextChat", categoryId: "700000000000000100", category: "Help", name: "general" } },
      ),
    );
    const file = await readBatches(path);
    expect(foldBatches(live.batches)).toEqual(file.folded);
    expect(live.records.map((r) => [r.stream, r.externalId])).toEqual(file.records.map((r) => [r.stream, r.externalId]));
  });

  it("makes of the gateway's events the records of a pull; what comes twice or tells but half changes nothing", async () => {
    const fake = await start([general([root, reply])]);
    const pulled = await pull(fake);
    const directory = makeDirectory(
      {
        id: guildId,
        name: "Tidewater",
        roles: [
          { id: guildId, name: "@everyone", permissions: "1024" },
          { id: "700000000000000900", name: "Helpers", permissions: "0" },
        ],
      },
      [
        { id: "700000000000000100", type: 4, name: "Help" },
        { id: "700000000000000101", type: 0, name: "general", parent_id: "700000000000000100", permission_overwrites: [] },
      ],
    );
    const input = { directory, roots: new ReplyRoots(), at: new Date(now) };
    const event = (t: string, d: object) => eventToRecords({ t, d: { guild_id: guildId, channel_id: "700000000000000101", ...d } }, input);
    const created = [root, reply].flatMap((m) => event("MESSAGE_CREATE", m));
    expect(JSON.parse(JSON.stringify(created))).toEqual(pulled.records);
    expect(event("MESSAGE_UPDATE", root)).toEqual(event("MESSAGE_CREATE", root));
    expect(event("MESSAGE_UPDATE", { id: root.id, embeds: [] })).toEqual([]);
    expect(event("MESSAGE_CREATE", { ...root, guild_id: "700000000000000002" })).toEqual([]);
    expect(event("MESSAGE_CREATE", { ...root, channel_id: "700000000000000999" })).toEqual([]);
    expect(event("TYPING_START", {})).toEqual([]);
    expect(event("MESSAGE_DELETE", { id: root.id }).map((r) => [r.externalId, r.payload])).toEqual([
      [root.id, { deleted: true, message: { id: root.id } }],
    ]);
    expect(event("MESSAGE_DELETE_BULK", { ids: [root.id, reply.id] }).map((r) => r.externalId)).toEqual([root.id, reply.id]);
    const [named] = event("MESSAGE_CREATE", { ...root, member: { nick: "Captain Mara" } });
    expect(
      discord.normalize(named ?? { stream: "", externalId: "", payload: null }, discord.settings.parse({})).identities[0]?.labels?.[0],
    ).toMatchObject({ value: "Captain Mara" });
  });
});
