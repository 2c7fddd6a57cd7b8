import { z } from "zod";

/** Milliseconds since 1970. */
const moment = z.int();

/** An account as the platform's export shows it today. */
export const accountSchema = z.object({
  platform: z.string(),
  id: z.string(),
  name: z.string().optional(),
  login: z.string().optional(),
  email: z.string().optional(),
  verified: z.boolean().optional(),
  role: z.enum(["staff", "app"]).optional(),
  /** Logins of before, with the day until which each was in use. */
  formerly: z.array(z.object({ login: z.string(), until: moment })).optional(),
  /** In commits: the address that `.mailmap` gives for this one. */
  mailmap: z.string().optional(),
});
export type Account = z.output<typeof accountSchema>;

const entrySchema = z.object({
  id: z.string(),
  kind: z.string(),
  /** Place in `accounts`, or what the platform shows for an account that is gone. */
  by: z.union([z.int(), z.string()]),
  at: moment,
  edited: moment.optional(),
  replyTo: z.string().optional(),
  body: z.string(),
  url: z.string().optional(),
  accepted: z.literal(true).optional(),
});
export type Entry = z.output<typeof entrySchema>;

/** One record: a thread with all that was said in it, or one commit with the people that it names. */
export const payloadSchema = z.object({
  channel: z.object({
    id: z.string(),
    kind: z.string(),
    name: z.string(),
    url: z.string().optional(),
    visibility: z.enum(["public", "members", "team", "restricted"]),
  }),
  thread: z
    .object({
      id: z.string(),
      kind: z.string(),
      ref: z.string().optional(),
      title: z.string(),
      url: z.string().optional(),
      state: z.enum(["open", "closed"]),
      reason: z.string().optional(),
      labels: z.array(z.string()).optional(),
      closed: moment.optional(),
      answerable: z.literal(true).optional(),
    })
    .optional(),
  accounts: z.array(accountSchema),
  entries: z.array(entrySchema).min(1),
});
export type Payload = z.output<typeof payloadSchema>;
