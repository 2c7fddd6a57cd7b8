/** What a message is: words, or a line that Discord wrote because something happened. */
export type MessageSort = "words" | "starter" | { kind: string };

/**
 * Names as DiscordChatExporter and Discord's documentation write them, and Discord's numbers: the exporter writes the
 * number where it knows no name. What is not listed is a line of Discord's own.
 */
const sorts: [names: string, number: number, sort: MessageSort][] = [
  ["Default", 0, "words"],
  ["RecipientAdd", 1, { kind: "recipient_added" }],
  ["RecipientRemove", 2, { kind: "recipient_removed" }],
  ["Call", 3, { kind: "call" }],
  ["ChannelNameChange", 4, { kind: "channel_renamed" }],
  ["ChannelIconChange", 5, { kind: "channel_icon_changed" }],
  ["ChannelPinnedMessage", 6, { kind: "pinned" }],
  ["GuildMemberJoin UserJoin", 7, { kind: "joined" }],
  ["GuildBoost UserPremiumGuildSubscription", 8, { kind: "boosted" }],
  ["GuildBoostTier1 UserPremiumGuildSubscriptionTier1", 9, { kind: "boosted" }],
  ["GuildBoostTier2 UserPremiumGuildSubscriptionTier2", 10, { kind: "boosted" }],
  ["GuildBoostTier3 UserPremiumGuildSubscriptionTier3", 11, { kind: "boosted" }],
  ["ChannelFollowAdd", 12, { kind: "channel_followed" }],
  ["ThreadCreated", 18, { kind: "thread_started" }],
  ["Reply", 19, "words"],
  ["ChatInputCommand ApplicationCommand", 20, "words"],
  ["ThreadStarterMessage", 21, "starter"],
  ["ContextMenuCommand", 23, "words"],
  ["AutoModerationAction", 24, { kind: "moderated" }],
  ["PollResult", 46, { kind: "poll_ended" }],
];

const byName = new Map<string, MessageSort>();
for (const [names, number, sort] of sorts) for (const name of [...names.split(" "), String(number)]) byName.set(name, sort);
const otherSort: MessageSort = { kind: "system" };

/** @param type as written; older exports may lack it, and then it is words */
export function sortOf(type: string | number | null | undefined): MessageSort {
  return type === null || type === undefined ? "words" : (byName.get(String(type)) ?? otherSort);
}

/** Whether a message opens a post in a forum: Discord gives both the same id. */
export function opensPost(messageId: string, channelId: string): boolean {
  return messageId === channelId;
}

/** The kind of activity that a message becomes; undefined for those that only repeat another. */
export function activityKind(message: { id: string; type?: string | number | null }, channelId: string): string | undefined {
  const sort = sortOf(message.type);
  if (sort === "starter") return undefined;
  if (sort !== "words") return sort.kind;
  return opensPost(message.id, channelId) ? "topic_opened" : "message";
}

/** Whether a channel is a thread or a post of a forum. */
export function isThreadType(type: string): boolean {
  return /Thread$/.test(type);
}

/** Whether a channel is a conversation of a few people outside of any server. */
export function isDirectType(type: string): boolean {
  return /^Direct/.test(type);
}
