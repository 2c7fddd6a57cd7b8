import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { HttpClient } from "#core/http.ts";
import type { LiveIdentity } from "#features/ledger/index.ts";
import { type Asking, askPages, askSlack, SlackRefusal } from "./client.ts";
import type { SlackChannel } from "./format.ts";
import { describeApiChannel } from "./layout.ts";
import { openConnection } from "./open-connection.ts";

export interface LiveSettings {
  token: string;
  /** Empty where nothing is listened to. */
  appToken: string;
  team: string;
  channels: string;
  baseUrl: string;
}

/** Who we are in which workspace. */
export interface Session {
  /** The workspace's id, or the one that the settings give. */
  team: string;
  teamName: string;
  user: string;
  isBot: boolean;
  scopes: ReadonlySet<string> | undefined;
}

const sessionSchema = z.looseObject({
  team_id: z.string(),
  team: z.string().default(""),
  user: z.string().default(""),
  bot_id: z.string().optional(),
  enterprise_id: z.string().nullish(),
});
const channelsSchema = z.looseObject({ channels: z.array(z.looseObject({ id: z.string(), is_member: z.boolean().optional() })) });
const neededScopes = ["channels:read", "channels:history", "users:read"];

/** @throws AppError `invalid_input` when there is no token, or one of another kind */
export function askingOf(settings: LiveSettings, input: { http: HttpClient; signal: AbortSignal }): Asking {
  const token = settings.token.replace(/^Bearer\s+/i, "");
  if (token === "") throw new AppError("invalid_input", { public: "To read Slack live, give the token of an app: xoxb-…" });
  if (/^(?:xapp-|xoxe-)/.test(token)) {
    throw new AppError("invalid_input", {
      public:
        "This is no bot token: app-level tokens (xapp-…) and refresh tokens (xoxe-…) cannot read messages. Take the Bot User OAuth Token, xoxb-…",
    });
  }
  return { token, baseUrl: settings.baseUrl, ...input };
}

/**
 * Signs in.
 * @throws AppError `forbidden` naming the scopes that are missing, `invalid_input` when it is another workspace than the settings say
 */
export async function signIn(asking: Asking, settings: LiveSettings): Promise<Session> {
  const { answer, scopes } = await askSlack(asking, "auth.test").catch((error: unknown) => {
    throw error instanceof SlackRefusal ? new AppError("forbidden", { public: `Slack does not let this token in: ${error.message}.` }) : error;
  });
  const me = sessionSchema.parse(answer);
  const missing = scopes ? neededScopes.filter((scope) => !scopes.has(scope)) : [];
  if (missing.length > 0) {
    throw new AppError("forbidden", {
      public: `The app lacks the scope ${missing.join(", ")}. On api.slack.com/apps open your app, OAuth & Permissions, add it under Bot Token Scopes, and install the app again.`,
    });
  }
  if (settings.team !== "" && settings.team !== me.team_id && settings.team !== me.enterprise_id) {
    throw new AppError("invalid_input", {
      public: `The token belongs to ${me.team} (${me.team_id}), not to ${settings.team}. Check the workspace's id.`,
    });
  }
  return { team: settings.team || me.team_id, teamName: me.team || me.team_id, user: me.user, isBot: me.bot_id !== undefined, scopes };
}

/** Signs in, and says what can be read. */
export async function connectSlack(settings: LiveSettings, input: { http: HttpClient; signal: AbortSignal }): Promise<LiveIdentity> {
  const asking = askingOf(settings, input);
  const session = await signIn(asking, settings);
  const { readable, closed, unknown } = await listChannels(asking, session, settings);
  if (unknown.length > 0) {
    throw new AppError("not_found", {
      public: `${session.teamName} has no channel ${unknown.join(", ")} that the app can see. Check the names, or give their ids.`,
    });
  }
  const invite = closed.length > 0 ? ` ${closed.length} more can be read once the app is invited there (/invite @${session.user}).` : "";
  if (settings.appToken !== "") await openConnection(settings, input);
  const live = settings.appToken === "" ? "" : " New messages arrive at once, by Socket Mode.";
  const mail = session.scopes && !session.scopes.has("users:read.email") ? " Without users:read.email people have no addresses." : "";
  return {
    origin: `slack:${session.team}`,
    name: session.teamName,
    says: `Signed in to ${session.teamName} as ${session.user}${session.isBot ? " (a bot)" : ""}; ${readable.length} channels can be read.${invite}${live}${mail}`,
  };
}

/** The channels that can be read, those that the app is not in, and what was asked for and is not there. */
export async function listChannels(
  asking: Asking,
  session: Session,
  settings: { channels: string },
): Promise<{ readable: SlackChannel[]; closed: SlackChannel[]; unknown: string[] }> {
  const mayReadPrivate = session.scopes === undefined || (session.scopes.has("groups:read") && session.scopes.has("groups:history"));
  const types = mayReadPrivate ? "public_channel,private_channel" : "public_channel";
  const all: { channel: SlackChannel; isMember: boolean }[] = [];
  try {
    for await (const page of askPages(asking, "conversations.list", { types, exclude_archived: "false", limit: "200" })) {
      for (const given of channelsSchema.parse(page).channels) {
        const channel = describeApiChannel(given);
        // A bot reads only where it is a member; a member's own token reads all that is public.
        if (channel) all.push({ channel, isMember: given.is_member === true || (!session.isBot && !channel.is_private) });
      }
    }
  } catch (error) {
    if (!(error instanceof SlackRefusal)) throw error;
    throw new AppError("forbidden", { public: `The channels could not be listed: ${error.message}.` });
  }
  all.sort((a, b) => (a.channel.id < b.channel.id ? -1 : 1));
  const wanted = namesIn(settings.channels);
  const isWanted = ({ id, name }: SlackChannel) =>
    wanted.length === 0 || wanted.includes(id.toLowerCase()) || wanted.includes(name?.toLowerCase() ?? "");
  const chosen = all.filter(({ channel }) => isWanted(channel));
  return {
    readable: chosen.filter(({ isMember }) => isMember).map(({ channel }) => channel),
    closed: chosen.filter(({ isMember }) => !isMember).map(({ channel }) => channel),
    unknown: wanted.filter((name) => !all.some(({ channel }) => channel.id.toLowerCase() === name || channel.name?.toLowerCase() === name)),
  };
}

/** Names or ids of channels with commas between them, in lower case. */
export function namesIn(text: string): string[] {
  return text
    .split(/[\n,]/)
    .map((name) => name.trim().replace(/^#/, "").toLowerCase())
    .filter(Boolean);
}
