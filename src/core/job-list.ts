import { z } from "zod";
import { type Database, sql } from "./database/database.ts";
import { decodeCursor, type Page, toPage } from "./page.ts";

export const jobStates = ["created", "retry", "active", "completed", "cancelled", "failed"] as const;
export type JobState = (typeof jobStates)[number];

export interface ListJobsInput {
  state?: JobState;
  name?: string;
  /** The cursor of the page before. */
  after?: string;
  limit: number;
}

/** A job as the Studio lists it. */
export interface JobRow {
  id: string;
  name: string;
  state: JobState;
  payload: unknown;
  /** The last failure in words. */
  error: string | null;
  attempts: number;
  attemptsMax: number;
  createdAt: Date;
  startAfter: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

export interface QueueCount {
  name: string;
  state: JobState;
  n: number;
}

const outputSchema = z.object({ message: z.string() }).catch({ message: "" });

/** Jobs, newest first. The queue's tables must exist. */
export async function listJobs(db: Database, input: ListJobsInput): Promise<Page<JobRow>> {
  const [afterAt, afterId] = input.after ? decodeCursor(input.after, ["time", "id"]) : [null, null];
  const rows = await db.rows<Omit<JobRow, "payload" | "error"> & { data: { payload?: unknown } | null; output: unknown; createdKey: string }>(sql`
    SELECT id, name, state::text AS state, data, output, retry_count + CASE WHEN started_on IS NULL THEN 0 ELSE 1 END AS attempts,
      retry_limit + 1 AS "attemptsMax", created_on AS "createdAt", created_on::text AS "createdKey", start_after AS "startAfter", started_on AS "startedAt", completed_on AS "finishedAt"
    FROM pgboss.job
    WHERE name NOT LIKE '\\_\\_pgboss%'
      AND (${input.state ?? null}::text IS NULL OR state::text = ${input.state ?? null})
      AND (${input.name ?? null}::text IS NULL OR name = ${input.name ?? null})
      AND (${afterAt}::timestamptz IS NULL OR (created_on, id) < (${afterAt}::timestamptz, ${afterId}::uuid))
    ORDER BY created_on DESC, id DESC
    LIMIT ${input.limit + 1}`);
  const page = toPage(rows, input.limit, (row) => [row.createdKey, row.id]);
  return {
    next: page.next,
    rows: page.rows.map(({ data, output, createdKey: _, ...row }) => ({
      ...row,
      payload: data?.payload ?? null,
      error: row.state === "failed" || row.state === "retry" ? outputSchema.parse(output).message || null : null,
    })),
  };
}

/** How many jobs stand in which queue and state. */
export async function countJobs(db: Database): Promise<QueueCount[]> {
  return db.rows<QueueCount>(sql`
    SELECT name, state::text AS state, count(*) AS n FROM pgboss.job
    WHERE name NOT LIKE '\\_\\_pgboss%' GROUP BY name, state ORDER BY name, state`);
}
