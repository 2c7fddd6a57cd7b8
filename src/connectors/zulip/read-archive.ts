import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { type ExportFile, type ExportFiles, readJson, readPieces } from "../export-files.ts";
import { excerptOf, hostOf } from "../words.ts";
import { decodeName, encodeName, type ZulipChannel } from "./format.ts";
import { type GivenMessage, messageRecord } from "./records.ts";

/**
 * What the tool zulip-archive keeps of public channels: an index, and a folder a channel with one file a topic. It bears
 * words and the names of senders, and no more.
 */
export interface TopicArchive {
  site: string;
  channels: { id: number; name: string }[];
  topics: { file: ExportFile; channel: ZulipChannel; topic: string }[];
  /** Messages that the index counts. */
  counted: number;
  /** Topics of the index without a file. */
  missing: string[];
}

const indexName = /(?:^|\/)stream_index\.json$/;
const indexSchema = z.object({
  streams: z.record(z.string(), z.looseObject({ id: z.int(), topic_data: z.record(z.string(), z.looseObject({ size: z.number() })).default({}) })),
});
const chunkRecords = 400;

export function isTopicArchive(names: readonly string[]): boolean {
  return names.some((name) => indexName.test(name));
}

/** Reads the index and finds the topics' files. */
export async function openTopicArchive(files: ExportFiles, given: string, signal: AbortSignal): Promise<TopicArchive> {
  const indexFile = files.files.find(({ name }) => indexName.test(name));
  if (!indexFile) throw new AppError("unreadable_file", { public: `${files.name} holds no stream_index.json.` });
  const root = indexFile.name.slice(0, indexFile.name.length - "stream_index.json".length);
  const index = indexSchema.safeParse(await readJson(indexFile, signal));
  if (!index.success) {
    const issue = index.error.issues[0];
    throw new AppError("unreadable_file", {
      public: `${indexFile.name} is no index as zulip-archive writes it: ${issue?.path.map(String).join(".")} ${issue?.message}. Run zulip-archive again; nothing was stored.`,
    });
  }
  const archive: TopicArchive = { site: "", channels: [], topics: [], counted: 0, missing: [] };
  for (const [name, stream] of Object.entries(index.data.streams)) {
    archive.channels.push({ id: stream.id, name });
    // The folder bears the id in front, the rest is the name with what file systems dislike replaced.
    const inFolder = files.files.filter((file) => file.name.startsWith(`${root}${stream.id}-`) && file.name.endsWith(".json"));
    const byName = new Map(inFolder.map((file) => [file.name.slice(file.name.lastIndexOf("/") + 1, -".json".length), file]));
    const channel: ZulipChannel = { id: String(stream.id), name, access: "members" };
    for (const [topic, data] of Object.entries(stream.topic_data)) {
      archive.counted += data.size;
      const file = byName.get(encodeName(topic)) ?? [...byName].find(([encoded]) => decodeName(encoded) === topic)?.[1];
      if (!file) archive.missing.push(`${name} > ${topic}`);
      else {
        archive.topics.push({ file, channel, topic });
        byName.delete(file.name.slice(file.name.lastIndexOf("/") + 1, -".json".length));
      }
    }
    // What the index does not know was left over when a topic was renamed: the messages stand in the other file as well.
  }
  archive.site = hostOf(given) ?? `archive-${archive.channels.map(({ id }) => id).sort((a, b) => a - b)[0] ?? "empty"}`;
  return archive;
}

/** Reads every file to its end. */
export async function inspectTopicArchive(archive: TopicArchive, signal: AbortSignal): Promise<void> {
  for (const { file } of archive.topics) {
    for await (const { piece, cutter } of readPieces(file, signal)) {
      if (piece.key !== "" || piece.index === undefined) {
        throw new AppError("unreadable_file", {
          public: `${file.name} is no topic as zulip-archive writes it: a list of messages was expected. Run zulip-archive again; nothing was stored.`,
        });
      }
      cutter.parse(piece);
    }
  }
}

export async function* readTopicArchive(archive: TopicArchive, totalBytes: number, signal: AbortSignal): AsyncGenerator<RecordChunk> {
  let records: RawRecord[] = [];
  let rejected: RejectedRecord[] = [];
  let done = 0;
  const warnings = archive.missing
    .slice(0, 20)
    .map((topic) => `The index names the topic ${topic}, and there is no file of it: its messages are missing.`);
  if (archive.missing.length > 20) warnings.push(`${archive.missing.length - 20} more topics of the index have no file.`);
  for (const { file, channel, topic } of archive.topics) {
    for await (const { piece, cutter } of readPieces(file, signal)) {
      const row = cutter.parse(piece);
      const message = readRow(row, channel, topic);
      if (message) records.push(messageRecord({ site: archive.site, channel, message, knowsLess: true }));
      else {
        rejected.push({
          stream: "messages",
          place: `${file.name}, item ${(piece.index ?? 0) + 1} (line ${piece.line})`,
          reason: "The message lacks its id or its time.",
          remedy: "Run zulip-archive again; all the rest was taken.",
          excerpt: excerptOf(row),
        });
      }
      if (records.length + rejected.length < chunkRecords) continue;
      yield { records, rejected, progress: { done: done + piece.byte, total: totalBytes, unit: "bytes" } };
      records = [];
      rejected = [];
    }
    done += file.sizeBytes;
  }
  yield { records, rejected, warnings, progress: { done: totalBytes, total: totalBytes, unit: "bytes" } };
}

const rowSchema = z.looseObject({
  id: z.int().positive(),
  timestamp: z.number().positive(),
  content: z.string().nullish(),
  sender_full_name: z.string().nullish(),
});

function readRow(row: unknown, channel: ZulipChannel, topic: string): GivenMessage | undefined {
  const parsed = rowSchema.safeParse(row);
  if (!parsed.success) return undefined;
  return {
    ...parsed.data,
    content_type: "text/html",
    type: "stream",
    stream_id: Number(channel.id),
    display_recipient: channel.name,
    subject: topic,
  };
}
