import { z } from "zod";
import { type Asking, askDiscord, DiscordRefusal } from "./client.ts";
import { type ApiChannel, apiChannelSchema } from "./directory.ts";

const pageSize = 100;
const listSchema = z.object({ threads: z.array(apiChannelSchema), has_more: z.boolean().default(false) });

export interface ArchivedPage {
  threads: ApiChannel[];
  /** When the latest of all was closed. */
  top?: string;
  /** Where to go on. */
  before: string;
}

/**
 * Pages of a channel's closed threads, the latest closed first. Threads that are closed meanwhile come on top, so
 * nothing is lost; several closed in one moment are asked for twice rather than not at all.
 * @param input.before where an earlier run stopped in the middle
 * @param input.done up to when an earlier run was through
 * @throws DiscordRefusal when the channel is closed to the bot
 */
export async function* listArchived(
  asking: Asking,
  input: { channel: ApiChannel; kind: "public" | "private"; before?: string; done?: string },
): AsyncGenerator<ArchivedPage> {
  const { channel, kind, done } = input;
  const seen = new Set<string>();
  let before = input.before;
  let top: string | undefined;
  for (;;) {
    const list = await askForPage(asking, { channel, kind, before });
    const fresh = list.threads.filter(({ id }) => !seen.has(id));
    for (const { id } of fresh) seen.add(id);
    top ??= closedAt(list.threads[0]);
    const last = closedAt(list.threads.at(-1));
    if (last === undefined || fresh.length === 0) return;
    before = new Date(Date.parse(last) + 1).toISOString();
    const news = fresh.filter((thread) => done === undefined || Date.parse(closedAt(thread) ?? "") > Date.parse(done));
    if (news.length > 0) yield { threads: news, ...(top !== undefined && { top }), before };
    if (!list.has_more || news.length < fresh.length) return;
  }
}

const closedAt = (thread: ApiChannel | undefined) => thread?.thread_metadata?.archive_timestamp;

async function askForPage(asking: Asking, input: { channel: ApiChannel; kind: "public" | "private"; before: string | undefined }) {
  const query = { limit: String(pageSize), ...(input.before !== undefined && { before: input.before }) };
  const path = `channels/${input.channel.id}/threads/archived`;
  try {
    return listSchema.parse(await askDiscord(asking, `${path}/${input.kind}`, query));
  } catch (error) {
    // All private threads are for who may manage threads. Those that the bot was added to are listed apart, by id.
    if (!(error instanceof DiscordRefusal) || input.kind === "public" || error.status !== 403) throw error;
    return listSchema.parse(await askDiscord(asking, `channels/${input.channel.id}/users/@me/threads/archived/private`, { limit: String(pageSize) }));
  }
}
