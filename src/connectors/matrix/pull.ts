import { z } from "zod";
import type { PullInput, RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { type Asking, askMatrix, MatrixRefusal } from "./client.ts";
import { eventSchema, isMessage, type MatrixEvent, type MatrixRoom } from "./format.ts";
import { accessOf, findRooms, type MatrixLiveSettings, readRoom } from "./live-rooms.ts";
import { messageRecord, personRecord, rejectUnreadable } from "./records.ts";
import { Relations, targetOf } from "./relations.ts";

const pageSize = "250";
/** With each page the names of those who wrote in it, and of nobody else. */
const namesOfWriters = JSON.stringify({ lazy_load_members: true });
const relationPagesMax = 20;

const cursorSchema = z.object({
  rooms: z.record(
    z.string(),
    z.object({
      /** Where what is new begins. */
      since: z.string(),
      /** Where the history goes on, backwards; absent once it is read to its beginning. */
      back: z.string().optional(),
      /** Edits and reactions whose message lies further back. */
      waiting: z.unknown().optional(),
    }),
  ),
});
type RoomCursor = z.output<typeof cursorSchema>["rooms"][string];

const pageSchema = z.looseObject({
  chunk: z.array(z.unknown()).default([]),
  state: z.array(z.unknown()).default([]),
  start: z.string().nullish(),
  end: z.string().nullish(),
});
type Page = Pick<z.output<typeof pageSchema>, "chunk" | "state">;
const relationsSchema = z.looseObject({ chunk: z.array(z.unknown()).default([]), next_batch: z.string().nullish() });

/** Each room: its history backwards once, then what is new, forwards from where the first run began. */
export async function* pullMatrix({ settings, cursor, signal, http }: PullInput<MatrixLiveSettings>): AsyncGenerator<RecordChunk> {
  const asking: Asking = { access: accessOf(settings), http, signal };
  const state: Record<string, RoomCursor> = { ...cursorSchema.catch({ rooms: {} }).parse(cursor).rooms };
  const { ids, refused } = await findRooms(asking, settings.rooms);
  if (refused.length > 0) yield { records: [], warnings: refused.map((words) => `${words} It was left out this time.`) };
  for (const [index, id] of ids.entries()) {
    const progress = { done: index, total: ids.length, unit: "pages" as const };
    try {
      for await (const { at, ...chunk } of pullRoom(asking, id, state[id])) {
        state[id] = at;
        yield { ...chunk, cursor: { rooms: { ...state } }, progress };
      }
    } catch (error) {
      if (!(error instanceof MatrixRefusal)) throw error;
      if (error.status === 400 && state[id]) {
        // Tokens of the timeline may outlive neither a server's move nor its repair; reading again changes nothing.
        delete state[id];
        const words = `${id} does not know the place any more at which we stopped; its history is read again with the next run: ${error.message}`;
        yield { records: [], cursor: { rooms: { ...state } }, warnings: [words] };
      } else yield { records: [], warnings: [`${id} could not be read and was left out this time: ${error.message}`] };
    }
  }
  yield { records: [], cursor: { rooms: state }, progress: { done: ids.length, total: ids.length, unit: "pages" } };
}

async function* pullRoom(asking: Asking, id: string, from: RoomCursor | undefined): AsyncGenerator<RecordChunk & { at: RoomCursor }> {
  const reader = new RoomReader(asking, await readRoom(asking, id));
  let at = from;
  if (!at || at.back !== undefined) {
    const waiting = Relations.from(at?.waiting);
    for (let back = at?.back; ; ) {
      const page = await readPage(asking, id, { dir: "b", ...(back !== undefined && { from: back }) });
      const next = page.end && page.end !== back && page.chunk.length > 0 ? page.end : undefined;
      // Pages are by tokens of the timeline, so that what is written meanwhile shifts none of them.
      const since = at?.since ?? page.start ?? "";
      const chunk = reader.takeOlder(page, waiting);
      at = next === undefined ? { since } : { since, back: next, waiting: waiting.keep() };
      yield { ...chunk, at };
      if (next === undefined) break;
      back = next;
    }
  }
  for (let since = at.since; since !== ""; ) {
    const page = await readPage(asking, id, { dir: "f", from: since });
    const chunk = await reader.takeNewer(page);
    const next = page.end ?? since;
    at = { since: next };
    if (page.chunk.length > 0 || next !== since) yield { ...chunk, at };
    if (page.chunk.length === 0 || next === since) break;
    since = next;
  }
}

async function readPage(asking: Asking, id: string, query: Record<string, string>): Promise<z.output<typeof pageSchema>> {
  return pageSchema.parse(
    await askMatrix(asking, `v3/rooms/${encodeURIComponent(id)}/messages`, { limit: pageSize, filter: namesOfWriters, ...query }),
  );
}

/** Turns a room's pages into records. */
class RoomReader {
  readonly #asking: Asking;
  readonly #room: MatrixRoom;
  readonly #told = new Set<string>();

  constructor(asking: Asking, room: MatrixRoom) {
    this.#asking = asking;
    this.#room = room;
  }

  /** A page of history, newest first: what is about a message comes before the message. */
  takeOlder(page: Page, waiting: Relations): RecordChunk {
    const events = page.chunk.map(toEvent).filter((event) => event !== undefined);
    const messages = events.filter((event) => waiting.take(event) === undefined);
    const chunk = this.#toChunk(messages, waiting, page.state);
    for (const { event_id: id } of messages) waiting.drop(id);
    return chunk;
  }

  /** A page of what is new; messages of before that it is about are fetched again as they are now. */
  async takeNewer(page: Page): Promise<RecordChunk> {
    const events = page.chunk.map(toEvent).filter((event) => event !== undefined);
    const relations = new Relations();
    const about = new Set<string>();
    const messages: MatrixEvent[] = [];
    for (const event of events) {
      const target = relations.take(event);
      if (target === undefined) messages.push(event);
      else about.add(target);
    }
    const here = new Set(messages.map(({ event_id: id }) => id));
    const older: MatrixEvent[] = [];
    for (const target of about) {
      const event = here.has(target) ? undefined : await this.#fetch(target, relations);
      if (event) older.push(event);
    }
    return this.#toChunk([...messages, ...older], relations, page.state);
  }

  /** A message as it stands now, and all reactions to it; undefined for what is gone or no message. */
  async #fetch(id: string, relations: Relations): Promise<MatrixEvent | undefined> {
    const room = encodeURIComponent(this.#room.id);
    try {
      const event = toEvent(await askMatrix(this.#asking, `v3/rooms/${room}/event/${encodeURIComponent(id)}`));
      if (!event || targetOf(event) !== undefined || !isMessage(event)) return undefined;
      let from: string | undefined;
      for (let pages = 0; pages < relationPagesMax; pages++) {
        const answer = await askMatrix(this.#asking, `v1/rooms/${room}/relations/${encodeURIComponent(id)}/m.annotation`, {
          limit: "100",
          ...(from && { from }),
        });
        const page = relationsSchema.parse(answer);
        for (const value of page.chunk) {
          const reaction = toEvent(value);
          if (reaction) relations.take(reaction);
        }
        if (!page.next_batch) break;
        from = page.next_batch;
      }
      return event;
    } catch (error) {
      if (error instanceof MatrixRefusal) return undefined;
      throw error;
    }
  }

  #toChunk(events: readonly MatrixEvent[], relations: Relations, state: readonly unknown[]): RecordChunk {
    const records: RawRecord[] = [];
    const rejected: RejectedRecord[] = [];
    const writers = new Set<string>();
    for (const event of events) {
      const unreadable = rejectUnreadable(event, `room ${this.#room.id}`);
      if (unreadable) rejected.push(unreadable);
      else if (isMessage(event)) {
        writers.add(event.sender);
        records.push(messageRecord(event, this.#room, relations));
      }
    }
    for (const event of state.map(toEvent)) {
      if (!event?.state_key || !writers.has(event.state_key) || this.#told.has(event.event_id)) continue;
      this.#told.add(event.event_id);
      const person = personRecord(event);
      if (person) records.push(person);
    }
    return { records, rejected };
  }
}

/** An event that cannot be read says nothing, and there is nothing that anybody here could do about it. */
function toEvent(value: unknown): MatrixEvent | undefined {
  const parsed = eventSchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
