import { compareIds } from "./snowflake.ts";

/**
 * Where chains of replies began. A reply names only the message that it answers, so a conversation of many replies
 * would fall into as many threads; followed to its first message it is one.
 */
export class ReplyRoots {
  // As numbers and not texts: there may be hundreds of thousands.
  readonly #answered = new Map<bigint, bigint>();
  #new: [id: string, answered: string][] | undefined;

  /** Notes that one message answers another. What answers a later message is a fault and would go in circles. */
  add(id: string, answered: string): void {
    if (compareIds(answered, id) >= 0) return;
    const key = BigInt(id);
    if (this.#answered.has(key)) return;
    this.#new?.push([id, answered]);
    this.#answered.set(key, BigInt(answered));
  }

  /**
   * The first message of a chain.
   * @param answered the message that was answered
   * @returns undefined when that is the first one, as far as is known
   */
  find(answered: string): string | undefined {
    const start = BigInt(answered);
    let root = start;
    for (let next = this.#answered.get(root); next !== undefined; next = this.#answered.get(root)) root = next;
    if (root === start) return undefined;
    // The next of the chain gets there in one step.
    this.#answered.set(start, root);
    return root.toString();
  }

  /** What was added since this was last asked; nothing is gathered before it was asked once. */
  takeNew(): [id: string, answered: string][] {
    const added = this.#new ?? [];
    this.#new = [];
    return added;
  }
}
