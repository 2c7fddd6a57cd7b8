import type { NormalizedIdentity } from "#features/ledger/index.ts";
import type { DiscordPerson } from "./format.ts";

/** Every account of Discord has one number over all servers. */
export const platform = "discord";

/**
 * The identity behind an account. Names and nicknames are those of the day of the export, not of the message, so
 * they are labels of that day.
 * @param options.asOf when the account bore these names
 */
export function readPerson(person: DiscordPerson, options: { asOf?: string; webhook?: boolean }): NormalizedIdentity {
  const login = loginOf(person);
  const name = person.nickname?.trim() || person.name?.trim() || undefined;
  const avatar = person.avatarUrl?.replace(/[?#].*$/s, "");
  const bot = options.webhook ? "The message came through a webhook." : person.isBot ? "Discord marks the account as an app." : undefined;
  const at = options.asOf ? { at: new Date(options.asOf) } : {};
  return {
    platform,
    externalId: person.id,
    labels: [...(name ? [{ kind: "name" as const, value: name, ...at }] : []), ...(login ? [{ kind: "login" as const, value: login, ...at }] : [])],
    ...(avatar && /^https?:/.test(avatar) && { avatarUrl: avatar }),
    ...(bot && { kind: { value: "bot" as const, reason: bot } }),
  };
}

/** Since 2023 names are unique; before, four digits told namesakes apart. */
function loginOf({ name, discriminator }: DiscordPerson): string | undefined {
  const login = name?.trim();
  if (!login) return undefined;
  return discriminator && !/^0+$/.test(discriminator) ? `${login}#${discriminator}` : login;
}

/**
 * Whether an account was deleted. Discord gives each such account a name of one of three forms and no digits; a
 * person may bear that nickname, or bore the name with digits.
 */
export function isDeleted({ name, discriminator, isBot }: DiscordPerson): boolean {
  if (isBot || (discriminator && !/^0+$/.test(discriminator))) return false;
  return /^(?:Deleted User(?: [0-9a-f]{8})?|deleted_user_[0-9a-f]{8,})$/.test(name ?? "");
}

/** Bots have four digits or, by now, none; a webhook bears zeros where exports write four of them for everybody. */
export function isWebhook(person: DiscordPerson, webhookId: string | null | undefined): boolean {
  return Boolean(webhookId) || (person.isBot === true && person.discriminator === "0000");
}
