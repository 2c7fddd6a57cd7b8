import { Button } from "@mantine/core";
import { Link } from "react-router";
import { findSampleRun } from "#app/background/load-sample.ts";
import { runtimeContext } from "#app/runtime-context.ts";
import { connectors } from "#connectors/index.ts";
import { listConsumerLag, listSources } from "#features/ledger/index.ts";
import { ctxContext, guarded } from "../../request-context.server.ts";
import { EmptyState } from "../../ui/empty-state.tsx";
import { capitalize, countOf, formatDay, formatNumber, inWords } from "../../ui/format.ts";
import { PageHead } from "../../ui/page-head.tsx";
import { WorkBar } from "../../ui/progress.tsx";
import { Dotted, Row, Rows } from "../../ui/rows.tsx";
import { Pile, Sheet } from "../../ui/sheet.tsx";
import { Tag } from "../../ui/tag.tsx";
import { mayEdit } from "../member-actions.server.ts";
import type { Route } from "./+types/list.ts";
import { isUnderWay, SyncLine } from "./source-state.tsx";
import { useWatch } from "./use-watch.ts";

const consumerWords: Record<string, string> = {
  rollup: "counts",
  members: "members",
  questions: "questions",
  signals: "signals",
  search: "search",
};

export const loader = guarded(async ({ context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  const [sources, lag, sampleRun] = await Promise.all([
    listSources(ctx),
    listConsumerLag(ctx),
    findSampleRun(context.get(runtimeContext).jobs, ctx.community.id),
  ]);
  const titles = Object.fromEntries(connectors.flatMap(({ id, aliases = [], title }) => [id, ...aliases].map((name) => [name, title])));
  return { sources, lag, titles, sampleRun, mayEdit: mayEdit(ctx) };
});

export default function Sources({ loaderData, params }: Route.ComponentProps) {
  const { sources, lag, titles, sampleRun } = loaderData;
  const base = `/studio/${params.community}/sources`;
  const running = sources.filter(({ lastSync }) => isUnderWay(lastSync));
  useWatch(running.length > 0 || lag.length > 0 || sampleRun !== null);
  const sampleDone = sources.reduce(
    (sum, { connector, lastSync }) => (connector === "sample" ? sum + (lastSync?.counts.new?.activities ?? 0) : sum),
    0,
  );
  const broken = sources.filter(({ lastSync, listenerFailed }) => lastSync?.state === "failed" || listenerFailed);
  const title = sampleRun
    ? "The sample community is moving in"
    : sources.length === 0
      ? "Nothing has come in yet"
      : running.length > 0
        ? `${capitalize(inWords(running.length))} ${running.length === 1 ? "source is" : "sources are"} being brought in`
        : broken.length > 0
          ? `${capitalize(inWords(broken.length))} of ${inWords(sources.length)} ${broken.length === 1 ? "needs" : "need"} a look`
          : `${capitalize(inWords(sources.length))} ${sources.length === 1 ? "source feeds" : "sources feed"} the record`;
  return (
    <>
      <title>Sources · Causeway</title>
      <PageHead
        over="Sources"
        title={title}
        actions={
          loaderData.mayEdit ? (
            <Button component={Link} to={`${base}/new`}>
              Add a source
            </Button>
          ) : undefined
        }
      />
      <Pile>
        {sampleRun ? (
          <Sheet title="Loading the sample community" id="sample">
            <WorkBar
              label="Lantern"
              progress={{
                phase: sampleRun.state === "active" ? "loading" : "waits for its turn",
                done: sampleDone,
                total: sampleRun.activities,
                unit: "activities",
                ratePerSecond: 0,
                etaSeconds: null,
              }}
            />
          </Sheet>
        ) : null}
        {lag.length > 0 ? (
          <Sheet title="Catching up" id="lag" aside="derived from what came in; lists and search are complete when this is gone">
            <p className="quiet" role="status">
              {lag
                .map(({ consumer, activities }) => `${consumerWords[consumer] ?? consumer}: ${countOf(activities, "activity", "activities")} to go`)
                .join(" · ")}
            </p>
          </Sheet>
        ) : null}
        <Sheet>
          {sources.length === 0 ? (
            <EmptyState
              title="Bring in what your community has said so far"
              action={loaderData.mayEdit ? { label: "Add a source", to: `${base}/new` } : undefined}
            >
              An archive of a GitHub repository, a mailing list, a git history: each becomes threads, people and questions you can answer.
            </EmptyState>
          ) : (
            <Rows label="Sources">
              {sources.map((source) => (
                <Row
                  key={source.id}
                  to={`${base}/${source.id}`}
                  title={source.name}
                  margin={
                    <small>
                      {countOf(source.threads, "thread")} · {countOf(source.activities, "activity", "activities")}
                    </small>
                  }
                  meta={
                    <Dotted
                      parts={[
                        titles[source.connector] ?? source.connector,
                        source.oldestAt && source.newestAt
                          ? `${formatDay(source.oldestAt, "withYear")} to ${formatDay(source.newestAt, "withYear")}`
                          : null,
                        source.rejected > 0 ? (
                          <Tag key="r" tone="waiting">
                            {formatNumber(source.rejected)} set aside
                          </Tag>
                        ) : null,
                        source.listenerFailed ? (
                          <Tag key="l" tone="bad">
                            live connection failed
                          </Tag>
                        ) : null,
                        source.paused ? "paused" : null,
                        source.visibility ? `shown to ${source.visibility} only` : null,
                      ]}
                    />
                  }
                >
                  {source.lastSync ? (
                    <div style={{ marginTop: 4, fontSize: 13 }}>
                      <SyncLine sync={source.lastSync} />
                    </div>
                  ) : null}
                </Row>
              ))}
            </Rows>
          )}
        </Sheet>
      </Pile>
    </>
  );
}
