import { sumConsumerLag } from "#features/ledger/index.ts";
import type { Runtime } from "../runtime.ts";

/** Puts what waits and works into the telemetry: how far deriving is behind the ledger, and the job queue. */
export function gaugeWork(runtime: Runtime): void {
  const { telemetry, jobs, clock } = runtime;
  telemetry.gauge("causeway_consumer_lag_activities", "Activities that a consumer has not seen yet", ["consumer"], async () =>
    (await sumConsumerLag(runtime)).map(({ consumer, activities }) => ({ labels: { consumer }, value: activities })),
  );
  telemetry.gauge("causeway_consumer_lag_seconds", "Since when the oldest change waits for a consumer", ["consumer"], async () =>
    (await sumConsumerLag(runtime)).map(({ consumer, since }) => ({
      labels: { consumer },
      value: since ? Math.max(0, (clock.now().getTime() - since.getTime()) / 1000) : 0,
    })),
  );
  telemetry.gauge("causeway_jobs", "Jobs by name and state; those done are kept for two weeks", ["job", "state"], async () =>
    (await jobs.counts()).map(({ name, state, n }) => ({ labels: { job: name, state }, value: n })),
  );
}
