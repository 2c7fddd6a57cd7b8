import type { Ctx } from "#features/access/index.ts";
import { type SignalCount, signalCounts } from "#features/feedback/index.ts";
import { type QuestionCounts, questionCounts } from "#features/support/index.ts";

interface ShellCounts {
  questions: Promise<QuestionCounts>;
  signals: Promise<SignalCount[]>;
}

const ofRequest = new WeakMap<Ctx, ShellCounts>();

/** What the menu counts. Layout and page run side by side in one request with one context: it is counted once for both. */
export function shellCounts(ctx: Ctx): ShellCounts {
  let counts = ofRequest.get(ctx);
  if (!counts) {
    counts = { questions: questionCounts(ctx), signals: signalCounts(ctx) };
    ofRequest.set(ctx, counts);
  }
  return counts;
}

export function countToTriage(signals: readonly SignalCount[]): number {
  return signals.reduce((sum, { state, n }) => (state === "suggested" ? sum + n : sum), 0);
}
