import type { RawRecord, RejectedRecord } from "#features/ledger/index.ts";
import { excerptOf } from "../words.ts";
import type { FileRelations } from "./file-relations.ts";
import { isUnreadable, type MatrixEvent, type MatrixRoom } from "./format.ts";
import type { Relations } from "./relations.ts";

/** The record of a message with what later events did to it: the same from a file and from the live source. */
export function messageRecord(event: MatrixEvent, room: MatrixRoom, relations: Pick<Relations | FileRelations, "about">): RawRecord {
  const { latest, ...changes } = relations.about(event);
  const { event_id, type, sender, origin_server_ts } = event;
  return {
    stream: "messages",
    externalId: event_id,
    payload: {
      room,
      // What was redacted is gone for good, also where a dump still has it.
      event: { event_id, type, sender, origin_server_ts, content: changes.redactedAt === undefined ? event.content : {} },
      ...changes,
    },
    asOf: new Date(latest).toISOString(),
  };
}

/** Somebody's name from a membership event. */
export function personRecord(event: MatrixEvent): RawRecord | undefined {
  const userId = event.state_key;
  const name = event.content.displayname;
  if (event.type !== "m.room.member" || !userId || typeof name !== "string" || name.trim() === "") return undefined;
  return {
    stream: "people",
    externalId: userId,
    payload: { userId, name: name.trim(), at: event.origin_server_ts },
    asOf: new Date(event.origin_server_ts).toISOString(),
  };
}

/** An encrypted event, set aside. */
export function rejectUnreadable(event: MatrixEvent, place: string): RejectedRecord | undefined {
  if (!isUnreadable(event)) return undefined;
  return {
    stream: "messages",
    externalId: event.event_id,
    place,
    reason: `The message ${event.event_id} of ${event.sender} is encrypted, and its key is not here.`,
    remedy: "Export the room from an Element that can read it (Settings > Encryption shows whether it has the keys).",
    // What it holds is of no use to anybody.
    excerpt: excerptOf({ event_id: event.event_id, sender: event.sender, type: event.type }),
  };
}
