import { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import type { PullInput, RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { excerptOf } from "../words.ts";
import { listArchived } from "./archived-threads.ts";
import { type Asking, askDiscord, DiscordRefusal } from "./client.ts";
import { askingOf, chooseChannels, type LiveSettings, readDirectory } from "./connect.ts";
import { type ApiChannel, apiChannelSchema, type Directory, holdsMessages, holdsThreads } from "./directory.ts";
import { messagesStream } from "./format.ts";
import { apiMessageSchema, toDeletion, toRecord } from "./from-api.ts";
import { type Memory, openMemory } from "./pull-memory.ts";
import { compareIds, snowflakeFrom } from "./snowflake.ts";

export interface PullSettings extends LiveSettings {
  since: string;
}

const pageSize = 100;
/** Edits, reactions and deletions are mostly of the same day: so far back messages are read again on every run. */
const rereadMs = 24 * 3_600_000;

/**
 * `after`: the newest message read of each channel and open thread. `archived`: up to when closed threads of a channel
 * are done, and, while they are being read, how far down the list we are.
 */
const cursorSchema = z.object({
  after: z.record(z.string(), z.string()).default({}),
  archived: z.record(z.string(), z.object({ done: z.string().optional(), top: z.string().optional(), before: z.string().optional() })).default({}),
});
export type PullCursor = z.output<typeof cursorSchema>;

interface Run {
  asking: Asking;
  directory: Directory;
  cursor: PullCursor;
  memory: Memory;
  now: Date;
  since: string;
  refused: string[];
}

/**
 * Every channel with its open and closed threads, each from where the last run ended. Messages are asked for after an
 * id, oldest first, so what is written meanwhile shifts nothing.
 */
export async function* pullDiscord(ctx: CoreContext, input: PullInput<PullSettings>): AsyncGenerator<RecordChunk> {
  const { settings, http, signal } = input;
  const asking = askingOf(settings, { http, signal });
  const directory = await readDirectory(asking, settings);
  const { channels, unknown } = chooseChannels(directory, settings);
  const run: Run = {
    asking,
    directory,
    cursor: cursorSchema.catch({ after: {}, archived: {} }).parse(input.cursor),
    memory: await openMemory(input.workDir),
    now: ctx.clock.now(),
    since: settings.since === "" ? "0" : snowflakeFrom(new Date(settings.since)),
    refused: [],
  };
  const open = await listOpenThreads(asking, directory);
  if (unknown.length > 0) yield { records: [], warnings: [`There is no channel ${unknown.join(", ")} any more: renamed or deleted?`] };
  for (const [index, channel] of channels.entries()) {
    const progress = { done: index, total: channels.length, unit: "pages" as const };
    const places = [...(holdsMessages(channel) ? [channel] : []), ...open.filter((thread) => thread.parent_id === channel.id)];
    for (const place of places) for await (const chunk of readPlace(run, place)) yield { ...chunk, progress };
    if (holdsThreads(channel)) for await (const chunk of readArchived(run, channel)) yield { ...chunk, progress };
    await run.memory.save();
  }
  // What is no longer open is done with, and need not be carried along.
  const current = new Set([...channels, ...open].map(({ id }) => id));
  for (const id of Object.keys(run.cursor.after)) if (!current.has(id)) delete run.cursor.after[id];
  yield {
    records: [],
    cursor: copyOf(run.cursor),
    progress: { done: channels.length, total: channels.length, unit: "pages" },
    ...(run.refused.length > 0 && {
      warnings: [
        `${run.refused.length} of the channels and threads could not be read: ${run.refused.slice(0, 20).join(", ")}${run.refused.length > 20 ? " …" : ""}. Give the bot «View Channel» and «Read Message History» there, or name the channels to read in the settings.`,
      ],
    }),
  };
}

/** The open threads of a server, which the directory learns of. */
export async function listOpenThreads(asking: Asking, directory: Directory): Promise<ApiChannel[]> {
  const { threads } = z.object({ threads: z.array(apiChannelSchema) }).parse(await askDiscord(asking, `guilds/${directory.guild.id}/threads/active`));
  for (const thread of threads) directory.channels.set(thread.id, thread);
  return threads.sort((a, b) => compareIds(a.id, b.id));
}

/** Closed threads, the latest closed first, down to where an earlier run was done. */
async function* readArchived(run: Run, channel: ApiChannel): AsyncGenerator<RecordChunk> {
  for (const kind of ["public", ...(channel.type === 0 ? (["private"] as const) : [])] as const) {
    const key = kind === "public" ? channel.id : `${channel.id} private`;
    const progress = { ...run.cursor.archived[key] };
    try {
      for await (const page of listArchived(run.asking, { channel, kind, ...progress })) {
        progress.top ??= page.top;
        for (const thread of page.threads) {
          run.directory.channels.set(thread.id, thread);
          yield* readPlace(run, thread);
          delete run.cursor.after[thread.id];
        }
        progress.before = page.before;
        run.cursor.archived[key] = { ...progress };
        yield { records: [], cursor: copyOf(run.cursor) };
      }
      const done = progress.top ?? progress.done;
      if (done !== undefined) run.cursor.archived[key] = { done };
    } catch (error) {
      if (!(error instanceof DiscordRefusal)) throw error;
      // A channel that holds messages too was named when those were asked for.
      if (kind === "public" && !holdsMessages(channel)) run.refused.push(`#${channel.name ?? channel.id} (${error.message})`);
    }
  }
}

/** Messages of one channel or thread, a page at a time. */
async function* readPlace(run: Run, channel: ApiChannel): AsyncGenerator<RecordChunk> {
  const { cursor, memory, now } = run;
  const known = cursor.after[channel.id];
  const again = snowflakeFrom(new Date(now.getTime() - rereadMs));
  const start = known === undefined ? run.since : compareIds(known, again) < 0 ? known : again;
  if (!mayHaveNews(channel, { known, start, again })) return;
  const seen = new Set<string>();
  try {
    for (let after = start, full = true; full; ) {
      const answer = await askDiscord(run.asking, `channels/${channel.id}/messages`, { limit: String(pageSize), after });
      const page = readPage(answer, run, channel);
      full = page.ids.length >= pageSize;
      for (const id of page.ids) seen.add(id);
      const newest = page.ids.at(-1);
      if (newest !== undefined) {
        after = newest;
        if (known === undefined || compareIds(cursor.after[channel.id] ?? "0", after) < 0) cursor.after[channel.id] = after;
      }
      if (newest !== undefined) yield { records: page.records, rejected: page.rejected, cursor: copyOf(cursor) };
    }
  } catch (error) {
    if (!(error instanceof DiscordRefusal)) throw error;
    // What was deleted while we read is no fault of anybody's.
    if (error.status === 403) run.refused.push(`#${channel.name ?? channel.id} (${error.message})`);
    return;
  }
  const gone = memory.recall(channel.id).filter((id) => compareIds(id, start) > 0 && !seen.has(id));
  memory.keep(
    channel.id,
    [...seen].filter((id) => compareIds(id, again) > 0),
  );
  if (gone.length > 0) yield { records: gone.map((id) => toDeletion(id, now)) };
}

/** Whether there is anything to ask for: something newer, or something new enough to have changed. */
function mayHaveNews(channel: ApiChannel, input: { known: string | undefined; start: string; again: string }): boolean {
  const { known, start, again } = input;
  const last = channel.last_message_id;
  return !last || compareIds(last, known ?? start) > 0 || (known !== undefined && compareIds(known, again) > 0);
}

function readPage(answer: unknown, run: Run, channel: ApiChannel): { records: RawRecord[]; rejected: RejectedRecord[]; ids: string[] } {
  const given = z.array(z.looseObject({ id: z.string() })).parse(answer);
  // The newest come first, whichever way one asks.
  given.sort((a, b) => compareIds(a.id, b.id));
  const records: RawRecord[] = [];
  const rejected: RejectedRecord[] = [];
  for (const value of given) {
    const message = apiMessageSchema.safeParse(value);
    if (message.success) {
      records.push(toRecord(message.data, { channel, directory: run.directory, roots: run.memory.roots, at: run.now }));
      continue;
    }
    const issue = message.error.issues[0];
    rejected.push({
      stream: messagesStream,
      externalId: value.id,
      place: `#${channel.name ?? channel.id}, message ${value.id}`,
      reason: `Discord sent a message whose ${issue?.path.join(".")} cannot be read: ${issue?.message}`,
      remedy: "Report it: Discord may have changed its format.",
      excerpt: excerptOf(value),
    });
  }
  return { records, rejected, ids: given.map(({ id }) => id) };
}

const copyOf = (cursor: PullCursor): PullCursor => structuredClone(cursor);
