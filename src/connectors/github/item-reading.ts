import { streams } from "./keys.ts";
import type { Entry } from "./make-record.ts";
import type { Place } from "./repository.ts";
import { isRow, type Row } from "./row.ts";

/** What an item of a file is found to be. */
export type ItemReading =
  | {
      /** The repository, where the item says it: stars, for one, do not. */
      place: Place | undefined;
      entries: Entry[];
      /** It is one of ours, and brings nothing in: why. */
      ignored?: string;
      /** A row of the event feed, which tells less than the API does. */
      past?: true;
    }
  | {
      /** In words, what it is instead. */
      foreign: string;
    };

/** The list of issues holds pull requests too, in a form that does not know their branches. */
export function readIssueRow(row: Row, less = 0): Entry {
  if (!isRow(row.pull_request)) return { stream: streams.issues, item: row, less };
  return { stream: streams.pulls, item: { ...row, merged_at: row.pull_request.merged_at ?? null }, less: less + 1 };
}

/** What was deleted, without its words. */
export function forget(item: Row): Row {
  const { body: _body, title: _title, reactions: _reactions, labels: _labels, ...kept } = item;
  return { ...kept, deleted: true };
}
