import type { FileIdentity, RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { excerptOf } from "../words.ts";
import { messagesStream, usersStream } from "./format.ts";
import { activityKind } from "./message-kinds.ts";
import { openSlackExport, readItems, type SlackExport } from "./open-export.ts";
import { messageRecord, userRecord } from "./records.ts";

const chunkRecords = 300;
const chunkChars = 2 * 1024 * 1024;

/**
 * Reads an export through.
 * @throws AppError `unreadable_file` for what is no export or is broken, with the place
 */
export async function inspectExport(path: string, input: { team: string; signal: AbortSignal }): Promise<FileIdentity> {
  const found = await openSlackExport(path, input);
  try {
    const reported: Record<string, number> = {};
    for (const { file } of found.days) {
      const seen = new Set<string>();
      for await (const { value } of readItems(file, input.signal)) {
        const { ts, subtype } = glimpse(value);
        const kind = ts === undefined || seen.has(ts) ? undefined : activityKind(subtype);
        if (ts !== undefined) seen.add(ts);
        if (kind) reported[kind] = (reported[kind] ?? 0) + 1;
      }
    }
    return { origin: `slack:${found.directory.team}`, name: found.name, reported };
  } finally {
    await found.opened.close();
  }
}

function glimpse(value: unknown): { ts?: string; subtype?: string } {
  if (typeof value !== "object" || value === null) return {};
  const ts: unknown = Reflect.get(value, "ts");
  const subtype: unknown = Reflect.get(value, "subtype");
  return { ...(ts !== undefined && { ts: String(ts) }), ...(typeof subtype === "string" && { subtype }) };
}

/** Brings in an export: the people first, then every channel, day by day. */
export async function* importExport(path: string, input: { team: string; signal: AbortSignal }): AsyncGenerator<RecordChunk> {
  const found = await openSlackExport(path, input);
  try {
    if (found.unlisted.length > 0) yield { records: [], warnings: [warnOfUnlisted(found.unlisted)] };
    const batch = new Batch([...found.people, ...found.days.map(({ file }) => file)].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    for (const file of found.people) {
      for await (const { value, line, byte, text } of readItems(file, input.signal)) {
        batch.note(byte);
        const record = userRecord({ team: found.directory.team, user: value, asOf: found.moment });
        if (record) batch.take(record, text.length);
        else
          batch.reject({
            stream: usersStream,
            place: `${file.name}, line ${line}`,
            reason: "It is no account with an id.",
            excerpt: excerptOf(text),
          });
        if (batch.isFull) yield batch.empty();
      }
      batch.pass(file.sizeBytes);
    }
    for (const day of found.days) yield* readDay(day, { found, batch, signal: input.signal });
    yield batch.empty();
  } finally {
    await found.opened.close();
  }
}

async function* readDay(
  { file, channel }: SlackExport["days"][number],
  { found, batch, signal }: { found: SlackExport; batch: Batch; signal: AbortSignal },
): AsyncGenerator<RecordChunk> {
  for await (const { value, line, byte, text } of readItems(file, signal)) {
    batch.note(byte);
    const record = messageRecord({ directory: found.directory, channel, message: value, asOf: found.moment });
    if ("refusal" in record) {
      batch.reject({ stream: messagesStream, place: `${file.name}, line ${line}`, reason: record.refusal, excerpt: excerptOf(text) });
    } else batch.take(record, text.length);
    if (batch.isFull) yield batch.empty();
  }
  batch.pass(file.sizeBytes);
}

function warnOfUnlisted(folders: readonly string[]): string {
  const names = `${folders.slice(0, 10).join(", ")}${folders.length > 10 ? " …" : ""}`;
  return `${folders.length} ${folders.length === 1 ? "folder stands" : "folders stand"} in no list of channels (${names}): who could read them is not known, so only owners, admins and advocates see them here.`;
}

/** Records on their way out, with how far we are. */
class Batch {
  readonly #total: number;
  #records: RawRecord[] = [];
  #rejected: RejectedRecord[] = [];
  #chars = 0;
  #before = 0;
  #within = 0;

  constructor(total: number) {
    this.#total = total;
  }

  get isFull(): boolean {
    return this.#records.length + this.#rejected.length >= chunkRecords || this.#chars >= chunkChars;
  }

  take(record: RawRecord, chars: number): void {
    this.#records.push(record);
    this.#chars += chars;
  }

  reject(rejected: Omit<RejectedRecord, "remedy">): void {
    this.#rejected.push({ ...rejected, remedy: "Look at that place of the export, or export again; all the rest was taken." });
  }

  /** So many bytes of the file at hand were read. */
  note(bytes: number): void {
    this.#within = bytes;
  }

  /** The file at hand is done. */
  pass(bytes: number): void {
    this.#before += bytes;
    this.#within = 0;
  }

  empty(): RecordChunk {
    const chunk: RecordChunk = {
      records: this.#records,
      rejected: this.#rejected,
      progress: { done: Math.min(this.#total, this.#before + this.#within), total: this.#total, unit: "bytes" },
    };
    this.#records = [];
    this.#rejected = [];
    this.#chars = 0;
    return chunk;
  }
}
