import { startListening } from "./background/listen.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Runs jobs in this process until the runtime closes, and listens to sources that send by themselves.
 * @returns stops listening; to be awaited before the runtime closes
 */
export async function startWorker(runtime: Runtime): Promise<() => Promise<void>> {
  await runtime.jobs.startWorkers(runtime);
  runtime.log.info({ jobs: runtime.jobs.definitions.length }, "jobs run in this process");
  return startListening(runtime).stop;
}
