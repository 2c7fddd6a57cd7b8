import { z } from "zod";
import { consumers } from "#app/consumers.ts";
import { loadSample } from "#connectors/sample/load.ts";
import { defineJob } from "#core/jobs.ts";
import { openAsSystem } from "#features/access/index.ts";
import { drainOutbox } from "#features/ledger/index.ts";

/** Fills a community with the made-up one, for the button in the Studio. */
export const loadSampleJob = defineJob({
  name: "load-sample",
  title: "Load the sample community",
  payload: z.object({ communityId: z.uuid(), activities: z.int().optional(), seed: z.int().optional() }),
  attempts: 3,
  delivery: "At least once; a run that died goes on where it stopped, and nothing is brought in twice.",
  timeoutSeconds: 24 * 60 * 60,
  async run(services, { communityId, activities, seed }, { signal }) {
    const ctx = await openAsSystem(services, { communityId });
    if (!ctx) return;
    await loadSample(ctx, { activities, seed, signal });
    await drainOutbox(services, { consumers, communityId, signal });
  },
});
