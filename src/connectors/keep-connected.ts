import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "#core/errors.ts";
import { growingPause } from "#core/growing-pause.ts";
import type { ListenState } from "#features/ledger/index.ts";

/** How a connection ended that may be opened again. */
export interface ConnectionEnd {
  /** For people: why there is no connection. */
  reason: string;
  /** The service asked for it: the next is opened at once, and nobody need worry. */
  planned?: boolean;
  /** Milliseconds that the service wants us to wait before the next. */
  pauseMs?: number;
}

/** A connection that stood for so long was a good one: the next failure is the first in a row. */
const goodMs = 60_000;
const lasting = new Set<string>(["forbidden", "invalid_input", "not_found"] satisfies AppError["code"][]);

/**
 * Opens connections one after the other until the signal aborts, with pauses that grow while it fails.
 * @param input.connect opens one and settles when the next is to be opened
 * @throws AppError of `connect` for what only other settings mend
 */
export async function keepConnected(input: {
  signal: AbortSignal;
  onState: (state: ListenState) => void;
  connect: () => Promise<ConnectionEnd>;
  firstPauseMs?: number;
}): Promise<void> {
  const { signal, onState, firstPauseMs } = input;
  for (let failures = 0; !signal.aborted; ) {
    const began = performance.now();
    const end = await input.connect().catch((error: unknown): ConnectionEnd => {
      if (!(error instanceof AppError) || lasting.has(error.code) || error.code === "internal") throw error;
      return { reason: error.message };
    });
    if (signal.aborted) return;
    const stood = performance.now() - began;
    if (end.planned && stood > 1000) failures = 0;
    else {
      if (stood > goodMs) failures = 0;
      onState({ state: "waiting", reason: end.reason });
      const pause = end.pauseMs ?? growingPause(failures, firstPauseMs === undefined ? {} : { firstMs: firstPauseMs });
      failures += 1;
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }
}
