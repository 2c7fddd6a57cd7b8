import type { FetchMessageObject } from "imapflow";
import { z } from "zod";
import type { CoreContext } from "#core/context.ts";
import { AppError } from "#core/errors.ts";
import type { PullInput, RawRecord, RecordChunk, RejectedRecord } from "#features/ledger/index.ts";
import { readHead } from "./identify-mail.ts";
import { fallbackName, findList, type ImapFolder, listOf, openFolder } from "./imap.ts";
import type { LiveSettings } from "./live-settings.ts";
import { makeRecord, rejectUndated } from "./make-record.ts";
import { type Placed, setAside } from "./read-mails.ts";

/** Where the next pull goes on: after the mail of the highest number that was stored. */
const cursorSchema = z.object({
  kind: z.literal("imap"),
  folder: z.string(),
  uidValidity: z.string(),
  uid: z.number(),
  /** What to call the list, and whether only mails that name it are read. */
  list: z.string(),
  only: z.boolean(),
});
type Cursor = z.output<typeof cursorSchema>;

const uidsPerLook = 500;
const bytesPerFetch = 8 * 1024 * 1024;
const mailsPerFetch = 200;
const maxMailBytes = 64 * 1024 * 1024;

/** The folder's mails from where the last pull ended, by their numbers (UID), which only grow. */
export async function* pullImap(_ctx: CoreContext, input: PullInput<LiveSettings>): AsyncGenerator<RecordChunk> {
  const { settings, signal } = input;
  const folder = await openFolder(input);
  try {
    const { cursor, warnings } = await startFrom(folder, input);
    let at = cursor;
    const found = (await folder.client.search({ uid: `${at.uid + 1}:*` }, { uid: true })) || [];
    // «n:*» always names the last mail, even where its number is smaller.
    const uids = found.filter((uid) => uid > cursor.uid).sort((a, b) => a - b);
    yield { records: [], cursor: at, ...(warnings.length > 0 && { warnings }), ...(!at.only && { reported: { mail: folder.mails } }) };
    let others = 0;
    for (let i = 0; i < uids.length; i += uidsPerLook) {
      const part = uids.slice(i, i + uidsPerLook);
      const looked = await folder.client.fetchAll(
        rangeOf(part),
        { uid: true, size: true, flags: true, internalDate: true, headers: ["list-id"] },
        { uid: true },
      );
      const wanted = looked
        .filter((mail) => mail.uid > cursor.uid && isWanted(mail) && (!at.only || listOf(mail) === at.list))
        .sort((a, b) => a.uid - b.uid);
      others += at.only ? looked.filter((mail) => isWanted(mail) && listOf(mail) !== at.list).length : 0;
      for (const group of groupBySize(wanted)) {
        const chunk = await fetchMails(folder, group, { list: at.list, settings });
        at = { ...at, uid: group.at(-1)?.uid ?? at.uid };
        yield { ...chunk, cursor: at, progress: { done: Math.min(i + part.length, uids.length), total: uids.length, unit: "records" } };
        signal.throwIfAborted();
      }
      at = { ...at, uid: part.at(-1) ?? at.uid };
      yield { records: [], cursor: at };
    }
    if (others > 0)
      yield {
        records: [],
        warnings: [
          `${others.toLocaleString("en")} mails of the folder ${settings.folder} do not name the list ${at.list}; they were left out unread.`,
        ],
      };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AppError) throw error;
    throw new AppError("upstream_failed", {
      public: `${settings.host} broke off while the folder ${settings.folder} was read: ${error instanceof Error ? error.message : String(error)}. What was read stays; the next run goes on from there.`,
      cause: error,
    });
  } finally {
    await folder.close();
  }
}

async function startFrom(folder: ImapFolder, { settings, cursor }: PullInput<LiveSettings>): Promise<{ cursor: Cursor; warnings: string[] }> {
  const held = cursorSchema.safeParse(cursor).data;
  const same = held?.folder === settings.folder && held.uidValidity === folder.uidValidity;
  const list = settings.list?.trim().toLowerCase();
  if (held && same && (list === undefined || list === held.list)) return { cursor: held, warnings: [] };
  const found = await findList(folder, settings.list);
  const warnings =
    held?.folder === settings.folder && !same
      ? ["The server numbered the folder's mails anew (another UIDVALIDITY): all of it is read again; nothing is doubled."]
      : [];
  return {
    cursor: {
      kind: "imap",
      folder: settings.folder,
      uidValidity: folder.uidValidity,
      uid: 0,
      list: found.list ?? fallbackName(settings),
      only: found.named > 0,
    },
    warnings,
  };
}

const rangeOf = (uids: readonly number[]) => `${uids[0]}:${uids.at(-1)}`;

/** Drafts were never sent, and what is marked as deleted is about to go. */
const isWanted = ({ flags }: FetchMessageObject) => !flags?.has("\\Draft") && !flags?.has("\\Deleted");

function groupBySize(mails: readonly FetchMessageObject[]): FetchMessageObject[][] {
  const groups: FetchMessageObject[][] = [];
  let bytes = 0;
  for (const mail of mails) {
    const group = groups.at(-1);
    bytes += mail.size ?? 0;
    if (group && group.length < mailsPerFetch && bytes <= bytesPerFetch) group.push(mail);
    else {
      groups.push([mail]);
      bytes = mail.size ?? 0;
    }
  }
  return groups;
}

async function fetchMails(
  folder: ImapFolder,
  group: readonly FetchMessageObject[],
  { list, settings }: { list: string; settings: LiveSettings },
): Promise<{ records: RawRecord[]; rejected: RejectedRecord[] }> {
  const sizes = new Map(group.map(({ uid, size, internalDate }) => [uid, { size, internalDate }]));
  const fetched = await folder.client.fetchAll(
    group.map(({ uid }) => uid).join(","),
    { uid: true, source: { maxLength: maxMailBytes } },
    { uid: true },
  );
  const records: RawRecord[] = [];
  const rejected: RejectedRecord[] = [];
  for (const { uid, source } of fetched) {
    const known = sizes.get(uid);
    // One that was expunged since has no source.
    if (!known || !source) continue;
    const head = readHead(source, "");
    const place = `${settings.folder}, mail ${uid}`;
    const received = known.internalDate === undefined ? undefined : new Date(known.internalDate);
    const placed: Placed = {
      mail: { byte: 0, fromLine: "", content: source, cutBytes: Math.max(0, (known.size ?? 0) - maxMailBytes) },
      head,
      place,
      file: settings.folder,
      previous: undefined,
      isAlone: true,
      received,
    };
    if (head.isFragment)
      rejected.push(setAside(place, `${place} has no header fields.`, "Look at it in a mail program.", source.toString("latin1", 0, 300)));
    else if (!head.at && !received) rejected.push(rejectUndated(placed));
    else records.push(makeRecord(placed, { list }));
  }
  return { records, rejected };
}
