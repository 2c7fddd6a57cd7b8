import { Button } from "@mantine/core";
import { Link } from "react-router";
import type { WaitingRow } from "#features/support/index.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { countOf } from "../ui/format.ts";
import { CountMark, Initials } from "../ui/initials.tsx";
import { Dotted, KeyHints, Row, Rows } from "../ui/rows.tsx";
import { Sheet, SheetFoot } from "../ui/sheet.tsx";
import { Tag } from "../ui/tag.tsx";
import { WaitingTime } from "../ui/time.tsx";
import { signalsOf } from "./signal-words.ts";
import type { TodayData } from "./today.server.ts";

/** What only a person can do next: answer, triage, decide who is who. */
export function NeedsHuman({ data, base }: { data: TodayData; base: string }) {
  const toTriage = data.signals.filter((count) => count.state === "suggested" && count.n > 0).sort((a, b) => b.n - a.n);
  const triageTotal = toTriage.reduce((sum, { n }) => sum + n, 0);
  const [link] = data.links;
  const nothing = data.waiting.rows.length === 0 && triageTotal === 0 && !link;
  return (
    <Sheet
      title="Needs a human"
      id="needs-a-human"
      aside={
        <KeyHints
          hints={[
            ["j k", "move"],
            ["o", "open"],
          ]}
        />
      }
    >
      {nothing ? (
        <EmptyState title="Nobody waits, nothing to decide" good action={{ label: "Read the latest threads", to: `${base}/threads` }}>
          New questions, signals and suggestions appear here as they come in.
        </EmptyState>
      ) : (
        <Rows label="Needs a human">
          {data.waiting.rows.map((row) => (
            <WaitingLine key={row.id} row={row} base={base} />
          ))}
          {triageTotal > 0 ? (
            <Row
              mark={<CountMark n={triageTotal} urgent />}
              title="Signals to triage"
              to={`${base}/signals`}
              meta={toTriage.map(({ kind, n }) => signalsOf(kind, n)).join(", ")}
              actions={<Action to={`${base}/signals`}>Triage</Action>}
            />
          ) : null}
          {link ? (
            <Row
              mark={<CountMark n={2} />}
              title="Same person?"
              to={`${base}/members#links`}
              meta={
                <>
                  {link.a.handle} on {link.a.platform} and {link.b.handle} on {link.b.platform}: {link.evidence}
                </>
              }
              actions={<Action to={`${base}/members#links`}>Look</Action>}
            />
          ) : null}
        </Rows>
      )}
      {data.questions.waiting > data.waiting.rows.length ? (
        <SheetFoot>
          <Link className="link" to={`${base}/threads?waiting=yes`}>
            {data.waiting.recentOnly
              ? `All ${countOf(data.questions.waiting, "thread")} that wait, of any age`
              : `All ${countOf(data.questions.waiting, "older question")} without an answer`}
          </Link>
        </SheetFoot>
      ) : null}
    </Sheet>
  );
}

function WaitingLine({ row, base }: { row: WaitingRow; base: string }) {
  return (
    <Row
      mark={<Initials name={row.asker?.name ?? "?"} />}
      to={`${base}/threads/${row.id}`}
      title={row.title || "(no title)"}
      margin={<WaitingTime since={row.waitingSince} />}
      meta={
        <Dotted
          parts={[
            <>
              {row.channel.name} {row.ref}
            </>,
            row.asker?.name ?? "author unknown",
            row.askedAgain ? "asked again after an answer" : row.reason.replace(/\.$/, ""),
            <Tag key="kind" tone="question">
              question
            </Tag>,
          ]}
        />
      }
    />
  );
}

function Action({ to, children }: { to: string; children: React.ReactNode }) {
  return (
    <Button component={Link} to={to} variant="default">
      {children}
    </Button>
  );
}
