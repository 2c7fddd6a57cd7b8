export type { CommunityRef, Ctx } from "./context.ts";
export {
  canSee,
  type Role,
  roles,
  type Viewer,
  type Visibility,
  type VisibilityScope,
  viewerLevel,
  visibilities,
  visibilityOf,
  visibilityRank,
  visibleTo,
} from "./visibility.ts";
