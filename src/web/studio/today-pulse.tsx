import { Link } from "react-router";
import { Figure } from "../ui/figure.tsx";
import { countOf, formatDay, formatMeasure, formatNumber, kindInWords } from "../ui/format.ts";
import { Initials } from "../ui/initials.tsx";
import { Row, Rows } from "../ui/rows.tsx";
import { Sheet, SheetFoot } from "../ui/sheet.tsx";
import { DataTable } from "../ui/table.tsx";
import { TimeAgo, WaitingTime } from "../ui/time.tsx";
import { MetricChart } from "./metric-chart.tsx";
import type { TodayData, TodayFigure } from "./today.server.ts";

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
  const verbs: Record<string, string> = {
    comment: "commented",
    review: "reviewed",
    review_comment: "reviewed",
    commit: "committed",
    mail: "wrote a mail",
    message: "wrote",
    answer: "answered",
  };
  return verbs[kind] ?? kindInWords(kind);
}

function shorten(title: string): string {
  return title.length > 48 ? `${title.slice(0, 46).trimEnd()}…` : title;
}

/** Who spoke here for the first time, and whether anybody answered them. */
export function NewFacesSheet({ data, base }: PulseProps) {
  return (
    <Sheet title="New faces" id="new-faces" aside={data.span.anchored ? `up to ${formatDay(data.span.to, "withYear")}` : "last 30 days"}>
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
                    {face.first.title ? `: ${shorten(face.first.title)}` : ""}
                    {face.answered ? ` · ${face.answered.byName} replied` : waits ? ", no reply yet" : ""}
                  </>
                }
                margin={
                  waits && !data.span.anchored ? (
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

/** How much is said, by kind of activity. */
export function ActivitySheet({ data, base }: PulseProps) {
  const { activity } = data.figures;
  return (
    <Sheet title="What is said" id="activity" aside={spanWords(data)}>
      <FigureOf figure={activity} data={data} base={base} note={`activities of people, bots and team left out`} />
      <MetricChart title="Activities" unit={activity.unit} reading={activity.reading} height={160} />
    </Sheet>
  );
}

/** How long people wait for a first answer: the unanswered count as waiting. */
export function FirstAnswerSheet({ data, base }: PulseProps) {
  const { firstResponse, unanswered } = data.figures;
  const { reading } = firstResponse;
  const share = unanswered.reading.value;
  const note =
    reading.note ??
    `median, unanswered counted as waiting · n ${formatNumber(reading.n)}${share === null ? "" : ` · ${formatMeasure(share, "percent")} unanswered`}`;
  return (
    <Sheet title="First answer" id="first-answer" aside={spanWords(data)}>
      <FigureOf figure={firstResponse} data={data} base={base} note={note} />
      <MetricChart title={firstResponse.title} unit={firstResponse.unit} reading={reading} />
    </Sheet>
  );
}

/** One figure of the pulse with its chart. */
export function FigureSheet({ figure, data, base }: PulseProps & { figure: TodayFigure }) {
  return (
    <Sheet title={figure.title} id={figure.id} aside={spanWords(data)}>
      <FigureOf figure={figure} data={data} base={base} note={figure.reading.note ?? `people, n ${formatNumber(figure.reading.n)}`} />
      <MetricChart title={figure.title} unit={figure.unit} reading={figure.reading} />
    </Sheet>
  );
}

function FigureOf({ figure, data, base, note }: PulseProps & { figure: TodayFigure; note: string }) {
  const { value } = figure.reading;
  const page = `${base}/metrics/${figure.id}?from=${data.span.from}&to=${data.span.to}`;
  return (
    <Figure
      size="large"
      value={value === null ? "–" : formatMeasure(value, figure.unit)}
      to={`${page}#rows`}
      note={note}
      define={{ definition: figure.definition, exclusions: figure.exclusions, to: page }}
    />
  );
}

function spanWords({ span }: TodayData): string {
  return span.anchored ? `90 days to ${formatDay(span.to, "withYear")}` : "last 90 days";
}

/** What people stumble over: signals by kind, counted in people. */
export function HurtsSheet({ data, base }: PulseProps) {
  const kinds = new Map<string, { n: number; people: number }>();
  for (const count of data.recentSignals) {
    if (count.state === "dismissed" || count.kind === "praise") continue;
    const sofar = kinds.get(count.kind) ?? { n: 0, people: 0 };
    kinds.set(count.kind, { n: sofar.n + count.n, people: Math.max(sofar.people, count.people) });
  }
  const rows = [...kinds].sort((a, b) => b[1].people - a[1].people);
  return (
    <Sheet title="What hurts" id="hurts" aside={spanWords(data)}>
      {rows.length > 0 ? (
        <DataTable label="Signals by kind" head={[{ label: "Signal" }, { label: "Signals", number: true }, { label: "People", number: true }]}>
          {rows.map(([kind, { n, people }]) => (
            <tr key={kind}>
              <td>
                <Link className="link" to={`${base}/signals?state=all&kind=${kind}&from=${data.span.from}`}>
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
          {countOf(
            data.signals.reduce((sum, { state, n }) => (state === "suggested" ? sum + n : sum), 0),
            "signal",
          )}{" "}
          to triage
        </Link>
      </SheetFoot>
    </Sheet>
  );
}
