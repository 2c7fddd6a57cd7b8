import { AppError } from "#core/errors.ts";
import { countOf } from "#core/text/count-of.ts";
import type { FileIdentity, RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { type ExportFile, type ExportFiles, openExport } from "../export-files.ts";
import { excerptOf } from "../words.ts";
import { CountIds } from "./count-ids.ts";
import { type ExportEnd, MessageCutter, type MessagePiece } from "./cut-messages.ts";
import { type DiscordChannel, type DiscordGuild, headSchema, messagesStream, type RawPayload } from "./format.ts";
import { activityKind, isDirectType, isThreadType } from "./message-types.ts";
import { answeredBy } from "./normalize.ts";
import { beginsAsExport, describeOther } from "./recognize.ts";
import { ReplyRoots } from "./reply-roots.ts";
import { readStamp, writtenAt } from "./snowflake.ts";

/** Few: between chunks what is being stored gets its turn. */
const chunkRecords = 100;
const chunkChars = 2 * 1024 * 1024;

interface Head {
  guild: DiscordGuild;
  channel: DiscordChannel;
  /** ISO 8601. */
  exportedAt?: string;
}

/** What a server's or a person's exports are called: one source for all channels of a server, one for all direct messages. */
export function originOf({ guild, channel }: Pick<Head, "guild" | "channel">): FileIdentity {
  if (isDirectType(channel.type) || guild.id === "0") return { origin: "discord:dm", name: "Discord direct messages" };
  return { origin: `discord:${guild.id}`, name: guild.name || guild.id };
}

/**
 * Reads an export through: one channel, its parts, or a folder or zip of many.
 * @throws AppError `unreadable_file` for what is no export, is broken, or holds several servers
 */
export async function inspectExport(path: string, signal: AbortSignal): Promise<FileIdentity> {
  const opened = await openExport(path);
  try {
    const found = new Map<string, FileIdentity & { files: number }>();
    const ids = new CountIds();
    const roots = new ReplyRoots();
    let cut = false;
    for (const file of (await pickExports(opened, signal)).exports) {
      const end = await readFile(file, signal, {
        head(head) {
          const identity = originOf(head);
          found.set(identity.origin, { ...identity, files: (found.get(identity.origin)?.files ?? 0) + 1 });
        },
        message(piece, head) {
          const { id, type } = glimpse(piece);
          const kind = id && activityKind({ id, type }, head.channel.id);
          if (kind) ids.add(kind, id);
          noteReply(roots, piece, head);
        },
      });
      cut ||= end.cut !== undefined;
    }
    const [first, ...others] = [...found.values()];
    if (!first || others.length > 0) {
      const servers = [...found.values()].map(({ name, files }) => `${name} (${files} ${files === 1 ? "file" : "files"})`).join(", ");
      throw new AppError("unreadable_file", {
        public: `${opened.name} holds exports of ${found.size} servers: ${servers}. Put each server's files into a folder of their own and bring them in one after the other; nothing was stored.`,
      });
    }
    // A file that was cut off does not say how much there was.
    return { origin: first.origin, name: first.name, ...(!cut && { reported: ids.count() }), noted: roots };
  } finally {
    await opened.close();
  }
}

/**
 * Brings in the messages of an export, channel by channel.
 * @param noted what `inspectExport` noted of it, which spares it one reading
 */
export async function* importExport(path: string, signal: AbortSignal, noted?: unknown): AsyncGenerator<RecordChunk> {
  const opened = await openExport(path);
  try {
    const { exports, others } = await pickExports(opened, signal);
    const total = exports.reduce((sum, file) => sum + file.sizeBytes, 0);
    if (others.length > 0) {
      const names = others.slice(0, 5).join(", ");
      yield {
        records: [],
        warnings: [
          `${others.length} JSON ${others.length === 1 ? "file is no export" : "files are no exports"} and ${others.length === 1 ? "was" : "were"} left out: ${names}${others.length > 5 ? " …" : ""}.`,
        ],
      };
    }
    const roots = noted instanceof ReplyRoots ? noted : await findRoots(exports, signal);
    let before = 0;
    for (const file of exports) {
      yield* importOne(file, { signal, roots, before, total });
      before += file.sizeBytes;
    }
  } finally {
    await opened.close();
  }
}

async function* importOne(
  file: ExportFile,
  input: { signal: AbortSignal; roots: ReplyRoots; before: number; total: number },
): AsyncGenerator<RecordChunk> {
  const cutter = new MessageCutter(file.name);
  let head: Head | undefined;
  let records: RawRecord[] = [];
  let rejected: RejectedRecord[] = [];
  let chars = 0;
  let read = 0;
  const onRead = (bytes: number) => {
    read = bytes;
  };
  for await (const chunk of file.read(input.signal, onRead)) {
    const pieces = cutter.push(chunk);
    if (cutter.head === undefined) continue;
    head ??= readHead(file.name, cutter.head);
    for (const piece of pieces) {
      const record = takeMessage(piece, { ...input, head, file: file.name });
      if ("reason" in record) rejected.push(record);
      else records.push(record);
      chars += piece.bytes.length;
      if (records.length + rejected.length < chunkRecords && chars < chunkChars) continue;
      yield { records, rejected, progress: { done: input.before + read, total: input.total, unit: "bytes" } };
      records = [];
      rejected = [];
      chars = 0;
    }
  }
  const warnings = warnOf(file.name, cutter.end());
  yield { records, rejected, warnings, progress: { done: input.before + file.sizeBytes, total: input.total, unit: "bytes" } };
}

function warnOf(name: string, end: ExportEnd): string[] {
  const taken = `${end.messages.toLocaleString("en")} whole ${end.messages === 1 ? "message was" : "messages were"} taken`;
  if (end.cut) {
    const where = end.cut.inside
      ? `inside message ${(end.messages + 1).toLocaleString("en")}`
      : end.messages === 0
        ? "before its first message"
        : `after message ${end.messages.toLocaleString("en")}`;
    return [
      `${name} is cut off at byte ${end.cut.byte.toLocaleString("en")} (line ${end.cut.line.toLocaleString("en")}), ${where}. The ${taken}; export it again to get the rest.`,
    ];
  }
  if (end.messageCount === undefined || end.messageCount === end.messages) return [];
  return [`${name} says that it holds ${countOf(end.messageCount, "message")}; ${taken}.`];
}

/** A message as a record, or why it is set aside. */
function takeMessage(piece: MessagePiece, input: { head: Head; roots: ReplyRoots; file: string }): RawRecord | RejectedRecord {
  const { guild, channel, exportedAt } = input.head;
  const message = parse(piece);
  if (!isMessage(message)) {
    return {
      stream: messagesStream,
      place: `${input.file}: messages[${piece.index}], line ${piece.line}`,
      reason: `Message ${piece.index + 1}, at line ${piece.line.toLocaleString("en")} of ${input.file}, ${faultOf(message)}.`,
      remedy: "Export the channel again. All the rest was taken.",
      excerpt: excerptOf(piece.bytes.toString("utf8", 0, 2_000)),
    };
  }
  const answered = isThreadType(channel.type) ? undefined : answeredBy(message, channel.id);
  const root = answered && input.roots.find(answered);
  const payload: RawPayload = { guild, channel, message, ...(root && { root }) };
  const asOf = exportedAt ?? readStamp(message.timestampEdited)?.toISOString() ?? writtenAt(message.id, message.timestamp)?.toISOString();
  return { stream: messagesStream, externalId: message.id, payload, ...(asOf && { asOf }) };
}

interface GivenMessage {
  id: string;
  type?: string | number | null;
  timestamp?: string | null;
  timestampEdited?: string | null;
  reference?: { type?: string | null; messageId?: string | null; channelId?: string | null } | null;
  forwardedMessage?: object | null;
}

/** Only what the reader itself looks at: `normalize` checks the rest. */
function isMessage(value: unknown): value is GivenMessage {
  return faultOf(value) === undefined;
}

function faultOf(value: unknown): string | undefined {
  if (value === undefined) return "is not valid JSON";
  if (typeof value !== "object" || value === null) return "is no object";
  const { id, timestamp, content, author, timestampEdited } = value as Record<string, unknown>;
  if (typeof id === "number") return 'has a number as its "id", whose last digits are lost: a program has rewritten the export';
  if (typeof id !== "string" || !/^\d{1,20}$/.test(id)) return 'has no "id" of Discord\'s';
  if (!isTextOrNone(content)) return 'has a "content" that is no text';
  if (!isTextOrNone(timestamp) || !isTextOrNone(timestampEdited) || (id.length < 15 && !readStamp(timestamp)))
    return 'has no time: neither its "id" nor its "timestamp" is one';
  const authorId: unknown = typeof author === "object" && author !== null ? Reflect.get(author, "id") : undefined;
  if (author !== undefined && author !== null && (typeof authorId !== "string" || !/^\d{1,20}$/.test(authorId))) {
    return 'has an "author" without an "id" in quotes';
  }
  return undefined;
}

const isTextOrNone = (value: unknown): value is string | null | undefined => value === undefined || value === null || typeof value === "string";

function parse(piece: MessagePiece): unknown {
  return parseJson(piece.bytes.toString("utf8"));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const startChars = 160;
const start = /^\{\s*"id"\s*:\s*"(\d{1,20})"\s*,\s*"type"\s*:\s*"?(\w+)/;

/** Id and type, which stand first, without parsing the message. */
function glimpse(piece: MessagePiece): { id?: string; type?: string | number | null } {
  const match = start.exec(piece.bytes.toString("latin1", 0, startChars));
  if (match) return { id: match[1], type: match[2] };
  const message = parse(piece);
  return isMessage(message) ? { id: message.id, type: message.type } : {};
}

const replyMark = Buffer.from('"reference"');
const replyReference = /^"reference"\s*:\s*(\{[^{}]*\})(\s*,\s*"forwardedMessage")?/;
const replyChars = 1_000;

/** Which message it answers, from the few bytes that say so: most messages are spared a second parsing. */
function glimpseReply(piece: MessagePiece, channelId: string): { id?: string; answered?: string } {
  const { bytes } = piece;
  for (let from = bytes.indexOf(replyMark); from !== -1; from = bytes.indexOf(replyMark, from + 1)) {
    // What only is called so, an emoji perhaps, is no member of that name.
    const match = replyReference.exec(bytes.toString("latin1", from, from + replyChars));
    if (match?.[1] === undefined) continue;
    const message = { ...glimpse(piece), reference: parseJson(match[1]), forwardedMessage: match[2] === undefined ? undefined : {} };
    return isMessage(message) ? { id: message.id, answered: answeredBy(message, channelId) } : {};
  }
  return {};
}

function noteReply(roots: ReplyRoots, piece: MessagePiece, { channel }: Head): void {
  if (isThreadType(channel.type)) return;
  const { id, answered } = glimpseReply(piece, channel.id);
  if (id && answered) roots.add(id, answered);
}

/** Who answers whom, over all files: parts of a channel may come in any order, and messages of a part too. */
async function findRoots(files: readonly ExportFile[], signal: AbortSignal): Promise<ReplyRoots> {
  const roots = new ReplyRoots();
  for (const file of files) {
    await readFile(file, signal, {
      message: (piece, head) => noteReply(roots, piece, head),
    });
  }
  return roots;
}

async function readFile(
  file: ExportFile,
  signal: AbortSignal,
  on: { head?(head: Head): void; message(piece: MessagePiece, head: Head): void },
): Promise<ExportEnd> {
  const cutter = new MessageCutter(file.name);
  let head: Head | undefined;
  for await (const chunk of file.read(signal)) {
    const pieces = cutter.push(chunk);
    if (cutter.head === undefined) continue;
    if (!head) {
      head = readHead(file.name, cutter.head);
      on.head?.(head);
    }
    for (const piece of pieces) on.message(piece, head);
  }
  return cutter.end();
}

function readHead(name: string, text: string): Head {
  const parsed = headSchema.safeParse(parseJson(text));
  if (parsed.success) {
    const { guild, channel, exportedAt } = parsed.data;
    const at = readStamp(exportedAt);
    return { guild, channel, ...(at && { exportedAt: at.toISOString() }) };
  }
  const issue = parsed.error.issues[0];
  throw new AppError("unreadable_file", {
    public: `${name} is no export of DiscordChatExporter that can be read: before its messages, ${issue?.path.join(".") || "the head"}: ${issue?.message}. Export it again as JSON; nothing was stored.`,
  });
}

/** The exports among the files, parts in their order. */
async function pickExports(opened: ExportFiles, signal: AbortSignal): Promise<{ exports: ExportFile[]; others: string[] }> {
  const exports: ExportFile[] = [];
  const others: string[] = [];
  for (const file of opened.files) {
    if (!opened.isSingle && !/\.json(?:\.gz)?$/i.test(file.name)) continue;
    const head = await readStart(file, signal);
    if (beginsAsExport(head)) exports.push(file);
    else if (opened.isSingle)
      throw new AppError("unreadable_file", { public: `${file.name} is no export of DiscordChatExporter: ${describeOther(head)}` });
    else others.push(file.name);
  }
  if (exports.length === 0) {
    throw new AppError("unreadable_file", {
      public: `${opened.name} holds no export of DiscordChatExporter: ${others.length === 0 ? "there is no JSON file in it" : `none of its ${others.length} JSON files begins with "guild" and "channel"`}. Export the channels as JSON.`,
    });
  }
  return { exports: exports.sort((a, b) => collator.compare(a.name, b.name)), others };
}

const collator = new Intl.Collator("en", { numeric: true });
const startBytes = 16_384;

async function readStart(file: ExportFile, signal: AbortSignal): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of file.read(signal)) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes >= startBytes) break;
  }
  return Buffer.concat(parts).subarray(0, startBytes);
}
