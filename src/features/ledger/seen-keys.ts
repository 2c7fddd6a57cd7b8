const probes = 6;

/**
 * Which keys a run has met, in memory that does not grow: a Bloom filter (Bloom 1970), with the probes of one key made of
 * two hashes (Kirsch and Mitzenmacher 2006).
 */
export class SeenKeys {
  readonly #words: Uint32Array;
  /** How far a place of 32 bits is shifted to become that of one of the filter's bits. */
  readonly #shift: number;

  /** @param megabytes a power of two; with 8, one of a million keys is taken for one that came before, of four million one in a thousand */
  constructor(megabytes: number) {
    this.#words = new Uint32Array((megabytes * 2 ** 20) / 4);
    this.#shift = 32 - Math.log2(this.#words.length * 32);
  }

  /**
   * Notes a key.
   * @returns whether it may have been noted before; false is certain
   */
  add(key: string): boolean {
    let first = 0x811c9dc5;
    let second = 0x9747b28c;
    for (let at = 0; at < key.length; at += 1) {
      const unit = key.charCodeAt(at);
      first = Math.imul(first ^ unit, 0x01000193);
      second = Math.imul(second ^ unit, 0x5bd1e995);
      second ^= second >>> 15;
    }
    // Never even: it then reaches every bit.
    const step = mix(second) | 1;
    let place = mix(first);
    let known = true;
    for (let probe = 0; probe < probes; probe += 1) {
      const bit = place >>> this.#shift;
      const mask = 1 << (bit & 31);
      const word = this.#words[bit >>> 5] ?? 0;
      if ((word & mask) === 0) {
        known = false;
        this.#words[bit >>> 5] = word | mask;
      }
      place = (place + step) | 0;
    }
    return known;
  }
}

/** Spreads a hash over all of its 32 bits (the last steps of MurmurHash3). */
function mix(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
