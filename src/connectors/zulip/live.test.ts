import { afterEach, describe, expect, it } from "vitest";
import { createLocalHttp, foldBatches, type LocalServer, offlineContext, pullWith, startLocalServer } from "../testing.ts";
import { zulip } from "./index.ts";

interface Row {
  id: number;
  stream_id: number;
  subject: string;
  content: string;
  sender_id: number;
  last_edit_timestamp?: number;
  reactions?: object[];
  sender_email?: string;
}

/** A Zulip server after its REST documentation: basic auth, narrows, anchors, shared rate limits. */
async function startZulip(world: { rows: Row[]; gone?: number; limitOnce?: boolean; failAt?: number; key?: string }): Promise<LocalServer> {
  let asked = 0;
  return startLocalServer(({ url, headers }, response) => {
    const send = (status: number, body: object, more: Record<string, string> = {}) => {
      response.writeHead(status, { "content-type": "application/json", ...more });
      response.end(JSON.stringify({ result: status === 200 ? "success" : "error", msg: "", ...body }));
    };
    const expected = `Basic ${Buffer.from(`reader-bot@z.example:${world.key ?? "sesame"}`).toString("base64")}`;
    if (headers.authorization !== expected) return send(401, { code: "UNAUTHORIZED", msg: "Invalid API key" });
    if (url.pathname === "/api/v1/users/me") return send(200, { full_name: "Reader", is_bot: true, user_id: 9 });
    if (url.pathname === "/api/v1/streams")
      return send(200, {
        streams: [
          { stream_id: 71, name: "help", invite_only: false },
          { stream_id: 72, name: "core", invite_only: true },
        ],
      });
    if (url.pathname === "/api/v1/users")
      return send(200, {
        members: [
          { user_id: 1, full_name: "Mara", email: "user1@z.example", delivery_email: "mara@shore.example", is_bot: false },
          { user_id: 2, full_name: "CI", email: "ci-bot@z.example", is_bot: true },
          { user_id: 3, full_name: "Lurker", is_bot: false },
        ],
      });
    if (url.pathname !== "/api/v1/messages") return send(404, {});
    asked++;
    if (world.limitOnce && asked === 1)
      return send(429, { code: "RATE_LIMIT_HIT", msg: "API usage exceeded rate limit", "retry-after": 0.05 }, { "retry-after": "0.05" });
    if (asked === world.failAt) return send(500, {});
    const narrow = JSON.parse(url.searchParams.get("narrow") ?? "[]") as { operator: string; operand: string | number }[];
    const stream = narrow.find((n) => n.operator === "stream")?.operand;
    const topic = narrow.find((n) => n.operator === "topic")?.operand;
    if (stream === world.gone) return send(400, { code: "BAD_NARROW", msg: "Invalid narrow operator: unknown channel" });
    const matching = world.rows
      .filter((row) => row.stream_id === stream && (topic === undefined || row.subject === topic))
      .sort((a, b) => a.id - b.id);
    const anchor = url.searchParams.get("anchor") === "oldest" ? 0 : Number(url.searchParams.get("anchor"));
    const before = matching.filter((row) => row.id < anchor);
    const rest = matching.filter((row) => row.id >= anchor);
    // The anchor itself comes on top of what was asked for.
    const size = Number(url.searchParams.get("num_after")) + (rest[0]?.id === anchor ? 1 : 0);
    const numBefore = Number(url.searchParams.get("num_before"));
    const after = rest.slice(0, size);
    const messages = [...(numBefore > 0 ? before.slice(-numBefore) : []), ...after].map((row) => ({
      sender_full_name: `Name ${row.sender_id}`,
      sender_email: `user${row.sender_id}@z.example`,
      content_type: "text/x-markdown",
      timestamp: 1_700_000_000 + row.id,
      type: "stream",
      display_recipient: row.stream_id === 71 ? "help" : "core",
      flags: ["read"],
      reactions: [],
      ...row,
    }));
    send(200, { messages, found_newest: after.length === rest.length, found_oldest: anchor === 0 });
  });
}

const many = (count: number): Row[] =>
  Array.from({ length: count }, (_, i) => ({ id: i + 1, stream_id: 71, subject: `topic ${i % 7}`, content: `words ${i}`, sender_id: 1 + (i % 2) }));

let server: LocalServer;
afterEach(() => server.close());

const settingsOf = (more: object = {}) => ({ site: server.url, email: "reader-bot@z.example", apiKey: "sesame", ...more });
const pull = (cursor?: unknown, more: object = {}) =>
  pullWith(zulip, { stream: "messages", settings: settingsOf(more), cursor, http: createLocalHttp() });
const connect = (more: object = {}) => {
  if (!zulip.connect) throw new Error("no connect");
  return zulip.connect(offlineContext(), {
    settings: zulip.settings.parse(settingsOf(more)),
    signal: new AbortController().signal,
    http: createLocalHttp(),
  });
};
const messagesOf = (reading: Awaited<ReturnType<typeof pull>>) => reading.records.filter((r) => r.stream === "messages");
const normalize = (reading: Awaited<ReturnType<typeof pull>>) => reading.records.map((r) => zulip.normalize(r, zulip.settings.parse(settingsOf())));

describe("zulip live", () => {
  it("tries the settings and says as whom it is signed in and what it can read", async () => {
    server = await startZulip({ rows: [] });
    expect(await connect()).toEqual({
      origin: `zulip:${new URL(server.url).host}`,
      name: new URL(server.url).host,
      says: "Signed in as Reader (a bot); 2 channels can be read, 1 of them private.",
    });
    await expect(connect({ channels: "help, nowhere" })).rejects.toThrow(/no channel nowhere/);
  });

  it("says what is missing, and that a key is wrong (401 UNAUTHORIZED)", async () => {
    server = await startZulip({ rows: [] });
    await expect(connect({ email: "", apiKey: "" })).rejects.toThrow(/give the bot's e-mail address and its API key/);
    await expect(connect({ apiKey: "wrong" })).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringMatching(/Copy both anew.*Invalid API key/) as string,
    });
  });

  it("reads the whole history in pages, every message once, and the accounts of those who wrote only", async () => {
    server = await startZulip({ rows: many(2345) });
    const reading = await pull();
    expect(new Set(messagesOf(reading).map((r) => r.externalId)).size).toBe(2345);
    expect(reading.records.filter((r) => r.stream === "users").map((r) => r.externalId)).toEqual(["1", "2"]);
    expect(reading.cursor).toEqual({ newest: { "71": 2345 } });
    const people = normalize(reading).flatMap((b) => b.identities);
    expect(people.find((p) => p.email)).toMatchObject({ externalId: "id:1", email: "mara@shore.example", emailVerified: true });
    expect(people.some((p) => p.externalId === "id:2" && p.kind?.value === "bot")).toBe(true);
  });

  it("waits as a 429 asks (retry-after, in fractions of a second) and goes on", async () => {
    server = await startZulip({ rows: many(3), limitOnce: true });
    expect(messagesOf(await pull())).toHaveLength(3);
  });

  it("goes on from the last cursor after a crash, and ends in the same tables", async () => {
    const rows = many(2500);
    server = await startZulip({ rows, failAt: 3 });
    const http = createLocalHttp();
    const impatient = { ...http, request: (input: Parameters<typeof http.request>[0]) => http.request({ ...input, retries: 0 }) };
    await expect(pullWith(zulip, { stream: "messages", settings: settingsOf(), http: impatient })).rejects.toThrow(/answered 500/);
    await server.close();
    server = await startZulip({ rows });
    const whole = await pull();
    // Two pages were stored; the cursor of the first one is the harder case.
    const first = await pull({ newest: { "71": 1000 } });
    expect(messagesOf(first).length).toBeLessThan(2500);
    expect(Math.min(...messagesOf(first).map((r) => Number(r.externalId)))).toBe(500);
    const part = whole.records.filter((r) => r.stream === "users" || Number(r.externalId) <= 1000);
    const joined = [...part, ...first.records].map((r) => zulip.normalize(r, zulip.settings.parse(settingsOf())));
    expect(foldBatches(joined)).toEqual(foldBatches(normalize(whole)));
  });

  it("reads the last 500 messages again, so that edits and reactions arrive, with a later «as of» for edits", async () => {
    const rows = many(800);
    server = await startZulip({ rows });
    const { cursor, records } = await pull();
    Object.assign(rows[700] ?? {}, { content: "edited", last_edit_timestamp: 1_700_009_999, reactions: [{ emoji_name: "tada", user_id: 2 }] });
    rows.push({ id: 900, stream_id: 71, subject: "topic 1", content: "new", sender_id: 1 });
    const next = await pull(cursor);
    const again = next.records.find((r) => r.externalId === "701" && r.stream === "messages");
    expect(again?.asOf && again.asOf > (records.find((r) => r.externalId === "701")?.asOf ?? "")).toBe(true);
    expect(zulip.normalize(again ?? { stream: "", externalId: "", payload: {} }, zulip.settings.parse(settingsOf())).activities[0]).toMatchObject({
      body: "edited",
      attributes: { reactions: { tada: 1 } },
    });
    expect(next.cursor).toEqual({ newest: { "71": 900 } });
    expect(messagesOf(next).length).toBeLessThan(510);
  });

  it("reads a topic again when Zulip notes that it was moved or resolved, however old its messages are", async () => {
    const rows = many(1500);
    server = await startZulip({ rows });
    const { cursor } = await pull();
    for (const row of rows) if (row.subject === "topic 3") row.subject = "✔ topic 3";
    rows.push({
      id: 2000,
      stream_id: 71,
      subject: "✔ topic 3",
      content: "@**Mara** has marked this topic as resolved.",
      sender_id: 5,
      sender_email: "notification-bot@zulip.com",
    });
    const next = await pull(cursor);
    const oldest = next.records.find((r) => r.externalId === "4" && r.stream === "messages");
    expect(zulip.normalize(oldest ?? { stream: "", externalId: "", payload: {} }, zulip.settings.parse(settingsOf())).threads[0]).toMatchObject({
      externalId: "71/topic 3",
      state: "closed",
      stateReason: "solved",
    });
  });

  it("leaves out a channel that is gone meanwhile (400 BAD_NARROW), says so, and reads the others", async () => {
    server = await startZulip({ rows: [{ id: 1, stream_id: 72, subject: "plans", content: "secret", sender_id: 1 }], gone: 71 });
    const reading = await pull();
    expect(reading.chunks.flatMap((c) => c.warnings ?? [])).toEqual([
      "#help could not be read and was left out this time: Invalid narrow operator: unknown channel",
    ]);
    expect(normalize(reading).flatMap((b) => b.channels)).toMatchObject([{ externalId: "72", visibility: "restricted" }]);
  });

  it("reads only the channels that were named", async () => {
    server = await startZulip({ rows: [...many(3), { id: 50, stream_id: 72, subject: "plans", content: "secret", sender_id: 1 }] });
    expect(messagesOf(await pull(undefined, { channels: "#Help" }))).toHaveLength(3);
  });
});
