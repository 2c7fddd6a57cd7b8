import type { JobDefinition } from "#core/jobs.ts";
import { deliverMailJob } from "#core/mail.ts";

/** Every job of the product. A job that is not named here never runs. */
export const jobs: readonly JobDefinition[] = [deliverMailJob];
