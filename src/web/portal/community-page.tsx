import { countOf, formatNumber, kindInWords } from "../ui/format.ts";
import { Initials } from "../ui/initials.tsx";
import { Dotted, Row, Rows } from "../ui/rows.tsx";
import { Tag } from "../ui/tag.tsx";
import { NowProvider, TimeAgo } from "../ui/time.tsx";
import classes from "./community-page.module.css";
import type { CommunityPageData } from "./community-page.server.ts";
import { Frame } from "./frame.tsx";

/** A community's front page: what is being talked about, what is still open, who is here. */
export function CommunityPage({ data, home }: { data: CommunityPageData; home: string }) {
  const { questions } = data;
  const asked = questions.unanswered + questions.answered + questions.solved;
  return (
    <NowProvider now={data.now}>
      <link rel="alternate" type="application/atom+xml" title={`${data.name}: conversations`} href={`/c/${data.slug}/feed.atom`} />
      <Frame title={data.name} home={home} signIn={`/sign-in?next=${encodeURIComponent(home)}`} reader={data.reader}>
        <div className={classes.columns}>
          <div>
            <h1 className={classes.title}>{data.tagline || `What developers of ${data.name} are talking about`}</h1>
            {data.recent.length === 0 ? (
              <p className={classes.lead}>The conversation has not begun yet. What people ask and answer in public will stand here.</p>
            ) : (
              <Rows label="Latest conversations">
                {data.recent.map((thread) => (
                  <Row
                    key={thread.id}
                    mark={<Initials name={thread.opener?.name ?? "?"} />}
                    to={`/c/${data.slug}/threads/${thread.id}`}
                    title={thread.title || "(no title)"}
                    meta={
                      <Dotted
                        parts={[
                          <>
                            {thread.channel.name} {thread.ref}
                          </>,
                          thread.opener?.name ?? null,
                          countOf(Math.max(0, thread.activityCount - 1), "reply", "replies"),
                          thread.question === "none" ? kindInWords(thread.kind) : null,
                          thread.question === "none" ? null : (
                            <Tag key="q" tone={thread.question === "solved" ? "good" : "question"}>
                              {thread.question === "unanswered" ? "question" : thread.question}
                            </Tag>
                          ),
                        ]}
                      />
                    }
                    margin={
                      <small>
                        <TimeAgo at={thread.lastActivityAt} />
                      </small>
                    }
                  />
                ))}
              </Rows>
            )}
          </div>
          <aside className={classes.aside}>
            <section>
              <h2>Questions</h2>
              {asked === 0 ? (
                <p>None yet.</p>
              ) : (
                <p>
                  <b>{formatNumber(asked)}</b> asked, <b>{formatNumber(questions.answered + questions.solved)}</b> answered
                  {questions.solved > 0 ? `, ${formatNumber(questions.solved)} of them solved` : ""}.
                </p>
              )}
            </section>
            {data.open.length > 0 ? (
              <section>
                <h2>Can you help?</h2>
                <ul>
                  {data.open.map((thread) => (
                    <li key={thread.id}>
                      <a className="link" href={`/c/${data.slug}/threads/${thread.id}`}>
                        {thread.title}
                      </a>
                    </li>
                  ))}
                </ul>
              </section>
            ) : null}
            <section>
              <h2>Follow</h2>
              <p>
                <a className="link" href={`/c/${data.slug}/feed.atom`}>
                  Atom feed of new conversations
                </a>
              </p>
            </section>
            {data.faces.length > 0 ? (
              <section>
                <h2>Here lately</h2>
                <p>{data.faces.map(({ name }) => name).join(", ")}</p>
              </section>
            ) : null}
          </aside>
        </div>
      </Frame>
    </NowProvider>
  );
}
