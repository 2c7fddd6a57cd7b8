import { afterEach, describe, expect, it } from "vitest";
import { foldBatches } from "../testing.ts";
import { type ListenerUnderTest, listenWith } from "../testing-listening.ts";
import { type ServedSocket, type SocketServer, startSocketServer } from "../testing-sockets.ts";
import { appToken, type FakeWorld } from "./fake-slack.ts";
import { slack } from "./index.ts";
import { answer, hoursAgo, http, ilan, pull, say, settingsOf, start, stopAll } from "./testing-live.ts";

const open: { listener?: ListenerUnderTest; sockets?: SocketServer }[] = [];
afterEach(async () => {
  for (const { listener, sockets } of open.splice(0)) {
    await listener?.stop().catch(() => undefined);
    await sockets?.close();
  }
  await stopAll();
});

const hello = {
  type: "hello",
  num_connections: 1,
  connection_info: { app_id: "A1" },
  debug_info: { host: "applink-1", approximate_connection_time: 18_060 },
};
const inGeneral = { type: "message", channel: "C0GENERAL1", channel_type: "channel" };
const envelope = (id: string, event: object, more: object = {}) => ({
  envelope_id: id,
  type: "events_api",
  accepts_response_payload: false,
  retry_attempt: 0,
  retry_reason: "",
  payload: {
    token: "old",
    team_id: "T0HARBOR1",
    api_app_id: "A1",
    event,
    type: "event_callback",
    event_id: `Ev${id}`,
    event_time: 1_795_600_000,
    authorizations: [{ enterprise_id: null, team_id: "T0HARBOR1", user_id: "U0TIDE001", is_bot: true }],
    ...more,
  },
});

/** A made-up workspace whose Socket Mode greets each connection, and a listener on it. */
async function listen(input: { messages?: Parameters<typeof start>[0]; world?: Partial<FakeWorld>; settings?: object; greets?: boolean } = {}) {
  const sockets = await startSocketServer((socket) => input.greets !== false && socket.send(hello));
  const fake = await start(input.messages ?? [], { socketUrl: sockets.url, ...input.world });
  const listener = listenWith(slack, { settings: settingsOf(fake, { appToken, ...input.settings }), http, workDir: fake.workDir });
  open.push({ listener, sockets });
  const nth = async (n: number): Promise<ServedSocket> => {
    await expect.poll(() => sockets.sockets[n - 1], { timeout: 10_000 }).toBeDefined();
    return sockets.sockets[n - 1] as ServedSocket;
  };
  return { fake, sockets, listener, nth };
}
const ids = (listener: ListenerUnderTest) => listener.records.map(({ externalId }) => externalId);

describe("Slack's Socket Mode", () => {
  it("acknowledges an event by its envelope's id, and only once it is kept", async () => {
    const { listener, nth } = await listen();
    const gate = Promise.withResolvers<void>();
    listener.keep = () => gate.promise;
    const socket = await nth(1);
    socket.send(envelope("e1", { ...inGeneral, ...say(hoursAgo(1), "Hello") }));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(socket.received).toEqual([]);
    gate.resolve();
    await expect.poll(() => socket.received).toEqual([{ envelope_id: "e1" }]);
    expect(ids(listener)).toEqual([`C0GENERAL1:${hoursAgo(1)}`]);
    expect(listener.states).toEqual([{ state: "connected" }]);
  });

  it("leaves what could not be kept unacknowledged; sent again (retry_attempt 1) it is the same record", async () => {
    const { listener, nth } = await listen();
    let tries = 0;
    listener.keep = async () => {
      tries += 1;
      if (tries === 1) throw new Error("the database is away");
    };
    const socket = await nth(1);
    const event = { ...inGeneral, ...say(hoursAgo(1), "Hello") };
    socket.send(envelope("e1", event));
    await expect.poll(() => tries).toBe(1);
    socket.send({ ...envelope("e2", event), retry_attempt: 1, retry_reason: "timeout" });
    await expect.poll(() => socket.received).toEqual([{ envelope_id: "e2" }]);
    socket.send({ ...envelope("e3", event), retry_attempt: 2, retry_reason: "timeout" });
    await expect.poll(() => socket.received.length).toBe(2);
    expect(listener.records[0]).toEqual(listener.records[1]);
  });

  it.each(["warning", "refresh_requested"])(
    "opens the next connection when Slack gives notice (disconnect, %s), while the last still brings events",
    async (reason) => {
      const { listener, nth } = await listen();
      const first = await nth(1);
      await expect.poll(() => listener.states.length).toBe(1);
      // A connection that is renewed at once is taken for a fault.
      await new Promise((resolve) => setTimeout(resolve, 1100));
      first.send({ type: "disconnect", reason, debug_info: { host: "applink-1" } });
      const second = await nth(2);
      expect(first.isOpen()).toBe(true);
      first.send(envelope("late", { ...inGeneral, ...say(hoursAgo(2), "late") }));
      second.send(envelope("new", { ...inGeneral, ...say(hoursAgo(1), "new") }));
      await expect.poll(() => [first.received, second.received]).toEqual([[{ envelope_id: "late" }], [{ envelope_id: "new" }]]);
      expect(new Set(listener.states.map(({ state }) => state))).toEqual(new Set(["connected"]));
      await listener.stop();
      await expect.poll(() => first.isOpen() || second.isOpen()).toBe(false);
    },
  );

  it("connects anew after the connection broke off, and says so meanwhile", async () => {
    const { listener, nth } = await listen();
    const first = await nth(1);
    await expect.poll(() => listener.states.length).toBe(1);
    first.cut();
    const second = await nth(2);
    await expect.poll(() => listener.states.length).toBe(3);
    expect(listener.states).toEqual([
      { state: "connected" },
      { state: "waiting", reason: expect.stringMatching(/broke off \(1006\)/) },
      { state: "connected" },
    ]);
    expect(second.path).toBe("/link/?ticket=1&app_id=A1");
  });

  it("ends when Socket Mode is switched off (disconnect, link_disabled), and says where to switch it on", async () => {
    const { listener, nth } = await listen();
    (await nth(1)).send({ type: "disconnect", reason: "link_disabled", debug_info: { host: "applink-1" } });
    expect(await listener.ended).toMatchObject({ code: "forbidden", message: expect.stringMatching(/Socket Mode, switch it on/) });
  });

  it.each([
    ["invalid_auth", /does not take the app-level token/],
    ["missing_scope", /lacks the scope connections:write/],
    ["not_allowed_token_type", /no app-level token/],
  ])("ends when apps.connections.open answers %s, in words that say what to do", async (socketRefusal, words) => {
    const { listener } = await listen({ world: { socketRefusal } });
    expect(await listener.ended).toMatchObject({ code: "forbidden", message: expect.stringMatching(words) });
  });

  it("ends when the bot's token was revoked: nothing could be read of what is missed", async () => {
    const { listener } = await listen({ world: { failures: [{ method: "auth.test", error: "token_revoked" }] } });
    expect(await listener.ended).toMatchObject({ code: "forbidden", message: expect.stringMatching(/revoked/) });
  });

  it("keeps and acknowledges what has come before it stops", async () => {
    const { listener, nth } = await listen();
    const gate = Promise.withResolvers<void>();
    listener.keep = () => gate.promise;
    const socket = await nth(1);
    let asked = false;
    listener.keep = () => {
      asked = true;
      return gate.promise;
    };
    socket.send(envelope("e1", { ...inGeneral, ...say(hoursAgo(1), "Hello") }));
    await expect.poll(() => asked).toBe(true);
    const stopped = listener.stop();
    gate.resolve();
    await stopped;
    await expect.poll(() => socket.received).toEqual([{ envelope_id: "e1" }]);
    await expect.poll(() => socket.isOpen()).toBe(false);
  });

  it("passes over other workspaces, other channels and what is no event, and acknowledges them, so that they do not come again", async () => {
    const { listener, nth } = await listen({ settings: { channels: "general" }, world: {} });
    const socket = await nth(1);
    const elsewhere = { authorizations: [{ team_id: "T0ELSEWHR", enterprise_id: null }] };
    socket.send(envelope("other team", { ...inGeneral, ...say(hoursAgo(1), "x") }, elsewhere));
    socket.send(envelope("other channel", { ...inGeneral, ...say(hoursAgo(1), "x"), channel: "C0OTHER001" }));
    socket.send({ envelope_id: "a command", type: "slash_commands", payload: { command: "/tide" } });
    socket.send(envelope("ours", { ...inGeneral, ...say(hoursAgo(1), "x") }));
    await expect.poll(() => socket.received.length).toBe(4);
    expect(ids(listener)).toEqual([`C0GENERAL1:${hoursAgo(1)}`]);
  });

  it("reads a message again when reactions to it came or went, a reply as well", async () => {
    const root = say(hoursAgo(10), "Where?");
    const reply = answer(hoursAgo(8), root);
    const { fake, listener, nth } = await listen({ messages: [root, reply] });
    const socket = await nth(1);
    reply.reactions = [{ name: "tada", users: ["U0MARA001"], count: 2 }];
    const reaction = (id: string, type: string) =>
      envelope(id, {
        type,
        user: "U0MARA001",
        reaction: "tada",
        item: { type: "message", channel: "C0GENERAL1", ts: reply.ts },
        event_ts: hoursAgo(0),
      });
    socket.send(reaction("r1", "reaction_added"));
    socket.send(reaction("r2", "reaction_removed"));
    await expect.poll(() => socket.received.length).toBe(2);
    await expect.poll(() => listener.records.length, { timeout: 10_000 }).toBe(1);
    const settings = slack.settings.parse(settingsOf(fake));
    const [record] = listener.records.map((one) => slack.normalize(one, settings));
    expect(record?.activities[0]?.attributes).toMatchObject({ reactions: { tada: 2 } });
    // The same as a pull makes of it, but for the channel's name.
    const pulled = await pull(fake);
    expect(foldBatches([...pulled.batches, ...(record ? [record] : [])])).toEqual(foldBatches(pulled.batches));
  });

  it("brings the same records as a pull, with the names that the pull knows", async () => {
    const root = say(hoursAgo(10), `Ask <@${ilan.id}>`);
    const fake = await start([root]);
    const pulled = await pull(fake);
    const sockets = await startSocketServer((socket) => socket.send(hello));
    const world = await start([root], { socketUrl: sockets.url });
    const listener = listenWith(slack, { settings: settingsOf(world, { appToken }), http, workDir: fake.workDir });
    open.push({ listener, sockets });
    await expect.poll(() => sockets.sockets.length).toBe(1);
    sockets.sockets[0]?.send(envelope("e1", { ...inGeneral, ...root, event_ts: root.ts }));
    await expect.poll(() => listener.records.length).toBe(1);
    const settings = slack.settings.parse(settingsOf(fake));
    const heard = listener.records.map((one) => slack.normalize(one, settings));
    expect(heard[0]?.activities[0]?.body).toContain("@Ilan Reed");
    expect(foldBatches([...heard, ...pulled.batches])).toEqual(foldBatches(pulled.batches));
  });
});
