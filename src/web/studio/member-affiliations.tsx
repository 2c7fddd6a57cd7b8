import { Link } from "react-router";
import type { MemberAffiliation } from "#features/members/index.ts";
import { formatDay } from "../ui/format.ts";
import { Dotted, Row, Rows } from "../ui/rows.tsx";
import { Sheet } from "../ui/sheet.tsx";

/** Where a member belonged, from when to when, and what says so. Left out while nothing does. */
export function MemberAffiliations({ affiliations, base }: { affiliations: readonly MemberAffiliation[]; base: string }) {
  if (affiliations.length === 0) return null;
  return (
    <Sheet title="Organizations" id="organizations">
      <Rows label="Organizations">
        {affiliations.map((affiliation) => (
          <Row
            key={affiliation.id}
            title={affiliation.organization}
            margin={<small>{spanOf(affiliation)}</small>}
            meta={
              <Dotted
                parts={[
                  affiliation.writtenAs === affiliation.organization ? null : `written as ${affiliation.writtenAs}`,
                  affiliation.evidence,
                  <Link key="source" className="link" to={`${base}/sources/${affiliation.source.id}`}>
                    {affiliation.source.name}
                  </Link>,
                ]}
              />
            }
          />
        ))}
      </Rows>
    </Sheet>
  );
}

/** The days as they were typed: they are days, not moments, so no zone shifts them. */
function spanOf({ from, to }: MemberAffiliation): string {
  const day = (at: Date) => formatDay(at.toISOString(), "withYear");
  if (from && to) return `${day(from)} – ${day(to)}`;
  if (from) return `since ${day(from)}`;
  return to ? `until ${day(to)}` : "no dates stated";
}
