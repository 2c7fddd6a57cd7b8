/** What a message is: words, a line that Slack wrote because something happened, or nothing of its own. */
type MessageSort = "words" | "tombstone" | { kind: string };

const line = (kind: string): MessageSort => ({ kind });

/** Subtypes as Slack documents them, those of old exports too. What is not listed is a line of Slack's own. */
const sorts = new Map<string, MessageSort>([
  ["bot_message", "words"],
  ["me_message", "words"],
  ["thread_broadcast", "words"],
  ["file_share", "words"],
  ["file_comment", "words"],
  ["file_mention", "words"],
  ["slackbot_response", "words"],
  ["assistant_app_thread", "words"],
  ["document_mention", "words"],
  ["tombstone", "tombstone"],
  ["channel_join", line("channel_joined")],
  ["group_join", line("channel_joined")],
  ["channel_leave", line("channel_left")],
  ["group_leave", line("channel_left")],
  ["channel_name", line("channel_renamed")],
  ["group_name", line("channel_renamed")],
  ["channel_topic", line("channel_topic_changed")],
  ["group_topic", line("channel_topic_changed")],
  ["channel_purpose", line("channel_purpose_changed")],
  ["group_purpose", line("channel_purpose_changed")],
  ["channel_archive", line("channel_archived")],
  ["group_archive", line("channel_archived")],
  ["channel_unarchive", line("channel_unarchived")],
  ["group_unarchive", line("channel_unarchived")],
  ["pinned_item", line("pinned")],
  ["unpinned_item", line("unpinned")],
  ["bot_add", line("bot_added")],
  ["bot_remove", line("bot_removed")],
  ["bot_enable", line("bot_added")],
  ["bot_disable", line("bot_removed")],
  ["huddle_thread", line("call")],
  ["sh_room_created", line("call")],
  ["sh_room_shared", line("call")],
]);
const otherSort = line("system");

/** @param subtype as written; messages of people mostly have none */
export function sortOf(subtype: string | null | undefined): MessageSort {
  return subtype === null || subtype === undefined || subtype === "" ? "words" : (sorts.get(subtype) ?? otherSort);
}

/** The kind of activity that a message becomes; undefined for the mark that Slack leaves where a root was deleted. */
export function activityKind(subtype: string | null | undefined): string | undefined {
  const sort = sortOf(subtype);
  return sort === "words" ? "message" : sort === "tombstone" ? undefined : sort.kind;
}
