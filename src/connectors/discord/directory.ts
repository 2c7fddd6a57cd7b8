import { z } from "zod";
import type { DiscordChannel, DiscordGuild } from "./format.ts";

/** The channels and roles of a server, as the API and the gateway tell of them. */
export interface Directory {
  guild: DiscordGuild;
  /** Threads too, once they are known. */
  channels: Map<string, ApiChannel>;
  roles: Map<string, string>;
  /** Whether who is only a member sees a channel that says nothing else. */
  everyoneSees: boolean;
}

export const apiChannelSchema = z.object({
  id: z.string(),
  type: z.int(),
  name: z.string().nullish(),
  parent_id: z.string().nullish(),
  last_message_id: z.string().nullish(),
  permission_overwrites: z.array(z.object({ id: z.string(), allow: z.string(), deny: z.string() })).nullish(),
  thread_metadata: z.object({ archive_timestamp: z.string() }).nullish(),
});
export type ApiChannel = z.output<typeof apiChannelSchema>;

export const apiGuildSchema = z.object({
  id: z.string(),
  name: z.string(),
  roles: z.array(z.object({ id: z.string(), name: z.string(), permissions: z.string() })).default([]),
  approximate_member_count: z.int().optional(),
});

const viewChannel = 1n << 10n;

/** Takes a server's description and its channels together. */
export function makeDirectory(guild: z.output<typeof apiGuildSchema>, channels: readonly ApiChannel[]): Directory {
  const everyone = guild.roles.find(({ id }) => id === guild.id);
  return {
    guild: { id: guild.id, name: guild.name },
    channels: new Map(channels.map((channel) => [channel.id, channel])),
    roles: new Map(guild.roles.map(({ id, name }) => [id, name])),
    everyoneSees: !everyone || (BigInt(everyone.permissions) & viewChannel) !== 0n,
  };
}

/** Names as DiscordChatExporter writes them. */
const typeNames: Record<number, string> = {
  0: "GuildTextChat",
  1: "DirectTextChat",
  2: "GuildVoiceChat",
  3: "DirectGroupTextChat",
  4: "GuildCategory",
  5: "GuildNews",
  10: "GuildNewsThread",
  11: "GuildPublicThread",
  12: "GuildPrivateThread",
  13: "GuildStageVoice",
  15: "GuildForum",
  16: "GuildMedia",
};

/** Whether messages stand in it, and not only threads. */
export const holdsMessages = ({ type }: ApiChannel): boolean => [0, 2, 5, 13].includes(type);
/** Whether threads hang under it. */
export const holdsThreads = ({ type }: ApiChannel): boolean => [0, 5, 15, 16].includes(type);
export const isThread = ({ type }: ApiChannel): boolean => type >= 10 && type <= 12;

/** A channel in the form of an export's head. */
export function describeChannel(channel: ApiChannel, directory: Directory): DiscordChannel {
  const parent = channel.parent_id ? directory.channels.get(channel.parent_id) : undefined;
  const holder = isThread(channel) ? parent : channel;
  return {
    id: channel.id,
    type: typeNames[channel.type] ?? String(channel.type),
    categoryId: channel.parent_id ?? null,
    category: parent?.name ?? null,
    name: channel.name || channel.id,
    ...(holder && isClosed(holder, directory) && { isPrivate: true }),
  };
}

/** Whether a channel is hidden from who is only a member. A category's rules are copied into its channels. */
function isClosed(channel: ApiChannel, { guild, everyoneSees }: Directory): boolean {
  const own = channel.permission_overwrites?.find(({ id }) => id === guild.id);
  if (own && (BigInt(own.deny) & viewChannel) !== 0n) return true;
  if (own && (BigInt(own.allow) & viewChannel) !== 0n) return false;
  return !everyoneSees;
}
