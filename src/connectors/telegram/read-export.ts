import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { FileIdentity, RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { type ExportFile, type ExportFiles, openExport } from "../export-files.ts";
import { excerptOf } from "../words.ts";
import { ChatCutter, type ChatPiece } from "./cut-chats.ts";
import { activityKind, chatKey, chatSchema, messagesStream, type TelegramChat } from "./format.ts";
import { describeFolder, describeOther, exportFile } from "./recognize.ts";

const chunkRecords = 500;
const chunkChars = 2 * 1024 * 1024;

export interface ReadSettings {
  chats: string;
  account: string;
}

/** One entry of a chat, parsed, and where it stands. */
interface Entry {
  chat: TelegramChat;
  value: unknown;
  piece: ChatPiece;
}

interface Reading {
  /** Whether it is the export of an account, and not of one chat. */
  isAccount: boolean;
  account?: { id: string; name: string };
  chats: TelegramChat[];
}

/**
 * Reads an export through: one chat, an account, or a folder or zip with either.
 * @throws AppError `unreadable_file` for what is no export, is broken, or holds exports of several chats or accounts
 */
export async function inspectExport(path: string, settings: ReadSettings, signal: AbortSignal): Promise<FileIdentity> {
  const isWanted = createFilter(settings.chats);
  const opened = await openExport(path);
  try {
    const files = pickExports(opened);
    const found = new Map<string, FileIdentity>();
    const reported: Record<string, number> = {};
    for (const file of files) {
      const reading: Reading = { isAccount: false, chats: [] };
      for await (const entries of readEntries(file, reading, signal)) {
        for (const { chat, value } of entries) {
          const kind = isWanted(chat, reading) && isEntry(value) ? activityKind(value) : undefined;
          if (kind) reported[kind] = (reported[kind] ?? 0) + 1;
        }
      }
      const identity = await identify(file, reading, settings, signal);
      found.set(identity.origin, identity);
    }
    const [first, ...others] = found.values();
    if (!first || others.length > 0) {
      const names = [...found.values()].map(({ name }) => name).join(", ");
      throw new AppError("unreadable_file", {
        public: `${opened.name} holds exports of ${found.size} chats or accounts: ${names}. Bring them in one after the other; nothing was stored.`,
      });
    }
    // Several exports of one chat may overlap.
    return { ...first, ...(files.length === 1 && { reported }) };
  } finally {
    await opened.close();
  }
}

async function identify(file: ExportFile, reading: Reading, settings: ReadSettings, signal: AbortSignal): Promise<FileIdentity> {
  const [chat] = reading.chats;
  if (reading.isAccount) {
    const own = reading.chats.find(({ type }) => type === "saved_messages");
    const id = settings.account.trim() || reading.account?.id || (own && String(own.id));
    if (!id) {
      throw new AppError("unreadable_file", {
        public: `${file.name} does not say whose account it is an export of. Export again with «Account information» or fill in the setting Account; nothing was stored.`,
      });
    }
    return { origin: `telegram:account-${id.toLowerCase()}`, name: `Telegram of ${reading.account?.name || id}` };
  }
  if (chat) return { origin: `telegram:${chatKey(chat)}`, name: chat.name?.trim() || `Telegram ${chatKey(chat)}` };
  throw new AppError("unreadable_file", { public: `${file.name} is no export of Telegram Desktop: ${describeOther(await readStart(file, signal))}` });
}

/** Brings in the messages of an export, chat by chat. */
export async function* importExport(path: string, settings: ReadSettings, signal: AbortSignal): AsyncGenerator<RecordChunk> {
  const isWanted = createFilter(settings.chats);
  const opened = await openExport(path);
  try {
    const files = pickExports(opened);
    const total = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    let before = 0;
    for (const file of files) {
      let read = 0;
      let [records, rejected, chars]: [RawRecord[], RejectedRecord[], number] = [[], [], 0];
      const take = (): RecordChunk => {
        const chunk: RecordChunk = { records, rejected, progress: { done: before + read, total, unit: "bytes" } };
        [records, rejected, chars] = [[], [], 0];
        return chunk;
      };
      const onRead = (bytes: number) => {
        read = bytes;
      };
      const reading: Reading = { isAccount: false, chats: [] };
      const leftOut = new Set<string>();
      for await (const entries of readEntries(file, reading, signal, onRead)) {
        for (const entry of entries) {
          if (!isWanted(entry.chat, reading)) {
            leftOut.add(chatKey(entry.chat));
            continue;
          }
          const record = takeEntry(entry, file.name);
          if (!record) continue;
          if ("reason" in record) rejected.push(record);
          else records.push(record);
          chars += entry.piece.text.length;
          if (records.length + rejected.length >= chunkRecords || chars >= chunkChars) yield take();
        }
      }
      read = file.sizeBytes;
      yield { ...take(), ...(leftOut.size > 0 && { warnings: [warnOf(leftOut.size, settings.chats)] }) };
      before += file.sizeBytes;
    }
  } finally {
    await opened.close();
  }
}

/** Names of private chats are not written into the log: how many there are is enough. */
function warnOf(n: number, list: string): string {
  const which = `${list === "" ? "private " : ""}${n === 1 ? "chat" : "chats"}${list === "" ? "" : " that the setting Chats does not name"}`;
  return `${n.toLocaleString("en")} ${which} ${n === 1 ? "was" : "were"} left out. Name in the setting Chats what belongs to the community.`;
}

/** A message as a record; why it is set aside; or undefined for what Telegram noted by itself. */
function takeEntry({ chat, value, piece }: Entry, file: string): RawRecord | RejectedRecord | undefined {
  const fault = faultOf(value);
  if (fault !== undefined || !isEntry(value)) {
    return {
      stream: messagesStream,
      ...(isEntry(value) && { externalId: `${chatKey(chat)}/${value.id}` }),
      place: `${file}: ${piece.place}, line ${piece.line}`,
      reason: `${piece.place}, at line ${piece.line.toLocaleString("en")} of ${file}, ${fault}.`,
      remedy: "Export the chat again with the newest Telegram Desktop. All the rest was taken.",
      excerpt: excerptOf(piece.text),
    };
  }
  if (!activityKind(value)) return undefined;
  return {
    stream: messagesStream,
    externalId: `${chatKey(chat)}/${value.id}`,
    payload: { chat, message: slim(value) },
    asOf: stateOf(value),
  };
}

interface GivenEntry {
  id: number;
  type?: unknown;
  action?: unknown;
  actor?: unknown;
  members?: unknown;
  [field: string]: unknown;
}

/** Only what the reader itself looks at: `normalize` checks the rest. */
const isEntry = (value: unknown): value is GivenEntry =>
  typeof value === "object" && value !== null && Number.isSafeInteger(Reflect.get(value, "id"));

function faultOf(value: unknown): string | undefined {
  if (!isEntry(value)) return 'is no message: it has no whole number as its "id"';
  // Such an entry has neither time nor words, so nothing can be made of it later either.
  return value.type === "unsupported" ? "is a message of a sort that the Telegram Desktop that exported did not know" : undefined;
}

/** What says the same twice, and what people told of themselves in private: numbers of telephones, and where they are. */
const dropped = new Set(["text_entities", "contact_information", "contact_vcard", "location_information", "thumbnail", "inline_bot_buttons"]);

function slim(message: GivenEntry): object {
  const rest = Object.fromEntries(Object.entries(message).filter(([field]) => !dropped.has(field)));
  if (message.text === undefined && message.text_entities !== undefined) rest.text = message.text_entities;
  // Which buttons there are is of no use; that there are some tells a bot.
  if (Array.isArray(message.inline_bot_buttons) && message.inline_bot_buttons.length > 0) rest.inline_bot_buttons = [true];
  return rest;
}

/**
 * When the message became what it is. Exports from before 2021 have only the clock of a computer somewhere: theirs is put
 * into January 1970, in their order, so that later exports, which know better, always count.
 */
function stateOf(message: GivenEntry): string {
  const seconds = Math.max(...[message.date_unixtime, message.edited_unixtime].map((given) => Number(given ?? 0) || 0));
  if (seconds > 0 && seconds < 1e11) return new Date(seconds * 1000).toISOString();
  const clocks = [message.date, message.edited].map((given) => (typeof given === "string" ? Date.parse(`${given.slice(0, 19)}Z`) || 0 : 0));
  return new Date(Math.max(0, ...clocks) / 1000).toISOString();
}

const personSchema = z.looseObject({ user_id: z.int(), first_name: z.string().nullish(), last_name: z.string().nullish() });

/**
 * The entries of all chats of a file while it streams by.
 * @param reading is filled in with what the file says of itself
 */
async function* readEntries(file: ExportFile, reading: Reading, signal: AbortSignal, onRead?: (bytes: number) => void): AsyncGenerator<Entry[]> {
  const cutter = new ChatCutter(file.name);
  // An account says its chats' names inside of them; the export of one chat before its messages.
  let about: Record<string, unknown> = {};
  let chat: TelegramChat | undefined;
  let isFirst = true;
  for await (const bytes of file.read(signal, onRead)) {
    if (isFirst && !/^\ufeff?\s*\{/.test(bytes.toString("utf8", 0, 1024))) {
      throw new AppError("unreadable_file", { public: `${file.name} is no export of Telegram Desktop: ${describeOther(bytes.subarray(0, 1024))}` });
    }
    isFirst = false;
    const entries: Entry[] = [];
    for (const piece of cutter.push(bytes)) {
      if (piece.sort === "chat") {
        reading.isAccount ||= piece.place !== "messages";
        if (reading.isAccount) about = {};
        chat = undefined;
      } else if (piece.sort === "about") {
        about[piece.key] = cutter.parse(piece);
        const person = piece.key === "personal_information" ? personSchema.safeParse(about[piece.key]).data : undefined;
        if (person) {
          reading.account = { id: String(person.user_id), name: [person.first_name, person.last_name].filter(Boolean).join(" ") };
        }
      } else {
        chat ??= readChat(about, piece, file.name);
        entries.push({ chat, value: cutter.parse(piece), piece });
      }
      const begun = chat ?? (piece.sort !== "message" ? chatSchema.safeParse(about).data : undefined);
      if (begun && reading.chats.at(-1)?.id !== begun.id) reading.chats.push(begun);
    }
    if (entries.length > 0) yield entries;
  }
  cutter.end();
}

function readChat(about: Record<string, unknown>, piece: ChatPiece, file: string): TelegramChat {
  const parsed = chatSchema.safeParse(about);
  if (parsed.success) return parsed.data;
  throw new AppError("unreadable_file", {
    public: `${file} cannot be read: before ${piece.place} (line ${piece.line.toLocaleString("en")}) its chat has no ${parsed.error.issues.map((issue) => `"${issue.path.join(".")}"`).join(" and no ")}. Another program has changed the file: bring it in as Telegram Desktop wrote it; nothing was stored.`,
  });
}

/**
 * Whether a chat is to be brought in: of an account those that are on the list (`*` is all), and without one the public
 * groups and channels, since the rest is somebody's private life; what was exported alone was chosen already.
 */
function createFilter(list: string): (chat: TelegramChat, reading: Reading) => boolean {
  const names = new Set(list.split(/[,\n]/).map((name) => name.trim().toLowerCase()));
  const answers = new Map<string, boolean>();
  return (chat, { isAccount }) => {
    if (list === "*" || !isAccount) return true;
    if (list === "") return chat.type.startsWith("public_");
    const key = chatKey(chat);
    const known = answers.get(key);
    if (known !== undefined) return known;
    const isNamed = [key, String(chat.id), chat.name?.trim().toLowerCase() ?? key].some((name) => names.has(name));
    answers.set(key, isNamed);
    return isNamed;
  };
}

function pickExports(opened: ExportFiles): ExportFile[] {
  const files = opened.isSingle ? [...opened.files] : opened.files.filter(({ name }) => exportFile.test(name));
  if (files.length > 0) return files;
  throw new AppError("unreadable_file", {
    public: `${opened.name} holds no export of Telegram Desktop: ${describeFolder(opened.files.map(({ name }) => name))}`,
  });
}

async function readStart(file: ExportFile, signal: AbortSignal): Promise<Buffer> {
  for await (const chunk of file.read(signal)) return chunk.subarray(0, 1024);
  return Buffer.alloc(0);
}
