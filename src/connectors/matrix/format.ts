import { z } from "zod";

/** Milliseconds since 1970; a server may write anything here, and what no clock shows is refused. */
const milliseconds = z.number().min(946_684_800_000, { error: "is no time in milliseconds since 1970" }).max(32_503_680_000_000);

const textOrNothing = z.string().optional().catch(undefined);

/** What a message says. Every field is up to its writer, so what is malformed counts as absent. */
export const contentSchema = z.looseObject({
  msgtype: textOrNothing,
  body: textOrNothing,
  formatted_body: textOrNothing,
  filename: textOrNothing,
  url: textOrNothing,
  file: z.looseObject({ url: textOrNothing }).optional().catch(undefined),
  info: z
    .looseObject({ mimetype: textOrNothing, size: z.number().optional().catch(undefined) })
    .optional()
    .catch(undefined),
  "m.mentions": z
    .looseObject({ user_ids: z.array(z.string()).optional().catch(undefined) })
    .optional()
    .catch(undefined),
  "m.new_content": z.looseObject({}).optional().catch(undefined),
  "m.relates_to": z
    .looseObject({
      rel_type: textOrNothing,
      event_id: textOrNothing,
      key: textOrNothing,
      is_falling_back: z.boolean().optional().catch(undefined),
      "m.in_reply_to": z.looseObject({ event_id: textOrNothing }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});

/** An event as the client-server API and Element's export show it. */
export const eventSchema = z.looseObject({
  event_id: z.string().min(2),
  type: z.string(),
  sender: z.string().regex(/^@.*:.+/s, { error: "is no user like @name:server" }),
  origin_server_ts: milliseconds,
  room_id: textOrNothing,
  state_key: textOrNothing,
  redacts: textOrNothing,
  content: contentSchema.catch({}),
  unsigned: z
    .looseObject({
      redacted_because: z
        .looseObject({ origin_server_ts: z.number().optional().catch(undefined) })
        .optional()
        .catch(undefined),
      "m.relations": z.looseObject({}).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});

const roomSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** `unknown`: nothing that was read says who may join. */
  access: z.enum(["open", "closed", "unknown"]),
});

/** One message with what later events did to it. */
export const messagePayloadSchema = z.object({
  room: roomSchema,
  event: z.object({
    event_id: z.string(),
    type: z.string(),
    sender: z.string(),
    origin_server_ts: milliseconds,
    content: contentSchema,
  }),
  /** The last edit: its time and the words in place of the first ones. */
  edit: z.object({ at: milliseconds, content: contentSchema }).optional(),
  /** When it was redacted. */
  redactedAt: milliseconds.optional(),
  reactions: z.record(z.string(), z.number()).optional(),
});

/** What somebody is called, from when on. */
export const personPayloadSchema = z.object({ userId: z.string(), name: z.string().optional(), at: milliseconds });

export type MatrixEvent = z.output<typeof eventSchema>;
export type MatrixContent = z.output<typeof contentSchema>;
export type MatrixRoom = z.output<typeof roomSchema>;
export type MessagePayload = z.output<typeof messagePayloadSchema>;

/** Types of events in which somebody says something. */
export function isMessage(event: Pick<MatrixEvent, "type" | "content">): boolean {
  if (event.type === "m.room.message") return event.content.msgtype !== "m.key.verification.request";
  return event.type === "m.sticker" || event.type === "m.poll.start" || event.type === "org.matrix.msc3381.poll.start";
}

/** Nobody can read it: encrypted, without its key. */
export function isUnreadable(event: Pick<MatrixEvent, "type" | "content">): boolean {
  return event.type === "m.room.encrypted" || event.content.msgtype === "m.bad.encrypted";
}
