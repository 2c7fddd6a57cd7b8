import { basename, dirname } from "node:path";
import { AppError } from "#core/errors.ts";
import type { FileIdentity, RawRecord, RecordChunk, RejectedRecord, ReportedCounts } from "#features/ledger/index.ts";
import { makeRecord, rejectUndated, timeNear } from "./make-record.ts";
import { ListNames, nameOfFile } from "./name-list.ts";
import { type MailFiles, openMails } from "./open-mails.ts";
import { type Placed, readMails, refuseAll, setAside } from "./read-mails.ts";
import { readSubscriptions } from "./read-subscriptions.ts";

const chunkRecords = 200;
const chunkBytes = 4 * 1024 * 1024;

interface Input {
  path: string;
  /** The list's name, where its owner gives one. */
  list: string | undefined;
  signal: AbortSignal;
}

/** What the first reading of all mails found: names and numbers, no text. */
interface Survey {
  list: string;
  /** The time of the first mail that bears one. */
  firstAt: Date | undefined;
  /** Mails of each file that no file before it holds. */
  mails: Map<string, number>;
  subscriptions: number;
  rejected: RejectedRecord | undefined;
}

/**
 * What was brought in and how many mails it holds, after reading it to the end: a broken one is refused before anything
 * is stored.
 * @throws AppError `unreadable_file` with the place and what to do
 */
export async function inspectMailbox(input: Input): Promise<FileIdentity> {
  const files = await openMails(input.path);
  try {
    const found = await survey(files, input);
    const mail = [...found.mails.values()].reduce((sum, n) => sum + n, 0);
    if (mail + found.subscriptions === 0) throw refuseAll(files.name, found.rejected);
    const joined: ReportedCounts = found.subscriptions > 0 ? { joined: found.subscriptions } : {};
    return {
      origin: `mbox:${found.list}`,
      name: found.list,
      reported: { ...(mail > 0 && { mail }), ...joined },
      reportedParts: Object.fromEntries([...found.mails].map(([name, n], i) => [partName(name), { mail: n, ...(i === 0 && joined) }])),
    };
  } finally {
    await files.close();
  }
}

/** A month is the same part packed or not. */
const partName = (file: string) => file.replace(/\.gz$/i, "");

async function survey(files: MailFiles, input: Input): Promise<Survey> {
  const lists = new ListNames();
  const keys = new Set<string>();
  const found: Survey = { list: "", firstAt: undefined, mails: new Map(), subscriptions: 0, rejected: undefined };
  const undated = new Set<string>();
  let isLoneMail = files.isSingle;
  const listener = {
    onRejected: (rejected: RejectedRecord) => {
      found.rejected ??= rejected;
    },
    onSubscriptions: (file: string, text: string) => {
      const page = readSubscriptions(file, text);
      found.subscriptions += page.joined;
      found.rejected ??= page.rejected[0];
      for (const list of page.lists) lists.addList(list);
      isLoneMail = false;
    },
  };
  for (const file of files.files) {
    let own = 0;
    for await (const placed of readMails(file, { signal: input.signal, isSingle: files.isSingle, listener })) {
      const { head } = placed;
      isLoneMail &&= placed.isAlone;
      found.firstAt ??= head.at;
      lists.add(head.headers);
      if (keys.has(head.key)) continue;
      if (isDated(placed, found.firstAt)) {
        keys.add(head.key);
        own++;
        continue;
      }
      found.rejected ??= rejectUndated(placed);
      if (!placed.isAlone) undated.add(head.key);
    }
    // What stands before the first dated mail gets its time from that one.
    if (found.firstAt) {
      for (const key of undated) if (!keys.has(key) && keys.add(key)) own++;
      undated.clear();
    }
    if (own > 0) found.mails.set(file.name, own);
  }
  found.list = input.list?.trim().toLowerCase() || lists.commonest || (isLoneMail ? "" : nameOfPath(input.path)) || "mailbox";
  return found;
}

/** By the name of the file, else of the folder it lies in; an upload's folder is named by chance. */
function nameOfPath(path: string): string {
  const folder = basename(dirname(path));
  return nameOfFile(path) || (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(folder) ? "" : nameOfFile(folder));
}

const isDated = ({ head, received, isAlone }: Placed, near: Date | undefined) =>
  head.at !== undefined || received !== undefined || (!isAlone && near !== undefined);

/** Every mail as a record, some hundred at a time. */
export async function* readMailbox(input: Input): AsyncGenerator<RecordChunk> {
  const files = await openMails(input.path);
  try {
    yield* readFiles(files, await survey(files, input), input);
  } finally {
    await files.close();
  }
}

async function* readFiles(files: MailFiles, { list, firstAt }: Survey, input: Input): AsyncGenerator<RecordChunk> {
  const total = files.totalBytes;
  let before = 0;
  let done = 0;
  let bytes = 0;
  let records: RawRecord[] = [];
  let rejected: RejectedRecord[] = files.leftOut.map(({ name, reason, remedy }) => setAside(name, `${name} ${reason}.`, remedy));
  const listener = {
    onRead: (read: number) => {
      done = before + read;
    },
    onRejected: (one: RejectedRecord) => {
      rejected.push(one);
    },
    onSubscriptions: (file: string, text: string) => {
      const page = readSubscriptions(file, text);
      records.push(...page.records);
      rejected.push(...page.rejected);
    },
  };
  const alone = new Map<string, string>();
  for (const file of files.files) {
    const seen = new Set<string>();
    for await (const placed of readMails(file, { signal: input.signal, isSingle: files.isSingle, listener })) {
      const { mail, head } = placed;
      const near = placed.isAlone ? undefined : timeNear(placed, firstAt);
      const twin = placed.isAlone ? alone.get(head.key) : undefined;
      if (twin !== undefined || seen.has(head.key)) rejected.push(rejectRepeated(placed, twin));
      else if (!isDated(placed, near)) rejected.push(rejectUndated(placed));
      else {
        if (placed.isAlone) alone.set(head.key, placed.place);
        else seen.add(head.key);
        records.push(makeRecord(placed, { list, near }));
        bytes += mail.content.length;
      }
      if (records.length + rejected.length < chunkRecords && bytes < chunkBytes) continue;
      yield { records, rejected, progress: { done, total, unit: "bytes" } };
      records = [];
      rejected = [];
      bytes = 0;
    }
    before += file.sizeBytes;
    if (done < before)
      throw new AppError("unreadable_file", { public: `${basename(input.path)} became shorter while it was read. Import it again.` });
  }
  yield { records, rejected, progress: { done: total, total, unit: "bytes" } };
}

/** @param twin the file that holds it too, of mails that have a file each */
function rejectRepeated({ place, mail }: Placed, twin: string | undefined): RejectedRecord {
  return setAside(
    place,
    twin === undefined
      ? `${place} holds a mail that stands in the file before; it is kept once.`
      : `${place} bears the Message-ID and the time of ${twin}, so it is the same mail; it is kept once.`,
    "Nothing needs to be done.",
    mail.content.toString("latin1", 0, 300),
  );
}
