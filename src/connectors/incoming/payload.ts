import { z } from "zod";

const time = z.iso.datetime({ offset: true });
const key = z.string().trim().min(1).max(500);

/** Who did it: at least one of id and address. */
const person = z
  .object({
    id: key.optional().describe("The person's id at the source: one that never changes. Without it the address is the id."),
    name: z.string().trim().max(300).optional(),
    login: z.string().trim().max(300).optional(),
    email: z.email().max(320).optional(),
    emailVerified: z.boolean().optional().describe("Whether the source has checked that the address is theirs."),
    url: z.url().max(2000).optional(),
    avatarUrl: z.url().max(2000).optional(),
    bot: z.boolean().optional(),
  })
  .refine((given) => given.id !== undefined || given.email !== undefined, { message: "give the person's id or address", path: ["id"] });

/** One activity, as the API and the incoming webhook take it. */
export const incomingActivity = z
  .object({
    id: key.describe("Yours, and the same whenever you send the same thing again: it is then changed and never doubled."),
    kind: z
      .string()
      .regex(/^[a-z][a-z0-9_]{1,48}$/, "write it in lower case with underscores, such as message or topic_opened")
      .default("message")
      .describe("Such as `message`, `comment`, `question_opened`, `answer`, `talk`."),
    occurredAt: time,
    editedAt: time.optional(),
    deletedAt: time.optional().describe("Set when it was deleted at the source; its words are then dropped."),
    author: person.optional().describe("Leave it out when nobody can be named."),
    channel: z
      .object({ id: key, name: z.string().trim().max(300).optional(), kind: z.string().trim().max(50).optional(), private: z.boolean().optional() })
      .optional(),
    thread: z
      .object({
        id: key,
        title: z.string().trim().max(1000).optional(),
        kind: z.string().trim().max(50).optional(),
        url: z.url().max(2000).optional(),
        closedAt: time.optional(),
        solved: z.boolean().optional(),
      })
      .optional(),
    replyTo: key.optional().describe("The id of the activity that it answers."),
    title: z.string().max(1000).optional(),
    body: z.string().max(500_000).optional().describe("Markdown or plain text."),
    url: z.url().max(2000).optional(),
    attributes: z.record(z.string(), z.unknown()).optional(),
  })
  .strict();

export type IncomingActivity = z.output<typeof incomingActivity>;
