import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import type { RawRecord } from "#features/ledger/index.ts";
import { type Asking, askSlack } from "./client.ts";
import type { SlackChannel } from "./format.ts";
import { describeApiChannel } from "./layout.ts";
import { type Directory, messageRecord } from "./records.ts";

const infoSchema = z.looseObject({ channel: z.looseObject({ id: z.string(), is_im: z.boolean().optional(), is_mpim: z.boolean().optional() }) });
const messagesSchema = z.looseObject({ messages: z.array(z.looseObject({ ts: z.string() })).default([]) });
/** Reactions to one message come in swarms: after so long it is read once for all of them. */
const gatherMs = 2000;
/** Leaves more than half of Slack's 50 requests a minute to the pull. */
const spacingMs = 3000;
/** Where more wait, the pull finds them. */
const waitingMost = 500;

interface RereaderInput {
  asking: Asking;
  ctx: CoreContext;
  team: string;
  receive: (records: readonly RawRecord[]) => Promise<void>;
  people: () => Directory["people"];
}

/**
 * Reads messages again of which an event says only that their reactions changed. It is no matter of keeping: what is lost
 * with the process, or refused, is counted when the pull reads that message again.
 */
export class MessageRereader {
  readonly #input: RereaderInput;
  readonly #waiting = new Map<string, { channel: string; ts: string }>();
  readonly #channels = new Map<string, SlackChannel | undefined>();
  #working: Promise<void> | undefined;

  constructor(input: RereaderInput) {
    this.#input = input;
  }

  add(item: { channel: string; ts: string }): void {
    if (this.#waiting.size >= waitingMost) return;
    this.#waiting.set(`${item.channel} ${item.ts}`, { channel: item.channel, ts: item.ts });
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** Waits for the one that is being read; the asking's signal has ended the rest. */
  async stop(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    const { asking, ctx } = this.#input;
    const { signal } = asking;
    const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined);
    await pause(gatherMs);
    for (const [key, item] of this.#waiting) {
      if (signal.aborted) return;
      this.#waiting.delete(key);
      try {
        const record = await this.#read(item);
        if (record) await this.#input.receive([record]);
      } catch (error) {
        if (!signal.aborted) ctx.log.info({ err: error, ...item }, "a message's reactions could not be read; the next run counts them");
      }
      await pause(spacingMs);
    }
  }

  async #read({ channel: channelId, ts }: { channel: string; ts: string }): Promise<RawRecord | undefined> {
    const { asking, ctx, team, people } = this.#input;
    const channel = await this.#describe(channelId);
    if (!channel) return undefined;
    // Of a reply it gives the reply, of any other message that message first.
    const { answer } = await askSlack(asking, "conversations.replies", {
      channel: channelId,
      ts,
      oldest: ts,
      latest: ts,
      inclusive: "true",
      limit: "1",
    });
    const message = messagesSchema.parse(answer).messages.find((one) => one.ts === ts);
    if (!message) return undefined;
    const record = messageRecord({ directory: { team, people: people(), channels: new Map() }, channel, message, asOf: ctx.clock.now() });
    return "refusal" in record ? undefined : record;
  }

  /** Whether it is private, and nothing of direct messages. The name is left to the pull, which follows it. */
  async #describe(id: string): Promise<SlackChannel | undefined> {
    if (!this.#channels.has(id)) {
      const { channel } = infoSchema.parse((await askSlack(this.#input.asking, "conversations.info", { channel: id })).answer);
      const described = describeApiChannel(channel);
      this.#channels.set(id, described && described.kind === "channel" ? { id, is_private: described.is_private, kind: "channel" } : undefined);
    }
    return this.#channels.get(id);
  }
}
