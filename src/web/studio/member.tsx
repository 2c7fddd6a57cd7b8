import { Button } from "@mantine/core";
import { Link, useFetcher } from "react-router";
import { z } from "zod";
import { listSignals } from "#features/feedback/index.ts";
import { type ActivityRow, listActivities } from "#features/ledger/index.ts";
import { getMember, listAffiliations, type MemberDetail } from "#features/members/index.ts";
import { readCoverage } from "#metrics/index.ts";
import { ctxContext, found, goTo, guarded } from "../request-context.server.ts";
import { Calendar, calendarDays } from "../ui/calendar.tsx";
import { addDays, countOf, dayIn, formatDay, formatNumber, kindInWords } from "../ui/format.ts";
import { PageHead } from "../ui/page-head.tsx";
import { Pager } from "../ui/pager.tsx";
import { Quote } from "../ui/quote.tsx";
import { Dotted, Row, Rows } from "../ui/rows.tsx";
import { Columns, Pile, Sheet } from "../ui/sheet.tsx";
import { DataTable } from "../ui/table.tsx";
import { Tag } from "../ui/tag.tsx";
import { TimeAgo } from "../ui/time.tsx";
import { useToast } from "../ui/toast.ts";
import type { Route } from "./+types/member.ts";
import { param, readQuery } from "./list-params.server.ts";
import { handleMemberAction, mayEdit } from "./member-actions.server.ts";
import { MemberAffiliations } from "./member-affiliations.tsx";
import { MemberIdentities } from "./member-identities.tsx";

export const loader = guarded(async ({ request, params, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  const { after } = readQuery(request, z.object({ after: param.cursor }));
  const member = found(await getMember(ctx, { memberId: params.memberId }), "There is no such member, or nothing of theirs is for you to see.");
  // An old address, from before a merge or after an unmerge, leads to where the identity is now.
  if (member.id !== params.memberId) goTo(`/studio/${params.community}/members/${member.id}`);
  const today = dayIn(ctx.community.timeZone, ctx.clock.now());
  const identityIds = member.identities.map(({ id }) => id);
  const [timeline, signals, affiliations, coverage] = await Promise.all([
    listActivities(ctx, { identityIds, after, limit: 30 }),
    listSignals(ctx, { memberId: member.id, limit: 4 }),
    listAffiliations(ctx, { memberId: member.id }),
    readCoverage(ctx, { span: { from: addDays(today, 1 - calendarDays), to: today }, identityIds }),
  ]);
  return {
    member,
    timeline,
    affiliations,
    signals: signals.rows.filter(({ state }) => state !== "dismissed"),
    today,
    // Who never spoke was seen in no source, so none can have missed anything.
    coverage: member.counts.length > 0 ? coverage : { uncovered: [], coverage: undefined },
    mayEdit: mayEdit(ctx),
  };
});

export const action = guarded(({ request, context }: Route.ActionArgs) => handleMemberAction(context.get(ctxContext), request));

export default function Member({ loaderData, params }: Route.ComponentProps) {
  const { member, timeline, signals } = loaderData;
  const base = `/studio/${params.community}`;
  const kindReason = member.identities.find(({ kind }) => kind !== "human")?.kindReason;
  return (
    <>
      <title>{`${member.displayName} · Causeway`}</title>
      <PageHead
        crumbs={[{ label: "Members", to: `${base}/members` }]}
        title={member.displayName}
        actions={loaderData.mayEdit ? <KindButtons member={member} /> : <span />}
      >
        {member.kind === "human" ? null : <Tag title={kindReason ?? undefined}>{member.kind === "bot" ? "bot" : "our team"}</Tag>}
        {member.mixed ? <Tag tone="waiting">a bot’s and a person’s identity in one: look at the links</Tag> : null}
        <span>
          <Dotted
            parts={[
              countOf(member.activityCount, "activity", "activities"),
              member.firstActivityAt ? (
                <>
                  first seen <TimeAgo at={member.firstActivityAt} />
                </>
              ) : (
                "never spoke"
              ),
              member.lastActivityAt ? (
                <>
                  last <TimeAgo at={member.lastActivityAt} />
                </>
              ) : null,
              kindReason ?? null,
            ]}
          />
        </span>
      </PageHead>

      <Sheet title="The last year" id="calendar" aside={countOf(member.days.length, "active day")}>
        <Calendar days={member.days} today={loaderData.today} uncovered={loaderData.coverage.uncovered} coverage={loaderData.coverage.coverage} />
        {member.days.length === 0 && member.lastActivityAt ? (
          <p className="quiet">Nothing in the last 53 weeks; the last words are from {formatDay(member.lastActivityAt, "withYear")}.</p>
        ) : null}
      </Sheet>

      <Columns layout="wide">
        <Pile>
          {signals.length > 0 ? (
            <Sheet
              title="In their words"
              id="signals"
              aside={
                <Link className="link" to={`${base}/signals?member=${member.id}`}>
                  all signals
                </Link>
              }
            >
              <Rows label="Signals">
                {signals.map((signal) => (
                  <Row
                    key={signal.id}
                    strong={false}
                    title={<Quote text={signal.quote} before={signal.context?.before} after={signal.context?.after} />}
                    meta={
                      <Dotted
                        parts={[
                          <Tag key="k" tone={signal.kind === "question" ? "question" : "plain"}>
                            {signal.kind}
                          </Tag>,
                          signal.thread ? (
                            <Link key="t" className="link" to={`${base}/threads/${signal.thread.id}#a-${signal.activityId}`}>
                              {signal.thread.ref ?? signal.channel.name}
                            </Link>
                          ) : (
                            signal.channel.name
                          ),
                          <TimeAgo key="at" at={signal.occurredAt} />,
                          signal.reason,
                        ]}
                      />
                    }
                  />
                ))}
              </Rows>
            </Sheet>
          ) : null}
          <Sheet title="Timeline" id="timeline">
            <Rows label="Timeline">
              {timeline.rows.map((activity) => (
                <TimelineRow key={activity.id} activity={activity} base={base} />
              ))}
            </Rows>
            {timeline.rows.length === 0 ? <p className="quiet">Nothing that you may see.</p> : null}
            <Pager next={timeline.next} />
          </Sheet>
        </Pile>
        <Pile>
          <MemberIdentities member={member} base={base} mayEdit={loaderData.mayEdit} />
          <MemberAffiliations affiliations={loaderData.affiliations} base={base} />
          {member.counts.length > 0 ? (
            <Sheet title="What and where" id="counts">
              <DataTable label="Activities by kind and source" head={[{ label: "Kind" }, { label: "Source" }, { label: "Count", number: true }]}>
                {member.counts.map((count) => (
                  <tr key={count.kind + count.sourceId}>
                    <td>{kindInWords(count.kind)}</td>
                    <td className="quiet">{count.sourceName}</td>
                    <td data-number>{formatNumber(count.count)}</td>
                  </tr>
                ))}
              </DataTable>
            </Sheet>
          ) : null}
        </Pile>
      </Columns>
    </>
  );
}

function TimelineRow({ activity, base }: { activity: ActivityRow; base: string }) {
  const words = (activity.body ?? "").replace(/\s+/g, " ").trim();
  return (
    <Row
      strong={false}
      to={activity.thread ? `${base}/threads/${activity.thread.id}#a-${activity.id}` : undefined}
      title={activity.thread?.title || activity.title || kindInWords(activity.kind)}
      margin={
        <small>
          <TimeAgo at={activity.occurredAt} />
        </small>
      }
      meta={
        <Dotted
          parts={[
            kindInWords(activity.kind),
            <>
              {activity.channel.name} {activity.thread?.ref}
            </>,
            activity.visibility === "public" ? null : <Tag key="v">{activity.visibility === "restricted" ? "private" : activity.visibility}</Tag>,
            words.length > 140 ? `${words.slice(0, 140)}…` : words,
          ]}
        />
      }
    />
  );
}

function KindButtons({ member }: { member: MemberDetail }) {
  const fetcher = useFetcher<typeof action>();
  useToast(fetcher.data);
  const kinds = [
    ["human", "A person"],
    ["team", "Our team"],
    ["bot", "A bot"],
  ] as const;
  return (
    <fetcher.Form method="post" style={{ display: "flex", gap: 6, flexWrap: "wrap" }}>
      <input type="hidden" name="intent" value="kind" />
      <input type="hidden" name="memberId" value={member.id} />
      {kinds.map(([kind, label]) => (
        <Button
          key={kind}
          type="submit"
          size="xs"
          name="kind"
          value={kind}
          variant={member.kind === kind ? "light" : "default"}
          aria-pressed={member.kind === kind}
          loading={fetcher.formData?.get("kind") === kind}
        >
          {label}
        </Button>
      ))}
    </fetcher.Form>
  );
}
