import { hash } from "node:crypto";
import type {
  IdentityRef,
  NormalizedActivity,
  NormalizedBatch,
  NormalizedChannel,
  NormalizedIdentity,
  NormalizedIdentityLink,
  NormalizedThread,
} from "./batch.ts";

/** Several records' batches as one, every thing once. */
export interface MergedBatch {
  identities: Map<string, SeenIdentity>;
  channels: Map<string, NormalizedChannel>;
  threads: Map<string, NormalizedThread>;
  activities: Map<string, NormalizedActivity>;
  links: Map<string, NormalizedIdentityLink>;
}

export interface SeenIdentity extends NormalizedIdentity {
  /** When the names above were in use: the time of the activity that shows them. */
  namesAt: Date | null;
  firstSeenAt: Date | null;
  allLabels: Map<string, { kind: string; value: string; first: Date | null; last: Date | null }>;
}

export const identityKey = (ref: IdentityRef): string => `${ref.platform}\u0000${ref.externalId}`;
export const activityKey = (activity: { externalId: string; kind: string }): string => `${activity.externalId}\u0000${activity.kind}`;

export function emptyBatch(): MergedBatch {
  return { identities: new Map(), channels: new Map(), threads: new Map(), activities: new Map(), links: new Map() };
}

/**
 * Adds one record's batch. Where two records state the same thing, the outcome does not depend on the order in
 * which they are read: names by the latest date, threads by the earliest opening.
 */
export function addToBatch(merged: MergedBatch, batch: NormalizedBatch): void {
  for (const channel of batch.channels) merged.channels.set(channel.externalId, channel);
  for (const thread of batch.threads) {
    const known = merged.threads.get(thread.externalId);
    if (!known || thread.openedAt <= known.openedAt) merged.threads.set(thread.externalId, thread);
  }
  const spans = new Map<string, { first: Date; last: Date }>();
  for (const activity of batch.activities) {
    merged.activities.set(activityKey(activity), activity);
    if (!activity.author) continue;
    const key = identityKey(activity.author);
    const span = spans.get(key);
    if (!span) spans.set(key, { first: activity.occurredAt, last: activity.occurredAt });
    else if (activity.occurredAt < span.first) span.first = activity.occurredAt;
    else if (activity.occurredAt > span.last) span.last = activity.occurredAt;
  }
  for (const identity of batch.identities) addIdentity(merged, identity, spans.get(identityKey(identity)));
  for (const link of batch.links ?? []) {
    merged.links.set(`${identityKey(link.a)}\u0001${identityKey(link.b)}\u0001${link.rule}`, link);
  }
}

function addIdentity(merged: MergedBatch, identity: NormalizedIdentity, span: { first: Date; last: Date } | undefined): void {
  const key = identityKey(identity);
  const seenAt = span?.last ?? null;
  const known = merged.identities.get(key);
  const seen: SeenIdentity = known ?? { ...identity, namesAt: seenAt, firstSeenAt: span?.first ?? null, allLabels: new Map() };
  if (!known) {
    merged.identities.set(key, seen);
  } else {
    seen.firstSeenAt = earlier(seen.firstSeenAt, span?.first ?? null);
    const newer = isLater(seenAt, seen.namesAt);
    for (const field of ["displayName", "login", "email", "avatarUrl", "url"] as const) {
      const value = identity[field];
      if (value !== undefined && (newer || seen[field] === undefined)) seen[field] = value;
    }
    if (newer) seen.namesAt = seenAt;
    seen.emailVerified = seen.emailVerified || identity.emailVerified;
    seen.kind = seen.kind ?? identity.kind;
  }
  const labels = [...(identity.labels ?? [])];
  if (identity.displayName) labels.push({ kind: "name", value: identity.displayName });
  if (identity.login) labels.push({ kind: "login", value: identity.login });
  for (const label of labels) {
    const labelKey = `${label.kind}\u0000${label.value}`;
    const first = label.at ?? span?.first ?? null;
    const last = label.at ?? seenAt;
    const before = seen.allLabels.get(labelKey);
    if (!before) seen.allLabels.set(labelKey, { kind: label.kind, value: label.value, first, last });
    else {
      before.first = earlier(before.first, first);
      if (isLater(last, before.last)) before.last = last;
    }
  }
}

function earlier(a: Date | null, b: Date | null): Date | null {
  if (!a) return b;
  if (!b) return a;
  return a < b ? a : b;
}

function isLater(a: Date | null, b: Date | null): boolean {
  return a !== null && (b === null || a > b);
}

/** A record's payload as stored, and the first 16 bytes of its SHA-256. */
export function hashPayload(payloadText: string): string {
  return hash("sha256", payloadText, "hex").slice(0, 32);
}

/** 63 bits over everything of an activity that its source may change. */
export function hashActivity(activity: NormalizedActivity): string {
  const text = JSON.stringify([
    activity.channel,
    activity.thread,
    activity.replyTo,
    activity.author?.platform,
    activity.author?.externalId,
    activity.unattributed,
    activity.occurredAt,
    activity.editedAt,
    activity.deletedAt,
    activity.title,
    activity.body,
    activity.url,
    activity.visibility,
    activity.attributes,
  ]);
  return BigInt.asIntN(64, BigInt(`0x${hash("sha1", text, "hex").slice(0, 16)}`)).toString();
}

/**
 * Text as PostgreSQL takes it: NUL characters, which it refuses, become the replacement character. Lone surrogates
 * become it in the driver's UTF-8 conversion.
 */
export function cleanText(text: string): string {
  return text.includes("\u0000") ? text.replaceAll("\u0000", "\ufffd") : text;
}
