import { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import type { RawRecord } from "#features/ledger/index.ts";
import { type Asking, askSlack } from "./client.ts";
import type { SlackChannel } from "./format.ts";
import { describeApiChannel } from "./layout.ts";
import { type Directory, messageRecord } from "./records.ts";

const infoSchema = z.looseObject({ channel: z.looseObject({ id: z.string() }) });
const messagesSchema = z.looseObject({ messages: z.array(z.looseObject({ ts: z.string() })).default([]) });

/** Where a message stands. */
export interface MessagePlace {
  channel: string;
  ts: string;
}

/** Reads single messages, as a pull would, by their channel and time. What is private of channels is asked for once each. */
export function readerOfMessages(input: {
  asking: Asking;
  ctx: CoreContext;
  team: string;
  people: () => Directory["people"];
}): (place: MessagePlace) => Promise<RawRecord | undefined> {
  const { asking, ctx, team } = input;
  const channels = new Map<string, SlackChannel | undefined>();

  /** Nothing of direct messages. The name is left to the pull, which follows it. */
  const describe = async (id: string): Promise<SlackChannel | undefined> => {
    if (!channels.has(id)) {
      const { channel } = infoSchema.parse((await askSlack(asking, "conversations.info", { channel: id })).answer);
      const described = describeApiChannel(channel);
      channels.set(id, described?.kind === "channel" ? { id, is_private: described.is_private, kind: "channel" } : undefined);
    }
    return channels.get(id);
  };

  return async ({ channel: id, ts }) => {
    const channel = await describe(id);
    if (!channel) return undefined;
    // Of a reply it gives the reply, of any other message that message first.
    const { answer } = await askSlack(asking, "conversations.replies", { channel: id, ts, oldest: ts, latest: ts, inclusive: "true", limit: "1" });
    const message = messagesSchema.parse(answer).messages.find((one) => one.ts === ts);
    if (!message) return undefined;
    const directory = { team, people: input.people(), channels: new Map() };
    const record = messageRecord({ directory, channel, message, asOf: ctx.clock.now() });
    return "refusal" in record ? undefined : record;
  };
}
