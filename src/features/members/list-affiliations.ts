import { sql } from "#core/database/database.ts";
import { isId } from "#core/ids.ts";
import { type Ctx, requireRole, teamRoles, viewerLevel, visibilityRank, visibleTo } from "../access/index.ts";

/** Where a member belonged, from when to when, as one source states it of one of their identities. */
export interface MemberAffiliation {
  id: string;
  identityId: string;
  /** The name that the organization goes by, where a source says that what is written is another name for it. */
  organization: string;
  /** As it is written. */
  writtenAs: string;
  /** Null where the source does not say since when, or until when. */
  from: Date | null;
  to: Date | null;
  /** Where it is stated, readable. */
  evidence: string;
  source: { id: string; name: string };
}

/**
 * Where a member belonged, what lasts first. It follows the identities: when they are taken apart, each keeps its own.
 * @param input.memberId the member's id, or that of any of its identities
 * @returns nothing for a member whom the viewer may not see
 * @throws AppError `forbidden` for everybody outside the team
 */
export async function listAffiliations(ctx: Ctx, input: { memberId: string }): Promise<MemberAffiliation[]> {
  requireRole(ctx, teamRoles, { scope: "read" });
  if (!isId(input.memberId)) return [];
  return ctx.db.rows<MemberAffiliation>(sql`
    SELECT a.id, a.identity_id AS "identityId", coalesce(known.name, o.name) AS organization, o.name AS "writtenAs",
           a.from_at AS "from", a.to_at AS "to", a.evidence, json_build_object('id', s.id, 'name', s.name) AS source
    FROM identity given
    JOIN member m ON m.community_id = given.community_id AND m.id = given.member_id
    JOIN identity i ON i.community_id = m.community_id AND i.member_id = m.id
    JOIN affiliation a ON a.community_id = i.community_id AND a.identity_id = i.id
    JOIN organization o ON o.community_id = a.community_id AND o.id = a.organization_id
    JOIN source s ON s.community_id = a.community_id AND s.id = a.source_id
    LEFT JOIN organization_name n ON n.community_id = o.community_id AND n.kind = 'alias' AND n.value = o.key
    LEFT JOIN organization known ON known.community_id = n.community_id AND known.id = n.organization_id
    WHERE given.community_id = ${ctx.community.id} AND given.id = ${input.memberId} AND ${visibleTo(ctx, "m")}
      AND coalesce(s.visibility_floor, 0) <= ${visibilityRank(viewerLevel(ctx.viewer))}
    ORDER BY a.to_at DESC NULLS FIRST, a.from_at DESC NULLS LAST, organization, a.id`);
}
