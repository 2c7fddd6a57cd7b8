import { type Db, fromDrizzle, type JobWithMetadata, PgBoss } from "pg-boss";
import type { z } from "zod";
import { type Database, type OwnedDatabase, sql } from "./database/database.ts";
import { AppError } from "./errors.ts";
import { countJobs, type JobRow, type ListJobsInput, listJobs, type QueueCount } from "./job-list.ts";
import type { Logger } from "./log.ts";
import type { Page } from "./page.ts";
import type { Services } from "./services.ts";
import type { Telemetry } from "./telemetry.ts";

/** What a job gets to know of its own run. */
export interface JobRun {
  /** Aborted when the job takes too long or the process must stop: store what is done and return or throw. */
  signal: AbortSignal;
  jobId: string;
  /** 1 on the first try. */
  attempt: number;
}

export interface JobDefinition<Schema extends z.ZodType = z.ZodType> {
  /** Kebab-case and the same for ever: stored jobs carry it. */
  name: string;
  /** One line for the Studio's list. */
  title: string;
  payload: Schema;
  /** Tries in all, with growing pauses between them, before the job counts as dead. */
  attempts: number;
  /** What a crash in the middle means, in words: `at least once; sending twice is prevented by …`. */
  delivery: string;
  /** Five-field cron in UTC. */
  cron?: string;
  /** At most one waiting and one running per key; what is sent beyond that is dropped, since the waiting one covers it. */
  singleton?: boolean;
  /** A run over this is aborted and tried again; 15 minutes by default. */
  timeoutSeconds?: number;
  /** How many run at a time in one process; 1 by default. */
  concurrency?: number;
  run(services: Services, payload: z.output<Schema>, run: JobRun): Promise<void>;
}

/** Declares a job. */
export function defineJob<Schema extends z.ZodType>(job: JobDefinition<Schema>): JobDefinition<Schema> {
  return job;
}

export interface SendOptions {
  /** Tells jobs of a singleton queue apart. */
  key?: string;
  startAfter?: Date;
  /** Sends with this transaction: the job exists when, and only when, it commits. */
  tx?: Database;
}

/** Work put off to later or to another process, on the same database. */
export interface Jobs {
  /**
   * @returns the job's id, or undefined when a waiting job of a singleton queue covers it
   * @throws ZodError when the payload does not fit the job's schema: a mistake in our code
   */
  send<Schema extends z.ZodType>(job: JobDefinition<Schema>, payload: z.input<Schema>, options?: SendOptions): Promise<string | undefined>;
  /** Begins to run jobs in this process, and to start those with a cron. */
  startWorkers(services: Services): Promise<void>;
  /** Newest first. */
  list(input: ListJobsInput): Promise<Page<JobRow>>;
  /** Jobs that used up their attempts. */
  listDead(input: Omit<ListJobsInput, "state">): Promise<Page<JobRow>>;
  /**
   * Puts a dead job back in the queue with fresh attempts.
   * @throws AppError `not_found` when there is no such dead job
   */
  retryDead(input: { name: string; jobId: string }): Promise<void>;
  counts(): Promise<QueueCount[]>;
  /** Whether the queue's tables can be reached and, where workers run, whether they do. */
  isReady(): Promise<boolean>;
  /**
   * Takes no new jobs and waits for running ones; after half of the time they are told to stop.
   * @param graceMs milliseconds to wait at most
   */
  stop(graceMs?: number): Promise<void>;
  readonly definitions: readonly JobDefinition[];
}

export interface JobsOptions {
  db: OwnedDatabase;
  log: Logger;
  definitions: readonly JobDefinition[];
  pollSeconds: number;
  telemetry?: Telemetry;
}

/** Makes the job queue. It touches the database on first use only, so that a command that sends nothing pays nothing. */
export function createJobs(options: JobsOptions): Jobs {
  const { db, log, definitions } = options;
  const stopping = new AbortController();
  const workerIds = new Map<string, string>();
  let sender: Promise<PgBoss> | undefined;
  let working = false;

  const start = (asWorker: boolean): Promise<PgBoss> => {
    sender ??= startBoss(options, asWorker);
    return sender;
  };

  return {
    definitions,
    async send(job, payload, sendOptions = {}) {
      const boss = await start(false);
      const data = job.payload.parse(payload);
      const id = await boss.send(
        job.name,
        { payload: data },
        {
          ...(sendOptions.key === undefined ? {} : { singletonKey: sendOptions.key }),
          ...(sendOptions.startAfter ? { startAfter: sendOptions.startAfter } : {}),
          ...(sendOptions.tx ? { db: fromDrizzle(sendOptions.tx.orm, sql) } : {}),
        },
      );
      const worker = workerIds.get(job.name);
      if (worker) boss.notifyWorker(worker);
      return id ?? undefined;
    },
    async startWorkers(services) {
      if (sender) await (await sender).stop({ graceful: false, close: false });
      sender = startBoss(options, true);
      const boss = await sender;
      working = true;
      for (const job of definitions) {
        const worker = await boss.work(
          job.name,
          { includeMetadata: true, pollingIntervalSeconds: options.pollSeconds, localConcurrency: job.concurrency ?? 1 },
          async ([received]: JobWithMetadata<{ payload: unknown }>[]) => {
            if (received) await runJob({ job, received, services, stopping: stopping.signal, options });
          },
        );
        workerIds.set(job.name, worker);
      }
      await schedule(boss, definitions);
    },
    list: async (input) => {
      await start(false);
      return listJobs(db, input);
    },
    listDead: async (input) => {
      await start(false);
      return listJobs(db, { ...input, state: "failed" });
    },
    async retryDead({ name, jobId }) {
      const boss = await start(false);
      const known = definitions.some((job) => job.name === name);
      const [dead] = known ? await boss.findJobs(name, { id: jobId }) : [];
      if (dead?.state !== "failed")
        throw new AppError("not_found", { public: "There is no failed job with this id. It may have been run again already." });
      await boss.retry(name, jobId);
      const worker = workerIds.get(name);
      if (worker) boss.notifyWorker(worker);
    },
    counts: async () => {
      await start(false);
      return countJobs(db);
    },
    async isReady() {
      const boss = await start(false);
      return (await boss.isInstalled()) && (!working || boss.getWipData().length > 0 || definitions.length === 0);
    },
    async stop(graceMs = 20_000) {
      if (!sender) return;
      const boss = await sender.catch(() => undefined);
      sender = undefined;
      if (!boss) return;
      const nudge = setTimeout(() => stopping.abort(new Error("the process is stopping")), graceMs / 2);
      try {
        await boss.stop({ graceful: working, timeout: graceMs });
      } catch (error) {
        log.warn({ err: error }, "the job queue did not stop cleanly; its jobs will be tried again");
      } finally {
        clearTimeout(nudge);
        working = false;
      }
    },
  };
}

async function startBoss({ db, log, definitions }: JobsOptions, asWorker: boolean): Promise<PgBoss> {
  const boss = new PgBoss({
    db: queueDatabase(db),
    supervise: asWorker,
    schedule: asWorker,
    registerInstance: asWorker,
    // PGlite runs maintenance without concurrency, and a self-hosted queue stays small: no index work behind the scenes.
    reindex: false,
    monitorVacuum: false,
    openTelemetry: { enabled: false },
  });
  boss.on("error", (error) => log.warn({ err: error }, "job queue"));
  boss.on("warning", (warning) => log.debug({ warning }, "job queue"));
  await boss.start();
  const existing = new Set((await boss.getQueues()).map((queue) => queue.name));
  for (const job of definitions) {
    const settings = {
      retryLimit: Math.max(0, job.attempts - 1),
      retryDelay: 5,
      retryBackoff: true,
      retryDelayMax: 3600,
      expireInSeconds: job.timeoutSeconds ?? 900,
      heartbeatSeconds: 60,
      deleteAfterSeconds: 14 * 24 * 3600,
    };
    if (existing.has(job.name)) await boss.updateQueue(job.name, settings);
    else await boss.createQueue(job.name, { ...settings, policy: job.singleton ? "stately" : "standard" });
  }
  return boss;
}

async function schedule(boss: PgBoss, definitions: readonly JobDefinition[]): Promise<void> {
  const wanted = new Map(definitions.flatMap((job) => (job.cron ? [[job.name, job.cron] as const] : [])));
  for (const existing of await boss.getSchedules()) {
    if (!wanted.has(existing.name)) await boss.unschedule(existing.name);
  }
  for (const [name, cron] of wanted) await boss.schedule(name, cron, { payload: {} });
}

async function runJob(input: {
  job: JobDefinition;
  received: JobWithMetadata<{ payload: unknown }>;
  services: Services;
  stopping: AbortSignal;
  options: JobsOptions;
}): Promise<void> {
  const { job, received, services, options } = input;
  const log = services.log.child({ job: job.name, jobId: received.id });
  const started = performance.now();
  const done = (outcome: "done" | "failed") => options.telemetry?.observeJob(job.name, outcome, performance.now() - started);
  try {
    const payload = job.payload.parse(received.data?.payload ?? {});
    await job.run({ ...services, log }, payload, {
      signal: AbortSignal.any([received.signal, input.stopping]),
      jobId: received.id,
      attempt: received.retryCount + 1,
    });
    done("done");
    log.debug({ durationMs: Math.round(performance.now() - started) }, "job done");
  } catch (error) {
    done("failed");
    const last = received.retryCount >= received.retryLimit;
    log[last ? "error" : "warn"](
      { err: error, attempt: received.retryCount + 1, attempts: job.attempts },
      last ? "job failed for good" : "job failed, will be tried again",
    );
    throw error;
  }
}

/** pg-boss on our own pool: one set of connections, and the embedded database works like a server. */
function queueDatabase(db: OwnedDatabase): Db {
  return {
    async executeSql(text, values) {
      const result: { rows: unknown[] } | { rows: unknown[] }[] = await db.pool.query(text, values);
      return { rows: Array.isArray(result) ? result.flatMap((one) => one.rows) : result.rows };
    },
  };
}
