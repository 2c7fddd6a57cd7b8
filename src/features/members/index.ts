export { acceptLink, type LinkOutcome, linkIdentities, rejectLink, removeLink, setIdentityKind } from "./commands.ts";
export { membersConsumer } from "./consumer.ts";
export { getMember, type MemberDetail, type MemberIdentity, type MemberLink } from "./get-member.ts";
export { listAffiliations, type MemberAffiliation } from "./list-affiliations.ts";
export { type ListMembersInput, listMembers, type MemberKind, type MemberRow, type MemberSort } from "./list-members.ts";
export { type NewFace, newFaces } from "./new-faces.ts";
export { repairMembers } from "./repair-members.ts";
export { listSuggestedKinds, listSuggestedLinks, type SuggestedEnd, type SuggestedKind, type SuggestedLink } from "./suggestions.ts";
