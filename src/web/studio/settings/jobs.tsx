import { Link } from "react-router";
import { z } from "zod";
import { runtimeContext } from "#app/runtime-context.ts";
import { AppError } from "#core/errors.ts";
import { jobStates } from "#core/job-list.ts";
import { adminRoles, recordAudit, requireRole, runsInstallation } from "#features/access/index.ts";
import { ctxContext, guarded } from "../../request-context.server.ts";
import { EmptyState } from "../../ui/empty-state.tsx";
import { FilterBar } from "../../ui/filter-bar.tsx";
import { capitalize, countOf, inWords } from "../../ui/format.ts";
import { PageHead } from "../../ui/page-head.tsx";
import { Pager } from "../../ui/pager.tsx";
import { Rows } from "../../ui/rows.tsx";
import { Pile, Sheet } from "../../ui/sheet.tsx";
import { param, readQuery } from "../list-params.server.ts";
import type { Route } from "./+types/jobs.ts";
import { answerForm } from "./answer.server.ts";
import { JobLine, stateWords } from "./job-line.tsx";
import { isOwnDeadJob, listOwnJobs } from "./own-jobs.server.ts";
import { QueueTable } from "./queue-table.tsx";

const query = z.object({ name: param.text, state: param.oneOf(jobStates), after: param.cursor });

export const loader = guarded(async ({ request, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  requireRole(ctx, adminRoles, { scope: "admin" });
  const { jobs } = context.get(runtimeContext);
  const { name, state, after } = readQuery(request, query);
  const all = await runsInstallation(ctx);
  const isFiltered = name !== undefined || state !== undefined;
  const listUnderWay = async () => {
    const pages = await Promise.all((["active", "retry", "created"] as const).map((one) => listOwnJobs(jobs, ctx, { all, state: one, limit: 30 })));
    return { rows: pages.flatMap(({ rows }) => rows), next: null };
  };
  const [dead, listed, counts] = await Promise.all([
    listOwnJobs(jobs, ctx, { all, state: "failed", limit: 20 }),
    isFiltered ? listOwnJobs(jobs, ctx, { all, name, state, after, limit: 30 }) : listUnderWay(),
    all ? jobs.counts() : [],
  ]);
  const queues = jobs.definitions.map((job) => ({ name: job.name, title: job.title, isRegular: job.cron !== undefined }));
  return { dead, listed, counts, queues, all, isFiltered };
});

const form = z.object({ intent: z.literal("retry"), name: z.string().max(100), jobId: z.uuid() });

export const action = guarded(async ({ request, context }: Route.ActionArgs) =>
  answerForm(request, form, async ({ name, jobId }) => {
    const ctx = context.get(ctxContext);
    requireRole(ctx, adminRoles);
    const { jobs } = context.get(runtimeContext);
    if (!(await runsInstallation(ctx)) && !(await isOwnDeadJob(jobs, ctx, { name, jobId }))) {
      throw new AppError("not_found", { public: "There is no failed job with this id. It may have been run again already." });
    }
    await jobs.retryDead({ name, jobId });
    await recordAudit(ctx, { action: "job.retried", objectKind: "job", objectId: jobId, detail: { name } });
    return { ok: true, message: "Back in the queue, with all its attempts." };
  }),
);

export default function JobSettings({ loaderData, params }: Route.ComponentProps) {
  const { dead, listed, counts, queues, isFiltered } = loaderData;
  const here = `/studio/${params.community}/settings/jobs`;
  const titleOf = (name: string) => queues.find((queue) => queue.name === name)?.title ?? name;
  const failed = dead.rows.length;
  return (
    <>
      <title>Jobs · Causeway</title>
      <PageHead
        over="Settings · Jobs"
        title={
          failed === 0
            ? "No work was left undone"
            : `${dead.next ? "At least " : ""}${dead.next ? inWords(failed) : capitalize(inWords(failed))} ${failed === 1 ? "job" : "jobs"} failed for good`
        }
        actions={<span />}
      >
        What Causeway does behind the pages: bringing in, deriving, sending.
      </PageHead>
      <Pile>
        {failed > 0 ? (
          <Sheet
            title="Failed for good"
            id="failed"
            aside={
              dead.next ? (
                <Link className="link" to={`${here}?state=failed`}>
                  all of them
                </Link>
              ) : (
                "kept for two weeks"
              )
            }
          >
            <Rows label="Failed jobs">
              {dead.rows.map((job) => (
                <JobLine key={job.id} job={job} title={titleOf(job.name)} mayRetry />
              ))}
            </Rows>
          </Sheet>
        ) : null}
        {loaderData.all ? <QueueTable queues={queues} counts={counts} here={here} /> : null}
        <Sheet
          title={isFiltered ? "Jobs" : "Under way and waiting"}
          id="jobs"
          aside={isFiltered ? "newest first" : countOf(listed.rows.length, "job")}
        >
          <FilterBar
            fields={[
              { kind: "select", name: "name", label: "Work", options: queues.map((queue) => ({ value: queue.name, label: queue.title })) },
              {
                kind: "select",
                name: "state",
                label: "State",
                any: isFiltered ? "any" : "under way",
                options: Object.entries(stateWords).map(([value, label]) => ({ value, label })),
              },
            ]}
          />
          {listed.rows.length > 0 ? (
            <Rows label="Jobs">
              {listed.rows.map((job) => (
                <JobLine key={job.id} job={job} title={titleOf(job.name)} />
              ))}
            </Rows>
          ) : isFiltered ? (
            <EmptyState title="No such job" action={{ label: "Show what is under way", to: here }}>
              Jobs are kept for two weeks after they ended.
            </EmptyState>
          ) : (
            <EmptyState title="Nothing waits" good action={{ label: "Show what was done", to: `${here}?state=completed` }}>
              New records, mail and imports appear here while they are worked on.
            </EmptyState>
          )}
          <Pager next={listed.next} />
        </Sheet>
      </Pile>
    </>
  );
}
