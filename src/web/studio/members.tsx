import { Link } from "react-router";
import { z } from "zod";
import { listMembers, listSuggestedKinds, listSuggestedLinks } from "#features/members/index.ts";
import { ctxContext, guarded } from "../request-context.server.ts";
import { EmptyState } from "../ui/empty-state.tsx";
import { FilterBar } from "../ui/filter-bar.tsx";
import { countOf } from "../ui/format.ts";
import { Initials } from "../ui/initials.tsx";
import { PageHead } from "../ui/page-head.tsx";
import { Pager } from "../ui/pager.tsx";
import { Dotted, KeyHints, Row, Rows } from "../ui/rows.tsx";
import { Columns, Pile, Sheet, SheetFoot } from "../ui/sheet.tsx";
import { Tag } from "../ui/tag.tsx";
import { TimeAgo } from "../ui/time.tsx";
import type { Route } from "./+types/members.ts";
import { KindButtons, SuggestedLinkRow } from "./link-rows.tsx";
import { param, readQuery } from "./list-params.server.ts";
import { handleMemberAction, mayEdit } from "./member-actions.server.ts";

const dayMs = 86_400_000;

const query = z.object({
  q: param.text,
  kind: param.oneOf(["human", "team", "bot", "all"]),
  seen: param.oneOf(["new-30", "active-30", "active-90", "active-365"]),
  sort: param.oneOf(["recent", "first", "activities", "name"]),
  after: param.cursor,
});

export const loader = guarded(async ({ request, context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  const given = readQuery(request, query);
  const ago = (days: number) => new Date(ctx.clock.now().getTime() - days * dayMs);
  const days = given.seen ? Number(given.seen.split("-")[1]) : 0;
  const [page, links, kinds] = await Promise.all([
    listMembers(ctx, {
      q: given.q,
      kind: given.kind === "all" ? undefined : (given.kind ?? "human"),
      newSince: given.seen === "new-30" ? ago(30) : undefined,
      activeSince: given.seen?.startsWith("active") ? ago(days) : undefined,
      includeSilent: given.q !== undefined,
      sort: given.sort ?? (given.seen === "new-30" ? "first" : "recent"),
      after: given.after,
      limit: 40,
    }),
    listSuggestedLinks(ctx, { limit: 5 }),
    listSuggestedKinds(ctx, { limit: 5 }),
  ]);
  return { page, links: links.rows, moreLinks: links.next !== null, kinds, given, mayEdit: mayEdit(ctx) };
});

export const action = guarded(({ request, context }: Route.ActionArgs) => handleMemberAction(context.get(ctxContext), request));

const titles: Record<string, string> = {
  "new-30": "Who came in the last 30 days",
  "active-30": "Who was active in the last 30 days",
  "active-90": "Who was active in the last 90 days",
  "active-365": "Who was active in the last year",
};

export default function Members({ loaderData, params }: Route.ComponentProps) {
  const { page, links, kinds, given } = loaderData;
  const base = `/studio/${params.community}`;
  const [latest] = page.rows;
  const title =
    given.kind === "team"
      ? "Our own people"
      : given.kind === "bot"
        ? "Bots, kept apart from people"
        : (titles[given.seen ?? ""] ??
          (latest && !given.q && !given.after && (given.sort ?? "recent") === "recent"
            ? `${latest.displayName} was here last`
            : "The people of the community"));
  const sideways = links.length > 0 || kinds.length > 0;
  return (
    <>
      <title>Members · Causeway</title>
      <PageHead over="Members" title={title} />
      <FilterBar
        fields={[
          { kind: "text", name: "q", label: "Name, login or address" },
          {
            kind: "select",
            name: "seen",
            label: "Seen",
            any: "ever",
            options: [
              { value: "new-30", label: "new in 30 days" },
              { value: "active-30", label: "active in 30 days" },
              { value: "active-90", label: "active in 90 days" },
              { value: "active-365", label: "active in a year" },
            ],
          },
          {
            kind: "select",
            name: "kind",
            label: "Who",
            any: "people",
            options: [
              { value: "team", label: "our team" },
              { value: "bot", label: "bots" },
              { value: "all", label: "everybody" },
            ],
          },
          {
            kind: "select",
            name: "sort",
            label: "Sort",
            any: "last active",
            options: [
              { value: "first", label: "came last" },
              { value: "activities", label: "most activities" },
              { value: "name", label: "name" },
            ],
          },
        ]}
      />
      <Columns layout={sideways ? "wide" : 1}>
        <Sheet
          title="Members"
          id="members"
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
            <Rows label="Members">
              {page.rows.map((member) => (
                <Row
                  key={member.id}
                  mark={<Initials name={member.displayName} />}
                  to={`${base}/members/${member.id}`}
                  title={member.displayName}
                  margin={<small>{member.lastActivityAt ? <TimeAgo at={member.lastActivityAt} /> : "never spoke"}</small>}
                  meta={
                    <Dotted
                      parts={[
                        countOf(member.activityCount, "activity", "activities"),
                        member.firstActivityAt ? (
                          <>
                            since <TimeAgo at={member.firstActivityAt} />
                          </>
                        ) : null,
                        member.platforms.join(", "),
                        member.identityCount > 1 ? countOf(member.identityCount, "identity", "identities") : null,
                        member.kind === "human" ? null : <Tag key="kind">{member.kind}</Tag>,
                        member.mixed ? (
                          <Tag key="mixed" tone="waiting">
                            bot and person?
                          </Tag>
                        ) : null,
                      ]}
                    />
                  }
                />
              ))}
            </Rows>
          ) : Object.keys(given).length > 0 ? (
            <EmptyState title="Nobody fits these filters" action={{ label: "Show everybody", to: `${base}/members?kind=all` }}>
              Bots and the team are kept apart from members; the filter “Who” shows them.
            </EmptyState>
          ) : (
            <EmptyState title="Nobody is known yet" action={{ label: "Add a source", to: `${base}/sources/new` }}>
              Members come from what people said: bring in a repository's history or a mailing list and they appear here.
            </EmptyState>
          )}
          <Pager next={page.next} />
        </Sheet>
        {sideways ? (
          <Pile>
            {links.length > 0 ? (
              <Sheet title="Same person?" id="links" aside="suggested, never decided by itself">
                <Rows label="Suggested links">
                  {links.map((link) => (
                    <SuggestedLinkRow key={link.id} link={link} base={base} mayEdit={loaderData.mayEdit} />
                  ))}
                </Rows>
                {loaderData.moreLinks ? <SheetFoot>More follow when these are decided.</SheetFoot> : null}
              </Sheet>
            ) : null}
            {kinds.length > 0 ? (
              <Sheet title="A bot?" id="kinds">
                <Rows label="Suggested bots">
                  {kinds.map((kind) => (
                    <Row
                      actions={loaderData.mayEdit ? <KindButtons identityId={kind.identityId} base={base} /> : undefined}
                      key={kind.identityId}
                      mark={<Initials name={kind.name} />}
                      title={kind.name}
                      to={`${base}/members/${kind.memberId}`}
                      meta={
                        <>
                          {kind.platform} {kind.handle} · {kind.reason}
                        </>
                      }
                    />
                  ))}
                </Rows>
              </Sheet>
            ) : null}
          </Pile>
        ) : null}
      </Columns>
      {given.q ? null : (
        <p className="quiet" style={{ marginTop: 14 }}>
          What nobody can be named for (deleted accounts, ghosts) is counted in{" "}
          <Link className="link" to={`${base}/metrics`}>
            metrics
          </Link>
          , but is no member.
        </p>
      )}
    </>
  );
}
