import { z } from "zod";
import { AppError } from "#core/errors.ts";
import type { RawRecord, RejectedRecord } from "#features/ledger/index.ts";
import { excerptOf } from "../words.ts";
import { hasJoined, listOfGroup, subscriptionSchema, subscriptionStream } from "./normalize-subscription.ts";

const pageSchema = z.looseObject({ data: z.array(z.unknown()) });
const kept = ["id", "user_id", "group_name", "created", "updated", "email", "full_name", "user_name", "status", "user_status"] as const;

/**
 * The subscriptions on a page that Groups.io's API answered.
 * @throws AppError `unreadable_file` for what is no such page
 */
export function readSubscriptions(
  file: string,
  text: string,
): {
  records: RawRecord[];
  rejected: RejectedRecord[];
  lists: string[];
  /** How many of them stand. */
  joined: number;
} {
  let page: z.output<typeof pageSchema>;
  try {
    page = pageSchema.parse(JSON.parse(text));
  } catch (cause) {
    const words = cause instanceof SyntaxError ? cause.message : 'it has no list called "data"';
    throw new AppError("unreadable_file", {
      public: `${file} is no whole page of subscriptions: ${words}. Fetch it again; nothing was stored.`,
      cause,
    });
  }
  const records: RawRecord[] = [];
  const rejected: RejectedRecord[] = [];
  const lists: string[] = [];
  let joined = 0;
  for (const [i, one] of page.data.entries()) {
    const parsed = subscriptionSchema.safeParse(one);
    if (!parsed.success) {
      const field = parsed.error.issues[0]?.path.join(".") ?? "";
      rejected.push({
        stream: subscriptionStream,
        place: `${file}, data[${i}].${field}`,
        reason: `A subscription lacks a usable ${field || "form"}.`,
        remedy: "Fetch the group's subscriptions again.",
        excerpt: excerptOf(one),
      });
      continue;
    }
    const { data } = parsed;
    const asOf = Number.isNaN(Date.parse(data.updated ?? "")) ? undefined : new Date(data.updated ?? "").toISOString();
    const payload = Object.fromEntries(kept.flatMap((name) => (data[name] == null ? [] : [[name, data[name]]])));
    records.push({ stream: subscriptionStream, externalId: String(data.id), payload, ...(asOf && { asOf }) });
    lists.push(listOfGroup(data.group_name));
    if (hasJoined(data)) joined++;
  }
  return { records, rejected, lists, joined };
}
