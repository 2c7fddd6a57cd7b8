import type { LoggedCommit } from "./parse-log-commit.ts";

/**
 * Finds the first commit of a history in a log, by which it is known to be of the same repository as another export.
 * It is certain only where the log shows parents: in raw form, or with `--parents`.
 */
export class RootFinder {
  /** Enough of each hash to tell commits apart, in the memory of a number. */
  readonly #seen = new Set<number>();
  readonly #wanted = new Set<number>();
  #roots: { seconds: number; hash: string }[] = [];
  #showsParents = false;
  #showsChildren = false;
  #provesParents = false;
  #isRaw = false;
  #first: { seconds: number; hash: string } | undefined;
  #last: { seconds: number; hash: string } | undefined;

  add(commit: LoggedCommit): void {
    const { hash, parents, relatives, knowsParents } = commit;
    const id = shorten(hash);
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    this.#wanted.delete(id);
    this.#isRaw ||= knowsParents;
    const dated = { seconds: Number(/^-?\d+/.exec(commit.committerDate ?? commit.authorDate)?.[0] ?? 0), hash };
    this.#first ??= dated;
    this.#last = dated;
    if (relatives.length > 0) this.#showsParents = true;
    if (parents.length > 1 && parents.length === relatives.length && parents.every((parent, i) => relatives[i]?.startsWith(parent))) {
      this.#provesParents = true;
    }
    const shown = knowsParents ? parents : relatives;
    for (const other of shown) {
      const otherId = shorten(other);
      if (this.#seen.has(otherId)) this.#showsChildren ||= !knowsParents;
      else this.#wanted.add(otherId);
    }
    if (shown.length === 0) {
      this.#roots.push(dated);
      // A log that shows no parents would have every commit be a first one.
      if (this.#roots.length > 10_000) this.#roots = this.#roots.slice(-1);
    }
  }

  get commits(): number {
    return this.#seen.size;
  }

  /** The oldest commit without parents; undefined where the log does not say which have none. */
  get root(): string | undefined {
    const isKnown = this.#isRaw || (this.#showsParents && (this.#provesParents || !this.#showsChildren));
    if (!isKnown) return undefined;
    const key = ({ seconds, hash }: { seconds: number; hash: string }) => `${seconds} ${hash}`;
    return this.#roots.toSorted((a, b) => a.seconds - b.seconds || (key(a) < key(b) ? -1 : 1))[0]?.hash;
  }

  /** Where the log ends on the older side: the first commit, if it is of the whole history. */
  get end(): string | undefined {
    const isReversed = this.#first && this.#last && this.#first.seconds < this.#last.seconds;
    return isReversed ? this.#first?.hash : this.#last?.hash;
  }

  /** Whether every commit's parents are in the log too. */
  get isWhole(): boolean {
    return this.root !== undefined && this.#wanted.size === 0;
  }
}

function shorten(hash: string): number {
  return Number.parseInt(hash.slice(0, 13), 16);
}
