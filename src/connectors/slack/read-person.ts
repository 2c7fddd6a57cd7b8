import type { NormalizedIdentity } from "#features/ledger/index.ts";
import { botReason } from "../known-bots.ts";
import { readTs, type SlackMessage, type SlackUser } from "./format.ts";
import { nameOfGone, nameOfUser } from "./records.ts";

/** Accounts are numbered within a workspace (within the organization on Enterprise Grid). */
export const platformOf = (team: string): string => `slack:${team}`;

const slackbot = "USLACKBOT";

/** The identity behind an account; undefined for one whose profile was deleted on request, or who never came. */
export function readUser(team: string, user: SlackUser): NormalizedIdentity | undefined {
  if (nameOfGone(user) || user.is_invited_user) return undefined;
  const name = nameOfUser(user);
  const login = user.name?.trim();
  const realName = user.profile?.real_name?.trim() || user.real_name?.trim();
  const address = user.profile?.email?.trim().toLowerCase() ?? "";
  const bot = botOf(user.id, { is_bot: user.is_bot, login, name });
  const at = user.updated ? { at: new Date(user.updated * 1000) } : undefined;
  return {
    platform: platformOf(team),
    externalId: user.id,
    // The name in use is the one seen last, so the other one stays without a date.
    ...(at ? {} : { ...(name && { displayName: name }), ...(login && { login }) }),
    ...(at && {
      labels: [
        ...(name ? [{ kind: "name" as const, value: name, ...at }] : []),
        ...(login ? [{ kind: "login" as const, value: login, ...at }] : []),
        ...(realName && realName !== name ? [{ kind: "name" as const, value: realName }] : []),
      ],
    }),
    ...(!bot && address.includes("@") && { email: address, ...(user.is_email_confirmed !== false && { emailVerified: true }) }),
    ...(user.profile?.image && /^https?:/.test(user.profile.image) && { avatarUrl: user.profile.image }),
    ...(bot && { kind: { value: "bot" as const, reason: bot } }),
  };
}

/**
 * Who wrote a message. Apps and integrations have no account of their own in old messages: there it is the
 * integration's id, or no more than the name it shows. An app that writes as a member has both ids: it is the member's.
 */
export function readAuthor(team: string, message: SlackMessage): NormalizedIdentity | undefined {
  if (message.author_gone) return undefined;
  const platform = platformOf(team);
  const user = message.user;
  if (user) {
    const profile = message.user_profile;
    const name = profile?.display_name?.trim() || profile?.real_name?.trim();
    const at = { at: readTs(message.ts) };
    const bot = botOf(user, { isBotMessage: message.subtype === "bot_message" });
    return {
      platform,
      externalId: user,
      ...(profile && {
        labels: [
          ...(name ? [{ kind: "name" as const, value: name, ...at }] : []),
          ...(profile.name ? [{ kind: "login" as const, value: profile.name, ...at }] : []),
        ],
      }),
      ...(bot && { kind: { value: "bot" as const, reason: bot } }),
    };
  }
  const shown = message.username?.trim() || message.bot_name?.trim();
  if (message.bot_id) {
    return {
      platform,
      externalId: message.bot_id,
      ...(shown && { displayName: shown }),
      kind: { value: "bot", reason: `The message came from the integration ${message.bot_id}.` },
    };
  }
  if (message.subtype !== "bot_message" || !shown) return undefined;
  return {
    platform,
    externalId: `bot:${shown.toLowerCase()}`,
    displayName: shown,
    kind: { value: "bot", reason: `${shown} wrote through an integration that Slack does not name.` },
  };
}

function botOf(id: string, input: { is_bot?: boolean | null; isBotMessage?: boolean; login?: string; name?: string }): string | undefined {
  // Slack does not mark its own bot as one.
  if (id === slackbot) return "Slackbot is Slack's own.";
  if (input.is_bot) return "Slack marks the account as a bot.";
  if (input.isBotMessage) return "Slack marks the message as a bot's.";
  return botReason({ login: input.login, name: input.name });
}
