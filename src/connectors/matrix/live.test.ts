import { afterEach, describe, expect, it } from "vitest";
import { createLocalHttp, foldBatches, type LocalServer, offlineContext, pullWith, startLocalServer } from "../testing.ts";
import { matrix } from "./index.ts";

interface Ev {
  event_id: string;
  type: string;
  sender: string;
  origin_server_ts: number;
  content: Record<string, unknown>;
  state_key?: string;
  redacts?: string;
  unsigned?: object;
}
interface World {
  rooms: Record<string, { name?: string; joinRule: string; timeline: Ev[]; forbidden?: boolean }>;
  token?: string;
  /** Requests of `/messages` that are answered 429, by number. */
  limits?: Set<number>;
  /** After this many answers of `/messages` the server falls ill. */
  failAt?: number;
  /** Is called before each answer of `/messages`: what others do meanwhile. */
  meanwhile?: (page: number) => void;
}

const base = 1_770_000_000_000;
const harbour = "!harbour:tide.example";
const core = "!core:tide.example";
let counter = 0;

function say(sender: string, body: string, more: object = {}): Ev {
  counter++;
  return {
    event_id: `$m${counter}`,
    type: "m.room.message",
    sender,
    origin_server_ts: base + counter * 1000,
    content: { msgtype: "m.text", body, ...more },
  };
}
function about(type: string, from: { sender: string; target: string }, relation: object, more: object = {}): Ev {
  const { sender, target } = from;
  counter++;
  return {
    event_id: `$r${counter}`,
    type,
    sender,
    origin_server_ts: base + counter * 1000,
    content: { ...more, "m.relates_to": { event_id: target, ...relation } },
  };
}
const react = (sender: string, target: string, key: string) => about("m.reaction", { sender, target }, { rel_type: "m.annotation", key });
const edit = (sender: string, target: string, body: string) =>
  about(
    "m.room.message",
    { sender, target },
    { rel_type: "m.replace" },
    { msgtype: "m.text", body: `* ${body}`, "m.new_content": { msgtype: "m.text", body } },
  );
const mara = "@mara:tide.example";
const ilo = "@ilo:shore.example";

/** A homeserver after the client-server specification v1.11: tokens are places in the timeline; relations are events. */
async function startHomeserver(world: World): Promise<LocalServer> {
  let pages = 0;
  const members: Ev[] = [mara, ilo, "@quiet:tide.example"].map((id, i) => ({
    event_id: `$member${i}`,
    type: "m.room.member",
    sender: id,
    state_key: id,
    origin_server_ts: base,
    content: { membership: "join", displayname: id.slice(1, 5) },
  }));
  return startLocalServer(({ url, headers }, response) => {
    const send = (status: number, body: object) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    const notFound = () => send(404, { errcode: "M_NOT_FOUND", error: "Event not found." });
    const path = decodeURIComponent(url.pathname);
    if (!path.startsWith("/_matrix/client/")) return send(404, {});
    if (headers.authorization !== `Bearer ${world.token ?? "sesame"}`)
      return send(401, { errcode: "M_UNKNOWN_TOKEN", error: "Invalid access token passed.", soft_logout: false });
    if (path.endsWith("/account/whoami")) return send(200, { user_id: "@reader:tide.example" });
    if (path.endsWith("/joined_rooms")) return send(200, { joined_rooms: Object.keys(world.rooms) });
    if (path.includes("/directory/room/")) return path.endsWith("#harbour:tide.example") ? send(200, { room_id: harbour, servers: [] }) : notFound();
    const [, id = "", rest = ""] = /\/rooms\/(![^/]+)\/(.*)$/.exec(path) ?? [];
    const room = world.rooms[id];
    if (!room || room.forbidden) return send(403, { errcode: "M_FORBIDDEN", error: "You aren't a member of the room." });
    if (rest.startsWith("state/m.room.name")) return room.name ? send(200, { name: room.name }) : notFound();
    if (rest.startsWith("state/m.room.join_rules")) return send(200, { join_rule: room.joinRule });
    if (rest.startsWith("state/")) return notFound();
    const inTimeline = (eventId: string) => room.timeline.find((e) => e.event_id === eventId);
    const isAbout = (e: Ev, eventId: string, type: string) => {
      const relation = e.content["m.relates_to"] as { event_id?: string; rel_type?: string } | undefined;
      return relation?.event_id === eventId && relation.rel_type === type;
    };
    const bundle = (event: Ev): Ev => {
      const last = room.timeline.filter((e) => isAbout(e, event.event_id, "m.replace") && e.sender === event.sender).at(-1);
      return last ? { ...event, unsigned: { ...event.unsigned, "m.relations": { "m.replace": last } } } : event;
    };
    if (rest.startsWith("event/")) {
      const event = inTimeline(rest.slice("event/".length));
      return event ? send(200, bundle(event)) : notFound();
    }
    if (rest.startsWith("relations/")) {
      const [, eventId = ""] = rest.split("/");
      const all = room.timeline.filter((e) => isAbout(e, eventId, "m.annotation")).reverse();
      const from = Number(url.searchParams.get("from") ?? 0);
      // Smaller pages than were asked for, as servers may give.
      return send(200, { chunk: all.slice(from, from + 2), ...(from + 2 < all.length && { next_batch: String(from + 2) }) });
    }
    if (rest !== "messages") return notFound();
    pages++;
    if (world.limits?.has(pages)) return send(429, { errcode: "M_LIMIT_EXCEEDED", error: "Too Many Requests", retry_after_ms: 60 });
    if (world.failAt !== undefined && pages >= world.failAt) return send(500, { errcode: "M_UNKNOWN", error: "Internal server error" });
    const place = url.searchParams.get("from");
    if (place !== null && !/^t\d+$/.test(place)) return send(400, { errcode: "M_INVALID_PARAM", error: "Invalid from parameter." });
    const limit = Math.min(Number(url.searchParams.get("limit")), 50);
    const given = url.searchParams.get("from");
    const timeline = room.timeline;
    if (url.searchParams.get("dir") === "b") {
      const start = given === null ? timeline.length : Number(given.slice(1));
      const chunk = timeline.slice(Math.max(0, start - limit), start).reverse();
      const senders = new Set(chunk.map((e) => e.sender));
      const end = start - chunk.length;
      send(200, {
        start: `t${start}`,
        ...(end > 0 && { end: `t${end}` }),
        chunk: chunk.map(bundle),
        state: members.filter((m) => senders.has(m.state_key ?? "")),
      });
    } else {
      const start = Number(given?.slice(1));
      const chunk = timeline.slice(start, start + limit);
      send(200, { start: `t${start}`, ...(chunk.length > 0 && { end: `t${start + chunk.length}` }), chunk });
    }
    world.meanwhile?.(pages);
  });
}

let server: LocalServer;
afterEach(() => server.close());

const settingsOf = (more: object = {}) => ({ homeserver: server.url, accessToken: "sesame", ...more });
const pull = (cursor?: unknown, more: object = {}) =>
  pullWith(matrix, { stream: "messages", settings: settingsOf(more), cursor, http: createLocalHttp() });
const connect = (more: object = {}) => {
  if (!matrix.connect) throw new Error("no connect");
  return matrix.connect(offlineContext(), {
    settings: matrix.settings.parse(settingsOf(more)),
    signal: new AbortController().signal,
    http: createLocalHttp(),
  });
};
type Reading = Awaited<ReturnType<typeof pull>>;
/** What the ledger would hold: of one record the latest «as of», of equals the one that came last. */
function latest(...readings: Pick<Reading, "records">[]) {
  const kept = new Map<string, Reading["records"][number]>();
  for (const record of readings.flatMap(({ records }) => records)) {
    const key = `${record.stream} ${record.externalId}`;
    const before = kept.get(key);
    if (!before || (record.asOf ?? "") >= (before.asOf ?? "")) kept.set(key, record);
  }
  const batches = [...kept.values()].map((record) => matrix.normalize(record, matrix.settings.parse({})));
  const activities = new Map(batches.flatMap((b) => b.activities).map((a) => [a.externalId, a]));
  return { folded: foldBatches(batches), activities, batches };
}
const many = (count: number) => Array.from({ length: count }, (_, i) => say(i % 2 ? mara : ilo, `words ${i}`));

describe("matrix live", () => {
  it("tries the settings and says as whom it is signed in and which rooms it reads", async () => {
    server = await startHomeserver({
      rooms: { [harbour]: { name: "Harbour", joinRule: "public", timeline: [] }, [core]: { joinRule: "invite", timeline: [] } },
    });
    expect(await connect()).toEqual({
      origin: `matrix:${new URL(server.url).host}`,
      name: new URL(server.url).host,
      says: `Signed in as @reader:tide.example; 2 rooms can be read: ${core}, Harbour.`,
    });
    // One room is the same source as its export.
    expect(await connect({ rooms: "https://matrix.to/#/#harbour:tide.example" })).toMatchObject({ origin: `matrix:${harbour}`, name: "Harbour" });
  });

  it("says what is missing or wrong: token (M_UNKNOWN_TOKEN), room (M_NOT_FOUND, M_FORBIDDEN), address", async () => {
    server = await startHomeserver({ rooms: { [core]: { joinRule: "invite", timeline: [], forbidden: true } } });
    await expect(connect({ homeserver: "", accessToken: "" })).rejects.toThrow(/give the homeserver's address and an access token/);
    await expect(connect({ accessToken: "old" })).rejects.toMatchObject({
      code: "forbidden",
      message: expect.stringMatching(/M_UNKNOWN_TOKEN.*Make a new one/) as string,
    });
    await expect(connect({ rooms: "#nowhere:tide.example" })).rejects.toThrow(/no room #nowhere:tide\.example/);
    await expect(connect({ rooms: core })).rejects.toThrow(/may not read !core:tide\.example: You aren't a member of the room\. \(M_FORBIDDEN\)/);
    await server.close();
    server = await startLocalServer((_request, response) => void response.writeHead(404).end("<html>"));
    await expect(connect()).rejects.toThrow(/is no Matrix homeserver/);
  });

  it("reads the history backwards in pages by tokens, every message once, however much is written meanwhile", async () => {
    const timeline = many(170);
    const room = { name: "Harbour", joinRule: "public", timeline };
    server = await startHomeserver({
      rooms: { [harbour]: room },
      meanwhile: (page) => void (page <= 3 && timeline.push(say(mara, `meanwhile ${page}`))),
    });
    const reading = await pull();
    const ids = reading.records.filter((r) => r.stream === "messages").map((r) => r.externalId);
    expect(new Set(ids).size).toBe(173);
    expect(ids).toHaveLength(173);
    expect(latest(reading).batches.flatMap((b) => b.channels)[0]).toMatchObject({ externalId: harbour, name: "Harbour", visibility: "team" });
    // Names of those who wrote, and not of those who only are there.
    expect(
      reading.records
        .filter((r) => r.stream === "people")
        .map((r) => r.externalId)
        .sort(),
    ).toEqual([ilo, mara]);
  });

  it("waits as a 429 asks in its body (retry_after_ms), and goes on", async () => {
    server = await startHomeserver({ rooms: { [harbour]: { joinRule: "public", timeline: many(60) } }, limits: new Set([1, 2, 3, 4, 5]) });
    expect((await pull()).records.filter((r) => r.stream === "messages")).toHaveLength(60);
  });

  it("knows edits, reactions and redactions that stand far from their message", async () => {
    const [first, second, third] = many(3) as [Ev, Ev, Ev];
    const redacted: Ev = { ...third, content: {}, unsigned: { redacted_because: { origin_server_ts: base + 999_000, type: "m.room.redaction" } } };
    const timeline = [
      first,
      second,
      redacted,
      ...many(120),
      react(mara, first.event_id, "👍"),
      react(ilo, first.event_id, "👍"),
      edit(second.sender, second.event_id, "better"),
    ];
    server = await startHomeserver({ rooms: { [harbour]: { joinRule: "public", timeline } } });
    const { activities } = latest(await pull());
    expect(activities.get(first.event_id)?.attributes).toMatchObject({ reactions: { "👍": 2 } });
    expect(activities.get(second.event_id)).toMatchObject({ body: "better" });
    expect(activities.get(third.event_id)).toMatchObject({ deletedAt: new Date(base + 999_000) });
    expect(activities.size).toBe(123);
  });

  it("fetches older messages again when something new is about them, with all their reactions and their last words", async () => {
    const timeline = many(130);
    const world: World = { rooms: { [harbour]: { joinRule: "public", timeline } } };
    server = await startHomeserver(world);
    const first = await pull();
    const [a, b, c] = [timeline[3], timeline[4], timeline[5]] as [Ev, Ev, Ev];
    timeline.push(
      say(mara, "new"),
      react(ilo, a.event_id, "👍"),
      react(mara, a.event_id, "👍"),
      react(mara, a.event_id, "🎉"),
      edit(b.sender, b.event_id, "better"),
    );
    const because = {
      event_id: "$gone",
      type: "m.room.redaction",
      sender: c.sender,
      origin_server_ts: base + 900_000,
      content: {},
      redacts: c.event_id,
    };
    timeline[5] = { ...c, content: {}, unsigned: { redacted_because: because } };
    timeline.push(because, react(mara, "$deleted-for-good", "👍"));
    const second = await pull(first.cursor);
    expect(second.records.filter((r) => r.stream === "messages")).toHaveLength(4);
    const { activities } = latest(first, second);
    expect(activities.get(a.event_id)?.attributes).toMatchObject({ reactions: { "👍": 2, "🎉": 1 } });
    expect(activities.get(b.event_id)).toMatchObject({ body: "better" });
    expect(activities.get(c.event_id)).toMatchObject({ deletedAt: new Date(base + 900_000) });
    // In whichever order they are stored.
    expect(latest(second, first).folded).toEqual(latest(first, second).folded);
    expect((await pull(second.cursor)).records).toEqual([]);
  });

  it("goes on after a crash where it stopped, without losing the reactions that were read already", async () => {
    const timeline = many(200);
    timeline.push(react(mara, timeline[2]?.event_id ?? "", "👍"));
    server = await startHomeserver({ rooms: { [harbour]: { joinRule: "public", timeline } }, failAt: 3 });
    const settings = matrix.settings.parse(settingsOf());
    const http = createLocalHttp();
    const once: typeof http = { ...http, request: (input) => http.request({ ...input, retries: 0 }) };
    const before: Reading["records"] = [];
    let cursor: unknown;
    const crashing = async () => {
      if (!matrix.pull) throw new Error("no pull");
      const input = { settings, stream: "messages", cursor: undefined, signal: new AbortController().signal, http: once, workDir: "" };
      for await (const chunk of matrix.pull(offlineContext(), input)) {
        before.push(...chunk.records);
        cursor = JSON.parse(JSON.stringify(chunk.cursor));
      }
    };
    await expect(crashing()).rejects.toThrow(/answered 500/);
    expect(before.filter((r) => r.stream === "messages")).toHaveLength(99);
    await server.close();
    server = await startHomeserver({ rooms: { [harbour]: { joinRule: "public", timeline } } });
    const rest = await pull(cursor);
    expect(latest({ records: before }, rest).folded).toEqual(latest(await pull()).folded);
    expect(latest({ records: before }, rest).activities.get(timeline[2]?.event_id ?? "")?.attributes).toMatchObject({ reactions: { "👍": 1 } });
  });

  it("leaves out a room that it was thrown out of (M_FORBIDDEN), says so, and reads the others; closed rooms are for few", async () => {
    server = await startHomeserver({
      rooms: { "!a:tide.example": { joinRule: "public", timeline: many(2), forbidden: true }, [core]: { joinRule: "invite", timeline: many(3) } },
    });
    const reading = await pull();
    expect(reading.chunks.flatMap((c) => c.warnings ?? [])).toEqual([
      "!a:tide.example could not be read and was left out this time: You aren't a member of the room. (M_FORBIDDEN)",
    ]);
    expect(latest(reading).batches.flatMap((b) => b.channels)[0]).toMatchObject({ externalId: core, visibility: "restricted" });
  });

  it("begins a room anew whose server knows our token no more (M_INVALID_PARAM)", async () => {
    server = await startHomeserver({ rooms: { [harbour]: { joinRule: "public", timeline: many(5) } } });
    const lost = await pull({ rooms: { [harbour]: { since: "of-another-age" } } });
    expect(lost.records).toEqual([]);
    expect(lost.chunks.flatMap((c) => c.warnings ?? [])).toEqual([expect.stringMatching(/history is read again with the next run/)]);
    expect((await pull(lost.cursor)).records.filter((r) => r.stream === "messages")).toHaveLength(5);
  });

  it("sets encrypted messages aside with the reason", async () => {
    const locked: Ev = { ...say(mara, ""), type: "m.room.encrypted", content: { algorithm: "m.megolm.v1.aes-sha2", ciphertext: "AwgA" } };
    server = await startHomeserver({ rooms: { [harbour]: { joinRule: "public", timeline: [...many(1), locked] } } });
    const reading = await pull();
    expect(reading.chunks.flatMap((c) => c.rejected ?? [])).toMatchObject([
      { externalId: locked.event_id, reason: expect.stringMatching(/is encrypted/) as string },
    ]);
  });
});
