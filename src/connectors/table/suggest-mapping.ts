import { type ColumnField, columnFields, type Mapping } from "./mapping.ts";
import { cellOf, type TableHead } from "./read-rows.ts";
import { readTime, timeFormats } from "./read-time.ts";

/** What the columns of a table may mean, with why, for a person to look over. */
export interface SuggestedMapping {
  mapping: Partial<Mapping>;
  /** For each field that a column was found for: what speaks for it. */
  reasons: Partial<Record<ColumnField, string>>;
  /** What has to be said before the table can be read. */
  missing: ColumnField[];
  /** What could be one or the other: times that are day first or month first. */
  doubts: string[];
}

/** Names by which columns are known, the surest first; compared without case, spaces and signs. */
const names: Readonly<Record<ColumnField, readonly string[]>> = {
  id: [
    "id",
    "number",
    "ticketid",
    "issueid",
    "issuekey",
    "postid",
    "messageid",
    "responseid",
    "respondentid",
    "submissionid",
    "externalid",
    "uuid",
    "key",
    "sequence",
  ],
  kind: ["activitytype", "eventtype", "kind", "type"],
  time: [
    "createdat",
    "occurredat",
    "timestamp",
    "submittedat",
    "postedat",
    "publishedat",
    "createdtime",
    "datetime",
    "created",
    "submitdate",
    "startdate",
    "checkedinat",
    "checkintime",
    "date",
    "time",
    "when",
    "day",
  ],
  edited: ["updatedat", "editedat", "modifiedat", "lastmodified", "updated", "modified"],
  authorId: ["authorid", "userid", "memberid", "creatorid", "senderid", "ownerid"],
  authorName: [
    "authorname",
    "username",
    "createdby",
    "fullname",
    "displayname",
    "author",
    "user",
    "sender",
    "submitter",
    "attendee",
    "respondent",
    "member",
    "contact",
    "from",
    "name",
  ],
  authorEmail: ["authoremail", "useremail", "emailaddress", "email", "mail", "contactemail"],
  organization: ["organization", "organisation", "company", "companyname", "employer"],
  channel: ["channel", "channelname", "category", "forum", "board", "space", "program", "project", "room", "list"],
  thread: ["threadid", "topicid", "conversationid", "parentid", "thread", "topic"],
  title: ["title", "subject", "headline", "summary", "activity", "eventname", "event"],
  body: ["body", "description", "message", "text", "content", "comment", "feedback", "answer", "details", "notes"],
  url: ["url", "link", "permalink", "href"],
  visibility: ["visibility", "privacy", "access"],
};

const plain = (column: string) => column.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");

/**
 * Guesses what columns mean, from their names and from what stands in them. Pure; to be looked over by a person.
 */
export function suggestMapping(head: Pick<TableHead, "columns" | "sample" | "headerRows">): SuggestedMapping {
  const values = new Map(head.columns.map((column) => [column, valuesOf(head, column)]));
  const mapping: Partial<Mapping> = { ...(head.headerRows > 1 && { headerRows: head.headerRows }) };
  const reasons: SuggestedMapping["reasons"] = {};
  const doubts: string[] = [];
  const taken = new Set<string>();
  const take = (field: ColumnField, column: string, reason: string) => {
    mapping[field] = column;
    reasons[field] = reason;
    taken.add(column);
  };

  const time = findTime(head.columns, values);
  if (time) {
    take("time", time.column, time.reason);
    if (time.format !== "auto") mapping.timeFormat = time.format;
    if (time.doubt) doubts.push(time.doubt);
  }
  for (const field of columnFields) {
    if (field === "time") continue;
    const column = findByName(field, head.columns, values, taken);
    if (column) take(field, column, `The column is called «${column}».`);
  }
  if (!mapping.authorEmail) {
    const column = head.columns.find((one) => !taken.has(one) && share(values.get(one) ?? [], isAddress) >= 0.8);
    if (column) take("authorEmail", column, `What stands in «${column}» are addresses.`);
  }
  if (!mapping.body && !mapping.title) {
    const column = longestWords(head, values, taken);
    if (column) take("body", column, `«${column}» holds the longest words.`);
  }
  return { mapping, reasons, missing: mapping.time === undefined ? ["time"] : [], doubts };
}

function valuesOf(head: Pick<TableHead, "sample">, column: string): unknown[] {
  return head.sample.map(({ row }) => cellOf(row, column)).filter((value) => value !== undefined && value !== null && value !== "");
}

function share(values: readonly unknown[], test: (value: unknown) => boolean): number {
  return values.length === 0 ? 0 : values.filter(test).length / values.length;
}

const isAddress = (value: unknown) => typeof value === "string" && /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value);

/**
 * A column of a fitting name, if what stands in it does not speak against it. In JSON `user.id` is called like `userId`, and
 * `author.email` like `email`; an id inside of something else is not the row's.
 */
function findByName(field: ColumnField, columns: readonly string[], values: ReadonlyMap<string, readonly unknown[]>, taken: ReadonlySet<string>) {
  const isCalled = (column: string, name: string) =>
    plain(column) === name || (field !== "id" && field !== "authorId" && plain(column.split(".").at(-1) ?? column) === name);
  for (const name of names[field]) {
    const column = columns.find((one) => !taken.has(one) && isCalled(one, name) && fits(field, name, values.get(one) ?? []));
    if (column) return column;
  }
  return undefined;
}

function fits(field: ColumnField, name: string, values: readonly unknown[]): boolean {
  if (values.some((value) => typeof value === "object")) return false;
  switch (field) {
    case "id":
      return values.length > 0 && new Set(values.map(String)).size === values.length;
    case "edited":
      return values.length === 0 || share(values, (value) => readTime(value, { format: "auto", zone: "UTC" }) !== undefined) >= 0.8;
    case "authorEmail":
      return values.length === 0 || share(values, isAddress) >= 0.8;
    case "authorId":
      return share(values, (value) => String(value).length <= 100) === 1;
    case "url":
      return share(values, (value) => /^https?:\/\//.test(String(value))) >= 0.8;
    case "kind":
    case "channel":
    case "visibility":
      // As many values as rows tell no groups apart; a few rows may all differ.
      return (
        values.length > 0 &&
        share(values, (value) => String(value).length <= 60) === 1 &&
        (values.length < 10 || new Set(values.map(String)).size < values.length)
      );
    case "thread":
      return values.length > 0 && (name !== "topic" || new Set(values.map(String)).size < values.length);
    default:
      return values.length > 0;
  }
}

interface FoundTime {
  column: string;
  format: string;
  reason: string;
  doubt?: string;
}

/** The column of times: by its name and, before all, by what stands in it. */
function findTime(columns: readonly string[], values: ReadonlyMap<string, readonly unknown[]>): FoundTime | undefined {
  const isEmpty = [...values.values()].every((given) => given.length === 0);
  const named = names.time.flatMap((name) => columns.filter((column) => plain(column.split(".").at(-1) ?? column) === name));
  const others = columns.filter(
    (column) => !named.includes(column) && /date|time|_at$|\bat$/i.test(column) && !/update|edit|modif|respond|end|due/i.test(column),
  );
  for (const column of [...named, ...others]) {
    const given = values.get(column) ?? [];
    // Without a single row, the name has to do.
    const found = given.length === 0 && isEmpty && named.includes(column) ? { format: "auto" } : formatOf(given, true);
    if (found) return { column, reason: `«${column}» holds times.`, ...found };
  }
  for (const column of columns) {
    const given = values.get(column) ?? [];
    const found =
      given.length > 0 && given.every((value) => typeof value === "string" && !/^[\d.]+$/.test(value)) ? formatOf(given, false) : undefined;
    if (found) return { column, reason: `What stands in «${column}» are times.`, ...found };
  }
  return undefined;
}

/**
 * How times are written: in the first way that fits nearly all, or half of them where the column is called a time. The
 * broken ones are reported row by row later.
 */
function formatOf(values: readonly unknown[], isNamed: boolean): { format: string; doubt?: string } | undefined {
  if (values.length === 0) return undefined;
  const enough = isNamed ? 0.5 : 0.8;
  const fitting = (format: string) => share(values, (value) => readTime(value, { format, zone: "UTC" }) !== undefined);
  if (fitting("auto") >= enough) return { format: "auto" };
  const fits = timeFormats.map((format) => ({ format, share: fitting(format) })).filter((one) => one.share >= enough);
  const best = fits.sort((a, b) => b.share - a.share)[0];
  if (best) {
    const swapped = swapDayAndMonth(best.format);
    const isOpen = swapped !== undefined && fitting(swapped) === best.share;
    return { format: best.format, ...(isOpen && { doubt: `${String(values[0])} may be ${best.format} or ${swapped}: no row tells which.` }) };
  }
  return isNamed && fitting("excel") >= 0.9 ? { format: "excel" } : undefined;
}

function swapDayAndMonth(format: string): string | undefined {
  if (/^M{1,2}\/d{1,2}\//.test(format)) return format.replace(/^(M+)\/(d+)/, "$2/$1");
  return /^d{1,2}\/M{1,2}\//.test(format) ? format.replace(/^(d+)\/(M+)/, "$2/$1") : undefined;
}

/** Free words are long and mostly different, and stand in most rows. */
function longestWords(
  head: Pick<TableHead, "columns" | "sample">,
  values: ReadonlyMap<string, readonly unknown[]>,
  taken: ReadonlySet<string>,
): string | undefined {
  let best: { column: string; length: number } | undefined;
  for (const column of head.columns) {
    const given = values.get(column) ?? [];
    if (taken.has(column) || given.length < Math.max(2, head.sample.length * 0.6) || given.some((value) => typeof value !== "string")) continue;
    if (given.every(isAddress) || formatOf(given, false)) continue;
    const length = given.reduce((sum: number, value) => sum + String(value).length, 0) / given.length;
    if (length >= 20 && new Set(given).size >= given.length * 0.7 && length > (best?.length ?? 0)) best = { column, length };
  }
  return best?.column;
}
