import type { RawRecord, RejectedRecord } from "#features/ledger/index.ts";
import { excerptOf } from "../words.ts";
import type { About } from "./format.ts";
import { momentOf, streams, threadKey } from "./keys.ts";
import { type Entry, ItemProblem, makeRecord } from "./make-record.ts";
import { isRow } from "./row.ts";

/** The records of some items; what cannot be used is set aside by itself. */
export function takeItems(about: About, entries: readonly Entry[]): { records: RawRecord[]; rejected: RejectedRecord[] } {
  const records: RawRecord[] = [];
  const rejected: RejectedRecord[] = [];
  for (const entry of entries) {
    try {
      records.push(makeRecord(about, entry));
    } catch (error) {
      if (!(error instanceof ItemProblem)) throw error;
      const { id, number }: { id?: unknown; number?: unknown } = isRow(entry.item) ? entry.item : {};
      rejected.push({
        stream: entry.stream,
        place: `${entry.stream} ${String(number ?? id ?? "")}${error.field === "" ? "" : `, ${error.field}`}`,
        reason: `${error.field} ${error.message}`.trim(),
        remedy: "Report it: GitHub may have changed its format. The others were taken.",
        excerpt: excerptOf(entry.item),
      });
    }
  }
  return { records, rejected };
}

/**
 * Says that GitHub itself now tells what was said in a thread: what an archive.json held of it, under keys of its own, gives way.
 * An archive that is younger than this is heard again.
 */
export function takeOver(about: About, item: { number: number; updated_at: unknown }): RawRecord {
  const asOf = typeof item.updated_at === "string" ? momentOf([item.updated_at], -1) : undefined;
  return {
    stream: streams.conversations,
    externalId: threadKey(about.repo, item.number),
    payload: { takenOver: true },
    ...(asOf !== undefined && { asOf }),
  };
}
