import { AppError } from "#core/errors.ts";
import type { RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { type ExportFile, type ExportFiles, readPieces } from "../export-files.ts";
import { excerptOf, hostOf } from "../words.ts";
import type { ZulipChannel } from "./format.ts";
import { conversationChannel, type GivenMessage, messageRecord, userRecord } from "./records.ts";

/** An export of a whole organization: `realm.json` and its messages in numbered files. */
export interface Realm {
  name: string;
  /** The server as identities are numbered within it. */
  site: string;
  realmFile: ExportFile;
  messageFiles: readonly ExportFile[];
}

const chunkRecords = 400;
const messageFile = /(?:^|\/)messages-(\d+)\.json$/;

/** Whether names are those of an organization's export. */
export function isRealm(names: readonly string[]): boolean {
  return names.some((name) => /(?:^|\/)realm\.json$/.test(name)) && names.some((name) => messageFile.test(name));
}

/**
 * Finds the export's parts and makes sure that none is missing.
 * @param given the organization's address, where its owner told us
 */
export async function openRealm(files: ExportFiles, given: string, signal: AbortSignal): Promise<Realm> {
  const realmFile = files.files.find(({ name }) => /(?:^|\/)realm\.json$/.test(name));
  const messageFiles = files.files.filter(({ name }) => messageFile.test(name));
  if (!realmFile) throw new AppError("unreadable_file", { public: `${files.name} holds no realm.json. Bring in the whole export.` });
  const partial = files.files.find(({ name }) => name.endsWith(".partial"));
  if (partial) {
    throw new AppError("unreadable_file", {
      public: `${files.name} was packed before the export was finished: ${partial.name} is still there. Wait until Zulip says that it is done and download it again; nothing was stored.`,
    });
  }
  for (const [index, { name }] of messageFiles.entries()) {
    if (Number(messageFile.exec(name)?.[1]) !== index + 1) {
      const missing = `messages-${String(index + 1).padStart(6, "0")}.json`;
      throw new AppError("unreadable_file", {
        public: `${files.name} is not whole: ${missing} is missing. Unpack or download it again; nothing was stored.`,
      });
    }
  }
  const realm = await readRealmRow(realmFile, signal);
  const host = hostOf(given);
  const name = text(realm.name) || text(realm.string_id) || "Zulip";
  return { name, site: host ?? (text(realm.string_id) || name.toLowerCase().replace(/\W+/g, "-")), realmFile, messageFiles };
}

async function readRealmRow(file: ExportFile, signal: AbortSignal): Promise<Record<string, unknown>> {
  for await (const { piece, cutter } of readPieces(file, signal)) {
    if (piece.key === "zerver_realm") return asRow(cutter.parse(piece));
  }
  throw new AppError("unreadable_file", {
    public: `${file.name} is no organization of Zulip: it has no zerver_realm. Bring in the export as Zulip wrote it.`,
  });
}

/** Reads every file to its end. */
export async function inspectRealm(realm: Realm, signal: AbortSignal): Promise<{ messages: number }> {
  let messages = 0;
  for (const file of [realm.realmFile, ...realm.messageFiles]) {
    for await (const { piece, cutter } of readPieces(file, signal)) {
      // Rows of who read what are the most by far and of no use.
      if (piece.key === "zerver_usermessage") continue;
      cutter.parse(piece);
      if (piece.key === "zerver_message" && piece.index !== undefined) messages++;
    }
  }
  return { messages };
}

interface Tables {
  users: Map<number, Record<string, unknown>>;
  channels: Map<number, ZulipChannel>;
  recipients: Map<number, { type: number; typeId: number }>;
  reactions: Map<number, string[]>;
}

async function readTables(file: ExportFile, signal: AbortSignal): Promise<Tables> {
  const tables: Tables = { users: new Map(), channels: new Map(), recipients: new Map(), reactions: new Map() };
  for await (const { piece, cutter } of readPieces(file, signal)) {
    if (piece.index === undefined) continue;
    switch (piece.key) {
      case "zerver_userprofile":
      case "zerver_userprofile_mirrordummy":
      case "zerver_userprofile_crossrealm": {
        const row = asRow(cutter.parse(piece));
        tables.users.set(Number(row.id), row);
        break;
      }
      case "zerver_stream": {
        const row = asRow(cutter.parse(piece));
        tables.channels.set(Number(row.id), { id: String(row.id), name: text(row.name), access: row.invite_only === true ? "private" : "members" });
        break;
      }
      case "zerver_recipient": {
        const row = asRow(cutter.parse(piece));
        tables.recipients.set(Number(row.id), { type: Number(row.type), typeId: Number(row.type_id) });
        break;
      }
      case "zerver_reaction": {
        const row = asRow(cutter.parse(piece));
        const names = tables.reactions.get(Number(row.message));
        if (names) names.push(text(row.emoji_name));
        else tables.reactions.set(Number(row.message), [text(row.emoji_name)]);
      }
    }
  }
  return tables;
}

/** The messages of an export that was inspected before, each account in front of its first message. */
export async function* readRealm(realm: Realm, totalBytes: number, signal: AbortSignal): AsyncGenerator<RecordChunk> {
  const tables = await readTables(realm.realmFile, signal);
  const told = new Set<number>();
  let done = realm.realmFile.sizeBytes;
  let records: RecordChunk["records"] = [];
  let rejected: RejectedRecord[] = [];
  for (const file of realm.messageFiles) {
    for await (const { piece, cutter } of readPieces(file, signal)) {
      if (piece.key !== "zerver_message" || piece.index === undefined) continue;
      const row = asRow(cutter.parse(piece));
      const found = readRow(row, tables);
      if ("reason" in found) {
        rejected.push({
          stream: "messages",
          ...(row.id !== undefined && { externalId: String(row.id) }),
          place: `${file.name}, zerver_message[${piece.index}]`,
          reason: found.reason,
          remedy: "Export the organization again; all the rest was taken.",
          excerpt: excerptOf(row),
        });
      } else {
        const sender = found.message.sender_id as number;
        if (!told.has(sender)) {
          told.add(sender);
          records.push(userRecord(realm.site, userOf(tables.users.get(sender) ?? { id: sender })));
        }
        records.push(messageRecord({ site: realm.site, ...found }));
      }
      if (records.length + rejected.length >= chunkRecords) {
        yield { records, rejected, progress: { done: Math.min(totalBytes, done + piece.byte), total: totalBytes, unit: "bytes" } };
        records = [];
        rejected = [];
      }
    }
    done += file.sizeBytes;
  }
  yield { records, rejected, progress: { done: totalBytes, total: totalBytes, unit: "bytes" } };
}

/** A row of `zerver_message` in the API's form. */
function readRow(row: Record<string, unknown>, tables: Tables): { channel: ZulipChannel; message: GivenMessage } | { reason: string } {
  const id = Number(row.id);
  if (!Number.isInteger(id) || id <= 0) return { reason: "The message has no id." };
  // Before 2018 the time of sending was called the publishing date.
  const timestamp = Number(row.date_sent ?? row.pub_date);
  if (!Number.isFinite(timestamp) || timestamp <= 0) return { reason: `The message ${id} has no time of sending (date_sent).` };
  const recipient = tables.recipients.get(Number(row.recipient));
  if (!recipient) return { reason: `The message ${id} went to recipient ${String(row.recipient)}, which realm.json does not name.` };
  const senderId = Number(row.sender);
  const sender = tables.users.get(senderId);
  const isChannel = recipient.type === 2;
  const channel = isChannel
    ? tables.channels.get(recipient.typeId)
    : conversationChannel({
        recipientId: Number(row.recipient),
        people: recipient.type === 1 ? [{ id: senderId }, { id: recipient.typeId }] : [],
      });
  if (!channel) return { reason: `The message ${id} went to channel ${recipient.typeId}, which realm.json does not name.` };
  const edited = Number(row.last_edit_time);
  return {
    channel,
    message: {
      id,
      sender_id: senderId,
      sender_full_name: sender ? text(sender.full_name) : null,
      sender_email: sender ? text(sender.email) : null,
      content: text(row.content),
      content_type: "text/x-markdown",
      timestamp,
      ...(Number.isFinite(edited) && edited > 0 && { last_edit_timestamp: edited, edit_history: readHistory(row.edit_history) }),
      type: isChannel ? "stream" : "private",
      ...(isChannel && { stream_id: recipient.typeId, display_recipient: channel.name }),
      recipient_id: Number(row.recipient),
      subject: text(row.subject),
      reactions: tables.reactions.get(id)?.map((name) => ({ emoji_name: name })),
    },
  };
}

/** A row holds it as JSON in a text. */
function readHistory(history: unknown): unknown {
  if (typeof history !== "string") return history;
  try {
    return JSON.parse(history) as unknown;
  } catch {
    return undefined;
  }
}

/** An account's row as the API shows it: passwords' hashes, keys and settings of the row are left where they are. */
function userOf(row: Record<string, unknown>): { user_id: number } & Record<string, unknown> {
  return {
    user_id: Number(row.id),
    full_name: text(row.full_name),
    email: text(row.email),
    delivery_email: text(row.delivery_email) || null,
    is_bot: row.is_bot === true,
    ...(row.is_mirror_dummy === true && { is_mirror_dummy: true }),
  };
}

function asRow(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
