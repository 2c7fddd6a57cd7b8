import { identityKey, type SeenIdentity } from "./merge-batch.ts";

/** Beyond this many the memory of a run begins anew: people who write much are soon known again. */
const rememberedMax = 20_000;

interface Remembered extends Pick<SeenIdentity, "avatarUrl" | "url" | "emailVerified" | "kind"> {
  id: string;
  firstSeenMs: number;
  /** When each name was first seen, by kind and value. */
  labels: Map<string, number>;
}

/**
 * Whom a run has stored and what it said of them. Most records say nothing new of who wrote them; then neither the identity nor
 * its names need be looked up again. It holds as long as identities are not removed while a run is at work.
 */
export class SeenPeople {
  readonly #people = new Map<string, Remembered>();

  /** The id of an identity of which all that is said has been stored by this run; undefined when something may be new. */
  idOf(seen: SeenIdentity): string | undefined {
    const known = this.#people.get(identityKey(seen));
    if (!known || toMs(seen.firstSeenAt) < known.firstSeenMs) return undefined;
    const saysNothingNew =
      (seen.avatarUrl === undefined || seen.avatarUrl === known.avatarUrl) &&
      (seen.url === undefined || seen.url === known.url) &&
      (!seen.emailVerified || known.emailVerified) &&
      (seen.kind === undefined || known.kind !== undefined);
    if (!saysNothingNew) return undefined;
    for (const [key, { first }] of seen.allLabels) {
      const since = known.labels.get(key);
      if (since === undefined || toMs(first) < since) return undefined;
    }
    return known.id;
  }

  /** Notes what was stored. Only once the transaction stands. */
  add(people: Iterable<SeenIdentity>, ids: ReadonlyMap<string, string>): void {
    for (const seen of people) {
      const key = identityKey(seen);
      const id = ids.get(key);
      if (id === undefined) continue;
      if (this.#people.size >= rememberedMax) this.#people.clear();
      const known = this.#people.get(key) ?? { id, firstSeenMs: Number.POSITIVE_INFINITY, labels: new Map<string, number>() };
      const next: Remembered = {
        id,
        avatarUrl: seen.avatarUrl ?? known.avatarUrl,
        url: seen.url ?? known.url,
        emailVerified: seen.emailVerified || known.emailVerified,
        kind: known.kind ?? seen.kind,
        firstSeenMs: Math.min(known.firstSeenMs, toMs(seen.firstSeenAt)),
        labels: known.labels,
      };
      for (const [labelKey, { first }] of seen.allLabels)
        next.labels.set(labelKey, Math.min(next.labels.get(labelKey) ?? Number.POSITIVE_INFINITY, toMs(first)));
      this.#people.set(key, next);
    }
  }
}

/** A moment that nobody knows comes after all others: it makes nothing earlier than it was. */
const toMs = (at: Date | null): number => at?.getTime() ?? Number.POSITIVE_INFINITY;
