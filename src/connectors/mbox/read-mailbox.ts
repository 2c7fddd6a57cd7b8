import { basename, dirname } from "node:path";
import { AppError } from "#core/errors.ts";
import type { FileIdentity, RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { detach, type MailHead, readAncestors, readDate, readHead, subjectOf } from "./identify-mail.ts";
import type { MailPayload } from "./normalize.ts";
import { findMailboxes, type Mailboxes, readBytes } from "./open-mailbox.ts";
import { readListId } from "./parse-headers.ts";
import { type Preamble, type SplitMail, splitMails } from "./split-mails.ts";
import { readSubject, ThreadIndex } from "./thread-index.ts";

const chunkRecords = 200;
const chunkBytes = 4 * 1024 * 1024;

interface Input {
  path: string;
  /** The list's name, where its owner gives one. */
  list: string | undefined;
  signal: AbortSignal;
}

/** What the first reading of all mails found: names and threads, no text. */
interface Survey {
  mailboxes: Mailboxes;
  list: string;
  threads: ThreadIndex;
  /** The time of the first mail that bears one. */
  firstAt: Date | undefined;
  distinct: number;
}

/**
 * What the mailbox is and how many mails it holds, after reading it to the end: a broken one is refused before
 * anything is stored.
 */
export async function inspectMailbox(input: Input): Promise<FileIdentity> {
  const { list, distinct } = await survey(input);
  return { origin: `mbox:${list}`, name: list, reported: { mail: distinct } };
}

/** A mail with its head, and what its neighbours in the file say of it. */
interface Placed {
  mail: SplitMail;
  head: MailHead;
  file: string;
  /** The mail before it in the file. */
  previous: { id: string; at: Date | undefined } | undefined;
  at: Date | undefined;
}

interface Listener {
  /** Is told how many bytes of the files have been read. */
  onRead?: (bytes: number) => void;
  /** Is told of text that stands before a file's first mail. */
  onPreamble?: (file: string, text: string) => void;
}

async function* readMails(mailboxes: Mailboxes, signal: AbortSignal, listener: Listener = {}): AsyncGenerator<Placed> {
  let before = 0;
  for (const file of mailboxes.files) {
    let previous: Placed["previous"];
    const preamble: Preamble = { text: "" };
    for await (const mail of splitMails(
      readBytes(file, signal, (bytes) => listener.onRead?.(before + bytes)),
      preamble,
    )) {
      const head = readHead(mail.content, mail.fromLine);
      const at = readDate(head.headers, head.isFragment ? "" : mail.fromLine)?.at;
      yield { mail, head, file: file.name, previous, at };
      previous = { id: head.id, at: at ?? previous?.at };
    }
    before += file.size;
    if (preamble.text.trim() !== "") listener.onPreamble?.(file.name, preamble.text);
  }
}

async function survey(input: Input): Promise<Survey> {
  const mailboxes = await findMailboxes(input.path);
  const threads = new ThreadIndex();
  const keys = new Set<string>();
  const lists = new Map<string, number>();
  let mails = 0;
  let firstAt: Date | undefined;
  for await (const { head, previous, at } of readMails(mailboxes, input.signal)) {
    mails++;
    firstAt ??= at;
    keys.add(head.key);
    const list = readListId(head.headers);
    if (list) lists.set(detach(list), (lists.get(list) ?? 0) + 1);
    const subject = readSubject(subjectOf(head.headers));
    threads.add({
      id: head.id,
      ancestors: head.isFragment && previous ? [previous.id] : readAncestors(head.headers).map(detach),
      at: (at ?? previous?.at ?? new Date(0)).getTime(),
      subject: detach(subject.key),
      isReply: subject.isReply,
    });
  }
  threads.finish();
  return { mailboxes, list: nameList(input, lists, mails), threads, firstAt, distinct: keys.size };
}

/**
 * Which list it is: as its owner says, else by List-Id where half of the mails bear the same, else by the file's name
 * without dates and endings, so that the months of one archive are one list.
 */
function nameList(input: Input, lists: ReadonlyMap<string, number>, mails: number): string {
  if (input.list) return input.list.trim().toLowerCase();
  const [top] = [...lists].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  if (top && top[1] * 2 >= mails) return top[0];
  return nameOfFile(basename(input.path)) || nameOfFile(basename(dirname(input.path))) || "mailbox";
}

const monthWords =
  "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";

function nameOfFile(name: string): string {
  return name
    .toLowerCase()
    .replace(/(?:\.(?:mbox|mbx|txt|gz|archive))+$/g, "")
    .replace(new RegExp(`(?:^|[-_. ])(?:19|20)\\d{2}(?:[-_. ]?(?:${monthWords}|q[1-4]|\\d{1,2}))?(?:[-_. ]?\\d{1,2})?(?=$|[-_. ])`, "g"), "")
    .replace(/^[-_. ]+|[-_. ]+$/g, "");
}

/** Every mail as a record, some hundred at a time. */
export async function* readMailbox(input: Input): AsyncGenerator<RecordChunk> {
  const found = await survey(input);
  const { mailboxes } = found;
  const total = mailboxes.files.reduce((sum, file) => sum + file.size, 0);
  let done = 0;
  let bytes = 0;
  let records: RawRecord[] = [];
  let rejected: RejectedRecord[] = mailboxes.others.map((name) =>
    setAside(name, "is no mailbox", 'Only files whose mails begin with a "From " line are read.'),
  );
  const seen = new Map<string, Set<string>>();
  const listener: Listener = {
    onRead: (read) => {
      done = read;
    },
    onPreamble: (file, text) =>
      rejected.push(
        setAside(`${file}, byte 0`, "holds text before its first mail, which is no mail", "Look whether the file was put together wrongly.", text),
      ),
  };
  for await (const placed of readMails(mailboxes, input.signal, listener)) {
    const { mail, head, file } = placed;
    const inFile = seen.get(file) ?? new Set();
    seen.clear();
    seen.set(file, inFile);
    if (inFile.has(head.key)) {
      const place = `${file}, byte ${mail.byte.toLocaleString("en")}`;
      rejected.push(
        setAside(
          place,
          "holds a mail that stands in the file before; it is kept once",
          "Nothing needs to be done.",
          mail.content.subarray(0, 300).toString("latin1"),
        ),
      );
      continue;
    }
    inFile.add(head.key);
    records.push({ stream: "mails", externalId: head.key, payload: toPayload(placed, found) });
    bytes += mail.content.length;
    if (records.length + rejected.length >= chunkRecords || bytes >= chunkBytes) {
      yield { records, rejected, progress: { done, total, unit: "bytes" } };
      records = [];
      rejected = [];
      bytes = 0;
    }
  }
  if (done < total) throw new AppError("unreadable_file", { public: `${basename(input.path)} became shorter while it was read. Import it again.` });
  yield { records, rejected, progress: { done: total, total, unit: "bytes" } };
}

function toPayload({ mail, head, previous, at }: Placed, { list, threads, firstAt }: Survey): MailPayload {
  const parent = threads.parentOf(head.id);
  // One millisecond after its neighbour, so that it never passes for the mail that opened their thread.
  const neighbour = at ? undefined : (previous?.at ?? firstAt);
  const near = neighbour && new Date(neighbour.getTime() + 1);
  return {
    list,
    thread: threads.rootOf(head.id),
    ...(parent !== undefined && { parent }),
    ...(near && { near: near.toISOString() }),
    ...(mail.cutBytes > 0 && { cutBytes: mail.cutBytes }),
    fromLine: mail.fromLine,
    mail: mail.content.toString("latin1"),
  };
}

function setAside(place: string, reason: string, remedy: string, excerpt?: string): RejectedRecord {
  return { stream: "mails", place, reason: `${place} ${reason}.`, remedy, ...(excerpt && { excerpt }) };
}
