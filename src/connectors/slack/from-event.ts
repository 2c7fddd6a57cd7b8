import { z } from "zod";
import type { RawRecord } from "#features/ledger/index.ts";
import { readTs, type SlackChannel, tsPattern } from "./format.ts";
import { type Directory, deletionRecord, messageRecord, userRecord } from "./records.ts";

/** What an event comes to: records, or why there are none. */
export type EventOutcome = { records: RawRecord[] } | { ignored: string };

/** What carries an event, by webhook or by socket. */
export const callbackSchema = z.looseObject({
  type: z.literal("event_callback"),
  team_id: z.string(),
  authorizations: z.array(z.looseObject({ team_id: z.string().nullish(), enterprise_id: z.string().nullish() })).optional(),
  event_time: z.number().optional(),
  event: z.looseObject({ type: z.string() }),
});
export type EventCallback = z.output<typeof callbackSchema>;

/** When an event happened, by its carrier. */
export function happenedAt({ event_time }: EventCallback): Date {
  return event_time === undefined ? new Date() : new Date(event_time * 1000);
}

const tsSchema = z.string().regex(tsPattern);
const messageSchema = z.looseObject({
  subtype: z.string().optional(),
  channel: z.string(),
  channel_type: z.string().optional(),
  ts: tsSchema,
  event_ts: tsSchema.optional(),
  deleted_ts: tsSchema.optional(),
  message: z.looseObject({ ts: tsSchema }).optional(),
});
const userEventSchema = z.looseObject({ user: z.looseObject({ id: z.string() }), event_ts: tsSchema.optional(), cache_ts: z.number().optional() });

/**
 * An event, by webhook or by socket, as the records that a pull of the same message would bring, under the same keys; so
 * what comes twice, and what comes late, changes nothing. The channel's name is left to those that know it.
 * @param input.team the workspace in which the app is installed
 * @param input.at when the event happened, where it does not say so itself
 * @param input.people names for mentions, where they are known
 */
export function eventToRecords(
  event: { type: string } & Record<string, unknown>,
  input: { team: string; at: Date; people?: Directory["people"] },
): EventOutcome {
  switch (event.type) {
    case "message":
      return readMessageEvent(event, input);
    case "team_join":
    case "user_change":
    case "user_profile_changed": {
      const parsed = userEventSchema.safeParse(event);
      const asOf = parsed.success && parsed.data.event_ts ? readTs(parsed.data.event_ts) : input.at;
      const record = parsed.success ? userRecord({ team: input.team, user: parsed.data.user, asOf }) : undefined;
      return record ? { records: [record] } : { ignored: "It names no user." };
    }
    case "reaction_added":
    case "reaction_removed":
      return { ignored: "A reaction names only its message; it is counted when that message is read again." };
    case "app_rate_limited":
      return { ignored: "Slack holds back events; what is missing comes with the next pull." };
    default:
      return { ignored: `Events of the type ${event.type} say nothing that is kept.` };
  }
}

function readMessageEvent(
  event: Record<string, unknown>,
  { team, people = new Map() }: { team: string; people?: Directory["people"] },
): EventOutcome {
  const parsed = messageSchema.safeParse(event);
  if (!parsed.success) return { ignored: "It is no message with a channel and a time." };
  const { channel, channel_type, subtype, ts, event_ts, deleted_ts, message } = parsed.data;
  if (channel_type === "im" || channel_type === "mpim" || channel_type === "app_home") return { ignored: "Direct messages are not read live." };
  const asOf = readTs(event_ts ?? ts);
  if (subtype === "message_deleted") {
    return deleted_ts
      ? { records: [deletionRecord({ channelId: channel, ts: deleted_ts, asOf })] }
      : { ignored: "It does not say what was deleted." };
  }
  if (subtype === "message_replied") return { ignored: "The reply comes as an event of its own." };
  if (subtype === "message_changed" && !message) return { ignored: "It does not say what was changed." };
  const place: SlackChannel = { id: channel, is_private: channel_type !== "channel", kind: "channel" };
  const directory = { team, people, channels: new Map() };
  const record = messageRecord({ directory, channel: place, message: subtype === "message_changed" ? message : event, asOf });
  return "refusal" in record ? { ignored: record.refusal } : { records: [record] };
}
