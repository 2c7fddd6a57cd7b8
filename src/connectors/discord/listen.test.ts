import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { foldBatches } from "../testing.ts";
import { type ListenerUnderTest, listenWith } from "../testing-listening.ts";
import { type FakeChannel, guildId } from "./fake-discord.ts";
import { type FakeGateway, startFakeGateway } from "./fake-gateway.ts";
import { discord } from "./index.ts";
import { answer, flake, general, http, newFolder, pull, say, settingsOf, start, stopAll } from "./testing-live.ts";

const open: { listener: ListenerUnderTest; gateway: FakeGateway }[] = [];
afterEach(async () => {
  for (const { listener, gateway } of open.splice(0)) {
    await listener.stop().catch(() => undefined);
    await gateway.server.close();
  }
  await stopAll();
});

const generalId = "700000000000000101";
const inGeneral = { guild_id: guildId, channel_id: generalId };
const hello = say(flake(1), "Hello", { channel_id: generalId });
const forum: FakeChannel = {
  id: "700000000000000301",
  type: 15,
  name: "help",
  parent_id: "700000000000000100",
  permission_overwrites: [],
  messages: [],
};

/** A made-up server with its gateway, and a listener on it that is connected. */
async function listen(
  input: {
    channels?: FakeChannel[];
    settings?: Record<string, unknown>;
    workDir?: string;
    before?: (gateway: FakeGateway) => void;
    waits?: boolean;
  } = {},
) {
  const gateway = await startFakeGateway();
  input.before?.(gateway);
  const fake = await start(input.channels ?? [general([])]);
  fake.gateway.url = gateway.server.url;
  const workDir = input.workDir ?? newFolder();
  const listener = listenWith(discord, { settings: settingsOf(fake, input.settings), http, workDir });
  open.push({ listener, gateway });
  if (input.waits !== false) await expect.poll(() => listener.states.at(-1)?.state, { timeout: 5000 }).toBe("connected");
  return { fake, gateway, listener, workDir };
}
const ids = ({ records }: ListenerUnderTest) => records.map(({ externalId }) => externalId);
const batchesOf = ({ records }: ListenerUnderTest) => records.map((record) => discord.normalize(record, discord.settings.parse({})));

describe("Discord's gateway: sessions", () => {
  it("are begun with the intents for servers, messages, reactions and what messages say, and nothing of members", async () => {
    const { gateway } = await listen();
    expect(gateway.said).toEqual(["identify"]);
    expect(gateway.intents).toBe((1 << 0) | (1 << 9) | (1 << 10) | (1 << 15));
    expect(gateway.shard).toBeUndefined();
    expect(gateway.current().path).toBe("/?v=10&encoding=json");
  });

  it("send heartbeats with the last sequence number, at the pace of hello, and at once when asked (opcode 1)", async () => {
    const { gateway } = await listen({ before: (one) => (one.heartbeatMs = 150) });
    await expect.poll(() => gateway.said.filter((one) => one === "heartbeat 1").length).toBeGreaterThanOrEqual(2);
    gateway.dispatch("MESSAGE_CREATE", { ...inGeneral, ...hello });
    await expect.poll(() => gateway.said.at(-1)).toBe("heartbeat 2");
    expect(gateway.server.sockets.length).toBe(1);
    const slow = await listen();
    slow.gateway.current().send({ op: 1, d: null });
    await expect.poll(() => slow.gateway.said).toEqual(["identify", "heartbeat 1"]);
  });

  it("are resumed after a heartbeat without an answer", async () => {
    const { gateway } = await listen({ before: (one) => Object.assign(one, { heartbeatMs: 200, answersHeartbeats: false }) });
    await expect.poll(() => gateway.said.some((one) => one.startsWith("resume")), { timeout: 10_000 }).toBe(true);
  });

  it("are resumed after the last event that was kept, not the last that came: what could not be kept comes again", async () => {
    const { gateway, listener } = await listen();
    let fails = true;
    listener.keep = async () => {
      if (fails) throw new Error("the database is away");
    };
    gateway.dispatch("MESSAGE_CREATE", { ...inGeneral, ...hello });
    gateway.dispatch("MESSAGE_CREATE", { ...inGeneral, ...say(flake(0), "Again", { channel_id: generalId }) });
    await expect.poll(() => listener.states.at(-1)).toEqual({ state: "waiting", reason: expect.stringMatching(/could not be stored/) });
    fails = false;
    await expect.poll(() => ids(listener), { timeout: 10_000 }).toEqual([hello.id, flake(0)]);
    expect(gateway.said).toEqual(["identify", "resume 1"]);
    expect(gateway.current().path).toBe("/resume?v=10&encoding=json");
  });

  it.each([
    ["asks to connect anew (opcode 7)", (gateway: FakeGateway) => gateway.current().send({ op: 7, d: null })],
    ["breaks off without a code", (gateway: FakeGateway) => gateway.current().cut()],
    ["closes with a code that may be resumed (4000)", (gateway: FakeGateway) => gateway.current().close(4000, "Unknown error.")],
  ])("are resumed when Discord %s, and what was missed is replayed", async (_, act) => {
    const { gateway, listener } = await listen();
    gateway.dispatch("MESSAGE_CREATE", { ...inGeneral, ...hello });
    await expect.poll(() => listener.records.length).toBe(1);
    act(gateway);
    await expect.poll(() => gateway.current().isOpen()).toBe(false);
    gateway.dispatch("MESSAGE_CREATE", { ...inGeneral, ...say(flake(0), "Missed", { channel_id: generalId }) });
    await expect.poll(() => ids(listener), { timeout: 10_000 }).toEqual([hello.id, flake(0)]);
    expect(gateway.said).toEqual(["identify", "resume 2"]);
  });

  it("are begun anew, after a pause, where Discord knows them no more (opcode 9, false)", async () => {
    const { gateway, listener } = await listen();
    gateway.forgetSession();
    gateway.current().cut();
    await expect.poll(() => gateway.said, { timeout: 15_000 }).toEqual(["identify", "resume 1", "identify"]);
    await expect.poll(() => listener.states.at(-1)).toEqual({ state: "connected" });
  });

  it.each([4007, 4009])("are begun anew after the close code %s", async (code) => {
    const { gateway } = await listen();
    gateway.current().close(code, "Session timed out.");
    await expect.poll(() => gateway.said, { timeout: 10_000 }).toEqual(["identify", "identify"]);
  });

  it("are not begun where Discord allows no more of them today: it would take the token away", async () => {
    const gateway = await startFakeGateway();
    const fake = await start([general([])]);
    Object.assign(fake.gateway, {
      url: gateway.server.url,
      session_start_limit: { total: 1000, remaining: 0, reset_after: 3_600_000, max_concurrency: 1 },
    });
    const listener = listenWith(discord, { settings: settingsOf(fake), http });
    open.push({ listener, gateway });
    await expect.poll(() => listener.states).toEqual([{ state: "waiting", reason: expect.stringMatching(/as many sessions/) }]);
    expect(gateway.server.sockets).toEqual([]);
  });

  it("take the part of a large bot's servers that ours is in (documented: (id >> 22) % shards)", async () => {
    const gateway = await startFakeGateway();
    const fake = await start([general([])]);
    Object.assign(fake.gateway, { url: gateway.server.url, shards: 16 });
    open.push({ listener: listenWith(discord, { settings: settingsOf(fake), http }), gateway });
    await expect.poll(() => gateway.shard).toEqual([Number((BigInt(guildId) >> 22n) % 16n), 16]);
  });

  it("end for good when the token is refused (4004) or what messages say may not be read (4014), in words that say what to do", async () => {
    const { listener } = await listen({ before: (one) => (one.mayRead = false), waits: false });
    expect(await listener.ended).toMatchObject({ code: "forbidden", message: expect.stringMatching(/Message Content Intent/) });
    const other = await listen();
    other.gateway.current().close(4004, "Authentication failed.");
    expect(await other.listener.ended).toMatchObject({ code: "forbidden", message: expect.stringMatching(/Reset Token/) });
    const wrong = await listen({ settings: { token: "wrong" }, waits: false });
    expect(await wrong.listener.ended).toMatchObject({ code: "forbidden" });
  });

  it("end for good when the bot is removed from the server, and not when the server is away for a while", async () => {
    const { gateway, listener } = await listen();
    gateway.dispatch("GUILD_DELETE", { id: guildId, unavailable: true });
    gateway.dispatch("MESSAGE_CREATE", { ...inGeneral, ...hello });
    await expect.poll(() => listener.records.length).toBe(1);
    gateway.dispatch("GUILD_DELETE", { id: guildId });
    expect(await listener.ended).toMatchObject({ code: "forbidden", message: expect.stringMatching(/removed from Tidewater/) });
  });

  it("are closed with 1000 when it stops, after what has come was kept", async () => {
    const { gateway, listener } = await listen();
    const gate = Promise.withResolvers<void>();
    let asked = false;
    listener.keep = () => {
      asked = true;
      return gate.promise;
    };
    gateway.dispatch("MESSAGE_CREATE", { ...inGeneral, ...hello });
    await expect.poll(() => asked).toBe(true);
    const stopped = listener.stop();
    gate.resolve();
    await stopped;
    expect(ids(listener)).toEqual([hello.id]);
    await expect.poll(() => gateway.current().isOpen()).toBe(false);
  });
});

describe("Discord's gateway: events", () => {
  it("bring the records of a pull; what comes again changes nothing", async () => {
    const root = say(flake(10), "Where is <#700000000000000101>?", { channel_id: generalId });
    const reply = answer(flake(9), "Here.", root, { channel_id: generalId });
    const { fake, gateway, listener } = await listen({ channels: [general([root, reply])] });
    for (const message of [root, reply, root]) gateway.dispatch("MESSAGE_CREATE", { ...inGeneral, ...message });
    await expect.poll(() => listener.records.length).toBe(3);
    const pulled = await pull(fake);
    expect(listener.records.slice(0, 2)).toEqual(pulled.records);
    expect(foldBatches([...batchesOf(listener), ...pulled.batches])).toEqual(foldBatches(pulled.batches));
  });

  it("of messages in new threads are placed by the thread's creation, or by asking for a channel that nobody told of", async () => {
    const thread: FakeChannel = { id: flake(3), type: 11, name: "A thread", parent_id: generalId, messages: [] };
    const silent: FakeChannel = {
      id: flake(2),
      type: 12,
      name: "Quiet",
      parent_id: generalId,
      messages: [],
      thread_metadata: { archived: true, archive_timestamp: "2026-11-25T00:00:00Z" },
    };
    const { gateway, listener } = await listen({ channels: [general([]), silent] });
    const { messages: _, ...described } = thread;
    gateway.dispatch("THREAD_CREATE", { guild_id: guildId, ...described, newly_created: true });
    gateway.dispatch("MESSAGE_CREATE", { guild_id: guildId, ...say(flake(1), "In it", { channel_id: thread.id }) });
    gateway.dispatch("MESSAGE_CREATE", { guild_id: guildId, ...say(flake(0), "Apart", { channel_id: silent.id }) });
    gateway.dispatch("MESSAGE_CREATE", { guild_id: guildId, ...say(flake(0, 1), "Nowhere", { channel_id: "700000000000000777" }) });
    gateway.dispatch("MESSAGE_CREATE", { guild_id: "700000000000000002", ...say(flake(0, 2), "Elsewhere", { channel_id: generalId }) });
    gateway.dispatch("MESSAGE_CREATE", { ...inGeneral, ...hello });
    await expect.poll(() => ids(listener)).toEqual([flake(1), flake(0), hello.id]);
    const [first, second] = batchesOf(listener);
    expect(first?.threads[0]).toMatchObject({ externalId: thread.id, title: "A thread" });
    expect(second?.threads[0]).toMatchObject({ externalId: silent.id, visibility: "restricted" });
  });

  it("follow channels that are made, renamed and closed", async () => {
    const { gateway, listener } = await listen({ settings: { channels: "news" } });
    const channel = { guild_id: guildId, id: "700000000000000105", type: 0, name: "old", permission_overwrites: [] };
    gateway.dispatch("CHANNEL_CREATE", channel);
    gateway.dispatch("MESSAGE_CREATE", { guild_id: guildId, ...say(flake(3), "Not yet", { channel_id: channel.id }) });
    gateway.dispatch("CHANNEL_UPDATE", {
      ...channel,
      name: "news",
      permission_overwrites: [{ id: guildId, type: 0, allow: "0", deny: String(1 << 10) }],
    });
    gateway.dispatch("MESSAGE_CREATE", { guild_id: guildId, ...say(flake(2), "Now", { channel_id: channel.id }) });
    gateway.dispatch("MESSAGE_CREATE", { ...inGeneral, ...hello });
    gateway.dispatch("MESSAGE_CREATE", { guild_id: guildId, ...say(flake(0), "And on", { channel_id: channel.id }) });
    await expect.poll(() => ids(listener)).toEqual([flake(2), flake(0)]);
    expect(batchesOf(listener)[0]?.channels).toMatchObject([{ name: "news", visibility: "restricted" }]);
  });

  it("of deletions, of one and of many, take messages out", async () => {
    const { gateway, listener } = await listen();
    gateway.dispatch("MESSAGE_DELETE", { ...inGeneral, id: hello.id });
    gateway.dispatch("MESSAGE_DELETE_BULK", { ...inGeneral, ids: [flake(3), flake(2)] });
    await expect.poll(() => ids(listener)).toEqual([hello.id, flake(3), flake(2)]);
    expect(listener.records.map(({ payload }) => payload)).toEqual(
      listener.records.map(({ externalId }) => ({ deleted: true, message: { id: externalId } })),
    );
  });

  it("of reactions have their message read again, once for a swarm", async () => {
    const message = say(flake(5), "Ship it", { channel_id: generalId, reactions: [{ count: 3, emoji: { id: null, name: "🚢" } }] });
    const { fake, gateway, listener } = await listen({ channels: [general([message])] });
    const reaction = { ...inGeneral, message_id: message.id, user_id: "1", emoji: { id: null, name: "🚢" } };
    for (const t of ["MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE", "MESSAGE_REACTION_REMOVE_EMOJI", "MESSAGE_REACTION_REMOVE_ALL"])
      gateway.dispatch(t, reaction);
    await expect.poll(() => listener.records.length, { timeout: 10_000 }).toBe(1);
    expect(batchesOf(listener)[0]?.activities[0]?.attributes).toMatchObject({ reactions: { "🚢": 3 } });
    expect(fake.server.requests.filter(({ path }) => path.includes(`/messages/${message.id}`)).length).toBe(1);
    expect(listener.records).toEqual((await pull(fake)).records);
  });

  it("of a post that is renamed change its title", async () => {
    const post: FakeChannel = { id: flake(6), type: 11, name: "Better words", parent_id: forum.id, messages: [] };
    post.messages.push(say(post.id, "How?", { channel_id: post.id }));
    const { gateway, listener } = await listen({ channels: [general([]), forum, { ...post, name: "Words" }] });
    const { messages: _, ...described } = post;
    gateway.dispatch("THREAD_UPDATE", { guild_id: guildId, ...described });
    await expect.poll(() => listener.records.length, { timeout: 10_000 }).toBe(1);
    expect(batchesOf(listener)[0]?.threads[0]).toMatchObject({ externalId: post.id, kind: "topic", title: "Better words" });
  });

  it("of a thread that is deleted take out what the pull saw in it of late; the message that it grew out of stays", async () => {
    const workDir = newFolder();
    await mkdir(workDir, { recursive: true });
    const [thread, post] = [flake(6), flake(5)];
    await writeFile(join(workDir, "recent.json"), JSON.stringify({ [thread]: [flake(4)] }));
    const { gateway, listener } = await listen({ workDir, channels: [general([]), forum] });
    gateway.dispatch("THREAD_DELETE", { id: thread, guild_id: guildId, parent_id: generalId, type: 11 });
    gateway.dispatch("THREAD_DELETE", { id: post, guild_id: guildId, parent_id: forum.id, type: 11 });
    gateway.dispatch("MESSAGE_CREATE", { ...inGeneral, ...hello });
    await expect.poll(() => ids(listener)).toEqual([flake(4), post, hello.id]);
  });
});
