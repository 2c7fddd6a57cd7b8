import { AppError } from "#core/errors.ts";
import type { RejectedRecord } from "#features/ledger/index.ts";
import type { ExportFile } from "../export-files.ts";
import { type MailHead, readHead } from "./identify-mail.ts";
import { openMailFile, refuse } from "./open-mails.ts";
import { type Preamble, type SplitMail, splitMails } from "./split-mails.ts";
import { cutFromLine, describeOther } from "./tell-format.ts";

/** A mail with its head, and what its neighbours in the file say of it. */
export interface Placed {
  mail: SplitMail;
  head: MailHead;
  /** Where it stands, for people. */
  place: string;
  /** The file it stands in. */
  file: string;
  /** The mail before it in the file. */
  previous: { id: string; thread: string; at: Date | undefined } | undefined;
  /** It has a file to itself, so that it has no neighbours in time. */
  isAlone: boolean;
  /** When the mailbox took it in, as a file's name says. */
  received: Date | undefined;
}

export interface ReadingListener {
  /** Is told how many bytes of the file have been read. */
  onRead?(bytes: number): void;
  onRejected?(rejected: RejectedRecord): void;
  /** Is told of a page of subscriptions, as JSON text. */
  onSubscriptions?(file: string, text: string): void;
}

/** As much of one mail as is read; so that one broken file cannot fill the memory. */
const maxMailBytes = 64 * 1024 * 1024;

/**
 * The mails of one file, whatever it is: a mailbox or a single mail.
 * @param input.isSingle it was brought in by itself: what is no mail is refused, and not set aside
 * @throws AppError `unreadable_file`
 */
export async function* readMails(
  file: ExportFile,
  input: { signal: AbortSignal; isSingle: boolean; listener: ReadingListener },
): AsyncGenerator<Placed> {
  const { signal, listener } = input;
  const opened = await openMailFile(file, signal, listener.onRead?.bind(listener));
  try {
    if (opened.format === "mailbox") yield* readMailbox(file.name, opened.bytes, listener);
    else if (opened.format === "mail") {
      const mail = await readSingleMail(opened.bytes);
      const head = readHead(mail.content, mail.fromLine);
      if (head.isFragment) throw refuse(file.name, opened.head);
      yield { mail, head, place: file.name, file: file.name, previous: undefined, isAlone: true, received: deliveredAt(file.name) };
    } else if (opened.format === "subscriptions") {
      listener.onSubscriptions?.(file.name, (await readWhole(opened.bytes, maxMailBytes)).bytes.toString("utf8"));
    } else if (input.isSingle) throw refuse(file.name, opened.head);
    else {
      const { looks, remedy } = describeOther(opened.head);
      listener.onRejected?.(setAside(file.name, `${file.name} is no mailbox and no mail: ${looks}`, remedy, opened.head.slice(0, 200)));
    }
  } finally {
    await opened.bytes.return(undefined);
  }
}

async function* readMailbox(name: string, bytes: AsyncGenerator<Buffer>, listener: ReadingListener): AsyncGenerator<Placed> {
  let previous: Placed["previous"];
  const preamble: Preamble = { text: "" };
  for await (const mail of splitMails(bytes, preamble)) {
    const head = readHead(mail.content, mail.fromLine, previous?.id);
    const place = `${name}, byte ${mail.byte.toLocaleString("en")}`;
    yield { mail, head, place, file: name, previous, isAlone: false, received: undefined };
    previous = { id: head.id, thread: head.isFragment ? (previous?.thread ?? head.id) : head.thread, at: head.at ?? previous?.at };
  }
  if (preamble.text.trim() === "") return;
  const place = `${name}, byte 0`;
  listener.onRejected?.(
    setAside(place, `${place} holds text before its first mail, which is no mail.`, "Look whether the file was put together wrongly.", preamble.text),
  );
}

async function readSingleMail(bytes: AsyncGenerator<Buffer>): Promise<SplitMail> {
  const whole = await readWhole(bytes, maxMailBytes);
  const start = whole.bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0;
  const { fromLine, mail } = cutFromLine(whole.bytes.toString("latin1", start, start + 4_096));
  const lineBytes = whole.bytes.length - start > 4_096 ? 4_096 - mail.length : whole.bytes.length - start - mail.length;
  return { byte: 0, fromLine, content: whole.bytes.subarray(start + lineBytes), cutBytes: whole.cutBytes };
}

async function readWhole(bytes: AsyncGenerator<Buffer>, maxBytes: number): Promise<{ bytes: Buffer; cutBytes: number }> {
  const parts: Buffer[] = [];
  let size = 0;
  let cutBytes = 0;
  for await (const part of bytes) {
    const room = maxBytes - size;
    if (room > 0) parts.push(part.subarray(0, room));
    size += Math.min(part.length, Math.max(room, 0));
    cutBytes += Math.max(part.length - room, 0);
  }
  return { bytes: Buffer.concat(parts), cutBytes };
}

/** A maildir's names begin with the second of the delivery. */
function deliveredAt(name: string): Date | undefined {
  const seconds = /(?:^|\/)(?:cur|new)\/(\d{9,10})\.[^/]*$/.exec(name)?.[1];
  return seconds === undefined ? undefined : new Date(Number(seconds) * 1000);
}

/** A note of what was not taken, for the list of what was set aside. */
export function setAside(place: string, reason: string, remedy: string, excerpt?: string): RejectedRecord {
  return { stream: "mails", place, reason, remedy, ...(excerpt && { excerpt }) };
}

/** Nothing in it can be used. */
export function refuseAll(name: string, first: RejectedRecord | undefined): AppError {
  const why = first ? ` ${first.reason} ${first.remedy}` : " It is empty. If the list has mails, export it again.";
  return new AppError("unreadable_file", { public: `${name} holds no mail that can be used.${why}` });
}
