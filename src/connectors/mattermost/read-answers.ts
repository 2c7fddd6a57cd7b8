import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { type ExportFiles, readJson } from "../export-files.ts";
import { excerptOf } from "../words.ts";
import { isSystemPost, type MattermostChannel, postSchema } from "./format.ts";
import { aboutUser, countReactions, postRecord, userRecord } from "./records.ts";

const chunkRecords = 400;

const postsAnswer = z.looseObject({ order: z.array(z.string()), posts: z.record(z.string(), z.unknown()) });
const channelAnswer = z.looseObject({ id: z.string(), team_id: z.string(), name: z.string(), display_name: z.string().nullish(), type: z.string() });
const userAnswer = z.looseObject({ id: z.string(), username: z.string(), roles: z.string() });
const errorAnswer = z.looseObject({ message: z.string(), status_code: z.number() });
const metadataOf = z.looseObject({
  metadata: z.looseObject({
    reactions: z.array(z.looseObject({ emoji_name: z.string() })).nullish(),
    files: z.array(z.looseObject({ name: z.string().nullish(), mime_type: z.string().nullish(), size: z.number().nullish() })).nullish(),
  }),
});
/** Says nothing of the post itself, or changes without it. */
const passing = ["metadata", "pending_post_id", "participants", "reply_count", "last_reply_at", "is_following", "file_ids", "has_reactions"];

/** What a file or folder of the API's answers was found to hold. */
export interface AnswersSummary {
  channels: Map<string, MattermostChannel>;
  users: Map<string, Record<string, unknown>>;
  /** Posts of people, each once. */
  messages: number;
}

/**
 * Reads saved answers to their end: lists of posts, and the channels and users that lie beside them.
 * @throws AppError `unreadable_file` where one is no JSON, or none is an answer of Mattermost
 */
export async function inspectAnswers(files: ExportFiles, signal: AbortSignal): Promise<AnswersSummary> {
  const summary: AnswersSummary = { channels: new Map(), users: new Map(), messages: 0 };
  const posts = new Set<string>();
  let known = 0;
  let refusal = "";
  for (const file of files.files) {
    const value = await readJson(file, signal);
    const list = postsAnswer.safeParse(value);
    const channel = channelAnswer.safeParse(value);
    const user = userAnswer.safeParse(value);
    const error = errorAnswer.safeParse(value);
    if (list.success) {
      for (const [id, post] of Object.entries(list.data.posts)) {
        const read = postSchema.safeParse(post);
        if (read.success && !isSystemPost(read.data.type) && !read.data.original_id) posts.add(id);
      }
    } else if (channel.success) {
      const { id, name, display_name: title, type } = channel.data;
      summary.channels.set(id, { id, name: title || name, isClosed: type !== "O" });
    } else if (user.success) summary.users.set(user.data.id, user.data);
    else {
      if (error.success) refusal = ` ${file.name} is the server's refusal: “${error.data.message}” (${error.data.status_code}).`;
      continue;
    }
    known += 1;
  }
  if (known === 0) {
    throw new AppError("unreadable_file", {
      public: `${files.name} holds no answers of Mattermost's API: an object with "order" and "posts" was expected.${refusal} Nothing was stored.`,
    });
  }
  summary.messages = posts.size;
  return summary;
}

/** Reads the posts of saved answers, with the channels and users that were found. */
export async function* readAnswers(files: ExportFiles, found: AnswersSummary & { site: string }, signal: AbortSignal): AsyncGenerator<RecordChunk> {
  const { site } = found;
  let records: RawRecord[] = [...found.users.values()].map((user) => userRecord({ site, id: `id:${String(user.id)}`, user: aboutUser(user) }));
  let rejected: RejectedRecord[] = [];
  let done = 0;
  let systemPosts = 0;
  let versions = 0;
  for (const file of files.files) {
    const value = await readJson(file, signal);
    const list = postsAnswer.safeParse(value);
    done += file.sizeBytes;
    if (!list.success) {
      const refusal = errorAnswer.safeParse(value);
      if (refusal.success) rejected.push(setAside(file.name, refusal.data));
      continue;
    }
    for (const [id, value] of Object.entries(list.data.posts)) {
      const post = postSchema.safeParse(value);
      if (!post.success) {
        const issue = post.error.issues[0];
        rejected.push({
          stream: "posts",
          externalId: id,
          place: `${file.name}, posts.${id}.${issue?.path.map(String).join(".") ?? ""}`,
          reason: `${issue?.path.map(String).join(".")} ${issue?.message}`,
          remedy: "Fetch it again; all the rest was taken.",
          excerpt: excerptOf(value),
        });
        continue;
      }
      if (isSystemPost(post.data.type)) {
        systemPosts += 1;
        continue;
      }
      if (post.data.original_id) {
        versions += 1;
        continue;
      }
      records.push(recordOf(post.data, found));
      if (records.length < chunkRecords) continue;
      yield { records, rejected, progress: { done, total: files.totalBytes, unit: "bytes" } };
      records = [];
      rejected = [];
    }
  }
  const warnings = systemPosts > 0 ? [`${systemPosts.toLocaleString("en")} notes of the server («… joined the channel») were left out.`] : [];
  if (versions > 0) warnings.push(`${versions.toLocaleString("en")} earlier versions of edited posts were left out.`);
  yield { records, rejected, warnings, progress: { done: files.totalBytes, total: files.totalBytes, unit: "bytes" } };
}

/** A refusal that was saved where an answer was wanted: what it kept back is missing, and its owner should know. */
function setAside(place: string, refusal: z.output<typeof errorAnswer>): RejectedRecord {
  return {
    stream: "posts",
    place,
    reason: `The server refused: “${refusal.message}” (${refusal.status_code}).`,
    remedy: "Fetch it again with an account that may read the channel; all the rest was taken.",
    excerpt: excerptOf(refusal),
  };
}

function recordOf(post: z.output<typeof postSchema>, { site, channels, users }: AnswersSummary & { site: string }): RawRecord {
  const user = users.get(post.user_id);
  const given = metadataOf.safeParse(post).data?.metadata;
  const reactions = countReactions((given?.reactions ?? []).map((reaction) => reaction.emoji_name));
  const attachments = (given?.files ?? []).map(({ name, mime_type: type, size }) => ({
    ...(name && { name }),
    ...(type && { type }),
    ...(typeof size === "number" && { sizeBytes: size }),
  }));
  const own = { ...post };
  for (const field of passing) delete own[field];
  return postRecord({
    site,
    // A channel whose answer is not here may be a closed one.
    channel: channels.get(post.channel_id) ?? { id: post.channel_id, name: post.channel_id, isClosed: true },
    user: {
      id: post.user_id && `id:${post.user_id}`,
      ...(typeof user?.username === "string" && { username: user.username }),
      ...(user?.is_bot === true && { isBot: true }),
    },
    post: own,
    ...(reactions && { reactions }),
    ...(attachments.length > 0 && { attachments }),
  });
}
