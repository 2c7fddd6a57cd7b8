import { Form, Link } from "react-router";
import { z } from "zod";
import { type SearchHit, search, searchLag } from "#features/ledger/index.ts";
import { listMembers } from "#features/members/index.ts";
import { ctxContext, guarded } from "../request-context.server.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { countOf, formatNumber, kindInWords } from "../ui/format.ts";
import { Initials } from "../ui/initials.tsx";
import { PageHead } from "../ui/page-head.tsx";
import { Pager } from "../ui/pager.tsx";
import { Dotted, KeyHints, Row, Rows } from "../ui/rows.tsx";
import { Columns, Sheet, SheetFoot } from "../ui/sheet.tsx";
import { TimeAgo, WaitingTime } from "../ui/time.tsx";
import type { Route } from "./+types/search.ts";
import { param, readQuery } from "./list-params.server.ts";
import classes from "./search.module.css";
import { QuestionTag, ThreadLine } from "./thread-line.tsx";

export const loader = guarded(async ({ request, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  const { q, after } = readQuery(request, z.object({ q: param.text, after: param.cursor }));
  if (!q) return { q: "", hits: null, members: [], lag: await searchLag(ctx) };
  const [hits, members, lag] = await Promise.all([
    search(ctx, { query: q, after, limit: 20 }),
    after ? { rows: [] } : listMembers(ctx, { q, includeSilent: true, limit: 8 }),
    searchLag(ctx),
  ]);
  return { q, hits, members: members.rows, lag };
});

export default function Search({ loaderData, params }: Route.ComponentProps) {
  const { q, hits, members, lag } = loaderData;
  const base = `/studio/${params.community}`;
  const nothing = hits !== null && hits.rows.length === 0 && members.length === 0;
  return (
    <>
      <title>{q ? `${q} · Search · Causeway` : "Search · Causeway"}</title>
      <PageHead over="Search" title={q ? `What people said about “${q}”` : "What are you looking for?"} actions={<span />} />
      <Form method="get" role="search" className={classes.form} key={q}>
        <input
          type="search"
          name="q"
          defaultValue={q}
          placeholder="Words, “exact words”, -without"
          aria-label="Search threads and people"
          data-search-field
          // biome-ignore lint/a11y/noAutofocus: this page exists for its one field, and it is empty
          autoFocus={q === ""}
        />
        <button type="submit">Search</button>
      </Form>
      {lag && lag.activities > 0 ? (
        <p className={classes.lag} role="status">
          {countOf(lag.activities, "activity", "activities")} came in a moment ago and {lag.activities === 1 ? "is" : "are"} not searchable yet.
        </p>
      ) : null}

      {hits === null ? (
        <p className="quiet">
          Technical words are found as they are written: <code>next.js</code>, <code>C++</code>, <code>pi-hole</code>. Part of a name, login or
          address finds people.
        </p>
      ) : nothing ? (
        <Sheet>
          <EmptyState title={`Nobody has said “${q}” yet`} action={{ label: "Look through all threads", to: `${base}/threads` }}>
            {hits.similar.length > 0
              ? "These titles come close:"
              : "Try fewer words, or another spelling. Words are matched by their stem, names by any part."}
          </EmptyState>
          {hits.similar.length > 0 ? (
            <Rows label="Similar titles">
              {hits.similar.map((thread) => (
                <ThreadLine key={thread.id} thread={thread} base={base} />
              ))}
            </Rows>
          ) : null}
        </Sheet>
      ) : (
        <Columns layout={members.length > 0 ? "wide" : 1}>
          <Sheet
            title="Conversations"
            id="hits"
            aside={
              <KeyHints
                hints={[
                  ["j k", "move"],
                  ["o", "open"],
                ]}
              />
            }
          >
            {hits.rows.length > 0 ? (
              <Rows label="Conversations">
                {hits.rows.map((hit) => (
                  <Hit key={hit.activity.id} hit={hit} base={base} />
                ))}
              </Rows>
            ) : (
              <p className="quiet">No conversation holds these words.</p>
            )}
            <Pager next={hits.next} />
          </Sheet>
          {members.length > 0 ? (
            <Sheet title="People" id="people">
              <Rows label="People">
                {members.map((member) => (
                  <Row
                    key={member.id}
                    mark={<Initials name={member.displayName} />}
                    to={`${base}/members/${member.id}`}
                    title={member.displayName}
                    meta={<Dotted parts={[member.platforms.join(", "), countOf(member.activityCount, "activity", "activities")]} />}
                  />
                ))}
              </Rows>
              <SheetFoot>
                <Link className="link" to={`${base}/members?q=${encodeURIComponent(q)}`}>
                  All people with “{q}”
                </Link>
              </SheetFoot>
            </Sheet>
          ) : null}
        </Columns>
      )}
    </>
  );
}

/** What stands alone, such as a commit, has no title: its own first words name it. */
function firstWords(hit: SearchHit): string {
  const words = hit.snippet.map((part) => part.text).join("");
  return words.length > 90 ? `${words.slice(0, 88).trimEnd()}…` : words || kindInWords(hit.activity.kind);
}

function Hit({ hit, base }: { hit: SearchHit; base: string }) {
  const { thread, activity } = hit;
  return (
    <Row
      mark={<Initials name={activity.author?.name ?? "?"} />}
      to={thread ? `${base}/threads/${thread.id}#a-${activity.id}` : activity.author ? `${base}/members/${activity.author.memberId}` : undefined}
      title={thread?.title || activity.title || firstWords(hit)}
      margin={
        thread?.waitingSince ? (
          <WaitingTime since={thread.waitingSince} />
        ) : (
          <small>
            <TimeAgo at={activity.occurredAt} />
          </small>
        )
      }
      meta={
        <Dotted
          parts={[
            <>
              {activity.channel} {thread?.ref}
            </>,
            activity.author?.name ?? "unattributed",
            kindInWords(activity.kind),
            hit.more > 0 ? `${formatNumber(hit.more)} more here` : null,
            thread && thread.question !== "none" ? <QuestionTag key="q" state={thread.question} /> : null,
          ]}
        />
      }
    >
      <p className={classes.snippet}>
        {hit.snippet.map((part, at) =>
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one snippet never change places
          part.marked ? <mark key={at}>{part.text}</mark> : part.text,
        )}
      </p>
    </Row>
  );
}
