import type { IngestOutcome, Telemetry } from "#core/telemetry.ts";
import type { IngestCounts } from "#features/ledger/index.ts";

const outcomes: readonly IngestOutcome[] = ["new", "changed", "same", "rejected"];

/**
 * Tells the telemetry what a run brings in while it runs.
 * @returns takes the run's counts so far, however often, and adds what is new in them
 */
export function countIngest(telemetry: Telemetry): (progress: { counts: IngestCounts }) => void {
  const told: Record<IngestOutcome, number> = { new: 0, changed: 0, same: 0, rejected: 0 };
  return ({ counts }) => {
    for (const outcome of outcomes) {
      const more = counts[outcome].activities - told[outcome];
      if (more <= 0) continue;
      telemetry.observeIngest(outcome, more);
      told[outcome] += more;
    }
  };
}
