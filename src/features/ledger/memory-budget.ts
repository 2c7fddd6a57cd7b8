/** Waits its turn for a share of what all runs of the process may hold at once. */
export class MemoryBudget {
  readonly #total: number;
  #free: number;
  readonly #waiting: { share: number; start: () => void }[] = [];

  /** @param total what all that hold a share may hold together */
  constructor(total: number) {
    this.#total = total;
    this.#free = total;
  }

  /**
   * Takes a share when there is room for it, first come first served, so that a large one is not overtaken for ever. One
   * that is larger than all there is gets all there is.
   * @returns gives the share back; calling it again does nothing
   */
  async take(wanted: number): Promise<() => void> {
    const share = Math.min(wanted, this.#total);
    if (this.#waiting.length === 0 && share <= this.#free) this.#free -= share;
    else await new Promise<void>((start) => this.#waiting.push({ share, start }));
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#free += share;
      this.#startNext();
    };
  }

  #startNext(): void {
    for (let next = this.#waiting[0]; next && next.share <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= next.share;
      next.start();
    }
  }
}
