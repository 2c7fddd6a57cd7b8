import type { Ctx } from "#features/access/index.ts";
import { countToTriageUpTo, type SignalCount, type SignalFilter, signalCounts } from "#features/feedback/index.ts";
import { countWaitingUpTo, type QuestionCounts, questionCounts } from "#features/support/index.ts";
import { readKept } from "#metrics/index.ts";

/** The menu shows «999+» beyond: counting stops there, so that no page waits for the menu. */
const menuLimit = 1_000;

/** What the menu counts: things that need a human, as they are now. */
export async function shellCounts(ctx: Ctx): Promise<{ waiting: number; signals: number }> {
  const [waiting, signals] = await Promise.all([countWaitingUpTo(ctx, menuLimit), countToTriageUpTo(ctx, menuLimit)]);
  return { waiting, signals };
}

/** Questions by state; in a large community as of a moment ago. */
export async function keptQuestionCounts(ctx: Ctx, filter: { sourceId?: string | undefined } = {}): Promise<QuestionCounts> {
  const { value } = await readKept<Omit<QuestionCounts, "longestSince"> & { longestSince: string | null }>(ctx, {
    name: "question-counts",
    version: 1,
    params: filter.sourceId === undefined ? {} : { sourceId: filter.sourceId },
    allowStale: true,
    compute: async () => {
      const { longestSince, ...counts } = await questionCounts(ctx, filter);
      return { ...counts, longestSince: longestSince?.toISOString() ?? null };
    },
  });
  return { ...value, longestSince: value.longestSince === null ? null : new Date(value.longestSince) };
}

/** Signals by kind and state; in a large community as of a moment ago. */
export async function keptSignalCounts(ctx: Ctx, filter: Pick<SignalFilter, "from" | "to"> = {}): Promise<SignalCount[]> {
  const { value } = await readKept(ctx, {
    name: "signal-counts",
    version: 1,
    params: { from: filter.from?.toISOString(), to: filter.to?.toISOString() },
    allowStale: true,
    compute: () => signalCounts(ctx, filter),
  });
  return value;
}

export function countToTriage(signals: readonly SignalCount[]): number {
  return signals.reduce((sum, { state, n }) => (state === "suggested" ? sum + n : sum), 0);
}
