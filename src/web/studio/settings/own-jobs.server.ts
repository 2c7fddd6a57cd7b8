import { z } from "zod";
import type { JobRow, JobState } from "#core/job-list.ts";
import type { Jobs } from "#core/jobs.ts";
import type { Page } from "#core/page.ts";
import type { Ctx } from "#features/access/index.ts";

/** A job without its payload, which may hold what mails and imports hold. */
export type JobLine = Omit<JobRow, "payload">;

const ofCommunity = z.object({ communityId: z.string() });
const readsAtMost = 10;

/**
 * The jobs that are the reader's business, newest first: the community's own, or all. Others are passed over, so a
 * page may be shorter or longer than the limit.
 */
export async function listOwnJobs(
  jobs: Jobs,
  ctx: Ctx,
  input: { all: boolean; state?: JobState; name?: string; after?: string; limit: number },
): Promise<Page<JobLine>> {
  const { all, ...filter } = input;
  const rows: JobLine[] = [];
  let next = input.after ?? null;
  for (let read = 0; read < readsAtMost; read += 1) {
    const page = await jobs.list({ ...filter, after: next ?? undefined });
    for (const { payload, ...row } of page.rows) if (all || isOf(ctx, payload)) rows.push(row);
    next = page.next;
    if (next === null || rows.length >= input.limit / 2) break;
  }
  return { rows, next };
}

/** Whether a dead job is there and the reader's business. */
export async function isOwnDeadJob(jobs: Jobs, ctx: Ctx, wanted: { name: string; jobId: string }): Promise<boolean> {
  let after: string | undefined;
  do {
    const page = await jobs.listDead({ name: wanted.name, limit: 200, after });
    const dead = page.rows.find(({ id }) => id === wanted.jobId);
    if (dead) return isOf(ctx, dead.payload);
    after = page.next ?? undefined;
  } while (after);
  return false;
}

function isOf(ctx: Ctx, payload: unknown): boolean {
  const parsed = ofCommunity.safeParse(payload);
  return parsed.success && parsed.data.communityId === ctx.community.id;
}
