import { AppError } from "#core/errors.ts";
import { countOf } from "#core/text/count-of.ts";
import type { RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { type ExportFile, type ExportFiles, readLines, readPieces } from "../export-files.ts";
import { IdTable } from "../id-table.ts";
import { parseJsonLine } from "../json-items.ts";
import { excerptOf } from "../words.ts";
import { FileRelations } from "./file-relations.ts";
import { eventSchema, isMessage, isUnreadable, type MatrixEvent } from "./format.ts";
import { messageRecord, personRecord, rejectUnreadable } from "./records.ts";
import { targetOf } from "./relations.ts";
import { Rooms } from "./rooms.ts";

const chunkRecords = 400;
const met = 1;
const read = 2;

/** An event of a file, or what is none. */
interface Found {
  value: unknown;
  /** The room, where it stands around the event and not in it. */
  roomId?: string;
  place: string;
  byte: number;
}

/** What the files were found to hold: all that concerns messages from elsewhere in them. */
export interface MatrixSummary {
  rooms: Rooms;
  /** The rooms in which somebody said something. */
  spokenIn: Set<string>;
  relations: FileRelations;
  writers: Set<string>;
  /** Messages by how far they came: `met` in the first reading, `read` in the second. */
  seen: IdTable;
  messages: number;
}

/**
 * Reads everything to its end: Element's exports, answers of `/messages` and `/sync`, lists of events, one or many.
 * @throws AppError `unreadable_file` where it is no JSON, or holds no events
 */
export async function inspectFiles(files: ExportFiles, signal: AbortSignal): Promise<MatrixSummary> {
  const summary: MatrixSummary = {
    rooms: new Rooms(),
    spokenIn: new Set(),
    relations: new FileRelations(),
    writers: new Set(),
    seen: new IdTable(),
    messages: 0,
  };
  let events = 0;
  let sawExport = false;
  for (const file of textFiles(files)) {
    let title = "";
    const roomIds = new Set<string>();
    for await (const found of readFound(file, signal, (name) => (title = name))) {
      const event = toEvent(found.value);
      if (!event) continue;
      events++;
      const roomId = found.roomId ?? event.room_id;
      if (roomId) {
        roomIds.add(roomId);
        summary.rooms.note(event, roomId);
      }
      if (summary.relations.take(event) !== undefined || !(isMessage(event) || isUnreadable(event))) continue;
      summary.relations.note(event);
      if (summary.seen.get(event.event_id) !== undefined) continue;
      summary.seen.set(event.event_id, met);
      summary.messages++;
      summary.writers.add(event.sender);
      if (roomId) summary.spokenIn.add(roomId);
    }
    if (title !== "") sawExport = true;
    if (title !== "" && roomIds.size === 1) for (const id of roomIds) summary.rooms.call(id, title);
  }
  if (events === 0 && !sawExport) {
    throw new AppError("unreadable_file", {
      public: `${files.name} holds no events of Matrix: neither an export of Element (with "room_name" and "messages") nor an answer of /messages (with "chunk") nor a list of events. Bring in Element's export as JSON.`,
    });
  }
  return summary;
}

export async function* readMatrix(files: ExportFiles, summary: MatrixSummary, signal: AbortSignal): AsyncGenerator<RecordChunk> {
  const { rooms, relations, writers, seen } = summary;
  const isRead = (id: string) => seen.get(id) === read;
  const total = files.totalBytes;
  const names = new Map<string, Named>();
  let encrypted = 0;
  let records: RawRecord[] = [];
  let rejected: RejectedRecord[] = [];
  let before = 0;
  for (const file of textFiles(files)) {
    for await (const { value, roomId: around, place, byte } of readFound(file, signal)) {
      const event = toEvent(value);
      if (!event) {
        rejected.push(rejectEvent(value, place));
      } else {
        if (event.type === "m.room.member" && event.state_key && writers.has(event.state_key)) noteName(names, event);
        const roomId = around ?? event.room_id;
        const isRelation = targetOf(event) !== undefined;
        const unreadable = isRelation || isRead(event.event_id) ? undefined : rejectUnreadable(event, place);
        if (unreadable) {
          seen.set(event.event_id, read);
          encrypted++;
          rejected.push(unreadable);
        } else if (!isRelation && isMessage(event) && !isRead(event.event_id)) {
          if (roomId) {
            seen.set(event.event_id, read);
            records.push(messageRecord(event, rooms.room(roomId), relations));
          } else
            rejected.push({
              ...rejectEvent(value, place),
              reason: `The message ${event.event_id} does not say its room.`,
              externalId: event.event_id,
            });
        }
      }
      if (records.length + rejected.length < chunkRecords) continue;
      yield { records, rejected, progress: { done: Math.min(total, before + byte), total, unit: "bytes" } };
      records = [];
      rejected = [];
    }
    before += file.sizeBytes;
  }
  for (const { record } of names.values()) records.push(record);
  for (const { id, target, sender, content } of relations.edits()) {
    if (seen.get(target) !== undefined) continue;
    rejected.push({
      stream: "messages",
      externalId: id,
      place: `${files.name}, event ${id}`,
      reason: `${sender} edited the message ${target}, which is not in the file.`,
      remedy: "Export from further back, so that the message is in it too.",
      excerpt: excerptOf(content),
    });
  }
  const warnings = encrypted > 0 ? [`${countOf(encrypted, "message is", "messages are")} encrypted without keys and set aside.`] : [];
  yield { records, rejected, warnings, progress: { done: total, total, unit: "bytes" } };
}

/** Exports with attachments have pictures and the like beside the JSON. */
function textFiles(files: ExportFiles): readonly ExportFile[] {
  return files.isSingle
    ? files.files
    : files.files.filter(({ name }) => /\.(?:json|jsonl|ndjson)(?:\.gz)?$/i.test(name) || !/\.[a-z0-9]+$/i.test(name));
}

/** What somebody was called last, and when. */
interface Named {
  at: number;
  record: RawRecord;
}

function noteName(names: Map<string, Named>, event: MatrixEvent): void {
  const at = event.origin_server_ts;
  const known = names.get(event.state_key ?? "");
  if (known && known.at >= at) return;
  const record = personRecord(event);
  if (record) names.set(record.externalId, { at, record });
}

function toEvent(value: unknown): MatrixEvent | undefined {
  const parsed = eventSchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

function rejectEvent(value: unknown, place: string): RejectedRecord {
  const parsed = eventSchema.safeParse(value);
  const issue = parsed.error?.issues[0];
  return {
    stream: "messages",
    place,
    reason: `No event: ${issue?.path.map(String).join(".") || "it"} ${issue?.message ?? "cannot be read"}.`,
    remedy: "Export the room again; all the rest was taken.",
    excerpt: excerptOf(value),
  };
}

/** @param onTitle is told the name that Element's export gives its room */
async function* readFound(file: ExportFile, signal: AbortSignal, onTitle: (name: string) => void = () => undefined): AsyncGenerator<Found> {
  if (await isLines(file, signal)) {
    let byte = 0;
    for await (const { text, line, bytes } of readLines(file, signal)) {
      byte += bytes;
      yield* unfold(parseJsonLine(file.name, text, line), `${file.name}, line ${line}`, byte);
    }
    return;
  }
  for await (const { piece, cutter } of readPieces(file, signal)) {
    const value = cutter.parse(piece);
    const place = `${file.name}, ${piece.key || "item"}${piece.index === undefined ? "" : `[${piece.index}]`} (line ${piece.line})`;
    if (piece.key === "room_name" && typeof value === "string") onTitle(value);
    else if (piece.key === "rooms" && piece.index === undefined) yield* readRooms(value, place, piece.byte);
    else if (piece.index !== undefined && ["messages", "chunk", "state", "events"].includes(piece.key)) yield { value, place, byte: piece.byte };
    else if (piece.index !== undefined && piece.key === "") yield* unfold(value, place, piece.byte);
  }
}

/** A value of a list or line: an event, or a whole answer. */
function* unfold(value: unknown, place: string, byte: number): Generator<Found> {
  const events = ["chunk", "messages", "state", "events"].map((field) => memberOf(value, field)).filter((list) => Array.isArray(list));
  const rooms = memberOf(value, "rooms");
  if (events.length === 0 && rooms === undefined) return yield { value, place, byte };
  for (const list of events)
    for (const [index, event] of (list as unknown[]).entries()) yield { value: event, place: `${place}, event ${index + 1}`, byte };
  yield* readRooms(rooms, place, byte);
}

/** The rooms of an answer of `/sync`; their events do not name the room. */
function* readRooms(value: unknown, place: string, byte: number): Generator<Found> {
  for (const membership of ["join", "leave"]) {
    const rooms = memberOf(value, membership);
    if (typeof rooms !== "object" || rooms === null) continue;
    for (const [roomId, room] of Object.entries(rooms)) {
      for (const part of ["state", "timeline"]) {
        const events = memberOf(memberOf(room, part), "events");
        if (!Array.isArray(events)) continue;
        for (const [index, event] of (events as unknown[]).entries()) {
          yield { value: event, roomId, place: `${place}, ${roomId} ${part}.events[${index}]`, byte };
        }
      }
    }
  }
}

function memberOf(value: unknown, field: string): unknown {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (Reflect.get(value, field) as unknown) : undefined;
}

/** Whether the first line is a whole JSON value and more lines follow. */
async function isLines(file: ExportFile, signal: AbortSignal): Promise<boolean> {
  for await (const chunk of file.read(signal)) {
    const end = chunk.indexOf(10);
    if (end === -1) return false;
    try {
      const first = JSON.parse(chunk.toString("utf8", 0, end).replace(/^\ufeff/, "")) as unknown;
      return typeof first === "object" && first !== null && !Array.isArray(first);
    } catch {
      return false;
    }
  }
  return false;
}
