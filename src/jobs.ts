import type { JobDefinition } from "#core/jobs.ts";
import { deliverMailJob } from "#core/mail.ts";
import { deriveJob } from "./background/derive.ts";
import { importUploadJob, replaySourceJob } from "./background/import-upload.ts";
import { loadSampleJob } from "./background/load-sample.ts";
import { maintainJob } from "./background/maintain.ts";
import { scheduleSyncsJob, syncSourceJob, takeInboxJob } from "./background/sync-source.ts";

/** Every job of the product. A job that is not named here never runs. */
export const jobs: readonly JobDefinition[] = [
  deliverMailJob,
  deriveJob,
  importUploadJob,
  loadSampleJob,
  maintainJob,
  replaySourceJob,
  scheduleSyncsJob,
  syncSourceJob,
  takeInboxJob,
];
