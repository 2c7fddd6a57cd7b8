import { z } from "zod";
import type { RawRecord, RejectedRecord } from "#features/ledger/index.ts";
import { type Asking, askDiscourse, DiscourseRefusal } from "./client.ts";
import { type Categories, isObject, numbersOf, readValue } from "./read-value.ts";
import { type Given, idOf } from "./records.ts";

/** A topic as it was read: its records, and which posts it has. */
export interface TopicReading {
  records: RawRecord[];
  rejected: RejectedRecord[];
  /** Every post that the topic has, also those that were not asked for again; undefined where it does not say. */
  stream: number[] | undefined;
  /** Post number → id, with those that were held. */
  numbers: ReadonlyMap<number, number>;
}

const postsPerRequest = 50;
/** Of a long topic that is held already, so many of its last posts are read again, and those that are new. */
const readAgain = 100;
const pagesMax = 5000;

const streamSchema = z.looseObject({ posts: z.array(z.unknown()).default([]), stream: z.array(z.int()).optional() });

/**
 * Reads a topic with all of its posts: its page holds the first twenty, the others are asked for by their numbers.
 * @param input.known posts that are held
 * @param input.numbers their numbers in the topic
 * @returns undefined when the topic is gone, or not ours to read any more
 */
export async function readTopic(
  asking: Asking,
  input: { id: number; categories: Categories; known: ReadonlySet<number>; numbers: ReadonlyMap<number, number>; now: Date },
): Promise<TopicReading | undefined> {
  const page = await askOrNothing(asking, `/t/${input.id}.json?include_raw=1`);
  if (!isObject(page)) return undefined;
  const parsed = streamSchema.safeParse(page.post_stream);
  if (!parsed.success) return undefined;
  const posts = new Map<number, Given>();
  const take = (found: readonly unknown[]): void => {
    for (const post of found) {
      const id = idOf(post);
      if (id !== undefined && isObject(post)) posts.set(id, post);
    }
  };
  take(parsed.data.posts);
  const { stream } = parsed.data;
  if (stream) {
    const wanted = stream.filter((id, at) => !posts.has(id) && (!input.known.has(id) || at >= stream.length - readAgain));
    for (let from = 0; from < wanted.length; from += postsPerRequest) {
      const query = wanted.slice(from, from + postsPerRequest).map((id) => `post_ids[]=${id}`);
      take(postsOf(await askOrNothing(asking, `/t/${input.id}/posts.json?${query.join("&")}&include_raw=1`)));
    }
  } else {
    // Topics of more than 10,000 posts do not list them: they are read page by page.
    for (let number = 2; number <= pagesMax; number++) {
      const found = postsOf(await askOrNothing(asking, `/t/${input.id}.json?page=${number}&include_raw=1`));
      if (found.length === 0) break;
      take(found);
    }
  }
  const value = { ...page, post_stream: { posts: [...posts.values()] } };
  const { categories, numbers } = input;
  const reading = readValue({ site: asking.access.site, categories, place: `topic ${input.id}`, value, numbers });
  const asOf = input.now.toISOString();
  // The state of a topic (closed, solved, renamed) has no time of its own; this is when we saw it.
  const records = reading.records.map((record) => (record.stream === "topics" ? { ...record, asOf } : record));
  return { records, rejected: reading.rejected, stream, numbers: new Map([...numbers, ...numbersOf([...posts.values()])]) };
}

function postsOf(answer: unknown): unknown[] {
  return isObject(answer) ? (streamSchema.safeParse(answer.post_stream).data?.posts ?? []) : [];
}

/** @returns undefined for what is gone or not ours to read */
export async function askOrNothing(asking: Asking, path: string): Promise<unknown> {
  try {
    return await askDiscourse(asking, path);
  } catch (error) {
    if (error instanceof DiscourseRefusal) return undefined;
    throw error;
  }
}
