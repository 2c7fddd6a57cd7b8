import { IdTable } from "./id-table.ts";

const blockBytes = 1024 * 1024;
/** Room for blocks larger than usual in a place's number. */
const placesPerBlock = 2 ** 28;
const headBytes = 12;

/**
 * Short lists of small values by id, kept as bytes outside of JavaScript's heap: what waits for its message in a long
 * export would otherwise be hundreds of thousands of objects, and the heap grows by several times what lives in it.
 */
export class PackedLists<T> {
  readonly #last = new IdTable();
  readonly #blocks: Buffer[] = [];
  #used = blockBytes;

  add(id: string, value: T): void {
    const bytes = Buffer.from(JSON.stringify(value));
    const size = headBytes + bytes.length;
    let block = this.#blocks.at(-1);
    if (!block || this.#used + size > block.length) {
      block = Buffer.alloc(Math.max(blockBytes, size));
      this.#blocks.push(block);
      this.#used = 0;
    }
    block.writeDoubleLE(this.#last.get(id) ?? -1, this.#used);
    block.writeUInt32LE(bytes.length, this.#used + 8);
    bytes.copy(block, this.#used + headBytes);
    this.#last.set(id, (this.#blocks.length - 1) * placesPerBlock + this.#used);
    this.#used += size;
  }

  /** The values of an id in the order in which they were added. */
  of(id: string): T[] {
    const values: T[] = [];
    for (let place = this.#last.get(id) ?? -1; place >= 0; ) {
      const { before, value } = this.#read(Math.floor(place / placesPerBlock), place % placesPerBlock);
      values.push(value);
      place = before;
    }
    return values.reverse();
  }

  /** Every value, in the order in which they were added. */
  *all(): Generator<T> {
    for (const [index, block] of this.#blocks.entries()) {
      const end = index === this.#blocks.length - 1 ? this.#used : block.length;
      for (let at = 0; at + headBytes <= end; ) {
        const { value, size } = this.#read(index, at);
        if (size === 0) break;
        yield value;
        at += headBytes + size;
      }
    }
  }

  #read(index: number, at: number): { before: number; size: number; value: T } {
    const block = this.#blocks[index];
    if (!block) throw new Error("no such block");
    const size = block.readUInt32LE(at + 8);
    // Written by `add` and by nobody else.
    const value = (size === 0 ? undefined : JSON.parse(block.toString("utf8", at + headBytes, at + headBytes + size))) as T;
    return { before: block.readDoubleLE(at), size, value };
  }
}
