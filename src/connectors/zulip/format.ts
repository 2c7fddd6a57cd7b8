import { z } from "zod";

/** A message as the API shows it; an export's rows are brought into this form while they are read. */
export const messageSchema = z.looseObject({
  id: z.int().positive(),
  /** Absent in what zulip-archive writes. */
  sender_id: z.int().nullish(),
  sender_full_name: z.string().nullish(),
  /** Real, or made up from the id where the organization hides addresses. */
  sender_email: z.string().nullish(),
  content: z.string().nullish(),
  /** `text/html` unless the source text was asked for. */
  content_type: z.string().nullish(),
  /** Seconds since 1970. */
  timestamp: z.number().positive().max(32_503_680_000),
  last_edit_timestamp: z.number().nullish(),
  type: z.enum(["stream", "private"]),
  /** The topic. */
  subject: z.string().nullish(),
  client: z.string().nullish(),
});

const channelSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** `conversation`: private messages between some people. */
  access: z.enum(["members", "private", "conversation"]),
});

export const messagePayloadSchema = z.object({
  /** The server, as identities are numbered within it. */
  site: z.string(),
  channel: channelSchema,
  message: messageSchema,
  /** Emoji name → how many. */
  reactions: z.record(z.string(), z.number()).optional(),
});

export const userPayloadSchema = z.object({
  site: z.string(),
  user: z.looseObject({
    user_id: z.int(),
    full_name: z.string().nullish(),
    email: z.string().nullish(),
    /** The real address, where we may see it. */
    delivery_email: z.string().nullish(),
    is_bot: z.boolean().nullish(),
    is_mirror_dummy: z.boolean().nullish(),
    avatar_url: z.string().nullish(),
  }),
});

export type ZulipMessage = z.output<typeof messageSchema>;
export type ZulipChannel = z.output<typeof channelSchema>;
export type MessagePayload = z.output<typeof messagePayloadSchema>;
export type UserPayload = z.output<typeof userPayloadSchema>;

/** Topics resolved in the app are renamed: the mark in front is no part of the name. */
const resolvedMark = /^✔[✔ ]* /;

/** A topic's name without the mark of being resolved, and whether it bore one. */
export function readTopic(subject: string | null | undefined): { name: string; resolved: boolean } {
  const raw = (subject ?? "").trim();
  const name = raw.replace(resolvedMark, "").trim();
  // Newer servers leave the name of the general topic empty and show it so.
  return { name: name || "general chat", resolved: resolvedMark.test(raw) };
}

/** A name as Zulip writes it into links and zulip-archive into file names. */
export function encodeName(name: string): string {
  return encodeURIComponent(name).replace(/\./g, "%2E").replace(/%/g, ".");
}

/** What `encodeName` wrote; other text comes back as it is. */
export function decodeName(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replace(/\./g, "%"));
  } catch {
    return encoded;
  }
}

/** Whose account is gone: Zulip gives it this name and address and keeps its messages. */
export function isDeletedUser(person: { name?: string | null; email?: string | null }): boolean {
  return /^deleted user(?: \d+)?$/i.test(person.name?.trim() ?? "") || /^deleteduser\d+@/i.test(person.email ?? "");
}

/** An address that a server made up because the real one is hidden. */
export function isMadeUpAddress(email: string): boolean {
  return /^(?:user|deleteduser)\d+@/i.test(email) || /-bot@|@zulip\.com$/i.test(email);
}
