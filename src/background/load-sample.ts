import { z } from "zod";
import { consumers } from "#app/consumers.ts";
import { loadSample } from "#connectors/sample/load.ts";
import { defineJob, type Jobs } from "#core/jobs.ts";
import { openAsSystem } from "#features/access/index.ts";
import { drainOutbox } from "#features/ledger/index.ts";
import { countIngest } from "./count-ingest.ts";

const payload = z.object({ communityId: z.uuid(), activities: z.int().default(20_000), seed: z.int().optional() });

/** Fills a community with the made-up one, for the button in the Studio. */
export const loadSampleJob = defineJob({
  name: "load-sample",
  title: "Load the sample community",
  payload,
  attempts: 3,
  delivery: "At least once; a run that died goes on where it stopped, and nothing is brought in twice.",
  timeoutSeconds: 24 * 60 * 60,
  async run(services, { communityId, activities, seed }, { signal }) {
    const ctx = await openAsSystem(services, { communityId });
    if (!ctx) return;
    await loadSample(ctx, { activities, seed, signal, onProgress: countIngest(services.telemetry) });
    await drainOutbox(services, { consumers, communityId, signal });
  },
});

/** The loading of the sample that waits or is under way in a community, for the page that shows it. */
export async function findSampleRun(
  jobs: Pick<Jobs, "list">,
  communityId: string,
): Promise<{ state: "waiting" | "active"; activities: number } | null> {
  for (const state of ["active", "created", "retry"] as const) {
    const { rows } = await jobs.list({ name: loadSampleJob.name, state, limit: 20 });
    for (const row of rows) {
      const asked = payload.safeParse(row.payload);
      if (asked.success && asked.data.communityId === communityId) {
        return { state: state === "active" ? "active" : "waiting", activities: asked.data.activities };
      }
    }
  }
  return null;
}
