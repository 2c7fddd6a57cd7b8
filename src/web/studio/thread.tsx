import { Button } from "@mantine/core";
import { Link, useFetcher } from "react-router";
import { z } from "zod";
import { isId } from "#core/ids.ts";
import { editorRoles } from "#features/access/index.ts";
import { listSignals, type SignalRow, signalKinds } from "#features/feedback/index.ts";
import { type ActivityRow, getThread, listThreadActivities } from "#features/ledger/index.ts";
import { markQuestion, questionMarks, undoQuestionMark } from "#features/support/index.ts";
import { ctxContext, found, guarded, parseForm } from "../request-context.server.ts";
import { capitalize, countOf, formatSpan, kindInWords } from "../ui/format.ts";
import { type MarkedPassage, renderMarkdown, renderPlain } from "../ui/markdown.server.ts";
import { PageHead } from "../ui/page-head.tsx";
import { Pager } from "../ui/pager.tsx";
import { Dotted, Rows } from "../ui/rows.tsx";
import { Columns, Pile, Sheet } from "../ui/sheet.tsx";
import { Tag } from "../ui/tag.tsx";
import { TimeAgo, WaitingTime } from "../ui/time.tsx";
import { useToast } from "../ui/toast.ts";
import type { Route } from "./+types/thread.ts";
import { param, readQuery } from "./list-params.server.ts";
import { Post } from "./post.tsx";
import { SignalLine } from "./signal-line.tsx";
import { QuestionTag } from "./thread-line.tsx";

const plainKinds = new Set(["mail", "commit"]);

export const loader = guarded(async ({ request, params, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  const missing = "There is no such thread, or it is not for you to see.";
  const threadId = found(isId(params.threadId) ? params.threadId : undefined, missing);
  const { after } = readQuery(request, z.object({ after: param.cursor }));
  const [thread, page, signals] = await Promise.all([
    getThread(ctx, { threadId }),
    listThreadActivities(ctx, { threadId, after, limit: 100 }),
    listSignals(ctx, { threadId, limit: 50 }),
  ]);
  const standing = signals.rows.filter(({ state }) => state !== "dismissed");
  const posts = page.rows.map((activity) => ({
    id: activity.id,
    kind: activity.kind,
    author: activity.author,
    unattributed: activity.unattributed,
    occurredAt: activity.occurredAt,
    editedAt: activity.editedAt,
    deleted: activity.deletedAt !== null,
    url: activity.url,
    visibility: activity.visibility,
    html: renderBody(activity, passagesIn(activity, standing)),
  }));
  const { viewer } = ctx;
  const mayEdit = viewer.kind === "account" && editorRoles.some((role) => role === viewer.role);
  return { thread: found(thread, missing), posts, next: page.next, signals: signals.rows, kinds: signalKinds, mayEdit };
});

function renderBody(activity: ActivityRow, passages: MarkedPassage[]): string {
  if (!activity.body) return "";
  return plainKinds.has(activity.kind) ? renderPlain(activity.body, passages) : renderMarkdown(activity.body, passages);
}

/** Where the quotes of its signals stand in an activity's words. */
function passagesIn(activity: ActivityRow, signals: readonly SignalRow[]): MarkedPassage[] {
  return signals.flatMap((signal) => {
    if (signal.activityId !== activity.id || !signal.context || !signal.quote) return [];
    const at = activity.body?.indexOf(signal.context.before + signal.quote) ?? -1;
    const start = at + signal.context.before.length;
    return at === -1 ? [] : [{ start, end: start + signal.quote.length }];
  });
}

const markForm = z.object({ mark: z.enum([...questionMarks, "undo"]) });

const said: Record<string, string> = {
  question: "Marked as a question",
  not_question: "Marked as no question",
  answered: "Marked as answered",
  solved: "Marked as solved",
  rules: "The rules decide again",
  undo: "Taken back",
};

export const action = guarded(async ({ request, params, context }: Route.ActionArgs) => {
  const ctx = context.get(ctxContext);
  const { mark } = parseForm(markForm, await request.formData());
  const threadId = found(isId(params.threadId) ? params.threadId : undefined, "There is no such thread.");
  if (mark === "undo") await undoQuestionMark(ctx, { threadId });
  else await markQuestion(ctx, { threadId, mark });
  return { ok: true, message: said[mark] ?? "Done" };
});

export default function Thread({ loaderData, params }: Route.ComponentProps) {
  const { thread, posts, next, mayEdit } = loaderData;
  const base = `/studio/${params.community}`;
  return (
    <>
      <title>{`${thread.title} · Causeway`}</title>
      <PageHead
        crumbs={[
          { label: "Threads", to: `${base}/threads` },
          ...(thread.source.name === thread.channel.name ? [] : [{ label: thread.source.name }]),
          { label: thread.channel.name, to: `${base}/threads?channel=${thread.channel.id}` },
        ]}
        title={thread.title || "(no title)"}
        actions={
          thread.url ? (
            <Button component="a" href={thread.url} variant="default" rel="noopener nofollow" target="_blank">
              Open the original
            </Button>
          ) : (
            <span />
          )
        }
      >
        <QuestionTag state={thread.question} reason={thread.questionReason} />
        {thread.waitingSince ? (
          <Tag tone="waiting">
            waits for us, <WaitingTime since={thread.waitingSince} />
          </Tag>
        ) : null}
        {thread.visibility === "public" ? null : (
          <Tag>{thread.visibility === "restricted" ? "private: owner, admins, advocates" : thread.visibility}</Tag>
        )}
        {thread.labels.map((label) => (
          <Link key={label} to={`${base}/threads?label=${encodeURIComponent(label)}`}>
            <Tag>{label}</Tag>
          </Link>
        ))}
        <span>
          <Dotted
            parts={[
              `${kindInWords(thread.kind)} ${thread.ref ?? ""}`,
              thread.state === "closed" ? kindInWords(thread.stateReason ?? "closed") : "open",
              countOf(thread.participantCount, "person", "people"),
              <TimeAgo key="t" at={thread.openedAt} />,
            ]}
          />
        </span>
      </PageHead>

      <Columns layout="wide">
        <Sheet title="Conversation" id="conversation" aside={countOf(thread.activityCount, "entry", "entries")}>
          {posts.map((post) => (
            <Post key={post.id} post={post} base={base} threadVisibility={thread.visibility} />
          ))}
          <Pager next={next} />
        </Sheet>
        <Pile>
          <QuestionSheet thread={thread} mayEdit={mayEdit} />
          {loaderData.signals.length > 0 ? (
            <Sheet title="Heard in it" id="signals" aside={countOf(loaderData.signals.length, "signal")}>
              <Rows label="Signals">
                {loaderData.signals.map((signal) => (
                  <SignalLine key={signal.id} signal={signal} base={base} kinds={loaderData.kinds} narrow />
                ))}
              </Rows>
            </Sheet>
          ) : null}
        </Pile>
      </Columns>
    </>
  );
}

type ThreadData = Route.ComponentProps["loaderData"]["thread"];

function QuestionSheet({ thread, mayEdit }: { thread: ThreadData; mayEdit: boolean }) {
  const fetcher = useFetcher<typeof action>();
  useToast(fetcher.data);
  const states = [
    ["question", "A question"],
    ["not_question", "No question"],
    ["answered", "Answered"],
    ["solved", "Solved"],
  ] as const;
  const current = thread.question === "none" ? "not_question" : thread.question === "unanswered" ? "question" : thread.question;
  return (
    <Sheet title={thread.question === "none" ? "Not a question" : capitalize(thread.question)} id="question" aside="how it stands">
      <p style={{ color: "var(--ink-2)" }}>{thread.questionReason ?? "Nothing in it asks for help."}</p>
      <p className="quiet" style={{ marginTop: 6 }}>
        {thread.firstResponseAt
          ? `First answer after ${formatSpan(thread.firstResponseAt.getTime() - thread.openedAt.getTime())}${thread.firstResponseBy ? `, by ${thread.firstResponseBy === "team" ? "the team" : "a peer"}` : ""}.`
          : "Nobody but the asker has answered."}
      </p>
      {mayEdit ? (
        <fetcher.Form method="post" style={{ display: "flex", gap: 6, flexWrap: "wrap", marginTop: 12, alignItems: "center" }}>
          <small>It is</small>
          {states.map(([mark, label]) => (
            <Button
              key={mark}
              type="submit"
              name="mark"
              value={mark}
              size="xs"
              variant={mark === current ? "light" : "default"}
              aria-pressed={mark === current}
              loading={fetcher.formData?.get("mark") === mark}
            >
              {label}
            </Button>
          ))}
          <Button type="submit" name="mark" value="rules" size="xs" variant="subtle">
            Let the rules decide
          </Button>
        </fetcher.Form>
      ) : null}
    </Sheet>
  );
}
