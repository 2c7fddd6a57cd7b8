import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { ConnectInput, LiveIdentity, PullInput, RecordChunk } from "#features/ledger/index.ts";
import { excerptOf, hostOf } from "../words.ts";
import { askZulip, type ZulipAccess, ZulipRefusal } from "./client.ts";
import { readTopic, type ZulipChannel } from "./format.ts";
import { toMessage } from "./read-answers.ts";
import { messageRecord, userRecord } from "./records.ts";

export interface ZulipLiveSettings {
  site: string;
  email: string;
  apiKey: string;
  channels: string;
}

const pageSize = 1000;
/** So many messages before the newest that is held are read again on every run: for edits and reactions. */
const overlap = 500;

const cursorSchema = z.object({ newest: z.record(z.string(), z.int()) });
const streamsSchema = z.looseObject({
  streams: z.array(z.looseObject({ stream_id: z.int(), name: z.string(), invite_only: z.boolean().default(false) })),
});
const usersSchema = z.looseObject({ members: z.array(z.looseObject({ user_id: z.int(), full_name: z.string().nullish() })) });
const meSchema = z.looseObject({ full_name: z.string().default(""), is_bot: z.boolean().default(false) });
const pageSchema = z.looseObject({ messages: z.array(z.looseObject({ id: z.int() })), found_newest: z.boolean().default(false) });

type Asking = { access: ZulipAccess; http: PullInput<unknown>["http"]; signal: AbortSignal };

/** @throws AppError `invalid_input` naming what is missing */
function accessOf(settings: ZulipLiveSettings): ZulipAccess {
  const missing = [
    settings.site === "" && "the organization's address",
    settings.email === "" && "the bot's e-mail address",
    settings.apiKey === "" && "its API key",
  ].filter((part) => part !== false);
  if (missing.length > 0) throw new AppError("invalid_input", { public: `To read Zulip live, give ${missing.join(" and ")}.` });
  return settings;
}

/** Signs in and says what can be read. */
export async function connectZulip({ settings, signal, http }: ConnectInput<ZulipLiveSettings>): Promise<LiveIdentity> {
  const asking = { access: accessOf(settings), http, signal };
  const me = meSchema.parse(await askZulip(asking, "users/me"));
  const { channels, unknown } = await listChannels(asking, settings);
  if (unknown.length > 0) {
    throw new AppError("not_found", {
      public: `There is no channel ${unknown.join(", ")} that ${settings.email} can see. Check the name, or subscribe the bot to it.`,
    });
  }
  const host = hostOf(settings.site) ?? settings.site;
  const closed = channels.filter(({ access }) => access === "private").length;
  return {
    origin: `zulip:${host}`,
    name: host,
    says: `Signed in as ${me.full_name || settings.email}${me.is_bot ? " (a bot)" : ""}; ${channels.length} channels can be read${closed > 0 ? `, ${closed} of them private` : ""}.`,
  };
}

async function listChannels(
  asking: Asking,
  settings: ZulipLiveSettings,
): Promise<{ channels: (ZulipChannel & { number: number })[]; unknown: string[] }> {
  // Servers that know no archived channels ignore the last one.
  const query = { include_public: "true", include_subscribed: "true", exclude_archived: "false" };
  const { streams } = streamsSchema.parse(await askZulip(asking, "streams", query));
  const all = streams
    .map((s) => ({ number: s.stream_id, id: String(s.stream_id), name: s.name, access: s.invite_only ? ("private" as const) : ("members" as const) }))
    .sort((a, b) => a.number - b.number);
  const wanted = settings.channels
    .split(/[\n,]/)
    .map((name) => name.trim().replace(/^#/, "").toLowerCase())
    .filter(Boolean);
  if (wanted.length === 0) return { channels: all, unknown: [] };
  return {
    channels: all.filter(({ name }) => wanted.includes(name.toLowerCase())),
    unknown: wanted.filter((name) => !all.some((channel) => channel.name.toLowerCase() === name)),
  };
}

/** Every channel's messages from where the last run ended, oldest first; message ids only grow, so pages cannot shift. */
export async function* pullZulip({ settings, cursor, signal, http }: PullInput<ZulipLiveSettings>): AsyncGenerator<RecordChunk> {
  const asking = { access: accessOf(settings), http, signal };
  const site = hostOf(settings.site) ?? settings.site;
  const newest = { ...cursorSchema.catch({ newest: {} }).parse(cursor).newest };
  const { channels, unknown } = await listChannels(asking, settings);
  const known = new Map<number, ZulipChannel>(channels.map(({ number, ...channel }) => [number, channel]));
  const people = await listPeople(asking);
  const told = new Set<number>();
  const toRecords = (messages: readonly unknown[]): RecordChunk => readPage({ messages, site, known, people, told });
  if (unknown.length > 0) {
    yield { records: [], warnings: [`There is no channel ${unknown.join(", ")} any more that we can see: renamed, archived, or closed to the bot?`] };
  }

  for (const [index, { number, name }] of channels.entries()) {
    const moved = new Set<string>();
    const before = newest[number];
    let anchor = before;
    try {
      for (let done = false; !done; ) {
        const page = pageSchema.parse(
          await askZulip(asking, "messages", {
            anchor: anchor === undefined ? "oldest" : String(anchor),
            num_before: anchor !== undefined && anchor === before ? String(overlap) : "0",
            num_after: String(pageSize),
            narrow: JSON.stringify([{ operator: "stream", operand: number }]),
            apply_markdown: "false",
            client_gravatar: "false",
          }),
        );
        const last = page.messages.reduce((max, message) => Math.max(max, message.id), anchor ?? 0);
        if (before !== undefined) for (const topic of findMoved(page.messages, before)) moved.add(topic);
        done = page.found_newest || last === (anchor ?? 0);
        if (last > 0) newest[number] = last;
        anchor = last;
        yield { ...toRecords(page.messages), cursor: { newest: { ...newest } }, progress: { done: index, total: channels.length, unit: "pages" } };
      }
      // Moving or resolving a topic changes messages of any age: the bot's note in it tells us to read it again.
      for (const topic of moved) for await (const messages of readTopicAgain(asking, number, topic)) yield toRecords(messages);
    } catch (error) {
      if (!(error instanceof ZulipRefusal)) throw error;
      yield { records: [], warnings: [`#${name} could not be read and was left out this time: ${error.message}`] };
    }
  }
  yield { records: [], cursor: { newest }, progress: { done: channels.length, total: channels.length, unit: "pages" } };
}

/** Accounts by id; a guest may not list them, and then messages still bear names. */
async function listPeople(asking: Asking): Promise<Map<number, { user_id: number } & Record<string, unknown>>> {
  try {
    const { members } = usersSchema.parse(await askZulip(asking, "users", { client_gravatar: "false" }));
    return new Map(members.map((member) => [member.user_id, member]));
  } catch (error) {
    if (error instanceof ZulipRefusal) return new Map();
    throw error;
  }
}

function readPage(input: {
  messages: readonly unknown[];
  site: string;
  known: ReadonlyMap<number, ZulipChannel>;
  people: ReadonlyMap<number, { user_id: number } & Record<string, unknown>>;
  told: Set<number>;
}): RecordChunk {
  const chunk: RecordChunk & { rejected: NonNullable<RecordChunk["rejected"]> } = { records: [], rejected: [] };
  for (const value of input.messages) {
    const found = toMessage(value, input.known);
    if (!found) {
      chunk.rejected.push({
        stream: "messages",
        place: "an answer of GET /messages",
        reason: "The message lacks its id, its time or its channel.",
        remedy: "It is read again with the next run; report it if it stays.",
        excerpt: excerptOf(value),
      });
      continue;
    }
    const sender = found.message.sender_id;
    if (typeof sender === "number" && !input.told.has(sender)) {
      input.told.add(sender);
      const person = input.people.get(sender);
      if (person) chunk.records.push(userRecord(input.site, aboutPerson(person)));
    }
    chunk.records.push(messageRecord({ site: input.site, ...found }));
  }
  return chunk;
}

function aboutPerson(person: { user_id: number } & Record<string, unknown>): { user_id: number } & Record<string, unknown> {
  const { user_id, full_name, email, delivery_email, is_bot, avatar_url } = person;
  return { user_id, full_name, email, delivery_email: delivery_email ?? null, is_bot: is_bot === true, ...(avatar_url ? { avatar_url } : {}) };
}

/** Topics in which Zulip's own bot left a note since the last run. */
function findMoved(messages: readonly Record<string, unknown>[], since: number): string[] {
  return messages.filter((m) => Number(m.id) > since && /^notification-bot@/.test(String(m.sender_email ?? ""))).map((m) => String(m.subject ?? ""));
}

async function* readTopicAgain(asking: Asking, channel: number, topic: string): AsyncGenerator<readonly unknown[]> {
  let anchor: number | undefined;
  const { resolved, name } = readTopic(topic);
  for (;;) {
    const page = pageSchema.parse(
      await askZulip(asking, "messages", {
        anchor: anchor === undefined ? "oldest" : String(anchor),
        num_before: "0",
        num_after: String(pageSize),
        narrow: JSON.stringify([
          { operator: "stream", operand: channel },
          { operator: "topic", operand: resolved ? topic : name },
        ]),
        apply_markdown: "false",
        client_gravatar: "false",
      }),
    );
    const last = page.messages.reduce((max, message) => Math.max(max, message.id), anchor ?? 0);
    yield page.messages;
    if (page.found_newest || last === (anchor ?? 0)) return;
    anchor = last;
  }
}
