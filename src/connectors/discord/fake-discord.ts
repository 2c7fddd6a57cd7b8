import type { ServerResponse } from "node:http";
import { type LocalServer, startLocalServer } from "../testing.ts";
import { compareIds } from "./snowflake.ts";

export const guildId = "700000000000000001";
const viewChannel = String(1 << 10);

export interface FakeMessage {
  id: string;
  [other: string]: unknown;
}

export interface FakeChannel {
  id: string;
  type: number;
  name: string;
  parent_id?: string | null;
  last_message_id?: string | null;
  permission_overwrites?: { id: string; type: number; allow: string; deny: string }[];
  thread_metadata?: { archived: boolean; archive_timestamp: string };
  messages: FakeMessage[];
  /** What the bot is told when it asks for messages. */
  refusal?: { status: number; code: number; message: string };
}

/** A server that answers as Discord documents its REST API v10, over made-up channels. */
export interface FakeDiscord {
  server: LocalServer;
  channels: FakeChannel[];
  flags: number;
  guilds: { id: string; name: string }[];
  /** May say something else before the ordinary answer is given; true when it did. */
  intercept: (url: URL, response: ServerResponse) => boolean;
  mayManageThreads: boolean;
  /** What `gateway/bot` says: where the gateway is, and how many sessions may still be begun. */
  gateway: { url: string; shards: number; session_start_limit: { total: number; remaining: number; reset_after: number; max_concurrency: number } };
}

export const token = "made-up-bot-token";
export const closed = [{ id: guildId, type: 0, allow: "0", deny: viewChannel }];

export async function startFakeDiscord(channels: FakeChannel[]): Promise<FakeDiscord> {
  const fake: Omit<FakeDiscord, "server"> = {
    channels,
    flags: 1 << 19,
    guilds: [{ id: guildId, name: "Tidewater" }],
    intercept: () => false,
    mayManageThreads: true,
    gateway: { url: "", shards: 1, session_start_limit: { total: 1000, remaining: 999, reset_after: 14_400_000, max_concurrency: 1 } },
  };
  const server = await startLocalServer((request, response) => {
    const { url } = request;
    if (request.headers.authorization !== `Bot ${token}`) return send(response, 401, { message: "401: Unauthorized", code: 0 });
    if (fake.intercept(url, response)) return undefined;
    return answer(fake, url, response);
  });
  return Object.assign(fake, { server });
}

export function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

const isThread = (channel: FakeChannel) => channel.type >= 10 && channel.type <= 12;
const describe = ({ messages, refusal: _, ...channel }: FakeChannel) => ({
  ...channel,
  last_message_id: channel.last_message_id ?? messages.at(-1)?.id ?? null,
});

function answer(fake: Omit<FakeDiscord, "server">, url: URL, response: ServerResponse): void {
  const path = url.pathname.replace(/^\/api\/v10\//, "");
  if (path === "users/@me") return send(response, 200, { id: "700000000000009999", username: "causeway" });
  if (path === "applications/@me") return send(response, 200, { id: "700000000000009998", flags: fake.flags });
  if (path === "gateway/bot") return send(response, 200, fake.gateway);
  if (path === "users/@me/guilds") return send(response, 200, fake.guilds);
  if (path === `guilds/${guildId}`) {
    const roles = [
      { id: guildId, name: "@everyone", permissions: viewChannel },
      { id: "700000000000000900", name: "Helpers", permissions: "0" },
    ];
    return send(response, 200, { ...fake.guilds[0], roles, approximate_member_count: 12 });
  }
  if (path === `guilds/${guildId}/channels`) return send(response, 200, fake.channels.filter((c) => !isThread(c)).map(describe));
  if (path === `guilds/${guildId}/threads/active`) {
    return send(response, 200, { threads: fake.channels.filter((c) => isThread(c) && !c.thread_metadata?.archived).map(describe), members: [] });
  }
  if (path.startsWith("guilds/")) return send(response, 404, { message: "Unknown Guild", code: 10004 });
  const [, id, what = ""] = /^channels\/(\d+)(?:\/(.*))?$/.exec(path) ?? [];
  const channel = fake.channels.find((c) => c.id === id);
  if (!channel) return send(response, 404, { message: "Unknown Channel", code: 10003 });
  if (channel.refusal) return send(response, channel.refusal.status, channel.refusal);
  if (what === "") return send(response, 200, { guild_id: guildId, ...describe(channel) });
  if (what === "messages") return sendMessages(channel, url, response);
  if (what.startsWith("messages/")) {
    const message = channel.messages.find((m) => m.id === what.slice("messages/".length));
    return message ? send(response, 200, message) : send(response, 404, { message: "Unknown Message", code: 10008 });
  }
  return sendArchived(fake, { channel, what, url, response });
}

/** At most 100, those next to the id that was given, the newest first whichever way was asked. */
function sendMessages(channel: FakeChannel, url: URL, response: ServerResponse): void {
  const limit = Math.min(100, Number(url.searchParams.get("limit") ?? 50));
  const after = url.searchParams.get("after");
  const sorted = channel.messages.toSorted((a, b) => compareIds(a.id, b.id));
  const page = after === null ? sorted.slice(-limit) : sorted.filter((m) => compareIds(m.id, after) > 0).slice(0, limit);
  send(response, 200, page.reverse());
}

function sendArchived(fake: Omit<FakeDiscord, "server">, input: { channel: FakeChannel; what: string; url: URL; response: ServerResponse }): void {
  const { channel, what, url, response } = input;
  const isPrivate = what.endsWith("private");
  if (what === "threads/archived/private" && !fake.mayManageThreads) return send(response, 403, { message: "Missing Permissions", code: 50013 });
  const before = url.searchParams.get("before");
  const limit = Number(url.searchParams.get("limit"));
  const at = (c: FakeChannel) => Date.parse(c.thread_metadata?.archive_timestamp ?? "");
  const all = fake.channels
    .filter((c) => isThread(c) && c.parent_id === channel.id && c.thread_metadata?.archived && (c.type === 12) === isPrivate)
    .filter((c) => what.startsWith("users") || before === null || at(c) < Date.parse(before))
    .sort((a, b) => at(b) - at(a));
  send(response, 200, { threads: all.slice(0, limit).map(describe), members: [], has_more: all.length > limit });
}
