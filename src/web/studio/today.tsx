import { ctxContext, guarded } from "../request-context.server.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { countOf, formatDay } from "../ui/format.ts";
import { PageHead } from "../ui/page-head.tsx";
import { Columns, Pile, Sheet } from "../ui/sheet.tsx";
import type { Route } from "./+types/today.ts";
import { loadToday, type TodayData } from "./today.server.ts";
import { NeedsHuman } from "./today-needs-human.tsx";
import { ActivitySheet, FigureSheet, FirstAnswerSheet, HurtsSheet, NewFacesSheet } from "./today-pulse.tsx";

export const loader = guarded(({ context }: Route.LoaderArgs): Promise<TodayData> => loadToday(context.get(ctxContext)));

export default function Today({ loaderData, params }: Route.ComponentProps) {
  const base = `/studio/${params.community}`;
  const { span } = loaderData;
  if (span.newest === null) return <Welcome base={base} today={span.today} />;
  return (
    <>
      <title>Today · Causeway</title>
      <PageHead over={formatDay(span.today, "full")} title={loaderData.title} />
      <Columns layout="wide">
        <Pile>
          <NeedsHuman data={loaderData} base={base} />
          <ActivitySheet data={loaderData} base={base} />
        </Pile>
        <Pile>
          <FirstAnswerSheet data={loaderData} base={base} />
          <NewFacesSheet data={loaderData} base={base} />
        </Pile>
      </Columns>
      <Columns layout={3}>
        <FigureSheet figure={loaderData.figures.active} data={loaderData} base={base} />
        <FigureSheet figure={loaderData.figures.newcomers} data={loaderData} base={base} />
        <HurtsSheet data={loaderData} base={base} />
      </Columns>
      {span.anchored ? (
        <p className="quiet" style={{ marginTop: 16 }}>
          Nothing came in during the last 90 days, so the pulse shows the 90 days up to {formatDay(span.to, "withYear")}, where the data ends.
        </p>
      ) : null}
      {loaderData.lag > 0 ? (
        <p className="quiet" style={{ marginTop: 8 }} role="status">
          {countOf(loaderData.lag, "activity", "activities")} still being worked through; figures grow until it is done.
        </p>
      ) : null}
    </>
  );
}

function Welcome({ base, today }: { base: string; today: string }) {
  return (
    <>
      <title>Today · Causeway</title>
      <PageHead over={formatDay(today, "full")} title="Bring your community in" />
      <Sheet>
        <EmptyState title="Nothing is known yet" action={{ label: "Add a source", to: `${base}/sources/new` }}>
          Bring in a real history (a repository's issues, a git clone, a mailing list) and this page shows who waits for an answer, who is new and
          what hurts. Or load the sample community first to look around.
        </EmptyState>
      </Sheet>
    </>
  );
}
