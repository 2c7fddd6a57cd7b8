/**
 * Mixes whole numbers into one 32-bit key (the finaliser of MurmurHash3 after each). The same numbers give the same
 * key on every machine, and neighbouring numbers give unrelated keys: so record i can be made without record i − 1.
 * @param parts whole numbers; of each the low 32 bits count
 */
export function keyOf(...parts: number[]): number {
  let key = 0x9e3779b9;
  for (const part of parts) {
    key = (Math.imul(key, 31) + part) | 0;
    key = Math.imul(key ^ (key >>> 16), 0x85ebca6b);
    key = Math.imul(key ^ (key >>> 13), 0xc2b2ae35);
    key ^= key >>> 16;
  }
  return key >>> 0;
}

/** A small fast generator (mulberry32) that is started from a key, so that every thing made has a stream of its own. */
export class Random {
  private state: number;

  /** @param key from `keyOf` */
  constructor(key: number) {
    this.state = key | 0;
  }

  /** 0 ≤ x < 1 */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let x = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from 0 to `end` − 1. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** A whole number from `first` to `last`, both included. */
  between(first: number, last: number): number {
    return first + Math.floor(this.next() * (last - first + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)] as T;
  }

  /** The place in a rising list of cumulative weights, whose last entry is the sum. */
  weighted(cumulative: ArrayLike<number>, first = 0, end = cumulative.length): number {
    const target = this.next() * (cumulative[end - 1] as number);
    for (let index = first; index < end - 1; index += 1) {
      if (target < (cumulative[index] as number)) return index;
    }
    return end - 1;
  }

  /** About normal, mean 0 and deviation 1, never beyond ±3: three uniforms summed. */
  normal(): number {
    return (this.next() + this.next() + this.next() - 1.5) * 2;
  }

  /** Log-normal with the given median; `spread` 1 puts two thirds within a factor of e. */
  logNormal(median: number, spread: number): number {
    return median * Math.exp(spread * this.normal());
  }
}

/** Running sums of weights, for `Random.weighted`. */
export function cumulative(weights: readonly number[]): Float64Array {
  const sums = new Float64Array(weights.length);
  let sum = 0;
  weights.forEach((weight, index) => {
    sum += weight;
    sums[index] = sum;
  });
  return sums;
}
