import type { JobState } from "#core/job-list.ts";
import { formatSpan } from "../../ui/format.ts";
import { Dotted, Row } from "../../ui/rows.tsx";
import { Tag, type Tone } from "../../ui/tag.tsx";
import { TimeAgo } from "../../ui/time.tsx";
import { ActButton } from "./act-button.tsx";
import type { JobLine as Job } from "./own-jobs.server.ts";
import classes from "./settings.module.css";

export const stateWords: Record<JobState, string> = {
  created: "waiting",
  retry: "to be tried again",
  active: "running",
  completed: "done",
  cancelled: "cancelled",
  failed: "failed for good",
};
const tones: Partial<Record<JobState, Tone>> = { active: "question", completed: "good", failed: "bad" };

/** A job: what it is in words, how far it came, what went wrong. */
export function JobLine({ job, title, mayRetry = false }: { job: Job; title: string; mayRetry?: boolean }) {
  const took = job.startedAt && job.finishedAt ? job.finishedAt.getTime() - job.startedAt.getTime() : null;
  return (
    <Row
      title={title}
      meta={
        <Dotted
          parts={[
            <Tag key="state" tone={tones[job.state] ?? "plain"}>
              {stateWords[job.state]}
            </Tag>,
            <>
              asked for <TimeAgo at={job.createdAt} />
            </>,
            job.finishedAt ? (
              <>
                ended <TimeAgo at={job.finishedAt} />
              </>
            ) : null,
            took === null ? null : `took ${took < 1000 ? `${took} ms` : took < 60_000 ? `${Math.round(took / 1000)} s` : formatSpan(took)}`,
            job.attempts > 1 || job.error ? `attempt ${job.attempts} of ${job.attemptsMax}` : null,
            <code key="id" title={`${job.name} ${job.id}`}>
              {job.id.slice(-8)}
            </code>,
          ]}
        />
      }
      actions={
        mayRetry ? (
          <ActButton intent="retry" fields={{ name: job.name, jobId: job.id }} label="Run again" describedAs={`Run again: ${title}`} />
        ) : undefined
      }
    >
      {job.error ? <div className={classes.problem}>{job.error}</div> : null}
    </Row>
  );
}
