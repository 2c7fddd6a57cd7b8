import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { HttpClient } from "#core/http.ts";
import type { LiveIdentity } from "#features/ledger/index.ts";
import { type Asking, askDiscord, DiscordRefusal } from "./client.ts";
import { apiChannelSchema, apiGuildSchema, type Directory, holdsMessages, holdsThreads, makeDirectory } from "./directory.ts";

export interface LiveSettings {
  token: string;
  server: string;
  channels: string;
  baseUrl: string;
}

const userSchema = z.looseObject({ id: z.string(), username: z.string().default("") });
const guildsSchema = z.array(z.looseObject({ id: z.string(), name: z.string() }));
const applicationSchema = z.looseObject({ flags: z.number().default(0) });
/** Either of two flags lets a bot read what messages say; which one depends on the number of servers it is in. */
const mayReadWords = 0b11 << 18;

/** @throws AppError `invalid_input` when there is no token */
export function askingOf(settings: LiveSettings, input: { http: HttpClient; signal: AbortSignal }): Asking {
  if (settings.token === "") throw new AppError("invalid_input", { public: "To read Discord live, give the token of a bot." });
  return { token: settings.token.replace(/^Bot\s+/i, ""), baseUrl: settings.baseUrl, ...input };
}

/** Signs in, finds the server, and says what can be read. */
export async function connectDiscord(settings: LiveSettings, input: { http: HttpClient; signal: AbortSignal }): Promise<LiveIdentity> {
  const asking = askingOf(settings, input);
  const me = userSchema.parse(await askDiscord(asking, "users/@me"));
  await requireWords(asking);
  const directory = await readDirectory(asking, settings);
  const chosen = chooseChannels(directory, settings);
  if (chosen.unknown.length > 0) {
    throw new AppError("not_found", {
      public: `${directory.guild.name} has no channel ${chosen.unknown.join(", ")}. Check the names, or give their ids.`,
    });
  }
  const { guild } = directory;
  return {
    origin: `discord:${guild.id}`,
    name: guild.name,
    says: `Signed in as ${me.username} (a bot); ${guild.name} has ${chosen.channels.length} channels to read, as far as the bot may see them.`,
  };
}

/**
 * Without this right Discord answers with empty messages, and nobody would notice before long.
 * @throws AppError `forbidden` saying which switch to turn
 */
async function requireWords(asking: Asking): Promise<void> {
  const { flags } = applicationSchema.parse(await askDiscord(asking, "applications/@me"));
  if ((flags & mayReadWords) !== 0) return;
  throw new AppError("forbidden", {
    public: "The bot may not read what messages say. In the Developer Portal open your application, Bot, and switch on «Message Content Intent».",
  });
}

/**
 * The server with its channels and roles.
 * @throws AppError `invalid_input` when it is not clear which server, `not_found` when the bot is not in it
 */
export async function readDirectory(asking: Asking, settings: LiveSettings): Promise<Directory> {
  const id = serverIdOf(settings.server) ?? (await findOnlyServer(asking));
  try {
    const guild = apiGuildSchema.parse(await askDiscord(asking, `guilds/${id}`, { with_counts: "true" }));
    const channels = z.array(apiChannelSchema).parse(await askDiscord(asking, `guilds/${id}/channels`));
    return makeDirectory(guild, channels);
  } catch (error) {
    if (!(error instanceof DiscordRefusal)) throw error;
    throw new AppError("not_found", {
      public: `The bot is not in the server ${id}, or there is none. Check the id, and invite the bot with the link of the Developer Portal (OAuth2, URL Generator, scope «bot»). It said: ${error.message}`,
    });
  }
}

/** An id, or the address of a server or channel as the browser shows it. */
function serverIdOf(text: string): string | undefined {
  const given = text.trim();
  if (given === "") return undefined;
  const id = /^(\d{15,20})$/.exec(given)?.[1] ?? /\/channels\/(\d{15,20})/.exec(given)?.[1];
  if (id) return id;
  throw new AppError("invalid_input", {
    public: `«${given}» is no server's id. In Discord switch on Developer Mode, then right-click the server and Copy Server ID.`,
  });
}

async function findOnlyServer(asking: Asking): Promise<string> {
  const guilds = guildsSchema.parse(await askDiscord(asking, "users/@me/guilds"));
  const [only] = guilds;
  if (only && guilds.length === 1) return only.id;
  throw new AppError("invalid_input", {
    public:
      guilds.length === 0
        ? "The bot is in no server yet. Invite it with the link of the Developer Portal (OAuth2, URL Generator, scope «bot»)."
        : `The bot is in ${guilds.length} servers; say which one: ${guilds.map(({ name, id }) => `${name} (${id})`).join(", ")}.`,
  });
}

/** The channels to read, in the order of their ids, and what was asked for and is not there. */
export function chooseChannels(directory: Directory, settings: LiveSettings) {
  const all = [...directory.channels.values()].filter((channel) => holdsMessages(channel) || holdsThreads(channel));
  all.sort((a, b) => a.id.length - b.id.length || (a.id < b.id ? -1 : 1));
  const wanted = settings.channels
    .split(/[\n,]/)
    .map((name) => name.trim().replace(/^#/, "").toLowerCase())
    .filter(Boolean);
  if (wanted.length === 0) return { channels: all, unknown: [] };
  const isCalled = (name: string, channel: { id: string; name?: string | null }) => channel.id === name || channel.name?.toLowerCase() === name;
  return {
    channels: all.filter((channel) => wanted.some((name) => isCalled(name, channel))),
    unknown: wanted.filter((name) => !all.some((channel) => isCalled(name, channel))),
  };
}
