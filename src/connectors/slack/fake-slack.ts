import { type LocalServer, startLocalServer } from "../testing.ts";
import { compareTs } from "./format.ts";

/** A message of the made-up workspace. Replies bear `thread_ts`; roots get what Slack derives from them. */
export type FakeMessage = { ts: string; text: string; user?: string; thread_ts?: string; subtype?: string } & Record<string, unknown>;

export interface FakeChannel {
  id: string;
  name: string;
  is_private?: boolean;
  is_member?: boolean;
  messages: FakeMessage[];
}

export interface FakeWorld {
  channels: FakeChannel[];
  users: ({ id: string } & Record<string, unknown>)[];
  /** Known to users.info alone: people of shared channels. */
  strangers?: ({ id: string } & Record<string, unknown>)[];
  scopes?: string;
  isBot?: boolean;
  /** The largest page of messages, as for apps outside of the Marketplace. */
  pageMax?: number;
  /** Answers instead of what was asked for, by method; taken away one by one. */
  failures?: {
    method: string;
    status?: number;
    error?: string;
    needed?: string;
    headers?: Record<string, string>;
    onlyChannel?: string;
    keep?: boolean;
  }[];
  /** Called before each answer: the world may change meanwhile. */
  before?: (method: string, query: URLSearchParams) => void;
  /** Leaves cursors out, so that only times lead on. */
  withoutCursors?: boolean;
  /** Where Socket Mode is to be connected to. */
  socketUrl?: string;
  /** What `apps.connections.open` refuses with. */
  socketRefusal?: string;
}

export const token = "xoxb-1-2-made-up";
export const appToken = "xapp-1-A1-made-up";
const allScopes = "channels:read,channels:history,groups:read,groups:history,users:read,users:read.email";

/**
 * The Web API after its documentation: bearer tokens, answers with `ok`, cursors, `oldest` and `latest` that leave
 * their own message out, the newest first in a history, the root first in each page of replies.
 */
export async function startFakeSlack(world: FakeWorld): Promise<LocalServer> {
  return startLocalServer(({ url, headers, method: verb }, response) => {
    const method = url.pathname.replace(/^\/api\//, "");
    const send = (body: Record<string, unknown>, status = 200, more: Record<string, string> = {}) => {
      response.writeHead(status, { "content-type": "application/json; charset=utf-8", "x-oauth-scopes": world.scopes ?? allScopes, ...more });
      response.end(JSON.stringify(body));
    };
    world.before?.(method, url.searchParams);
    if (method === "apps.connections.open") {
      if (verb !== "POST") return send({ ok: false, error: "insecure_request" });
      if (headers.authorization !== `Bearer ${appToken}`) return send({ ok: false, error: "invalid_auth" });
      return send(world.socketRefusal ? { ok: false, error: world.socketRefusal } : { ok: true, url: `${world.socketUrl}/link/?ticket=1&app_id=A1` });
    }
    if (headers.authorization !== `Bearer ${token}`) return send({ ok: false, error: "invalid_auth" });
    const at = (world.failures ?? []).findIndex(
      (failure) => failure.method === method && (failure.onlyChannel === undefined || failure.onlyChannel === url.searchParams.get("channel")),
    );
    const failure = world.failures?.[at];
    if (failure) {
      if (!failure.keep) world.failures?.splice(at, 1);
      return send({ ok: false, error: failure.error ?? "ratelimited", needed: failure.needed }, failure.status ?? 200, failure.headers);
    }
    return send(answer(world, method, url.searchParams));
  });
}

function answer(world: FakeWorld, method: string, query: URLSearchParams): Record<string, unknown> {
  switch (method) {
    case "auth.test":
      return {
        ok: true,
        team_id: "T0HARBOR1",
        team: "Harbor",
        user: "tide",
        user_id: "U0TIDE001",
        ...(world.isBot !== false && { bot_id: "B0TIDE0001" }),
      };
    case "users.list":
      return page(world, "members", world.users, query);
    case "users.info": {
      const user = [...world.users, ...(world.strangers ?? [])].find(({ id }) => id === query.get("user"));
      return user ? { ok: true, user } : { ok: false, error: "user_not_found" };
    }
    case "conversations.list": {
      const types = (query.get("types") ?? "public_channel").split(",");
      const listed = world.channels.filter(({ is_private }) => types.includes(is_private ? "private_channel" : "public_channel"));
      return page(
        world,
        "channels",
        listed.map(({ messages, is_private = false, is_member = true, ...channel }) => ({ is_channel: true, is_private, is_member, ...channel })),
        query,
      );
    }
    case "conversations.info": {
      const channel = world.channels.find(({ id }) => id === query.get("channel"));
      if (!channel) return { ok: false, error: "channel_not_found" };
      const { id, name, is_private = false } = channel;
      return { ok: true, channel: { id, name, is_channel: true, is_private } };
    }
    case "conversations.history":
    case "conversations.replies":
      return readMessages(world, method, query);
    default:
      return { ok: false, error: "unknown_method" };
  }
}

function readMessages(world: FakeWorld, method: string, query: URLSearchParams): Record<string, unknown> {
  const channel = world.channels.find(({ id }) => id === query.get("channel"));
  if (!channel) return { ok: false, error: "channel_not_found" };
  if (channel.is_member === false && (channel.is_private || world.isBot !== false)) return { ok: false, error: "not_in_channel" };
  const [oldest, latest] = [query.get("oldest") ?? "0", query.get("latest") ?? "99999999999.000000"];
  const isWithin = ({ ts }: FakeMessage) => compareTs(ts, oldest) > 0 && compareTs(ts, latest) < 0;
  const all = channel.messages.map((message) => describe(channel, message));
  if (method === "conversations.history") {
    const found = all.filter((m) => (m.thread_ts === undefined || m.thread_ts === m.ts || m.subtype === "thread_broadcast") && isWithin(m));
    return page(
      world,
      "messages",
      found.sort((a, b) => compareTs(b.ts, a.ts)),
      query,
    );
  }
  const root = all.find(({ ts }) => ts === query.get("ts"));
  if (!root) return { ok: false, error: "thread_not_found" };
  const replies = all.filter((m) => m.thread_ts === root.ts && m.ts !== root.ts && isWithin(m)).sort((a, b) => compareTs(a.ts, b.ts));
  const answered = page(world, "messages", replies, query);
  return { ...answered, messages: [root, ...(answered.messages as FakeMessage[])] };
}

function describe(channel: FakeChannel, message: FakeMessage): FakeMessage {
  const replies = channel.messages.filter((m) => m.thread_ts === message.ts && m.ts !== message.ts);
  const last = replies
    .map(({ ts }) => ts)
    .sort(compareTs)
    .at(-1);
  return {
    type: "message",
    team: "T0HARBOR1",
    client_msg_id: `id of ${message.ts}`,
    ...message,
    ...(last !== undefined && { thread_ts: message.ts, reply_count: replies.length, reply_users: ["U0MARA001"], latest_reply: last }),
  };
}

/** A page, with a cursor that leads to the next: an offset counted from the oldest, so that it does not shift. */
function page(world: FakeWorld, name: string, items: readonly object[], query: URLSearchParams): Record<string, unknown> {
  const size =
    name === "messages" ? Math.min(Number(query.get("limit") ?? 100), world.pageMax ?? 1000) : Math.min(Number(query.get("limit") ?? 100), 2);
  const cursor = query.get("cursor");
  const from = cursor === null ? 0 : items.length - Number(Buffer.from(cursor, "base64").toString().replace("left:", ""));
  const left = items.length - from - size;
  const next = left > 0 && !world.withoutCursors ? Buffer.from(`left:${left}`).toString("base64") : "";
  return { ok: true, [name]: items.slice(from, from + size), has_more: left > 0, response_metadata: { next_cursor: next } };
}
