import { z } from "zod";
import { AppError } from "#core/errors.ts";
import { adminRoles, type Ctx, recordAudit, runsInstallation } from "#features/access/index.ts";
import { type Api, communityEndpoint } from "./kit/endpoint.ts";
import type { ApiRuntime } from "./kit/env.ts";
import { answerPage, pageOf, pageQuery } from "./kit/list.ts";
import { at } from "./kit/schemas.ts";

const job = z
  .object({
    id: z.string(),
    name: z.string(),
    state: z.enum(["created", "retry", "active", "completed", "cancelled", "failed"]),
    error: z.string().nullable(),
    attempts: z.int(),
    attemptsMax: z.int(),
    createdAt: at,
    startAfter: at,
    startedAt: at.nullable(),
    finishedAt: at.nullable(),
  })
  .meta({ id: "Job" });

/**
 * Jobs that used up their attempts. The queue is the installation's: a community's admins see its own jobs, and who
 * runs all communities sees those that belong to none.
 */
export function addJobs(api: Api): void {
  communityEndpoint(api, {
    method: "get",
    path: "/jobs/dead",
    tag: "Jobs",
    summary: "List jobs that failed for good, newest first",
    access: adminRoles,
    scope: "admin",
    query: pageQuery.extend({ name: z.string().max(100).optional() }),
    answer: pageOf(job),
    async handle(ctx, { query: { name, after, limit }, runtime, c }) {
      const mine = await ownJobs(ctx);
      const page = await runtime.jobs.listDead({ limit, ...(name ? { name } : {}), ...(after ? { after } : {}) });
      // Payloads stay inside: they hold what mails and imports hold.
      return answerPage(c, { next: page.next, rows: page.rows.filter((row) => mine(row.payload)).map(({ payload: _, ...row }) => row) });
    },
  });

  communityEndpoint(api, {
    method: "post",
    path: "/jobs/dead/{name}/{job}/retry",
    tag: "Jobs",
    summary: "Put a dead job back in the queue with fresh attempts",
    access: adminRoles,
    scope: "admin",
    params: z.object({ name: z.string().max(100), job: z.uuid() }),
    status: 204,
    async handle(ctx, { params, runtime }) {
      const mine = await ownJobs(ctx);
      if (!(await isDeadAndOwn(runtime, params, mine)))
        throw new AppError("not_found", { public: "There is no failed job with this id. It may have been run again already." });
      await runtime.jobs.retryDead({ name: params.name, jobId: params.job });
      await recordAudit(ctx, { action: "job.retried", objectKind: "job", objectId: params.job, detail: { name: params.name } });
    },
  });
}

async function isDeadAndOwn(runtime: ApiRuntime, wanted: { name: string; job: string }, mine: (payload: unknown) => boolean): Promise<boolean> {
  let after: string | undefined;
  do {
    const page = await runtime.jobs.listDead({ name: wanted.name, limit: 200, ...(after ? { after } : {}) });
    const found = page.rows.find((row) => row.id === wanted.job);
    if (found) return mine(found.payload);
    after = page.next ?? undefined;
  } while (after);
  return false;
}

const ofCommunity = z.object({ communityId: z.string() });

/** Says of a job's payload whether it is the caller's business. */
async function ownJobs(ctx: Ctx): Promise<(payload: unknown) => boolean> {
  const runsAll = await runsInstallation(ctx);
  return (payload) => {
    const parsed = ofCommunity.safeParse(payload);
    return parsed.success ? parsed.data.communityId === ctx.community.id : runsAll;
  };
}
