import { hash } from "node:crypto";

const firstCapacity = 1_024;
const fullAt = 0.6;

/**
 * A number for each of many ids, sixteen bytes each however long the ids are. Ids are told apart by 64 bits of their
 * SHA-1: two of a billion would be taken for one once in forty such tables.
 */
export class IdTable {
  #capacity = firstCapacity;
  #keys = new Uint32Array(2 * firstCapacity);
  #values = new Float64Array(firstCapacity);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: string): number | undefined {
    const [high, low] = digest(id);
    const slot = this.#find(high, low);
    return this.#isFree(slot) ? undefined : this.#values[slot];
  }

  set(id: string, value: number): void {
    const [high, low] = digest(id);
    let slot = this.#find(high, low);
    if (this.#isFree(slot)) {
      if (this.#size + 1 > this.#capacity * fullAt) {
        this.#grow();
        slot = this.#find(high, low);
      }
      this.#keys[2 * slot] = high;
      this.#keys[2 * slot + 1] = low;
      this.#size += 1;
    }
    this.#values[slot] = value;
  }

  /** Where a key is, or the free place where it belongs. */
  #find(high: number, low: number): number {
    let slot = low & (this.#capacity - 1);
    while (!this.#isFree(slot) && (this.#keys[2 * slot] !== high || this.#keys[2 * slot + 1] !== low)) slot = (slot + 1) & (this.#capacity - 1);
    return slot;
  }

  #isFree(slot: number): boolean {
    return this.#keys[2 * slot] === 0;
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#capacity *= 2;
    this.#keys = new Uint32Array(2 * this.#capacity);
    this.#values = new Float64Array(this.#capacity);
    for (let from = 0; from < values.length; from++) {
      const [high = 0, low = 0] = [keys[2 * from], keys[2 * from + 1]];
      if (high === 0) continue;
      const slot = this.#find(high, low);
      this.#keys[2 * slot] = high;
      this.#keys[2 * slot + 1] = low;
      this.#values[slot] = values[from] ?? 0;
    }
  }
}

/** Two halves, the first never 0: that marks a free place. */
function digest(id: string): [number, number] {
  const hex = hash("sha1", id, "hex");
  return [Number.parseInt(hex.slice(0, 8), 16) || 1, Number.parseInt(hex.slice(8, 16), 16)];
}
