export { type Account, findAccount, type NewAccount, newAccountSchema, renameAccount } from "./account.ts";
export { type ApiKeyGrant, type ApiKeyRow, createApiKey, findViewerByApiKey, listApiKeys, newApiKeySchema, revokeApiKey } from "./api-key.ts";
export { type AuditRecord, type AuditRow, actorOf, listAudit, readAuditStamp, recordAudit } from "./audit.ts";
export { type Auth, type AuthOptions, clientIpHeader, createAuth, type OauthProvider } from "./auth.ts";
export {
  type CommunityChange,
  type CommunityDetail,
  canonicalTimeZone,
  changeCommunity,
  createCommunity,
  ensureCommunity,
  listAllCommunities,
  listCommunitiesOf,
  listOpenCommunities,
  type NewCommunity,
  newCommunitySchema,
  openAsSystem,
  proposeSlug,
  runsInstallation,
} from "./community.ts";
export type { CommunityRef, Ctx } from "./context.ts";
export {
  acceptInvitation,
  createInvitation,
  type InvitationRefusal,
  type InvitationRow,
  listInvitations,
  newInvitationSchema,
  readInvitation,
  revokeInvitation,
} from "./invitation.ts";
export { passwordMinLength, passwordProblem } from "./password.ts";
export { adminRoles, editorRoles, isAtLeast, requireRole, requireScope, teamRoles } from "./role.ts";
export { listSessions, revokeOtherSessions, revokeSession, type SessionRow } from "./session.ts";
export { addSessionCookies } from "./session-cookies.ts";
export { completeSetup, createSetupToken, hasOwner, readSetup, type SetupRefusal, type SetupState } from "./setup.ts";
export {
  type AuthOutcome,
  changePassword,
  disableSecondFactor,
  enableSecondFactor,
  requestMagicLink,
  requestPasswordReset,
  resetPassword,
  signIn,
  signOut,
  startProviderSignIn,
  verifySecondFactor,
} from "./sign-in.ts";
export { changeRole, grantRole, joinCommunity, listTeam, removeFromTeam, type TeamMember } from "./team.ts";
export { type Caller, findViewer, openCommunity } from "./viewer.ts";
export {
  canSee,
  type Role,
  roles,
  type Scope,
  scopes,
  type Viewer,
  type Visibility,
  type VisibilityScope,
  viewerLevel,
  visibilities,
  visibilityOf,
  visibilityRank,
  visibleTo,
} from "./visibility.ts";
