import type { ThreadRow } from "#features/ledger/index.ts";
import { countOf, kindInWords } from "../ui/format.ts";
import { Initials } from "../ui/initials.tsx";
import { Dotted, Row } from "../ui/rows.tsx";
import { Tag, type Tone } from "../ui/tag.tsx";
import { TimeAgo, WaitingTime } from "../ui/time.tsx";

export type QuestionState = ThreadRow["question"];

const questionTone: Record<QuestionState, Tone> = { none: "plain", unanswered: "waiting", answered: "question", solved: "good" };

/** How a question stands, as a tag; nothing for what is no question. */
export function QuestionTag({ state, reason }: { state: QuestionState; reason?: string | null }) {
  if (state === "none") return null;
  return (
    <Tag tone={questionTone[state]} title={reason ?? undefined}>
      {state}
    </Tag>
  );
}

/** One thread in a list: who, where, how it stands, and how long it waits. */
export function ThreadLine({ thread, base }: { thread: ThreadRow; base: string }) {
  return (
    <Row
      mark={<Initials name={thread.opener?.name ?? "?"} />}
      to={`${base}/threads/${thread.id}`}
      title={thread.title || "(no title)"}
      margin={
        thread.waitingSince ? (
          <WaitingTime since={thread.waitingSince} />
        ) : (
          <small>
            <TimeAgo at={thread.lastActivityAt} />
          </small>
        )
      }
      meta={
        <Dotted
          parts={[
            <>
              {thread.channel.name} {thread.ref}
            </>,
            thread.opener?.name ?? "author unknown",
            `${kindInWords(thread.kind)}${thread.state === "closed" ? `, ${kindInWords(thread.stateReason ?? "closed")}` : ""}`,
            countOf(Math.max(0, thread.activityCount - 1), "reply", "replies"),
            thread.visibility === "public" ? null : <Tag key="v">{thread.visibility === "restricted" ? "private" : thread.visibility}</Tag>,
            thread.question === "none" ? null : <QuestionTag key="q" state={thread.question} reason={thread.questionReason} />,
            ...thread.labels.slice(0, 4).map((label) => <Tag key={label}>{label}</Tag>),
          ]}
        />
      }
    />
  );
}
