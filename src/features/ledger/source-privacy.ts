import { z } from "zod";
import { visibilityRank } from "../access/index.ts";
import type { NormalizedBatch, RawRecord } from "./batch.ts";

/** What its owner wants never to be stored of a source, and how long the rest is kept. */
export const sourcePrivacySchema = z.object({
  /**
   * Fields of payloads that are dropped before anything is stored: `email` wherever it stands, `user.profile.phone` from the
   * payload's root on (lists are looked through).
   */
  dropFields: z
    .array(
      z
        .string()
        .trim()
        .regex(/^[\w$@-]+(?:\.[\w$@-]+)*$/, "write names of fields, with dots between them"),
    )
    .max(100)
    .default([]),
  /** `out`: channels that are closed at the source are not brought in at all. */
  privateChannels: z.enum(["in", "out"]).default("in"),
  /** Activities older than this many days are not kept; null keeps them. */
  retentionDays: z.int().min(1).max(36_500).nullable().default(null),
});

export type SourcePrivacy = z.output<typeof sourcePrivacySchema>;

/** The privacy of a source as stored; what is missing has its default. */
export function parsePrivacy(stored: unknown): SourcePrivacy {
  return sourcePrivacySchema.parse(stored ?? {});
}

/** Nothing is dropped and nothing kept out. */
export const noPrivacy: SourcePrivacy = sourcePrivacySchema.parse({});

/**
 * Tokens that services put into links and payloads, by their documented prefixes: Slack (xox…), GitHub (gh…_), GitLab
 * (glpat-), and the signed parts of links to files.
 */
const tokens = /xox[abceoprs]-[\w-]{10,}|\bgh[opsur]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}/g;
const mayHoldToken = /xox|gh[opsur]_|github_pat_|glpat-/;

/**
 * A payload as it may be stored.
 * @returns the same text when there is nothing to remove
 */
export function cleanPayload(payloadText: string, privacy: SourcePrivacy): string {
  let text = payloadText;
  if (mayHoldToken.test(text)) text = text.replace(tokens, "[removed]");
  if (privacy.dropFields.length === 0) return text;
  const anywhere = new Set(privacy.dropFields.filter((field) => !field.includes(".")));
  const paths = privacy.dropFields.filter((field) => field.includes(".")).map((field) => field.split("."));
  if (anywhere.size > 0) {
    text = JSON.stringify(JSON.parse(text, (key, value: unknown) => (anywhere.has(key) ? undefined : value)));
  }
  if (paths.length === 0) return text;
  const payload = JSON.parse(text) as unknown;
  for (const path of paths) dropPath(payload, path);
  return JSON.stringify(payload);
}

/** A record with its payload's text, both as they may be stored: what is read is what is stored, so that a replay says the same. */
export function toStorable(record: RawRecord, privacy: SourcePrivacy): { record: RawRecord; payloadText: string } {
  const given = JSON.stringify(record.payload);
  const payloadText = cleanPayload(given, privacy);
  return { record: payloadText === given ? record : { ...record, payload: JSON.parse(payloadText) as unknown }, payloadText };
}

function dropPath(value: unknown, [name, ...rest]: readonly string[]): void {
  if (Array.isArray(value)) {
    for (const element of value) dropPath(element, [name ?? "", ...rest]);
    return;
  }
  if (typeof value !== "object" || value === null || name === undefined) return;
  if (rest.length === 0) Reflect.deleteProperty(value, name);
  else dropPath((value as Record<string, unknown>)[name], rest);
}

/** What of a batch is left at the door, and why. */
export type Refusal = "private" | "too old";

/**
 * Takes out of a batch what the source's owner does not want.
 * @param input.now for the retention
 * @returns the reason when nothing that was stated may come in: then the record is not stored either
 */
export function keepOut(batch: NormalizedBatch, input: { privacy: SourcePrivacy; now: Date }): Refusal | undefined {
  const { privacy } = input;
  if (privacy.privateChannels === "in" && privacy.retentionDays === null) return undefined;
  const stated = batch.activities.length + batch.threads.length;
  if (privacy.privateChannels === "out") {
    const closed = new Set(
      batch.channels.filter(({ visibility }) => visibilityRank(visibility) >= visibilityRank("restricted")).map((c) => c.externalId),
    );
    const isClosed = (visibility: NormalizedBatch["threads"][number]["visibility"], channel: string) =>
      closed.has(channel) || (visibility !== undefined && visibilityRank(visibility) >= visibilityRank("restricted"));
    const threads = new Set(batch.threads.filter((thread) => isClosed(thread.visibility, thread.channel)).map((thread) => thread.externalId));
    batch.channels = batch.channels.filter(({ externalId }) => !closed.has(externalId));
    batch.threads = batch.threads.filter(({ externalId }) => !threads.has(externalId));
    batch.activities = batch.activities.filter((a) => !isClosed(a.visibility, a.channel) && !(a.thread !== undefined && threads.has(a.thread)));
    if (stated > 0 && batch.activities.length + batch.threads.length === 0) return "private";
  }
  if (privacy.retentionDays !== null) {
    const oldest = oldestKept(input);
    const before = batch.activities.length;
    batch.activities = batch.activities.filter(({ occurredAt }) => occurredAt >= oldest);
    const held = new Set(batch.activities.map(({ thread }) => thread));
    if (batch.activities.length < before)
      batch.threads = batch.threads.filter(({ externalId, openedAt }) => openedAt >= oldest || held.has(externalId));
    if (before > 0 && batch.activities.length === 0) return "too old";
  }
  return undefined;
}

function oldestKept(input: { privacy: SourcePrivacy; now: Date }): Date {
  return new Date(input.now.getTime() - (input.privacy.retentionDays ?? 0) * 86_400_000);
}
