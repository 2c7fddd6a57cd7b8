/** Where somebody writes who is seen through a bridge. */
export interface BridgedPerson {
  network: string;
  /** The id or name there, as far as the bridge writes it into the Matrix id. */
  id: string;
  /** The workspace or the like within the network. */
  team?: string;
}

/** The names that bridges give, by their documented patterns. */
const patterns: readonly [network: string, pattern: RegExp][] = [
  ["discord", /^_?discord_(?<id>\d{5,})/],
  ["slack", /^_?slack_(?:(?<team>[tw][a-z0-9]{6,})[_-])?(?<id>[ubw][a-z0-9]{6,})$/i],
  ["slack", /^_?slack_(?<id>.+)$/i],
  ["gitter", /^_?gitter_(?<id>.+)$/i],
  ["telegram", /^_?telegram_(?<id>\d+)$/],
  ["irc", /^_?(?:irc|libera|liberachat|freenode|oftc|snoonet|gimpnet|mozilla)(?:\.chat)?_(?<id>.+)$/i],
  ["xmpp", /^_xmpp_(?<id>.+)$/i],
  ["whatsapp", /^_?whatsapp_(?<id>\d+)$/],
  ["signal", /^_?signal_(?<id>[0-9a-f-]{36})$/],
  ["mattermost", /^_?mattermost_(?<id>.+)$/i],
];

/** Bots that bridges themselves run, with names that look like those of people seen through them. */
const bridgeBots =
  /^_?(?:discord|slack|gitter|telegram|irc|whatsapp|signal|mattermost|appservice|libera|freenode|oftc)(?:[-_]?(?:bot|appservice|bridge|irc))$/i;

/** Looks through a Matrix id: who stands behind it in another network. The Matrix id stays who it is to us. */
export function readBridge(userId: string): BridgedPerson | undefined {
  const { name, server } = splitUserId(userId);
  if (bridgeBots.test(name)) return undefined;
  // Since 2023 Gitter's own people are here, with their old id behind their name.
  const atGitter = server === "gitter.im" ? /-(?<id>[0-9a-f]{24})$/.exec(name)?.groups?.id : undefined;
  if (atGitter) return { network: "gitter", id: atGitter };
  for (const [network, pattern] of patterns) {
    const groups = pattern.exec(name)?.groups;
    if (groups?.id) return { network, id: groups.id, ...(groups.team && { team: groups.team }) };
  }
  return undefined;
}

/** Why a Matrix account is taken for software. */
export function matrixBotReason(userId: string): string | undefined {
  const { name } = splitUserId(userId);
  if (bridgeBots.test(name)) return `${userId} is the bot of a bridge.`;
  return /[-_.]bot$/i.test(name) ? `The name ${name} ends in “bot”, as Matrix bots are named.` : undefined;
}

export function splitUserId(userId: string): { name: string; server: string } {
  const colon = userId.indexOf(":");
  return { name: userId.slice(1, colon), server: userId.slice(colon + 1) };
}
