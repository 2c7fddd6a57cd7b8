import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalHttp, pullWith } from "../testing.ts";
import { type FakeChannel, type FakeDiscord, type FakeMessage, guildId, startFakeDiscord, token } from "./fake-discord.ts";
import { discord } from "./index.ts";
import { snowflakeFrom } from "./snowflake.ts";

// The clock of a test stands at 2026-11-25T12:00:00Z.
export const now = Date.parse("2026-11-25T12:00:00Z");
export const hour = 3_600_000;
export const flake = (hoursAgo: number, n = 0) => (BigInt(snowflakeFrom(new Date(now - hoursAgo * hour))) + BigInt(n)).toString();

export const mara = { id: "700000000000001001", username: "mara.v", discriminator: "0", global_name: "Mara", avatar: "abc" };
export const ilan = { id: "700000000000001002", username: "ilan", discriminator: "0", global_name: null, avatar: null };

export function say(id: string, content: string, over: Record<string, unknown> = {}): FakeMessage {
  const at = new Date(Number(BigInt(id) >> 22n) + 1_420_070_400_000).toISOString().replace("Z", "000+00:00");
  return {
    id,
    channel_id: "c",
    type: 0,
    content,
    timestamp: at,
    edited_timestamp: null,
    pinned: false,
    author: mara,
    mentions: [],
    mention_roles: [],
    attachments: [],
    embeds: [],
    ...over,
  };
}

export const answer = (id: string, content: string, to: FakeMessage, over: Record<string, unknown> = {}) =>
  say(id, content, {
    type: 19,
    author: ilan,
    message_reference: { type: 0, message_id: to.id, channel_id: "700000000000000101", guild_id: guildId },
    referenced_message: to,
    ...over,
  });

export function general(messages: FakeMessage[], over: Partial<FakeChannel> = {}): FakeChannel {
  return { id: "700000000000000101", type: 0, name: "general", parent_id: "700000000000000100", permission_overwrites: [], messages, ...over };
}
export const category: FakeChannel = { id: "700000000000000100", type: 4, name: "Help", messages: [] };

export const http = createLocalHttp();
const running: FakeDiscord[] = [];

/** A made-up Discord with these channels under one category. */
export async function start(channels: FakeChannel[]): Promise<FakeDiscord> {
  const fake = await startFakeDiscord([category, ...channels]);
  running.push(fake);
  return fake;
}

/** Stops what `start` started. */
export async function stopAll(): Promise<void> {
  for (const fake of running.splice(0)) await fake.server.close();
}

export const settingsOf = (fake: FakeDiscord, over: Record<string, unknown> = {}) => ({
  token,
  server: guildId,
  baseUrl: `${fake.server.url}/api/v10`,
  ...over,
});
export const newFolder = () => mkdtempSync(join(tmpdir(), "causeway-discord-work-"));
export const asked = (fake: FakeDiscord, part: string) => fake.server.requests.map(({ path }) => path).filter((path) => path.includes(part));

export async function pull(fake: FakeDiscord, input: { cursor?: unknown; workDir?: string; settings?: Record<string, unknown> } = {}) {
  const reading = await pullWith(discord, {
    stream: "messages",
    settings: settingsOf(fake, input.settings),
    cursor: input.cursor,
    http,
    workDir: input.workDir ?? newFolder(),
  });
  const settings = discord.settings.parse(settingsOf(fake));
  const batches = reading.records.map((record) => discord.normalize(record, settings));
  const activities = batches.flatMap((batch) => batch.activities);
  return { ...reading, batches, activities, warnings: reading.chunks.flatMap((chunk) => chunk.warnings ?? []) };
}
