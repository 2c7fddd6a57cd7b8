import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { type ExportFile, type ExportFiles, readLines, readPieces } from "../export-files.ts";
import { parseJsonLine } from "../json-items.ts";
import { excerptOf } from "../words.ts";
import { type GitterRoom, messageSchema } from "./normalize.ts";

const chunkRecords = 400;
const roomSchema = z.looseObject({
  id: z.string().min(1),
  name: z.string().nullish(),
  uri: z.string().nullish(),
  oneToOne: z.boolean().nullish(),
  security: z.string().nullish(),
  public: z.boolean().nullish(),
  githubType: z.string().nullish(),
});

interface Item {
  value: unknown;
  place: string;
  byte: number;
}

/** What a file or folder was found to hold. */
export interface GitterSummary {
  room: GitterRoom;
  messages: number;
  /** Files in which nothing is a message or a room. */
  others: string[];
}

/**
 * Reads everything to its end and finds the room that the messages are of.
 * @param given the room, where its owner named it
 * @throws AppError `unreadable_file` where it is no JSON, or no messages of Gitter
 */
export async function inspectGitter(files: ExportFiles, given: string, signal: AbortSignal): Promise<GitterSummary> {
  const rooms: GitterRoom[] = [];
  const others: string[] = [];
  let messages = 0;
  for (const file of files.files) {
    let items = 0;
    let known = 0;
    for await (const { value } of readItems(file, signal)) {
      items++;
      const room = readRoom(value);
      if (room) rooms.push(room);
      else if (isMessage(value)) messages++;
      else continue;
      known++;
    }
    if (items > 0 && known === 0) others.push(file.name);
  }
  if (others.length === files.files.length) {
    throw new AppError("unreadable_file", {
      public: `${files.name} holds no messages as Gitter's API or its room export gave them: a list (or lines) of objects with "id", "sent" and "fromUser" was expected.`,
    });
  }
  if (messages === 0 && rooms.length > 0) {
    throw new AppError("unreadable_file", {
      public: `${files.name} lists rooms and holds no messages. Bring it in together with the messages, in one folder.`,
    });
  }
  return { room: chooseRoom(rooms, given, files), messages, others };
}

/** Messages do not name their room: it is the one given, the only one of a list of rooms, or called after the file. */
function chooseRoom(rooms: readonly GitterRoom[], given: string, files: ExportFiles): GitterRoom {
  const wanted = given.toLowerCase();
  const listed =
    wanted === "" ? (rooms.length === 1 ? rooms[0] : undefined) : rooms.find((room) => room.name.toLowerCase() === wanted || room.id === given);
  if (listed) return listed;
  const name = given || files.name.replace(/\.(?:json|ndjson|jsonl|txt|zip|gz)\b.*$/i, "");
  return { id: `name:${name.toLowerCase()}`, name, isClosed: false };
}

export async function* readGitter(files: ExportFiles, summary: GitterSummary, signal: AbortSignal): AsyncGenerator<RecordChunk> {
  const total = files.totalBytes;
  const warnings = summary.others.map((name) => `${name} holds nothing of Gitter and was left out.`);
  let records: RawRecord[] = [];
  let rejected: RejectedRecord[] = [];
  let before = 0;
  for (const file of files.files) {
    if (summary.others.includes(file.name)) {
      before += file.sizeBytes;
      continue;
    }
    for await (const { value, place, byte } of readItems(file, signal)) {
      if (readRoom(value)) continue;
      const parsed = messageSchema.safeParse(value);
      if (parsed.success) records.push(toRecord(value as Record<string, unknown>, parsed.data, summary.room));
      else {
        const issue = parsed.error.issues[0];
        rejected.push({
          stream: "messages",
          place,
          reason: `${place}: ${issue?.path.map(String).join(".")} ${issue?.message}`,
          remedy: "Look at that message in the file; all the rest was taken.",
          excerpt: excerptOf(value),
        });
      }
      if (records.length + rejected.length < chunkRecords) continue;
      yield { records, rejected, progress: { done: Math.min(total, before + byte), total, unit: "bytes" } };
      records = [];
      rejected = [];
    }
    before += file.sizeBytes;
  }
  yield { records, rejected, warnings, progress: { done: total, total, unit: "bytes" } };
}

function toRecord(value: Record<string, unknown>, message: z.output<typeof messageSchema>, room: GitterRoom): RawRecord {
  // What concerns the reader differs from export to export.
  const { unread, readBy, ...own } = value;
  const asOf = message.editedAt ?? message.sent;
  return { stream: "messages", externalId: message.id, payload: { room, message: own }, asOf: new Date(asOf).toISOString() };
}

async function* readItems(file: ExportFile, signal: AbortSignal): AsyncGenerator<Item> {
  if (await isLines(file, signal)) {
    let byte = 0;
    for await (const { text, line, bytes } of readLines(file, signal)) {
      yield { value: parseJsonLine(file.name, text, line), place: `${file.name}, line ${line}`, byte };
      byte += bytes;
    }
    return;
  }
  for await (const { piece, cutter } of readPieces(file, signal)) {
    const value = cutter.parse(piece);
    if (piece.key === "" && piece.index !== undefined)
      yield { value, place: `${file.name}, item ${piece.index + 1} (line ${piece.line})`, byte: piece.byte };
  }
}

/** Whether a file has one object a line. */
async function isLines(file: ExportFile, signal: AbortSignal): Promise<boolean> {
  for await (const chunk of file.read(signal)) return /^\ufeff?\s*\{/.test(chunk.toString("utf8", 0, 4096));
  return false;
}

function readRoom(value: unknown): GitterRoom | undefined {
  if (typeof value !== "object" || value === null || !("oneToOne" in value || "githubType" in value)) return undefined;
  const parsed = roomSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const room = parsed.data;
  const isClosed =
    room.oneToOne === true || room.public === false || (room.security !== undefined && room.security !== null && room.security !== "PUBLIC");
  return { id: room.id, name: room.uri || room.name || room.id, isClosed };
}

function isMessage(value: unknown): boolean {
  return typeof value === "object" && value !== null && ("sent" in value || "fromUser" in value);
}
