import { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import type { RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { excerptOf } from "../words.ts";
import type { Asking } from "./client.ts";
import { messagesStream, type SlackChannel, tsPattern } from "./format.ts";
import type { Memory } from "./pull-memory.ts";
import { lookUpAuthors } from "./pull-people.ts";
import { type Directory, messageRecord } from "./records.ts";

const channelStateSchema = z.object({
  /** All up to this message was read. */
  done: z.string().optional(),
  /** While pages are being read from the newest back: the newest, and how far back we are. */
  top: z.string().optional(),
  before: z.string().optional(),
  /** The latest reply read, for threads that began lately. */
  threads: z.record(z.string(), z.string()).default({}),
});
export type ChannelState = z.output<typeof channelStateSchema>;
export const cursorSchema = z.object({ channels: z.record(z.string(), channelStateSchema).default({}), deepAt: z.string().optional() });

/** A pull under way. */
export interface Run {
  ctx: CoreContext;
  asking: Asking;
  directory: Directory;
  memory: Memory;
  cursor: z.output<typeof cursorSchema>;
  /** Where the first run begins. */
  since: string;
  /** From here on known messages are read again. */
  rereadFrom: string;
  /** What is older need not be remembered. */
  rememberFrom: string;
  asked: Set<string>;
  refused: string[];
  isSlow: boolean;
}

/** A page's messages as records, with those of authors whom no list of people names. */
export async function toRecords(
  run: Run,
  channel: SlackChannel,
  messages: readonly Record<string, unknown>[],
): Promise<Required<Pick<RecordChunk, "records" | "rejected">> & { times: string[] }> {
  const asOf = run.ctx.clock.now();
  const records = await lookUpAuthors(run.asking, messages, { team: run.directory.team, memory: run.memory, now: asOf, asked: run.asked });
  const rejected: RejectedRecord[] = [];
  const times: string[] = [];
  for (const message of messages) {
    if (typeof message.ts === "string" && tsPattern.test(message.ts)) times.push(message.ts);
    const record = messageRecord({ directory: run.directory, channel, message, asOf });
    if ("refusal" in record) {
      rejected.push({
        stream: messagesStream,
        place: `#${channel.name}, an answer of Slack`,
        reason: record.refusal,
        remedy: "It is read again with the next run; report it if it stays.",
        excerpt: excerptOf(message),
      });
    } else records.push(record);
  }
  return { records, rejected, times };
}
