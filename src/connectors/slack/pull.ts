import { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import type { PullInput, RecordChunk } from "#features/ledger/index.ts";
import { askSlack, SlackRefusal } from "./client.ts";
import { askingOf, type LiveSettings, listChannels, signIn } from "./connect.ts";
import { compareTs, type SlackChannel, toTs } from "./format.ts";
import { openMemory } from "./pull-memory.ts";
import { listPeople } from "./pull-people.ts";
import { readNewReplies } from "./pull-replies.ts";
import { type ChannelState, cursorSchema, type Run, toRecords } from "./pull-run.ts";
import { deletionRecord } from "./records.ts";

export interface PullSettings extends LiveSettings {
  since: string;
}

const pageSize = 200;
/** What Slack gives to apps that are sold outside of its Marketplace, however many are asked for. */
const shortPage = 15;
const dayMs = 24 * 3_600_000;
/** So far back messages are read again on every run, and once a day: for edits, reactions, deletions and new replies. */
const rereadMs = 2 * dayMs;
const deepRereadMs = 30 * dayMs;

const pageSchema = z.looseObject({ messages: z.array(z.unknown()).default([]), has_more: z.boolean().default(false) });

/**
 * Every channel from where the last run ended. Slack gives the newest messages first; how far back a run has come is kept
 * as a time and not as Slack's cursor, so what is written meanwhile shifts nothing and a run that broke off goes on.
 */
export async function* pullSlack(ctx: CoreContext, input: PullInput<PullSettings>): AsyncGenerator<RecordChunk> {
  const { settings, http, signal } = input;
  const asking = askingOf(settings, { http, signal });
  const session = await signIn(asking, settings);
  const memory = await openMemory(input.workDir);
  const now = ctx.clock.now();
  const cursor = cursorSchema.catch({ channels: {} }).parse(input.cursor);
  const isDeep = cursor.deepAt === undefined || now.getTime() - Date.parse(cursor.deepAt) >= dayMs;
  yield* listPeople(asking, { team: session.team, memory, now });
  const { readable, closed, unknown } = await listChannels(asking, session, settings);
  const channels = new Map([...readable, ...closed].map((channel) => [channel.id, channel]));
  const run: Run = {
    ctx,
    asking,
    directory: { team: session.team, people: memory.people, channels },
    memory,
    cursor,
    since: settings.since === "" ? "0" : toTs(new Date(settings.since)),
    rereadFrom: toTs(new Date(now.getTime() - (isDeep ? deepRereadMs : rereadMs))),
    rememberFrom: toTs(new Date(now.getTime() - deepRereadMs)),
    asked: new Set(),
    refused: closed.map((channel) => `#${channel.name} (the app is not in the channel)`),
    isSlow: false,
  };
  if (unknown.length > 0)
    yield { records: [], warnings: [`There is no channel ${unknown.join(", ")} any more: renamed, deleted or closed to the app?`] };
  for (const [index, channel] of readable.entries()) {
    const progress = { done: index, total: readable.length, unit: "pages" as const };
    for await (const chunk of readChannel(run, channel)) yield { ...chunk, progress };
    await memory.save();
  }
  if (isDeep) cursor.deepAt = now.toISOString();
  const warnings = warnOf(run, session.user);
  yield {
    records: [],
    cursor: structuredClone(cursor),
    progress: { done: readable.length, total: readable.length, unit: "pages" },
    ...(warnings.length > 0 && { warnings }),
  };
}

function warnOf({ refused, isSlow }: Run, user: string): string[] {
  const warnings: string[] = [];
  if (refused.length > 0) {
    const names = `${refused.slice(0, 20).join(", ")}${refused.length > 20 ? " …" : ""}`;
    warnings.push(
      `${refused.length} channels could not be read: ${names}. Invite the app there (/invite @${user}), or name the channels to read in the settings.`,
    );
  }
  if (isSlow) {
    warnings.push(
      "Slack gives this app only 15 messages a minute, as it does to apps that are distributed outside of its Marketplace. Make an app of your own in this workspace instead, or bring in the export for all that is older.",
    );
  }
  return warnings;
}

async function* readChannel(run: Run, channel: SlackChannel): AsyncGenerator<RecordChunk> {
  run.cursor.channels[channel.id] ??= { threads: {} };
  const state = run.cursor.channels[channel.id] ?? { threads: {} };
  try {
    // A run that broke off has left the middle unread; what came after it is for a second walk.
    if (state.before !== undefined) yield* walkBack(run, channel, state);
    yield* walkBack(run, channel, state);
  } catch (error) {
    if (!(error instanceof SlackRefusal)) throw error;
    run.refused.push(`#${channel.name} (${error.message})`);
  }
}

/** Pages of a channel from the newest back to what is known and old enough. */
async function* walkBack(run: Run, channel: SlackChannel, state: ChannelState): AsyncGenerator<RecordChunk> {
  const { memory } = run;
  const isResumed = state.before !== undefined;
  const floor = state.done === undefined ? run.since : compareTs(state.done, run.rereadFrom) < 0 ? state.done : run.rereadFrom;
  // Our clock may be a little behind Slack's.
  let latest = state.before ?? toTs(new Date(run.ctx.clock.now().getTime() + 60_000));
  const seen = new Set<string>();
  for (let cursor: string | undefined, more = true; more; ) {
    const { answer } = await askSlack(run.asking, "conversations.history", {
      channel: channel.id,
      limit: String(pageSize),
      latest,
      oldest: floor,
      cursor,
    });
    const page = pageSchema.parse(answer);
    cursor = answer.response_metadata?.next_cursor || undefined;
    more = page.has_more && page.messages.length > 0;
    run.isSlow ||= page.has_more && page.messages.length === shortPage;
    const messages = page.messages.filter(isObject);
    const { records, rejected, times } = await toRecords(run, channel, messages);
    for (const ts of times) {
      if (compareTs(ts, run.rememberFrom) > 0) seen.add(ts);
      if (state.top === undefined || compareTs(ts, state.top) > 0) state.top = ts;
      if (state.before === undefined || compareTs(ts, state.before) < 0) state.before = ts;
    }
    yield { records, rejected };
    for (const root of messages) yield* readNewReplies(run, { channel, state, root });
    yield { records: [], cursor: structuredClone(run.cursor) };
    // Without a cursor, the time of the last message leads on.
    if (cursor === undefined && state.before !== undefined) {
      more &&= state.before !== latest;
      latest = state.before;
    }
  }
  if (state.top !== undefined && (state.done === undefined || compareTs(state.top, state.done) > 0)) state.done = state.top;
  delete state.top;
  delete state.before;
  for (const root of Object.keys(state.threads)) if (compareTs(root, run.rememberFrom) < 0) delete state.threads[root];
  const known = memory.recall(channel.id);
  const gone = isResumed ? [] : known.filter((ts) => compareTs(ts, floor) > 0 && !seen.has(ts));
  const older = known.filter((ts) => compareTs(ts, run.rememberFrom) > 0 && (isResumed || compareTs(ts, floor) <= 0));
  memory.keep(channel.id, [...new Set([...older, ...seen])]);
  const asOf = run.ctx.clock.now();
  yield { records: gone.map((ts) => deletionRecord({ channelId: channel.id, ts, asOf })), cursor: structuredClone(run.cursor) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
