import { z } from "zod";
import { apiChannelSchema, apiGuildSchema, type Directory, makeDirectory } from "./directory.ts";
import type { GatewayEvent } from "./from-gateway.ts";

const roleSchema = apiGuildSchema.shape.roles.unwrap().element;
const ofGuild = z.object({ guild_id: z.string() });
const channelEvent = apiChannelSchema.extend({ guild_id: z.string() });
const guildEvent = apiGuildSchema.extend({ channels: z.array(apiChannelSchema).default([]), threads: z.array(apiChannelSchema).default([]) });
const threadsEvent = ofGuild.extend({ threads: z.array(apiChannelSchema) });
const roleEvent = ofGuild.extend({ role: roleSchema });
const roleGone = ofGuild.extend({ role_id: z.string() });

/** Keeps a directory up to date with what happens to the server, its channels, threads and roles. */
export function followDirectory(directory: Directory, { t, d }: GatewayEvent): void {
  switch (t) {
    case "GUILD_CREATE":
    case "GUILD_UPDATE": {
      const guild = guildEvent.safeParse(d);
      if (!guild.success || guild.data.id !== directory.guild.id) return;
      // Closed threads are not told of, and channels only when the server comes.
      const channels = [...directory.channels.values(), ...guild.data.channels, ...guild.data.threads];
      Object.assign(directory, makeDirectory(guild.data, channels));
      return;
    }
    case "CHANNEL_CREATE":
    case "CHANNEL_UPDATE":
    case "THREAD_CREATE":
    case "THREAD_UPDATE": {
      const channel = channelEvent.safeParse(d);
      if (channel.success && channel.data.guild_id === directory.guild.id) directory.channels.set(channel.data.id, channel.data);
      return;
    }
    case "THREAD_LIST_SYNC": {
      const list = threadsEvent.safeParse(d);
      if (list.success && list.data.guild_id === directory.guild.id)
        for (const thread of list.data.threads) directory.channels.set(thread.id, thread);
      return;
    }
    case "GUILD_ROLE_CREATE":
    case "GUILD_ROLE_UPDATE": {
      const event = roleEvent.safeParse(d);
      if (!event.success || event.data.guild_id !== directory.guild.id) return;
      const { role } = event.data;
      directory.roles.set(role.id, role.name);
      if (role.id === directory.guild.id) directory.everyoneSees = makeDirectory({ ...directory.guild, roles: [role] }, []).everyoneSees;
      return;
    }
    case "GUILD_ROLE_DELETE": {
      const event = roleGone.safeParse(d);
      if (event.success && event.data.guild_id === directory.guild.id) directory.roles.delete(event.data.role_id);
      return;
    }
  }
}
