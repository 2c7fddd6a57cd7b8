import type { Runtime } from "./runtime.ts";

/** Runs jobs in this process until the runtime closes. */
export async function startWorker(runtime: Runtime): Promise<void> {
  await runtime.jobs.startWorkers(runtime);
  runtime.log.info({ jobs: runtime.jobs.definitions.length }, "jobs run in this process");
}
