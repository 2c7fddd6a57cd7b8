import { z } from "zod";
import { consumers } from "#app/consumers.ts";
import { defineJob, type Jobs } from "#core/jobs.ts";
import { drainOutbox } from "#features/ledger/index.ts";

/** Works off what changed in the ledger: members, questions, signals, search. */
export const deriveJob = defineJob({
  name: "derive",
  title: "Derive members, questions, signals and search from what changed",
  payload: z.object({ communityId: z.uuid().optional() }),
  attempts: 5,
  delivery: "At least once; each change is worked off in one transaction with the note that it is done.",
  cron: "* * * * *",
  singleton: true,
  timeoutSeconds: 6 * 60 * 60,
  async run(services, { communityId }, { signal }) {
    await drainOutbox(services, { consumers, signal, ...(communityId ? { communityId } : {}) });
  },
});

/** Has what changed in a community worked off soon, by whichever process runs jobs. */
export async function deriveSoon(jobs: Jobs, communityId: string): Promise<void> {
  await jobs.send(deriveJob, { communityId }, { key: communityId });
}
