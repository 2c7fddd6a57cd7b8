import { Link } from "react-router";
import type { MemberDetail, MemberIdentity, MemberLink } from "#features/members/index.ts";
import { countOf } from "../ui/format.ts";
import { Dotted, Row, Rows } from "../ui/rows.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { Tag } from "../ui/tag.tsx";
import { TimeAgo } from "../ui/time.tsx";
import { LinkButtons } from "./link-rows.tsx";

function nameOf(identity: MemberIdentity | undefined): string {
  return identity ? (identity.login ?? identity.email ?? identity.displayName ?? identity.externalId) : "another identity";
}

/** Which handles are this person, what holds them together, and what might. Every link says why and can be undone. */
export function MemberIdentities({ member, base, mayEdit }: { member: MemberDetail; base: string; mayEdit: boolean }) {
  const open = member.links.filter((link) => link.state === "suggested");
  const drawn = member.links.filter((link) => link.state === "accepted");
  const never = member.links.filter((link) => link.state === "never");
  const row = (link: MemberLink, offer: ("accept" | "never" | "remove")[]) => (
    <LinkRow key={link.id} link={link} member={member} base={base} offer={mayEdit ? offer : []} />
  );
  return (
    <>
      <Sheet
        title={member.identities.length === 1 ? "One identity" : `${countOf(member.identities.length, "identity", "identities")}, one person`}
        id="identities"
      >
        <Rows label="Identities">
          {member.identities.map((identity) => (
            <Row
              key={identity.id}
              title={
                identity.url ? (
                  <a className="link" href={identity.url} rel="nofollow noopener" target="_blank">
                    {nameOf(identity)}
                  </a>
                ) : (
                  nameOf(identity)
                )
              }
              margin={<small>{countOf(identity.activityCount, "activity", "activities")}</small>}
              meta={
                <Dotted
                  parts={[
                    identity.platform,
                    identity.displayName === nameOf(identity) ? null : identity.displayName,
                    identity.email && identity.email !== nameOf(identity) ? `${identity.email}${identity.emailVerified ? " (verified)" : ""}` : null,
                    identity.platform === "email" ? null : <code key="id">{identity.externalId}</code>,
                    identity.kind === "human" ? null : (
                      <Tag key="kind" title={identity.kindReason ?? undefined}>
                        {identity.kind}
                      </Tag>
                    ),
                    otherNames(identity),
                  ]}
                />
              }
            />
          ))}
        </Rows>
        {drawn.length > 0 ? (
          <>
            <h3 style={{ marginTop: 12 }}>What joins them</h3>
            <Rows label="Accepted links">{drawn.map((link) => row(link, ["remove", "never"]))}</Rows>
          </>
        ) : null}
      </Sheet>
      {open.length > 0 ? (
        <Sheet title="Same person?" id="suggested">
          <Rows label="Suggested links">{open.map((link) => row(link, ["accept", "never"]))}</Rows>
        </Sheet>
      ) : null}
      {never.length > 0 ? (
        <Sheet title="Kept apart" id="never">
          <Rows label="Links that are never drawn">{never.map((link) => row(link, ["accept"]))}</Rows>
        </Sheet>
      ) : null}
    </>
  );
}

function otherNames(identity: MemberIdentity): string | null {
  const current = new Set([identity.displayName, identity.login, identity.email]);
  const others = [...new Set(identity.labels.filter(({ kind }) => kind !== "signature").map(({ value }) => value))].filter(
    (value) => !current.has(value),
  );
  if (others.length === 0) return null;
  return `also ${others.slice(0, 4).join(", ")}${others.length > 4 ? ` and ${others.length - 4} more` : ""}`;
}

function LinkRow(props: { link: MemberLink; member: MemberDetail; base: string; offer: ("accept" | "never" | "remove")[] }) {
  const { link, member, base, offer } = props;
  const byId = new Map(member.identities.map((identity) => [identity.id, identity]));
  const end = (id: string) =>
    link.other?.identityId === id ? (
      <Link className="link" to={`${base}/members/${link.other.memberId}`}>
        {link.other.name} ({link.other.platform})
      </Link>
    ) : (
      <>
        {nameOf(byId.get(id))} <span className="quiet">({byId.get(id)?.platform ?? "?"})</span>
      </>
    );
  return (
    <Row
      strong={false}
      stacked
      title={
        <>
          {end(link.identityA)} {link.state === "accepted" ? "is" : link.state === "never" ? "is not" : "and"} {end(link.identityB)}
        </>
      }
      meta={
        <Dotted
          parts={[
            link.evidence,
            <code key="rule">{link.rule}</code>,
            `${Math.round(link.strength * 100)} %`,
            link.author === "rule" ? "drawn by a rule" : "decided by hand",
            <TimeAgo key="at" at={link.changedAt} />,
            link.heldBack ? "held back: it would join two that were kept apart" : null,
          ]}
        />
      }
      actions={offer.length > 0 ? <LinkButtons linkId={link.id} base={base} offer={offer} /> : undefined}
    />
  );
}
