import { afterEach, describe, expect, it } from "vitest";
import { noHttp, offlineContext } from "../testing.ts";
import { closed, type FakeChannel, type FakeDiscord, guildId, send, token } from "./fake-discord.ts";
import { discord } from "./index.ts";
import { answer, asked, flake, general, hour, http, mara, newFolder, now, pull, say, settingsOf, start, stopAll } from "./testing-live.ts";

afterEach(stopAll);

describe("discord live: connecting", () => {
  const connect = (fake: FakeDiscord, over: Record<string, unknown> = {}) =>
    discord.connect?.(offlineContext(), { settings: discord.settings.parse(settingsOf(fake, over)), http, signal: new AbortController().signal });

  it("names the same origin as an export of the server, and says as whom it is signed in", async () => {
    const fake = await start([general([])]);
    expect(await connect(fake)).toEqual({
      origin: "discord:700000000000000001",
      name: "Tidewater",
      says: "Signed in as causeway (a bot); Tidewater has 1 channels to read, as far as the bot may see them.",
    });
    const request = fake.server.requests[0];
    expect(request?.headers.authorization).toBe(`Bot ${token}`);
    expect(request?.headers["user-agent"]).toMatch(/^DiscordBot \(https:\/\/\S+, \S+\)$/);
  });

  it("takes a server's address for its id, and needs none when the bot is in one server", async () => {
    const fake = await start([general([])]);
    expect(await connect(fake, { server: `https://discord.com/channels/${guildId}/700000000000000101` })).toMatchObject({ name: "Tidewater" });
    expect(await connect(fake, { server: "" })).toMatchObject({ name: "Tidewater" });
    fake.guilds.push({ id: "700000000000000002", name: "Lighthouse" });
    await expect(connect(fake, { server: "" })).rejects.toThrow(/in 2 servers; say which one: Tidewater \(700000000000000001\), Lighthouse/);
    await expect(connect(fake, { server: "tidewater" })).rejects.toThrow(/no server's id/);
  });

  it("says what is missing or wrong: no token, a reset token, no right to words, no such server, no such channel", async () => {
    const fake = await start([general([])]);
    await expect(
      discord.connect?.(offlineContext(), { settings: discord.settings.parse({}), http: noHttp, signal: new AbortController().signal }),
    ).rejects.toThrow(/give the token of a bot/);
    await expect(connect(fake, { token: "old" })).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringMatching(/Reset Token.*401: Unauthorized/),
    });
    await expect(connect(fake, { server: "700000000000000009" })).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/not in the server 700000000000000009.*Unknown Guild/),
    });
    await expect(connect(fake, { channels: "general, nowhere" })).rejects.toThrow(/Tidewater has no channel nowhere/);
    fake.flags = 0;
    await expect(connect(fake)).rejects.toThrow(/switch on «Message Content Intent»/);
  });

  it("leads the token to Discord alone", () => {
    expect(discord.settings.safeParse({ baseUrl: "https://discord.com.example.org/api" }).success).toBe(false);
    expect(discord.settings.safeParse({ baseUrl: "https://discord.com/api/v10" }).success).toBe(true);
  });
});

describe("discord live: reading", () => {
  it("reads a long channel to its end by pages after an id, as the API gives them newest first (Get Channel Messages)", async () => {
    const messages = Array.from({ length: 250 }, (_, n) => say(flake(5000 - n), `words ${n}`));
    const fake = await start([general(messages)]);
    const { activities, records } = await pull(fake);
    expect(activities.map((a) => a.body)).toEqual(messages.map((m) => m.content));
    expect(new Set(records.map((r) => r.externalId)).size).toBe(250);
    expect(asked(fake, "/messages").map((path) => new URL(path, "http://x").searchParams.get("after"))).toEqual([
      "0",
      messages[99]?.id,
      messages[199]?.id,
    ]);
  });

  it("goes on after a crash from the cursor of any page, and loses and doubles nothing", async () => {
    const messages = Array.from({ length: 250 }, (_, n) => say(flake(5000 - n), `words ${n}`));
    const fake = await start([general(messages)]);
    const whole = await pull(fake);
    for (const [i, chunk] of whole.chunks.entries()) {
      if (chunk.cursor === undefined) continue;
      const before = whole.chunks.slice(0, i + 1).flatMap((c) => c.records);
      const rest = await pull(fake, { cursor: chunk.cursor });
      expect([...before, ...rest.records].map((r) => r.externalId)).toEqual(messages.map((m) => m.id));
    }
  });

  it("asks quiet channels for nothing on a later run, and reads the last day again for edits", async () => {
    const old = general([say(flake(100), "quiet")]);
    const lively = general([say(flake(30), "old"), say(flake(2), "typo")], { id: "700000000000000102", name: "lively" });
    const fake = await start([old, lively]);
    const workDir = newFolder();
    const first = await pull(fake, { workDir });
    fake.server.requests.length = 0;
    lively.messages[1] = { ...say(flake(2), "no typo"), edited_timestamp: "2026-11-25T11:00:00.000000+00:00" };
    lively.messages.push(say(flake(1), "new"));
    const second = await pull(fake, { workDir, cursor: first.cursor });
    expect(second.activities.map((a) => [a.body, a.editedAt?.toISOString()])).toEqual([
      ["no typo", "2026-11-25T11:00:00.000Z"],
      ["new", undefined],
    ]);
    expect(asked(fake, "/messages")).toHaveLength(1);
  });

  it("notices what was deleted within the last day, and takes it out", async () => {
    const messages = [say(flake(30), "older"), say(flake(3), "kept"), say(flake(2), "regretted")];
    const channel = general(messages);
    const fake = await start([channel]);
    const workDir = newFolder();
    const first = await pull(fake, { workDir });
    channel.messages = messages.slice(0, 2);
    const second = await pull(fake, { workDir, cursor: first.cursor });
    expect(second.records.map((r) => [r.externalId, (r.payload as { deleted?: boolean }).deleted])).toEqual([
      [messages[1]?.id, undefined],
      [messages[2]?.id, true],
    ]);
    expect(second.batches[1]).toEqual({ identities: [], channels: [], threads: [], activities: [] });
    const third = await pull(fake, { workDir, cursor: second.cursor });
    expect(third.records.map((r) => r.externalId)).toEqual([messages[1]?.id]);
  });

  it("reads open threads, closed ones page by page, and posts of a forum (List Active, Public and Private Archived Threads)", async () => {
    const threads: FakeChannel[] = Array.from({ length: 130 }, (_, n) => {
      const id = flake(2000 - n);
      // A few were closed in the very same moment, across the border of two pages.
      const closedAt = new Date(now - (n > 25 && n < 35 ? 900 : 1000 - n) * hour).toISOString();
      return {
        id,
        type: 11,
        name: `closed ${n}`,
        parent_id: "700000000000000101",
        thread_metadata: { archived: true, archive_timestamp: closedAt },
        messages: [say(flake(1990 - n), `in ${n}`)],
      };
    });
    const post = flake(50);
    const fake = await start([
      general([say(flake(3000), "root")]),
      { id: "700000000000000103", type: 15, name: "ideas", messages: [] },
      {
        id: post,
        type: 11,
        name: "Dark mode",
        parent_id: "700000000000000103",
        thread_metadata: { archived: false, archive_timestamp: "2026-11-20T00:00:00Z" },
        messages: [say(post, "Please"), say(flake(49), "+1")],
      },
      {
        id: flake(60),
        type: 12,
        name: "incident",
        parent_id: "700000000000000101",
        thread_metadata: { archived: true, archive_timestamp: "2026-11-23T00:00:00Z" },
        messages: [say(flake(59), "rotate keys")],
      },
      ...threads,
    ]);
    const { activities, batches, cursor } = await pull(fake);
    expect(activities.filter((a) => a.body?.startsWith("in "))).toHaveLength(130);
    expect(activities.filter((a) => a.channel === "700000000000000103").map((a) => [a.kind, a.title, a.body])).toEqual([
      ["topic_opened", "Dark mode", "Please"],
      ["message", undefined, "+1"],
    ]);
    const incident = batches.find((b) => b.activities[0]?.body === "rotate keys");
    expect([incident?.threads[0]?.visibility, incident?.activities[0]?.visibility]).toEqual(["restricted", "restricted"]);
    // Closed threads are not carried along in the cursor.
    expect(Object.keys((cursor as { after: object }).after).sort()).toEqual(["700000000000000101", post].sort());
    fake.server.requests.length = 0;
    const again = await pull(fake, { cursor });
    expect(again.activities).toEqual([]);
    expect(asked(fake, "archived/public")).toHaveLength(2);
    fake.channels.push({
      ...(threads[0] as FakeChannel),
      id: flake(40),
      name: "late",
      thread_metadata: { archived: true, archive_timestamp: "2026-11-25T10:00:00Z" },
      messages: [say(flake(39), "late words")],
    });
    expect((await pull(fake, { cursor: again.cursor })).activities.map((a) => a.body)).toEqual(["late words"]);
  });

  it("reads the closed private threads that it was added to where it may not manage threads (403 Missing Permissions)", async () => {
    const fake = await start([
      general([]),
      {
        id: flake(60),
        type: 12,
        name: "incident",
        parent_id: "700000000000000101",
        thread_metadata: { archived: true, archive_timestamp: "2026-11-23T00:00:00Z" },
        messages: [say(flake(59), "rotate keys")],
      },
    ]);
    fake.mayManageThreads = false;
    expect((await pull(fake)).activities.map((a) => a.body)).toEqual(["rotate keys"]);
  });

  it("skips a channel that is closed to the bot and names it, and one that is gone (403 Missing Access, 404 Unknown Channel)", async () => {
    const fake = await start([
      general([say(flake(10), "here")]),
      general([], { id: "700000000000000104", name: "staff", refusal: { status: 403, code: 50001, message: "Missing Access" } }),
      general([], { id: "700000000000000105", name: "gone", refusal: { status: 404, code: 10003, message: "Unknown Channel" } }),
    ]);
    const { activities, warnings } = await pull(fake);
    expect(activities.map((a) => a.body)).toEqual(["here"]);
    expect(warnings).toEqual([
      expect.stringMatching(/^1 of the channels and threads could not be read: #staff \(Missing Access\)\. Give the bot «View Channel»/),
    ]);
  });

  it("stops with a clear word when the token was reset in the middle (401)", async () => {
    const fake = await start([general([say(flake(10), "here")])]);
    fake.intercept = (url, response) => {
      if (!url.pathname.endsWith("/messages")) return false;
      send(response, 401, { message: "401: Unauthorized", code: 0 });
      return true;
    };
    await expect(pull(fake)).rejects.toMatchObject({ code: "forbidden" });
  });

  it("waits as long as a 429 says, in its headers or in its body alone, and then goes on", async () => {
    const fake = await start([general([say(flake(10), "here")])]);
    let limits = 0;
    fake.intercept = (url, response) => {
      if (!url.pathname.endsWith("/messages") || limits >= 3) return false;
      limits++;
      const body = { message: "You are being rate limited.", retry_after: 0.02, global: false };
      send(
        response,
        429,
        body,
        limits < 3
          ? {
              "retry-after": "0",
              "x-ratelimit-limit": "5",
              "x-ratelimit-remaining": "0",
              "x-ratelimit-reset-after": "0.02",
              "x-ratelimit-bucket": "b",
            }
          : {},
      );
      return true;
    };
    expect((await pull(fake)).activities.map((a) => a.body)).toEqual(["here"]);
    expect(limits).toBe(3);
  });

  it("keeps channels that are hidden from ordinary members to owners, admins and advocates, with their threads", async () => {
    const fake = await start([
      general([say(flake(10), "plan")], { permission_overwrites: closed }),
      { id: flake(9), type: 11, name: "sub", parent_id: "700000000000000101", messages: [say(flake(8), "detail")] },
    ]);
    const { batches } = await pull(fake);
    expect(batches.flatMap((b) => b.channels.map((c) => [c.name, c.visibility]))).toEqual([
      ["general", "restricted"],
      ["general", "restricted"],
    ]);
  });

  it("reads the channels that were chosen, from the day that was chosen", async () => {
    const fake = await start([
      general([say(flake(24 * 40), "long ago"), say(flake(24), "lately")]),
      general([say(flake(5), "elsewhere")], { id: "700000000000000106", name: "random" }),
    ]);
    const { activities, warnings } = await pull(fake, { settings: { channels: "#General, lost", since: "2026-11-01" } });
    expect(activities.map((a) => a.body)).toEqual(["lately"]);
    expect(warnings).toEqual(["There is no channel lost any more: renamed or deleted?"]);
  });

  it("leaves deleted accounts unattributed, and knows webhooks from apps that answer a command", async () => {
    const fake = await start([
      general([
        say(flake(9), "bye", {
          author: { id: "700000000000001003", username: "deleted_user_1a2b3c4d5e6f", discriminator: "0", global_name: null, avatar: null },
        }),
        say(flake(8), "Build 7", {
          author: { id: "700000000000001006", username: "Build news", discriminator: "0000", avatar: null, bot: true },
          webhook_id: "700000000000001006",
        }),
        say(flake(7), "Docs", {
          type: 20,
          author: { id: "700000000000001005", username: "TideBot", discriminator: "4821", avatar: null, bot: true },
          webhook_id: "700000000000001005",
          application_id: "700000000000001005",
          interaction_metadata: { id: "1", type: 2, name: "docs", user: mara },
        }),
        say(flake(6), "", { type: 7 }),
      ]),
    ]);
    const { activities, batches } = await pull(fake);
    expect(activities.map((a) => [a.kind, a.unattributed, a.attributes])).toEqual([
      ["message", "Deleted User", undefined],
      ["message", undefined, { postedAs: "Build news" }],
      ["message", undefined, { command: "docs" }],
      ["joined", undefined, { type: "GuildMemberJoin" }],
    ]);
    expect(batches.flatMap((b) => b.identities.flatMap((i) => i.kind?.reason ?? []))).toEqual([
      "The message came through a webhook.",
      "Discord marks the account as an app.",
    ]);
  });

  it("follows chains of replies over runs, and by what Discord tells of the message before when its memory is lost", async () => {
    const root = say(flake(100), "How?");
    const first = answer(flake(90), "So.", root);
    const second = answer(flake(80), "Thanks", first, { author: mara });
    const third = answer(flake(1), "Late thanks", second);
    const channel = general([root, first, second]);
    const fake = await start([channel]);
    const workDir = newFolder();
    const before = await pull(fake, { workDir });
    channel.messages.push(third);
    expect((await pull(fake, { workDir, cursor: before.cursor })).activities.map((a) => a.thread)).toEqual([root.id]);
    expect((await pull(fake, { cursor: before.cursor })).activities.map((a) => a.thread)).toEqual([first.id]);
  });
});
