import type { RawRecord } from "#features/ledger/index.ts";
import type { PostPayload, UserPayload } from "./format.ts";

/** The record of a post: one form for what the API and the bulk export say. */
export function postRecord(payload: PostPayload): RawRecord {
  const { post } = payload;
  const updated = typeof post.update_at === "number" ? post.update_at : 0;
  const asOf = Math.max(post.create_at, updated, post.edit_at ?? 0, post.delete_at ?? 0);
  return { stream: "posts", externalId: post.id, payload, asOf: new Date(asOf).toISOString() };
}

export function userRecord(payload: UserPayload): RawRecord {
  return { stream: "users", externalId: payload.id, payload };
}

/** What of an account's row is kept: no settings, no authentication data. */
export function aboutUser(row: Record<string, unknown>): UserPayload["user"] {
  const text = (field: string) => (typeof row[field] === "string" && row[field] !== "" ? row[field] : undefined);
  return {
    username: text("username"),
    nickname: text("nickname"),
    first_name: text("first_name"),
    last_name: text("last_name"),
    email: text("email"),
    ...(row.email_verified === true && { email_verified: true }),
    ...(row.is_bot === true && { is_bot: true }),
  };
}

/** Emoji → how many, in one order; undefined for none. */
export function countReactions(names: readonly unknown[]): Record<string, number> | undefined {
  const counts: Record<string, number> = {};
  for (const name of names) if (typeof name === "string" && name !== "") counts[name] = (counts[name] ?? 0) + 1;
  const sorted = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.length > 0 ? Object.fromEntries(sorted) : undefined;
}
