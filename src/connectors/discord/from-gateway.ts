import { z } from "zod";
import type { RawRecord } from "#features/ledger/index.ts";
import type { Directory } from "./directory.ts";
import { apiMessageSchema, toDeletion, toRecord } from "./from-api.ts";
import type { ReplyRoots } from "./reply-roots.ts";

/** An event of Discord's gateway: its name and what it holds. */
export interface GatewayEvent {
  t: string;
  d: unknown;
}

const placeSchema = z.object({ guild_id: z.string().optional(), channel_id: z.string() });
const deletedSchema = placeSchema.extend({ id: z.string() });
const bulkSchema = placeSchema.extend({ ids: z.array(z.string()) });
// An update may name a message and say only which boxes were added to it.
const wholeSchema = z.object({ author: z.object({ id: z.string() }), content: z.string() });

/**
 * An event as the records that a pull of the same message would bring, under the same keys; so what comes twice, and
 * what comes late, changes nothing.
 * @param input.at when the event came
 * @returns nothing for events that tell of no message of this server, or not the whole of it
 */
export function eventToRecords(event: GatewayEvent, input: { directory: Directory; roots: ReplyRoots; at: Date }): RawRecord[] {
  const { directory, at } = input;
  const place = placeSchema.safeParse(event.d);
  if (!place.success || place.data.guild_id !== directory.guild.id) return [];
  switch (event.t) {
    case "MESSAGE_CREATE":
    case "MESSAGE_UPDATE": {
      const channel = directory.channels.get(place.data.channel_id);
      if (!channel || !wholeSchema.safeParse(event.d).success) return [];
      const message = apiMessageSchema.safeParse(event.d);
      return message.success ? [toRecord(message.data, { ...input, channel })] : [];
    }
    case "MESSAGE_DELETE": {
      const gone = deletedSchema.safeParse(event.d);
      return gone.success ? [toDeletion(gone.data.id, at)] : [];
    }
    case "MESSAGE_DELETE_BULK": {
      const gone = bulkSchema.safeParse(event.d);
      return gone.success ? gone.data.ids.map((id) => toDeletion(id, at)) : [];
    }
    default:
      return [];
  }
}
