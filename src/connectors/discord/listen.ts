import { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import { AppError } from "#core/errors.ts";
import type { ListenInput, RawRecord } from "#features/ledger/index.ts";
import { type ConnectionEnd, keepConnected } from "../keep-connected.ts";
import { RereadQueue } from "../reread-queue.ts";
import { type Asking, askDiscord, DiscordRefusal } from "./client.ts";
import { askingOf, chooseChannels, type LiveSettings, readDirectory } from "./connect.ts";
import { apiChannelSchema, type Directory, isThread } from "./directory.ts";
import { followDirectory } from "./follow-directory.ts";
import { apiMessageSchema, toDeletion, toRecord } from "./from-api.ts";
import { eventToRecords, type GatewayEvent } from "./from-gateway.ts";
import { type GatewaySession, runGateway } from "./gateway.ts";
import { listOpenThreads } from "./pull.ts";
import { openMemory } from "./pull-memory.ts";
import type { ReplyRoots } from "./reply-roots.ts";

/** Discord lets one ask for some messages a second; most of it is left to the pull. */
const rereadEveryMs = 1500;

const gatewaySchema = z.looseObject({
  url: z.string(),
  shards: z.int().positive().default(1),
  session_start_limit: z.looseObject({ remaining: z.int(), reset_after: z.number() }).optional(),
});
const placeSchema = z.looseObject({ guild_id: z.string(), channel_id: z.string() });
const reactionSchema = placeSchema.extend({ message_id: z.string() });
const goneSchema = z.looseObject({ guild_id: z.string(), id: z.string(), parent_id: z.string().nullish(), type: z.int() });
const guildGoneSchema = z.looseObject({ id: z.string(), unavailable: z.boolean().optional() });
const renamedSchema = apiChannelSchema.extend({ guild_id: z.string() });

interface MessagePlace {
  channel: string;
  message: string;
}

interface Run {
  ctx: CoreContext;
  input: ListenInput<LiveSettings>;
  asking: Asking;
  directory: Directory;
  roots: ReplyRoots;
  rereads: RereadQueue<MessagePlace>;
  /** Held from connection to connection. */
  memory: { session?: GatewaySession | undefined };
}

/**
 * Listens to the gateway. A session that breaks off is gone on with after the last event that is kept, so Discord sends
 * again what was not; where that is not possible any more, the server is looked at anew and the next run brings what is missing.
 */
export async function listenToDiscord(ctx: CoreContext, input: ListenInput<LiveSettings>): Promise<void> {
  const { settings, http, signal } = input;
  const asking = askingOf(settings, { http, signal });
  const run: Run = {
    ctx,
    input,
    asking,
    directory: await readDirectory(asking, settings),
    roots: (await openMemory(input.workDir)).roots,
    rereads: new RereadQueue({ ctx, signal, read: (place) => reread(run, place), receive: input.receive, spacingMs: rereadEveryMs }),
    memory: {},
  };
  try {
    await keepConnected({ signal, onState: input.onState, connect: () => connect(run) });
  } finally {
    await run.rereads.stop();
  }
}

async function connect(run: Run): Promise<ConnectionEnd> {
  const { asking, memory, input } = run;
  const { http, signal, settings, onState } = input;
  const at = { url: "", shards: 1 };
  if (!memory.session) {
    const { url, shards, session_start_limit } = gatewaySchema.parse(await askDiscord(asking, "gateway/bot"));
    // Discord resets the token of a bot that begins too many sessions.
    if (session_start_limit && session_start_limit.remaining <= 0) {
      return {
        reason: "This bot has begun as many sessions as Discord allows in a day.",
        pauseMs: Math.max(60_000, session_start_limit.reset_after),
      };
    }
    requireEncrypted(url, settings.baseUrl);
    Object.assign(at, { url, shards });
    run.directory = await readDirectory(asking, settings);
    run.roots = (await openMemory(input.workDir)).roots;
    await listOpenThreads(asking, run.directory);
  }
  // As documented: which of several parts a server is in follows from its id.
  const shard: [number, number] = [Number((BigInt(run.directory.guild.id) >> 22n) % BigInt(at.shards)), at.shards];
  return runGateway({
    http,
    signal,
    token: asking.token,
    url: at.url,
    memory,
    ...(at.shards > 1 && { shard }),
    onConnected: () => onState({ state: "connected" }),
    keep: (events) => keep(run, events),
  });
}

/** The token is sent there. */
function requireEncrypted(url: string, baseUrl: string): void {
  const { protocol, hostname } = new URL(url);
  if (protocol === "wss:" || hostname === new URL(baseUrl).hostname) return;
  throw new AppError("upstream_failed", { public: "Discord named an address for events that is not encrypted; it is not used." });
}

async function keep(run: Run, events: readonly GatewayEvent[]): Promise<void> {
  const records: RawRecord[] = [];
  for (const event of events) records.push(...(await read(run, event)));
  run.roots.takeNew();
  await run.input.receive(records);
}

async function read(run: Run, event: GatewayEvent): Promise<RawRecord[]> {
  const { directory, rereads, roots } = run;
  const at = run.ctx.clock.now();
  switch (event.t) {
    case "MESSAGE_CREATE":
    case "MESSAGE_UPDATE":
    case "MESSAGE_DELETE":
    case "MESSAGE_DELETE_BULK":
      return (await isWanted(run, event.d)) ? eventToRecords(event, { directory, roots, at }) : [];
    case "MESSAGE_REACTION_ADD":
    case "MESSAGE_REACTION_REMOVE":
    case "MESSAGE_REACTION_REMOVE_ALL":
    case "MESSAGE_REACTION_REMOVE_EMOJI": {
      const reaction = reactionSchema.safeParse(event.d);
      if (reaction.success && (await isWanted(run, event.d))) again(rereads, reaction.data.channel_id, reaction.data.message_id);
      return [];
    }
    case "THREAD_UPDATE":
      rereadRenamed(run, event.d);
      followDirectory(directory, event);
      return [];
    case "THREAD_DELETE":
    case "CHANNEL_DELETE":
      return deleteKnown(run, event.d, at);
    case "GUILD_DELETE":
      requireMembership(run, event.d);
      return [];
    default:
      followDirectory(directory, event);
      return [];
  }
}

/** Whether a message is of this server and of a channel to be read. A channel that is not known yet is asked for. */
async function isWanted(run: Run, data: unknown): Promise<boolean> {
  const place = placeSchema.safeParse(data);
  const { asking, directory } = run;
  if (!place.success || place.data.guild_id !== directory.guild.id) return false;
  const { channel_id } = place.data;
  if (!directory.channels.has(channel_id)) {
    try {
      const channel = apiChannelSchema.parse(await askDiscord(asking, `channels/${channel_id}`));
      directory.channels.set(channel.id, channel);
    } catch (error) {
      if (!(error instanceof DiscordRefusal)) throw error;
      return false;
    }
  }
  const channel = directory.channels.get(channel_id);
  if (!channel) return false;
  if (run.input.settings.channels.trim() === "") return true;
  const holder = isThread(channel) ? channel.parent_id : channel.id;
  return chooseChannels(directory, run.input.settings).channels.some(({ id }) => id === holder);
}

const again = (rereads: Run["rereads"], channel: string, message: string) => rereads.add(`${channel} ${message}`, { channel, message });

async function reread({ asking, ctx, directory, roots }: Run, place: MessagePlace): Promise<RawRecord | undefined> {
  const channel = directory.channels.get(place.channel);
  if (!channel) return undefined;
  try {
    const message = apiMessageSchema.parse(await askDiscord(asking, `channels/${place.channel}/messages/${place.message}`));
    return toRecord(message, { channel, directory, roots, at: ctx.clock.now() });
  } catch (error) {
    if (error instanceof DiscordRefusal) return undefined;
    throw error;
  }
}

/** A post in a forum is called what its thread is called, and its first message says so. */
function rereadRenamed({ directory, rereads }: Run, data: unknown): void {
  const thread = renamedSchema.safeParse(data);
  if (!thread.success) return;
  const { id, name, parent_id } = thread.data;
  const known = directory.channels.get(id);
  if (known && known.name !== name && isForum(directory, parent_id)) again(rereads, id, id);
}

function isForum(directory: Directory, id: string | null | undefined): boolean {
  const channel = id ? directory.channels.get(id) : undefined;
  return channel?.type === 15 || channel?.type === 16;
}

/** Discord does not name the messages that went with a thread or channel: those of the last day are known by the pull. */
async function deleteKnown({ directory, input }: Run, data: unknown, at: Date): Promise<RawRecord[]> {
  const gone = goneSchema.safeParse(data);
  if (!gone.success || gone.data.guild_id !== directory.guild.id) return [];
  const { id, parent_id } = gone.data;
  const threads = [...directory.channels.values()].filter((channel) => isThread(channel) && channel.parent_id === id).map((thread) => thread.id);
  const { recall } = await openMemory(input.workDir);
  const known = [id, ...threads].flatMap((place) => recall(place));
  // A thread bears the id of the message that began it. In a forum that went with the thread; elsewhere it stays in its
  // channel, unless the channel went.
  const begun = isThread(gone.data) ? (isForum(directory, parent_id) ? [id] : []) : threads;
  directory.channels.delete(id);
  return [...new Set([...known, ...begun])].map((message) => toDeletion(message, at));
}

function requireMembership({ directory }: Run, data: unknown): void {
  const gone = guildGoneSchema.safeParse(data);
  // An outage takes a server away for a while.
  if (!gone.success || gone.data.id !== directory.guild.id || gone.data.unavailable) return;
  throw new AppError("forbidden", {
    public: `The bot was removed from ${directory.guild.name}. Invite it again with the link of the Developer Portal (OAuth2, URL Generator, scope «bot»), and save these settings again.`,
  });
}
