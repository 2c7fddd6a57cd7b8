import type { RawRecord } from "#features/ledger/index.ts";
import { firstProblem } from "./first-problem.ts";
import { type About, type Item, type ItemStream, itemSchemas, type Payload } from "./format.ts";
import { momentOf, streams, threadKey } from "./keys.ts";

/** An item of GitHub's REST API (or what was brought into that form) that is to become a record. */
export interface Entry {
  stream: ItemStream;
  item: unknown;
  /** The thread in which it was said, where the item's own addresses do not tell. */
  number?: number | undefined;
  of?: Payload["of"] | undefined;
  /** How much less it tells than the API's own item: see `momentOf`. */
  less?: number;
  /** The moment of which it tells, where the item itself does not. */
  asOf?: string | undefined;
}

/** Why an item can be no record: the field, and what is wrong with it. */
export class ItemProblem extends Error {
  readonly field: string;
  /** @param field its path inside the item, empty for the item as a whole */
  constructor(field: string, reason: string) {
    super(reason);
    this.name = "ItemProblem";
    this.field = field;
  }
}

/**
 * Makes the record of an item: only what is used is kept, so that every way in leads to the same payload.
 * @throws ItemProblem
 */
export function makeRecord(about: About, entry: Entry): RawRecord {
  const parsed = itemSchemas[entry.stream].safeParse(entry.item);
  if (!parsed.success) {
    const { path, reason } = firstProblem(parsed.error);
    throw new ItemProblem(path.replace(/^\./, ""), reason);
  }
  const item: AnyItem = parsed.data;
  const place = isSaid(entry.stream) ? placeOf(entry) : {};
  const asOf = entry.asOf ?? momentOf(timesOf(item), entry.less);
  return {
    stream: entry.stream,
    externalId: recordId(about, entry.stream, item),
    payload: { ...about, ...place, item: withoutBlanks(parsed.data) },
    ...(asOf !== undefined && { asOf }),
  };
}

/** The fields by which items of all kinds are known and dated. */
interface AnyItem {
  number?: number;
  id?: number;
  user?: Item<"issues">["user"];
  created_at?: string;
  updated_at?: string | null | undefined;
  closed_at?: string | null | undefined;
  submitted_at?: string;
  starred_at?: string | null | undefined;
  published_at?: string;
  deleted?: true | undefined;
}

function recordId(about: About, stream: ItemStream, item: AnyItem): string {
  if (stream === streams.issues || stream === streams.pulls || stream === streams.discussions) return threadKey(about.repo, item.number ?? 0);
  if (stream === streams.stars) return item.user?.id === undefined ? `login:${item.user?.login.toLowerCase()}` : String(item.user.id);
  return String(item.id);
}

/** A deletion comes after everything of its moment. */
function timesOf(item: AnyItem): (string | null | undefined)[] {
  const times = [item.created_at, item.updated_at, item.closed_at, item.submitted_at, item.starred_at, item.published_at];
  if (item.deleted !== true) return times;
  const last = momentOf(times, -1);
  return last === undefined ? [] : [last];
}

const saidStreams: ReadonlySet<string> = new Set([streams.comments, streams.reviews, streams.reviewComments, streams.discussionComments]);
const isSaid = (stream: ItemStream): boolean => saidStreams.has(stream);

const addressFields = ["html_url", "issue_url", "pull_request_url", "url"] as const;
const threadAddress = /\/(issues|pulls?|discussions)\/(\d+)(?:$|[#/?])/;

/** In which thread something was said. */
function placeOf(entry: Entry): Required<Pick<Payload, "number" | "of">> {
  let number = entry.number;
  let of = entry.of ?? (entry.stream === streams.comments ? undefined : entry.stream === streams.discussionComments ? "discussion" : "pull_request");
  for (const field of addressFields) {
    if (number !== undefined && of !== undefined) break;
    const address: unknown = Reflect.get(Object(entry.item), field);
    const found = typeof address === "string" ? threadAddress.exec(address) : null;
    if (!found?.[1]) continue;
    number ??= Number(found[2]);
    // The API calls both issues under `issue_url`; the address for people tells them apart.
    if (field === "html_url") of ??= found[1] === "issues" ? "issue" : found[1] === "discussions" ? "discussion" : "pull_request";
  }
  if (number === undefined) throw new ItemProblem("html_url", "does not say in which issue, pull request or discussion it was said");
  return { number, of: of ?? "issue" };
}

/** Absent, null, empty and false are one. */
function withoutBlanks(item: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false));
}
