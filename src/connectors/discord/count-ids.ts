/** Counts different ids by kind, eight bytes each: an export may hold a message twice, and millions of them. */
export class CountIds {
  readonly #kinds = new Map<string, { ids: BigUint64Array; length: number }>();

  add(kind: string, id: string): void {
    let held = this.#kinds.get(kind);
    if (!held) {
      held = { ids: new BigUint64Array(64), length: 0 };
      this.#kinds.set(kind, held);
    }
    if (held.length === held.ids.length) {
      const larger = new BigUint64Array(held.length * 2);
      larger.set(held.ids);
      held.ids = larger;
    }
    held.ids[held.length++] = BigInt(id);
  }

  /** How many different ids each kind has. */
  count(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [kind, { ids, length }] of this.#kinds) {
      const sorted = ids.subarray(0, length).sort();
      let different = 0;
      for (let i = 0; i < length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) different++;
      counts[kind] = different;
    }
    return counts;
  }
}
