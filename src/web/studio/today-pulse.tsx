import { Link } from "react-router";
import { BarChart } from "../ui/bar-chart.tsx";
import { countOf, formatDay, formatNumber, kindInWords } from "../ui/format.ts";
import { Initials } from "../ui/initials.tsx";
import { Row, Rows } from "../ui/rows.tsx";
import { Sheet, SheetFoot } from "../ui/sheet.tsx";
import { DataTable } from "../ui/table.tsx";
import { TimeAgo, WaitingTime } from "../ui/time.tsx";
import type { TodayData } from "./today.server.ts";

interface PulseProps {
  data: TodayData;
  base: string;
}

/** «opened an issue»: a kind of activity as something somebody did. */
function didWhat(kind: string): string {
  if (kind.endsWith("_opened")) {
    const thing = kindInWords(kind.slice(0, -"_opened".length));
    return `opened ${/^[aeiou]/.test(thing) ? "an" : "a"} ${thing}`;
  }
  const verbs: Record<string, string> = { comment: "commented", review: "reviewed", review_comment: "reviewed", commit: "committed", mail: "wrote a mail", message: "wrote", answer: "answered" };
  return verbs[kind] ?? kindInWords(kind);
}

/** Who spoke here for the first time, and whether anybody answered them. */
export function NewFacesSheet({ data, base }: PulseProps) {
  return (
    <Sheet title="New faces" id="new-faces" aside={data.window.anchored ? `up to ${formatDay(data.window.to, "withYear")}` : "last 30 days"}>
      {data.faces.length > 0 ? (
        <Rows label="New faces">
          {data.faces.map((face) => {
            const waits = face.answered === null && face.first.threadId !== null && face.activityCount < 4;
            return (
              <Row
                key={face.memberId}
                mark={<Initials name={face.name} />}
                to={`${base}/members/${face.memberId}`}
                title={face.name}
                strong={false}
                meta={
                  <>
                    {didWhat(face.first.kind)}
                    {face.first.title ? `: ${face.first.title}` : ""}
                    {face.answered ? ` · ${face.answered.byName} replied` : waits ? ", no reply yet" : ""}
                  </>
                }
                margin={
                  waits && !data.window.anchored ? (
                    <WaitingTime since={face.at} />
                  ) : (
                    <small>
                      <TimeAgo at={face.at} />
                    </small>
                  )
                }
              />
            );
          })}
        </Rows>
      ) : (
        <p className="quiet">Nobody spoke here for the first time in this span.</p>
      )}
      <SheetFoot>
        <Link className="link" to={`${base}/members?sort=first`}>
          Everybody, newest first
        </Link>
      </SheetFoot>
    </Sheet>
  );
}

/** How much is said, by source or kind, week by week. */
export function ActivitySheet({ data, base }: PulseProps) {
  const { activity, window } = data;
  return (
    <Sheet title="What is said" id="activity" aside={`${formatDay(window.from)} to ${formatDay(window.to, "withYear")}, by week, bots left out`}>
      {activity.total > 0 ? (
        <BarChart label="Activities per week" days={activity.weeks} series={activity.series} gaps={activity.gaps} height={170} />
      ) : (
        <p className="quiet">Nothing in this span.</p>
      )}
      <SheetFoot>
        <Link className="link" to={`${base}/metrics`}>
          {formatNumber(activity.total)} activities; figures and definitions
        </Link>
      </SheetFoot>
    </Sheet>
  );
}

/** What people stumble over: signals by kind, counted in people. */
export function HurtsSheet({ data, base }: PulseProps) {
  const kinds = new Map<string, { n: number; people: number }>();
  for (const count of data.recentSignals) {
    if (count.state === "dismissed") continue;
    const sofar = kinds.get(count.kind) ?? { n: 0, people: 0 };
    kinds.set(count.kind, { n: sofar.n + count.n, people: Math.max(sofar.people, count.people) });
  }
  const rows = [...kinds].sort((a, b) => b[1].n - a[1].n);
  return (
    <Sheet title="What hurts" id="hurts" aside={data.window.anchored ? `up to ${formatDay(data.window.to, "withYear")}` : "last 90 days"}>
      {rows.length > 0 ? (
        <DataTable label="Signals by kind" head={[{ label: "Signal" }, { label: "Signals", number: true }, { label: "People", number: true }]}>
          {rows.map(([kind, { n, people }]) => (
            <tr key={kind}>
              <td>
                <Link className="link" to={`${base}/signals?state=all&kind=${kind}&from=${data.window.from}`}>
                  {kind}
                </Link>
              </td>
              <td data-number>{formatNumber(n)}</td>
              <td data-number>{formatNumber(people)}</td>
            </tr>
          ))}
        </DataTable>
      ) : (
        <p className="quiet">No signal in this span.</p>
      )}
      <SheetFoot>
        <Link className="link" to={`${base}/signals`}>
          {countOf(data.signals.reduce((sum, { state, n }) => (state === "suggested" ? sum + n : sum), 0), "signal")} to triage
        </Link>
      </SheetFoot>
    </Sheet>
  );
}
export function FirstAnswerSheet(_: PulseProps) {
  return null;
}
export function PeopleSheet(_: PulseProps) {
  return null;
}
