import { Link } from "react-router";
import { z } from "zod";
import { listThreads, threadFacets } from "#features/ledger/index.ts";
import { ctxContext, guarded } from "../request-context.server.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { FilterBar } from "../ui/filter-bar.tsx";
import { capitalize, countOf, inWords, kindInWords } from "../ui/format.ts";
import { PageHead } from "../ui/page-head.tsx";
import { Pager } from "../ui/pager.tsx";
import { KeyHints, Rows } from "../ui/rows.tsx";
import { Sheet } from "../ui/sheet.tsx";
import type { Route } from "./+types/threads.ts";
import { param, readQuery } from "./list-params.server.ts";
import { keptQuestionCounts } from "./shell-counts.server.ts";
import { ThreadLine } from "./thread-line.tsx";

const query = z.object({
  q: param.text,
  kind: param.text,
  source: param.id,
  channel: param.id,
  question: param.oneOf(["unanswered", "answered", "solved"]),
  state: param.oneOf(["open", "closed"]),
  waiting: param.oneOf(["yes"]),
  label: param.text,
  sort: param.oneOf(["recent", "opened", "waiting"]),
  after: param.cursor,
});

export const loader = guarded(async ({ request, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  const given = readQuery(request, query);
  const [page, facets, counts] = await Promise.all([
    listThreads(ctx, {
      q: given.q,
      kind: given.kind,
      sourceId: given.source,
      channelId: given.channel,
      question: given.question,
      state: given.state,
      label: given.label,
      waiting: given.waiting ? true : undefined,
      sort: given.sort ?? (given.waiting ? "waiting" : "recent"),
      after: given.after,
      limit: 40,
    }),
    threadFacets(ctx),
    keptQuestionCounts(ctx, { sourceId: given.source }),
  ]);
  const filtered = Object.keys(given).some((key) => key !== "sort" && key !== "after");
  return { page, facets, counts, filtered };
});

export default function Threads({ loaderData, params }: Route.ComponentProps) {
  const { page, facets, counts, filtered } = loaderData;
  const base = `/studio/${params.community}`;
  return (
    <>
      <title>Threads · Causeway</title>
      <PageHead
        over="Threads"
        title={
          counts.waiting === 0
            ? "Nobody waits for an answer"
            : `${capitalize(inWords(counts.waiting))} ${counts.waiting === 1 ? "thread waits" : "threads wait"} for an answer`
        }
      >
        <Link className="link" to={`${base}/threads?question=unanswered`}>
          {countOf(counts.unanswered, "question")} unanswered
        </Link>
        ·
        <Link className="link" to={`${base}/threads?question=answered`}>
          {countOf(counts.answered, "answered", "answered")}
        </Link>
        ·
        <Link className="link" to={`${base}/threads?question=solved`}>
          {countOf(counts.solved, "solved", "solved")}
        </Link>
      </PageHead>

      <FilterBar
        fields={[
          { kind: "text", name: "q", label: "Words in the title" },
          { kind: "select", name: "waiting", label: "Waiting", options: [{ value: "yes", label: "for us" }] },
          {
            kind: "select",
            name: "question",
            label: "Question",
            options: ["unanswered", "answered", "solved"].map((value) => ({ value, label: value })),
          },
          { kind: "select", name: "kind", label: "Kind", options: facets.kinds.map((value) => ({ value, label: kindInWords(value) })) },
          {
            kind: "select",
            name: "state",
            label: "State",
            options: [
              { value: "open", label: "open" },
              { value: "closed", label: "closed" },
            ],
          },
          ...(facets.sources.length > 1
            ? [
                {
                  kind: "select" as const,
                  name: "source",
                  label: "Source",
                  options: facets.sources.map(({ id, name }) => ({ value: id, label: name })),
                },
              ]
            : []),
          ...(facets.channels.length > 1
            ? [
                {
                  kind: "select" as const,
                  name: "channel",
                  label: "Channel",
                  options: facets.channels.map(({ id, name }) => ({ value: id, label: name })),
                },
              ]
            : []),
          { kind: "text", name: "label", label: "Label" },
          {
            kind: "select",
            name: "sort",
            label: "Sort",
            any: "latest activity",
            options: [
              { value: "opened", label: "opened last" },
              { value: "waiting", label: "waiting longest" },
            ],
          },
        ]}
      />

      <Sheet
        title="Threads"
        id="threads"
        aside={
          <KeyHints
            hints={[
              ["j k", "move"],
              ["o", "open"],
            ]}
          />
        }
      >
        {page.rows.length > 0 ? (
          <Rows label="Threads">
            {page.rows.map((thread) => (
              <ThreadLine key={thread.id} thread={thread} base={base} />
            ))}
          </Rows>
        ) : filtered ? (
          <EmptyState title="No thread matches these filters" action={{ label: "Clear the filters", to: `${base}/threads` }}>
            Labels are matched whole. To look into what was said, and not only into titles, use search.
          </EmptyState>
        ) : (
          <EmptyState title="No conversations yet" action={{ label: "Add a source", to: `${base}/sources/new` }}>
            Bring in a repository's issues, a mailing list or a git history: threads appear here while the import runs.
          </EmptyState>
        )}
        <Pager next={page.next} />
      </Sheet>
    </>
  );
}
