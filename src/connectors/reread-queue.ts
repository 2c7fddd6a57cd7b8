import { setTimeout as sleep } from "node:timers/promises";
import type { CoreContext } from "#core/context.ts";
import type { RawRecord } from "#features/ledger/index.ts";

interface QueueInput<Item> {
  ctx: CoreContext;
  signal: AbortSignal;
  /** Fetches one; undefined where there is nothing any more. */
  read: (item: Item) => Promise<RawRecord | undefined>;
  receive: (records: readonly RawRecord[]) => Promise<void>;
  /** Milliseconds between two: what the service's limit leaves beside the pull. */
  spacingMs: number;
}

/** Changes to one message come in swarms: after so long it is read once for all of them. */
const gatherMs = 2000;
/** Where more wait, the pull finds them. */
const waitingMost = 500;

/**
 * Fetches again what an event names without saying how it is now, such as a message whose reactions changed. It is no matter
 * of keeping: what is lost with the process, or refused, comes when the pull reads it again.
 */
export class RereadQueue<Item> {
  readonly #input: QueueInput<Item>;
  readonly #waiting = new Map<string, Item>();
  #working: Promise<void> | undefined;

  constructor(input: QueueInput<Item>) {
    this.#input = input;
  }

  /** @param key names it: what waits already is not fetched twice */
  add(key: string, item: Item): void {
    if (this.#waiting.size >= waitingMost) return;
    this.#waiting.set(key, item);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** Waits for the one that is being fetched; the signal has ended the rest. */
  async stop(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    const { ctx, signal, read, receive, spacingMs } = this.#input;
    const pause = (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined);
    await pause(gatherMs);
    // A map gives those too that are added meanwhile.
    for (const [key, item] of this.#waiting) {
      if (signal.aborted) return;
      this.#waiting.delete(key);
      try {
        const record = await read(item);
        if (record) await receive([record]);
      } catch (error) {
        if (!signal.aborted) ctx.log.info({ err: error, key }, "what an event named could not be fetched; the next run does");
      }
      await pause(spacingMs);
    }
  }
}
