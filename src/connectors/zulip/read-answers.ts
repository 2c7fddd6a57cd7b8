import { z } from "zod";
import type { RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { type ExportFiles, readPieces } from "../export-files.ts";
import { excerptOf, hostOf } from "../words.ts";
import type { ZulipChannel } from "./format.ts";
import { conversationChannel, type GivenMessage, messageRecord } from "./records.ts";

const chunkRecords = 400;

/** Saved answers of `GET /messages`: the object with its `messages`, or their list alone. */
export async function inspectAnswers(files: ExportFiles, signal: AbortSignal): Promise<{ messages: number; firstChannel: string | undefined }> {
  let messages = 0;
  let firstChannel: string | undefined;
  for (const file of files.files) {
    for await (const { piece, cutter } of readPieces(file, signal)) {
      const value = cutter.parse(piece);
      if (piece.index === undefined || (piece.key !== "" && piece.key !== "messages")) continue;
      messages++;
      firstChannel ??= toMessage(value)?.channel.name;
    }
  }
  return { messages, firstChannel };
}

export async function* readAnswers(files: ExportFiles, site: string, signal: AbortSignal): AsyncGenerator<RecordChunk> {
  let records: RawRecord[] = [];
  let rejected: RejectedRecord[] = [];
  let before = 0;
  for (const file of files.files) {
    for await (const { piece, cutter } of readPieces(file, signal)) {
      if (piece.index === undefined || (piece.key !== "" && piece.key !== "messages")) continue;
      const value = cutter.parse(piece);
      const found = toMessage(value);
      if (found) records.push(messageRecord({ site, ...found }));
      else {
        rejected.push({
          stream: "messages",
          place: `${file.name}, message ${piece.index + 1} (line ${piece.line})`,
          reason: "The message lacks its id, its time or its channel.",
          remedy: "Fetch it again from GET /api/v1/messages; all the rest was taken.",
          excerpt: excerptOf(value),
        });
      }
      if (records.length + rejected.length < chunkRecords) continue;
      yield { records, rejected, progress: { done: Math.min(files.totalBytes, before + piece.byte), total: files.totalBytes, unit: "bytes" } };
      records = [];
      rejected = [];
    }
    before += file.sizeBytes;
  }
  yield { records, rejected, progress: { done: files.totalBytes, total: files.totalBytes, unit: "bytes" } };
}

/** The server of saved answers, which do not name it. */
export function siteOfAnswers(given: string): string {
  return hostOf(given) ?? "unknown-server";
}

const answerSchema = z.looseObject({
  id: z.int().positive(),
  timestamp: z.number().positive(),
  last_edit_timestamp: z.number().nullish(),
  last_moved_timestamp: z.number().nullish(),
  type: z.enum(["stream", "private"]),
  stream_id: z.int().nullish(),
  recipient_id: z.int().nullish(),
  display_recipient: z.union([z.string(), z.array(z.looseObject({ id: z.int(), full_name: z.string().nullish() }))]),
});

/**
 * A message of the API with its channel.
 * @param channels what is known of channels; of others only the name is
 */
export function toMessage(
  value: unknown,
  channels?: ReadonlyMap<number, ZulipChannel>,
): { channel: ZulipChannel; message: GivenMessage } | undefined {
  const parsed = answerSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const message = parsed.data;
  if (typeof message.display_recipient !== "string") {
    const people = message.display_recipient.map(({ id }) => ({ id }));
    return { channel: conversationChannel({ recipientId: message.recipient_id ?? undefined, people }), message };
  }
  const name = message.display_recipient;
  // Very old servers gave no number of the channel.
  const id = message.stream_id ?? undefined;
  return { channel: (id !== undefined && channels?.get(id)) || { id: String(id ?? `name:${name}`), name, access: "members" }, message };
}
