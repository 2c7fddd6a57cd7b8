const namesPerBlock = 1 << 16;
const idMax = 0x7fff_fffe;

interface PackedNames {
  offsets: Uint32Array;
  text: Buffer;
}

/**
 * Who has which number in a dump, held in a few bytes a user: a site has up to tens of millions of them, more than a
 * Map can hold.
 */
export class UserTable {
  #accounts = new Int32Array(1024);
  /** Names in blocks of numbers, packed end to end once the next block begins. */
  readonly #blocks = new Map<number, Map<number, string> | PackedNames>();
  #open = -1;

  set(id: number, accountId: number | undefined, name: string | undefined): void {
    if (id < 0 || id > idMax) return;
    this.#accounts = grown(this.#accounts, id);
    // Below zero: there is such a user, without an account.
    this.#accounts[id] = accountId !== undefined && accountId > 0 && accountId <= idMax ? accountId : -1;
    if (name === undefined) return;
    const block = Math.floor(id / namesPerBlock);
    if (block !== this.#open) {
      this.#pack(this.#open);
      this.#open = block;
    }
    this.#unpacked(block).set(id % namesPerBlock, name);
  }

  get(id: number): { accountId: number | undefined; name: string | undefined } | undefined {
    const account = this.#accounts[id];
    if (!account) return undefined;
    return { accountId: account > 0 ? account : undefined, name: this.#nameOf(id) };
  }

  #nameOf(id: number): string | undefined {
    const block = this.#blocks.get(Math.floor(id / namesPerBlock));
    const at = id % namesPerBlock;
    if (block === undefined) return undefined;
    if (block instanceof Map) return block.get(at);
    const [from, to] = [block.offsets[at] ?? 0, block.offsets[at + 1] ?? 0];
    return from === to ? undefined : block.text.toString("utf8", from, to);
  }

  #unpacked(number: number): Map<number, string> {
    const block = this.#blocks.get(number);
    if (block instanceof Map) return block;
    const names = new Map<number, string>();
    for (let at = 0; block && at < namesPerBlock; at++) {
      const name = this.#nameOf(number * namesPerBlock + at);
      if (name !== undefined) names.set(at, name);
    }
    this.#blocks.set(number, names);
    return names;
  }

  #pack(number: number): void {
    const names = this.#blocks.get(number);
    if (!(names instanceof Map)) return;
    const offsets = new Uint32Array(namesPerBlock + 1);
    const parts: Buffer[] = [];
    let length = 0;
    for (let at = 0; at < namesPerBlock; at++) {
      offsets[at] = length;
      const name = names.get(at);
      if (name === undefined) continue;
      const bytes = Buffer.from(name);
      parts.push(bytes);
      length += bytes.length;
    }
    offsets[namesPerBlock] = length;
    this.#blocks.set(number, { offsets, text: Buffer.concat(parts) });
  }
}

/** Which question each post belongs to, and when the questions were asked: four bytes a post. */
export class PostTable {
  /** For an answer its question; for a question, below zero, the second in which it was asked. */
  #posts = new Int32Array(1024);

  setQuestion(id: number, seconds: number): void {
    if (id < 0 || id > idMax) return;
    this.#posts = grown(this.#posts, id);
    this.#posts[id] = -Math.min(seconds, idMax);
  }

  setAnswer(id: number, question: number): void {
    if (id < 0 || id > idMax) return;
    this.#posts = grown(this.#posts, id);
    this.#posts[id] = question;
  }

  /** The question of a post, and when it was asked where that is known. */
  questionOf(id: number): { id: number; since: number | undefined } | undefined {
    const held = this.#posts[id];
    if (!held) return undefined;
    const question = held < 0 ? id : held;
    const since = this.#posts[question];
    return { id: question, since: since !== undefined && since < 0 ? -since : undefined };
  }
}

function grown(table: Int32Array<ArrayBuffer>, id: number): Int32Array<ArrayBuffer> {
  if (id < table.length) return table;
  const larger = new Int32Array(Math.max(id + 1, Math.ceil(table.length * 1.6)));
  larger.set(table);
  return larger;
}
