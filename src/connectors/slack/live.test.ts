import { afterEach, describe, expect, it } from "vitest";
import { foldBatches, offlineContext } from "../testing.ts";
import { slack } from "./index.ts";
import { mara, oneDay, readBatches, scratchFolder } from "./testing.ts";
import { answer, asked, type Fake, hoursAgo, http, ilan, newFolder, pull, say, settingsOf, start, stopAll } from "./testing-live.ts";

afterEach(stopAll);

const signal = new AbortController().signal;
const connect = (fake: Fake, over: Record<string, unknown> = {}) =>
  slack.connect?.(offlineContext(), { settings: slack.settings.parse(settingsOf(fake, over)), http, signal });

describe("connecting to Slack", () => {
  it("says as whom, where, and what can be read; the origin is that of an export", async () => {
    const fake = await start([]);
    fake.world.channels.push({ id: "C0OTHER001", name: "other", is_member: false, messages: [] });
    expect(await connect(fake)).toEqual({
      origin: "slack:T0HARBOR1",
      name: "Harbor",
      says: "Signed in to Harbor as tide (a bot); 1 channels can be read. 1 more can be read once the app is invited there (/invite @tide).",
    });
  });

  it.each([
    ["token_revoked", /The token was revoked.*install it to the workspace again/],
    ["invalid_auth", /does not know this token/],
    ["account_inactive", /removed from the workspace/],
    ["token_expired", /has expired/],
  ])("says what to do about a token that is no good: %s", async (error, message) => {
    const fake = await start([], { failures: [{ method: "auth.test", error }] });
    await expect(connect(fake)).rejects.toMatchObject({ code: "forbidden", message: expect.stringMatching(message) });
  });

  it("names the scopes that the token's headers lack, and those that a method asks for", async () => {
    await expect(connect(await start([], { scopes: "channels:read,users:read" }))).rejects.toThrow(/lacks the scope channels:history\./);
    const fake = await start([], { failures: [{ method: "conversations.list", error: "missing_scope", needed: "channels:read" }] });
    await expect(connect(fake)).rejects.toMatchObject({ code: "forbidden", message: expect.stringContaining("lacks the scope channels:read") });
  });

  it("asks for what is missing, and refuses tokens of other kinds, other workspaces and unknown channels", async () => {
    const fake = await start([]);
    await expect(connect(fake, { token: "" })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(connect(fake, { token: "xapp-1" })).rejects.toThrow(/app-level tokens/);
    await expect(connect(fake, { team: "T0OTHER001" })).rejects.toThrow(/belongs to Harbor \(T0HARBOR1\), not to T0OTHER001/);
    await expect(connect(fake, { channels: "#nowhere" })).rejects.toThrow(/no channel nowhere/);
  });
});

describe("reading Slack live", () => {
  const root = say(hoursAgo(10), "Where is <@U0ILAN001>?", {
    reactions: [{ name: "eyes", users: ["U0ILAN001"], count: 2 }],
    edited: { user: "U0MARA001", ts: hoursAgo(9) },
  });
  const reply = answer(hoursAgo(8), root);

  it("brings the records that an export of the same brings", async () => {
    const live = await pull(await start([root, reply]));
    const file = await readBatches(
      await scratchFolder(oneDay([{ ...root, thread_ts: root.ts, reply_count: 1 }, reply], { "users.json": [mara, ilan] })),
    );
    const plain = (records: readonly { stream: string; externalId: string; payload: unknown }[]) =>
      records.map(({ stream, externalId, payload }) => ({ stream, externalId, payload })).sort((a, b) => (a.externalId < b.externalId ? -1 : 1));
    expect(plain(live.records)).toEqual(plain(file.records));
    expect(foldBatches(live.batches)).toEqual(file.folded);
  });

  it("follows cursors to the end of every list (documented: a page may be short)", async () => {
    const messages = Array.from({ length: 450 }, (_, n) => say(hoursAgo(100, n), `words ${n}`));
    const fake = await start(messages);
    for (const n of [1, 2, 3]) fake.world.channels.push({ id: `C0MORE000${n}`, name: `more${n}`, messages: [say(hoursAgo(3), `more ${n}`)] });
    fake.world.users.push(...[1, 2, 3].map((n) => ({ id: `U0MORE00${n}`, name: `more${n}`, profile: {} })));
    const { words, records } = await pull(fake);
    expect(words).toHaveLength(453);
    expect(records.filter(({ stream }) => stream === "users")).toHaveLength(5);
    expect(asked(fake, "conversations.history").filter((path) => path.includes("C0GENERAL1"))).toHaveLength(3);
  });

  it("goes on by time where an answer has no cursor", async () => {
    const messages = Array.from({ length: 450 }, (_, n) => say(hoursAgo(100, n), `words ${n}`));
    const { words } = await pull(
      await start(messages, { withoutCursors: true, users: [mara], channels: [{ id: "C0GENERAL1", name: "general", messages }] }),
    );
    expect(words).toHaveLength(450);
  });

  it("loses nothing where messages are written or deleted between two pages", async () => {
    const messages = Array.from({ length: 300 }, (_, n) => say(hoursAgo(100, n), `words ${n}`));
    const fake = await start(messages);
    let pages = 0;
    fake.world.before = (method) => {
      if (method !== "conversations.history" || ++pages !== 2) return;
      fake.general.messages.push(say(hoursAgo(0), "just now"));
      fake.general.messages.splice(250, 1);
    };
    const first = await pull(fake);
    expect(first.words).toHaveLength(300);
    const second = await pull(fake, { cursor: first.cursor });
    expect(second.words).toContain("just now");
  });

  it("reads on after a crash where it broke off, and what came meanwhile too", async () => {
    const messages = Array.from({ length: 500 }, (_, n) => say(hoursAgo(2000, n), `words ${n}`));
    const fake = await start(messages);
    const full = await pull(fake);
    const broken = full.chunks.find(({ cursor }) => cursor !== undefined);
    expect(broken?.cursor).toMatchObject({ channels: { C0GENERAL1: { before: expect.any(String) } } });
    fake.general.messages.push(say(hoursAgo(1), "meanwhile"));
    fake.server.requests.length = 0;
    const rest = await pull(fake, { cursor: broken?.cursor, workDir: newFolder() });
    expect(rest.words).toHaveLength(301);
    expect(rest.words).toContain("meanwhile");
    const again = await pull(fake, { cursor: rest.cursor });
    expect(again.words).toEqual(["meanwhile"]);
  });

  it("asks only for what is new, with two days read again, and thirty once a day", async () => {
    const fake = await start([say(hoursAgo(24 * 60), "old"), say(hoursAgo(24 * 20), "of this month"), say(hoursAgo(3), "of today")]);
    const first = await pull(fake);
    expect(first.words).toEqual(["of this month", "of today", "old"]);
    expect((await pull(fake, { cursor: first.cursor })).words).toEqual(["of today"]);
    const yesterday = { ...(first.cursor as object), deepAt: "2026-11-24T11:00:00Z" };
    expect((await pull(fake, { cursor: yesterday })).words).toEqual(["of this month", "of today"]);
  });

  it("fetches a thread again only when its root tells of new replies", async () => {
    const fake = await start([root, reply]);
    const first = await pull(fake);
    expect(asked(fake, "conversations.replies")).toHaveLength(1);
    const second = await pull(fake, { cursor: first.cursor });
    expect(asked(fake, "conversations.replies")).toHaveLength(1);
    fake.general.messages.push(answer(hoursAgo(1), root, "And there."));
    const third = await pull(fake, { cursor: second.cursor });
    expect(asked(fake, "conversations.replies")).toHaveLength(2);
    expect(third.words).toContain("And there.");
    expect(third.activities.find(({ body }) => body === "And there.")).toMatchObject({ replyTo: `C0GENERAL1:${root.ts}` });
  });

  it("reads threads of several pages, each of which begins with the root", async () => {
    const replies = Array.from({ length: 350 }, (_, n) => answer(hoursAgo(8, n), root, `reply ${n}`));
    const { activities } = await pull(await start([root, ...replies]));
    expect(activities).toHaveLength(351);
  });

  it("lives with a thread that was deleted while it read", async () => {
    const fake = await start([root, reply], { failures: [{ method: "conversations.replies", error: "thread_not_found" }] });
    expect((await pull(fake)).words).toEqual(["Where is @Ilan Reed?"]);
  });

  it("takes out what was deleted since it was read, but nothing older than it looked", async () => {
    const fake = await start([say(hoursAgo(24 * 20), "of this month"), say(hoursAgo(5), "regretted"), say(hoursAgo(3), "kept")]);
    const first = await pull(fake);
    fake.general.messages = fake.world.channels[0]!.messages = [say(hoursAgo(3), "kept")];
    const second = await pull(fake, { cursor: first.cursor });
    const deleted = (records: typeof second.records) =>
      records.filter(({ payload }) => Reflect.get(payload as object, "deleted")).map((r) => r.externalId);
    expect(deleted(second.records)).toEqual([`C0GENERAL1:${hoursAgo(5)}`]);
    const deep = await pull(fake, { cursor: { ...(second.cursor as object), deepAt: "2026-11-24T11:00:00Z" } });
    expect(deleted(deep.records)).toEqual([`C0GENERAL1:${hoursAgo(24 * 20)}`]);
    expect(deep.batches.flatMap(({ activities }) => activities).map(({ body }) => body)).toEqual(["kept"]);
  });

  it("waits as long as Retry-After says (documented: 429 with seconds), for every method", async () => {
    const limit = { status: 429, headers: { "retry-after": "0.05" } };
    const fake = await start([root, reply], {
      failures: [
        { method: "users.list", ...limit },
        { method: "conversations.list", ...limit },
        { method: "conversations.history", ...limit },
        { method: "conversations.replies", ...limit },
      ],
    });
    expect((await pull(fake)).activities).toHaveLength(2);
  });

  it("stops with words where Slack keeps refusing, and goes on at the next run", async () => {
    const fake = await start([root], { failures: [{ method: "conversations.history", error: "ratelimited" }] });
    await expect(pull(fake)).rejects.toMatchObject({ code: "rate_limited" });
    expect((await pull(fake)).activities).toHaveLength(1);
    fake.world.failures = [{ method: "conversations.history", error: "token_revoked" }];
    await expect(pull(fake)).rejects.toMatchObject({ code: "forbidden" });
    fake.world.failures = [{ method: "conversations.history", error: "internal_error" }];
    await expect(pull(fake)).rejects.toMatchObject({ code: "upstream_failed" });
  });

  it("says so when Slack gives only 15 messages a request, and still reads them all", async () => {
    const messages = Array.from({ length: 40 }, (_, n) => say(hoursAgo(100, n), `words ${n}`));
    const { words, warnings } = await pull(await start(messages, { pageMax: 15 }));
    expect(words).toHaveLength(40);
    expect(warnings).toEqual([expect.stringContaining("15 messages a minute")]);
  });

  it("skips channels that it is not in, that are gone or need a scope, names them and reads the others", async () => {
    const fake = await start([root]);
    fake.world.channels.push(
      { id: "C0CLOSED01", name: "closed", is_member: false, messages: [say(hoursAgo(1), "unseen")] },
      { id: "C0GONE0001", name: "gone", messages: [] },
      { id: "C0SCOPE001", name: "scope", is_private: true, messages: [] },
      { id: "C0KICKED01", name: "kicked", messages: [] },
    );
    fake.world.failures = [
      { method: "conversations.history", error: "channel_not_found", onlyChannel: "C0GONE0001" },
      { method: "conversations.history", error: "missing_scope", needed: "groups:history", onlyChannel: "C0SCOPE001" },
      { method: "conversations.history", error: "not_in_channel", onlyChannel: "C0KICKED01" },
    ];
    const { words, warnings } = await pull(fake);
    expect(words).toEqual(["Where is @Ilan Reed?"]);
    expect(warnings).toEqual([
      "4 channels could not be read: #closed (the app is not in the channel), #gone (the channel is gone or closed to the app), #kicked (the app is not in the channel), #scope (the app lacks the scope groups:history). Invite the app there (/invite @tide), or name the channels to read in the settings.",
    ]);
  });

  it("shows private channels to few, and asks for none where it may not read them", async () => {
    const core = { id: "C0CORE0001", name: "core", is_private: true, messages: [say(hoursAgo(1), "Only for us.")] };
    const fake = await start([root]);
    fake.world.channels.push(core);
    const { batches } = await pull(fake);
    expect(foldBatches(batches).channels.map(([id, { visibility }]) => [id, visibility])).toEqual([
      ["C0CORE0001", "restricted"],
      ["C0GENERAL1", "team"],
    ]);
    const bare = await start([root], { scopes: "channels:read,channels:history,users:read" });
    await pull(bare);
    expect(asked(bare, "conversations.list")[0]).toContain("types=public_channel&");
  });

  it("reads public channels without being a member where the token is a person's", async () => {
    const fake = await start([], { isBot: false });
    fake.world.channels[0]!.is_member = false;
    fake.general.messages.push(root);
    expect((await pull(fake)).activities).toHaveLength(1);
  });

  it("reads only the channels and the time that the settings name", async () => {
    const fake = await start([say(hoursAgo(24 * 300), "too old"), root]);
    fake.world.channels.push({ id: "C0OTHER001", name: "other", messages: [say(hoursAgo(1), "elsewhere")] });
    const { words } = await pull(fake, { settings: { channels: "#general", since: "2026-06-01" } });
    expect(words).toEqual(["Where is @Ilan Reed?"]);
    expect((await pull(fake, { settings: { channels: "C0OTHER001, lost" } })).warnings).toEqual([
      expect.stringContaining("no channel lost any more"),
    ]);
  });

  it("lists people once a day, and looks up each stranger once; who is gone or hidden stays an id", async () => {
    const fake = await start([say(hoursAgo(2), "hello", { user: "U0CONNECT1" }), say(hoursAgo(1), "me too", { user: "U0NOBODY01" })], {
      strangers: [{ id: "U0CONNECT1", team_id: "T0ELSEWHR", name: "kim", profile: { display_name: "Kim" }, updated: 1_767_600_000 }],
    });
    const first = await pull(fake);
    expect(first.records.filter(({ stream }) => stream === "users").map(({ externalId }) => externalId)).toEqual([
      "U0MARA001",
      "U0ILAN001",
      "U0CONNECT1",
    ]);
    expect(first.activities.map(({ author }) => author?.externalId).sort()).toEqual(["U0CONNECT1", "U0NOBODY01"]);
    const second = await pull(fake, { cursor: first.cursor });
    expect(asked(fake, "users.list")).toHaveLength(1);
    expect(asked(fake, "users.info").filter((path) => path.includes("U0CONNECT1"))).toHaveLength(1);
    expect(second.records.filter(({ stream }) => stream === "users")).toEqual([]);
  });

  it("reads on without names where people may not be listed", async () => {
    const fake = await start([root], { failures: [{ method: "users.list", error: "missing_scope", needed: "users:read" }] });
    const { words, warnings } = await pull(fake);
    expect(words).toEqual(["Where is @U0ILAN001?"]);
    expect(warnings).toEqual([expect.stringContaining("People could not be listed: the app lacks the scope users:read")]);
  });
});
