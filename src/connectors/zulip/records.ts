import type { RawRecord } from "#features/ledger/index.ts";
import type { ZulipChannel } from "./format.ts";

/** A message as the API, a saved answer of it, or an export (brought into the API's form) gives it. */
export interface GivenMessage {
  id: number;
  timestamp: number;
  last_edit_timestamp?: number | null;
  last_moved_timestamp?: number | null;
  reactions?: unknown;
  [field: string]: unknown;
}

/** Fields that differ from reader to reader and say nothing of the message. */
const readersOwn = ["flags", "match_content", "match_subject", "avatar_url", "submessages", "is_me_message"];

/** The record of a message: the same from a file and from the live source. */
export function messageRecord(input: { site: string; channel: ZulipChannel; message: GivenMessage; knowsLess?: boolean }): RawRecord {
  const { reactions, edit_history, ...rest } = input.message;
  for (const field of readersOwn) delete rest[field];
  const counts = countReactions(reactions);
  const seconds = Math.max(rest.timestamp, rest.last_edit_timestamp ?? 0, rest.last_moved_timestamp ?? 0);
  // Earlier words are nobody's business any more; only whether the words were changed, or just the topic, is kept.
  if (!wereWordsEdited(edit_history)) delete rest.last_edit_timestamp;
  return {
    stream: "messages",
    externalId: String(rest.id),
    payload: { site: input.site, channel: input.channel, message: rest, ...(counts && { reactions: counts }) },
    // An archive that lacks ids of people must not replace what an export or the API told of the same moment.
    asOf: new Date(Math.round(seconds * 1000) - (input.knowsLess ? 1 : 0)).toISOString(),
  };
}

export function userRecord(site: string, user: { user_id: number } & Record<string, unknown>): RawRecord {
  return { stream: "users", externalId: String(user.user_id), payload: { site, user } };
}

/** Older servers keep one time for edits and for moves; the history, where it is given, tells them apart. */
function wereWordsEdited(history: unknown): boolean {
  if (!Array.isArray(history) || history.length === 0) return true;
  return history.some((step: unknown) => typeof step === "object" && step !== null && ("prev_content" in step || "prev_rendered_content" in step));
}

function countReactions(reactions: unknown): Record<string, number> | undefined {
  if (!Array.isArray(reactions) || reactions.length === 0) return undefined;
  const counts: Record<string, number> = {};
  for (const reaction of reactions as unknown[]) {
    const name = typeof reaction === "object" && reaction !== null ? (Reflect.get(reaction, "emoji_name") as unknown) : undefined;
    if (typeof name === "string" && name !== "") counts[name] = (counts[name] ?? 0) + 1;
  }
  // In one order, so that the same reactions are the same payload.
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The channel of a conversation between people: known by its recipient where there are more than two, else by the two. */
export function conversationChannel(input: { recipientId?: number; people: readonly { id: number; name?: string }[] }): ZulipChannel {
  const people = [...input.people].sort((a, b) => a.id - b.id);
  const ids = [...new Set(people.map(({ id }) => id))];
  const id = ids.length <= 2 && ids.length > 0 ? `private:${ids.join(",")}` : `private:group:${input.recipientId ?? ids.join(",")}`;
  return { id, name: "Private messages", access: "conversation" };
}
