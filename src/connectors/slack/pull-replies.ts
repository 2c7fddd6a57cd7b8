import { z } from "zod";
import type { RecordChunk } from "#features/ledger/index.ts";
import { askPages, SlackRefusal } from "./client.ts";
import { compareTs, readTs, type SlackChannel, toTs, tsPattern } from "./format.ts";
import { type ChannelState, type Run, toRecords } from "./pull-run.ts";

const rootSchema = z.looseObject({ ts: z.string().regex(tsPattern), reply_count: z.int().positive(), latest_reply: z.string().optional() });
const pageSchema = z.looseObject({ messages: z.array(z.looseObject({})).default([]) });
/** Replies of so many days before the last one known are read again: they may have been edited. */
const overlapMs = 2 * 24 * 3_600_000;

/**
 * The replies to a message, where it says that there are some which were not read yet: only a root tells of them, the
 * channel's history does not hold them.
 */
export async function* readNewReplies(run: Run, input: { channel: SlackChannel; state: ChannelState; root: unknown }): AsyncGenerator<RecordChunk> {
  const root = rootSchema.safeParse(input.root);
  if (!root.success) return;
  const { channel, state } = input;
  const { ts, latest_reply } = root.data;
  const known = state.threads[ts];
  if (known !== undefined && latest_reply !== undefined && compareTs(latest_reply, known) <= 0) return;
  let latest = known;
  const oldest = known === undefined ? undefined : toTs(new Date(readTs(known).getTime() - overlapMs));
  try {
    for await (const page of askPages(run.asking, "conversations.replies", { channel: channel.id, ts, oldest, limit: "200" })) {
      // Every page begins with the root, which the history gave already.
      const replies = pageSchema.parse(page).messages.filter((message) => message.ts !== ts);
      const { records, rejected, times } = await toRecords(run, channel, replies);
      for (const time of times) if (latest === undefined || compareTs(time, latest) > 0) latest = time;
      if (records.length + rejected.length > 0) yield { records, rejected };
    }
  } catch (error) {
    // Deleted while we read.
    if (!(error instanceof SlackRefusal) || error.code !== "thread_not_found") throw error;
    return;
  }
  if (latest_reply !== undefined && (latest === undefined || compareTs(latest_reply, latest) > 0)) latest = latest_reply;
  if (latest !== undefined && compareTs(ts, run.rememberFrom) > 0) state.threads[ts] = latest;
}
