import { z } from "zod";

/** Milliseconds since 1970; seconds, as some tools write them, are too small to be believed. */
const milliseconds = z.number().min(100_000_000_000, { error: "is no time in milliseconds since 1970" }).max(32_503_680_000_000);

const reactionsSchema = z.record(z.string(), z.number()).optional();

/**
 * A post as the API shows it. The bulk export has no ids: there `id`, `root_id` and `user_id` are made of what stays the
 * same (team, channel, user and time of writing).
 */
export const postSchema = z.looseObject({
  id: z.string().min(1),
  create_at: milliseconds,
  edit_at: z.number().nullish(),
  delete_at: z.number().nullish(),
  user_id: z.string(),
  channel_id: z.string().min(1),
  root_id: z.string().nullish(),
  /** Of an earlier version of an edited post: the post. */
  original_id: z.string().nullish(),
  message: z.string().nullish(),
  type: z.string().nullish(),
  props: z.looseObject({}).nullish(),
});

export const postPayloadSchema = z.object({
  /** The namespace of its people. */
  site: z.string(),
  channel: z.object({ id: z.string(), name: z.string(), isClosed: z.boolean(), url: z.string().optional() }),
  /** Who wrote it, as far as it is known. */
  user: z.object({ id: z.string(), username: z.string().optional(), isBot: z.boolean().optional() }),
  post: postSchema,
  reactions: reactionsSchema,
  attachments: z.array(z.object({ name: z.string().optional(), type: z.string().optional(), sizeBytes: z.number().optional() })).optional(),
});

export const userPayloadSchema = z.object({
  site: z.string(),
  /** As identities are keyed: `id:…` from the API, `login:…` from the bulk export. */
  id: z.string(),
  user: z.looseObject({
    username: z.string().nullish(),
    nickname: z.string().nullish(),
    first_name: z.string().nullish(),
    last_name: z.string().nullish(),
    email: z.string().nullish(),
    email_verified: z.boolean().nullish(),
    is_bot: z.boolean().nullish(),
    roles: z.string().nullish(),
  }),
});

export type PostPayload = z.output<typeof postPayloadSchema>;
export type UserPayload = z.output<typeof userPayloadSchema>;
export type MattermostChannel = PostPayload["channel"];

/** Notes that the server writes («… joined the channel»): nobody said them. */
export function isSystemPost(type: string | null | undefined): boolean {
  return type?.startsWith("system_") ?? false;
}
