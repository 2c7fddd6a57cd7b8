import type { CoreContext } from "#core/context.ts";
import type { Viewer } from "./visibility.ts";

/** The community a call is about. */
export interface CommunityRef {
  id: string;
  slug: string;
  name: string;
  /** IANA zone in which the community's days begin. */
  timeZone: string;
}

/** The context of nearly every function: the process, the community and who asks. */
export interface Ctx extends CoreContext {
  community: CommunityRef;
  viewer: Viewer;
}
