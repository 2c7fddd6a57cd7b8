import { hash } from "node:crypto";
import type {
  IdentityRef,
  NormalizedActivity,
  NormalizedAffiliation,
  NormalizedBatch,
  NormalizedChannel,
  NormalizedIdentity,
  NormalizedIdentityLink,
  NormalizedOrganization,
  NormalizedThread,
} from "./batch.ts";

/** Several records' batches as one, every thing once. */
export interface MergedBatch {
  identities: Map<string, SeenIdentity>;
  channels: Map<string, NormalizedChannel>;
  threads: Map<string, NormalizedThread>;
  activities: Map<string, NormalizedActivity>;
  links: Map<string, NormalizedIdentityLink>;
  organizations: Map<string, StatedOrganization>;
  affiliations: Map<string, NormalizedAffiliation>;
}

/** An organization with all that records say of it. */
export interface StatedOrganization {
  name: string;
  domains: Set<string>;
  aliases: Set<string>;
}

export interface SeenLabel {
  kind: string;
  value: string;
  first: Date | null;
}

export interface SeenIdentity extends NormalizedIdentity {
  firstSeenAt: Date | null;
  /** Every name with its first sighting; which of them is in use follows from that. */
  allLabels: Map<string, SeenLabel>;
}

export const identityKey = (ref: IdentityRef): string => `${ref.platform}\u0000${ref.externalId}`;
export const activityKey = (activity: { externalId: string; kind: string }): string => `${activity.externalId}\u0000${activity.kind}`;

export const linkKey = (link: Pick<NormalizedIdentityLink, "a" | "b" | "rule">): string =>
  `${identityKey(link.a)}\u0001${identityKey(link.b)}\u0001${link.rule}`;

/** One spelling, one organization: lower case with single spaces. */
export const organizationKey = (name: string): string => cleanText(name).normalize("NFC").trim().replace(/\s+/g, " ").toLowerCase();

/** Who belonged where from when on: what a later statement of the same updates. */
export const affiliationKey = (affiliation: NormalizedAffiliation): string =>
  `${identityKey(affiliation.identity)}\u0000${organizationKey(affiliation.organization)}\u0000${affiliation.from?.getTime() ?? ""}`;

export function emptyBatch(): MergedBatch {
  return {
    identities: new Map(),
    channels: new Map(),
    threads: new Map(),
    activities: new Map(),
    links: new Map(),
    organizations: new Map(),
    affiliations: new Map(),
  };
}

/**
 * Adds one record's batch. Where two records state the same thing, the outcome does not depend on the order in
 * which they are read: names by the latest date, threads by the earliest opening.
 */
export function addToBatch(merged: MergedBatch, batch: NormalizedBatch): void {
  for (const channel of batch.channels) {
    const known = merged.channels.get(channel.externalId);
    if (!channel.partial || !known || known.partial) merged.channels.set(channel.externalId, channel);
  }
  for (const thread of batch.threads) {
    const known = merged.threads.get(thread.externalId);
    if (!known || thread.openedAt <= known.openedAt) merged.threads.set(thread.externalId, thread);
  }
  const firsts = new Map<string, Date>();
  for (const activity of batch.activities) {
    merged.activities.set(activityKey(activity), activity);
    if (!activity.author) continue;
    const key = identityKey(activity.author);
    const first = firsts.get(key);
    if (!first || activity.occurredAt < first) firsts.set(key, activity.occurredAt);
  }
  for (const identity of batch.identities) addIdentity(merged, identity, firsts.get(identityKey(identity)));
  for (const link of batch.links ?? []) {
    merged.links.set(linkKey(link), link);
  }
  for (const organization of batch.organizations ?? []) addOrganization(merged, organization);
  for (const affiliation of batch.affiliations ?? []) {
    const key = affiliationKey(affiliation);
    const known = merged.affiliations.get(key);
    if (!known || endsLater(affiliation, known)) merged.affiliations.set(key, affiliation);
  }
}

function addOrganization(merged: MergedBatch, { name, domains, aliases }: NormalizedOrganization): void {
  const key = organizationKey(name);
  if (key === "") return;
  const known = merged.organizations.get(key);
  const shown = cleanText(name).trim().replace(/\s+/g, " ");
  const organization = known ?? { name: shown, domains: new Set(), aliases: new Set() };
  if (!known) merged.organizations.set(key, organization);
  else if (shown < known.name) known.name = shown;
  for (const domain of domains ?? []) if (domain.trim() !== "") organization.domains.add(cleanText(domain).trim().toLowerCase());
  for (const alias of aliases ?? [])
    if (organizationKey(alias) !== "" && organizationKey(alias) !== key) organization.aliases.add(organizationKey(alias));
}

/** Of two statements of one belonging, the one that ends later counts; at one end, the last in the alphabet. */
function endsLater(a: NormalizedAffiliation, b: NormalizedAffiliation): boolean {
  const difference = (a.to?.getTime() ?? Infinity) - (b.to?.getTime() ?? Infinity);
  return difference > 0 || ((difference === 0 || Number.isNaN(difference)) && a.evidence > b.evidence);
}

function addIdentity(merged: MergedBatch, identity: NormalizedIdentity, firstSeenAt: Date | undefined): void {
  const key = identityKey(identity);
  const known = merged.identities.get(key);
  const seen: SeenIdentity = known ?? { ...identity, firstSeenAt: firstSeenAt ?? null, allLabels: new Map() };
  if (!known) {
    merged.identities.set(key, seen);
  } else {
    seen.firstSeenAt = earlier(seen.firstSeenAt, firstSeenAt ?? null);
    seen.avatarUrl = identity.avatarUrl ?? seen.avatarUrl;
    seen.url = identity.url ?? seen.url;
    seen.emailVerified = seen.emailVerified || identity.emailVerified;
    seen.kind = seen.kind ?? identity.kind;
  }
  for (const label of identity.labels ?? []) addLabel(seen, label.kind, label.value, label.at ?? firstSeenAt ?? null);
  if (identity.displayName) addLabel(seen, "name", identity.displayName, firstSeenAt ?? null);
  if (identity.login) addLabel(seen, "login", identity.login, firstSeenAt ?? null);
  if (identity.email) addLabel(seen, "email", identity.email, firstSeenAt ?? null);
}

function addLabel(seen: SeenIdentity, kind: string, given: string, first: Date | null): void {
  const value = cleanText(given);
  const key = `${kind}\u0000${value}`;
  const before = seen.allLabels.get(key);
  if (before) before.first = earlier(before.first, first);
  else seen.allLabels.set(key, { kind, value, first });
}

/** The name in use: the one first seen last; of several first seen together the last in the alphabet. */
export function labelInUse(labels: Iterable<SeenLabel>, kind: string): string | null {
  let best: SeenLabel | undefined;
  for (const label of labels) {
    if (label.kind !== kind) continue;
    const difference = (label.first?.getTime() ?? -Infinity) - (best?.first?.getTime() ?? -Infinity);
    if (!best || difference > 0 || ((difference === 0 || Number.isNaN(difference)) && label.value > best.value)) best = label;
  }
  return best?.value ?? null;
}

function earlier(a: Date | null, b: Date | null): Date | null {
  if (!a) return b;
  if (!b) return a;
  return a < b ? a : b;
}

/** A record's payload as stored, and the first 16 bytes of its SHA-256. */
export function hashPayload(payloadText: string): string {
  return hash("sha256", payloadText, "hex").slice(0, 32);
}

/** 64 bits over everything of an activity that its source may change. */
export function hashActivity(activity: NormalizedActivity): bigint {
  const text = JSON.stringify([
    activity.channel,
    activity.thread,
    activity.replyTo,
    activity.author?.platform,
    activity.author?.externalId,
    activity.unattributed,
    activity.occurredAt.getTime(),
    activity.editedAt?.getTime(),
    activity.deletedAt?.getTime(),
    activity.title,
    activity.body,
    activity.url,
    activity.visibility,
    activity.attributes,
  ]);
  // As text of one byte a character: a buffer of its own for each digest costs more than the digest.
  firstBytes.write(hash("sha1", text, "binary"), 0, 8, "binary");
  return firstBytes.readBigInt64BE(0);
}

const firstBytes = Buffer.alloc(8);

/**
 * Text as PostgreSQL takes it: NUL characters, which it refuses, become the replacement character. Lone surrogates
 * become it in the driver's UTF-8 conversion.
 */
export function cleanText(text: string): string {
  return text.includes("\u0000") ? text.replaceAll("\u0000", "\ufffd") : text;
}
