import type { CoreContext } from "#core/context.ts";
import { sql } from "#core/database/database.ts";
import { type Account, findAccount } from "./account.ts";
import { type ApiKeyGrant, findViewerByApiKey } from "./api-key.ts";
import type { Auth } from "./auth.ts";
import { type CommunityDetail, communityColumns } from "./community.ts";
import type { Ctx } from "./context.ts";
import { parseRole } from "./role.ts";

/** Who sent a request. */
export interface Caller {
  account: Account | null;
  /** The session's id, when a browser is signed in. */
  sessionId: string | null;
  /** What the API key grants, when the request came with one. */
  apiKey: ApiKeyGrant | null;
  /** `Set-Cookie` values for the answer: a session in use is prolonged now and then. */
  cookies: string[];
  /** Set when the request showed an API key that does not work (any more): the API answers 401 then. */
  rejectedKey: boolean;
}

const nobody: Caller = { account: null, sessionId: null, apiKey: null, cookies: [], rejectedKey: false };

/**
 * Who sent a request: an API key in `Authorization: Bearer cw_…`, else the session cookie, else nobody.
 * A bearer token that is no valid key makes nobody of the caller, whatever the cookie says.
 */
export async function findViewer(core: CoreContext, input: { headers: Headers; auth: Auth }): Promise<Caller> {
  const bearer = /^Bearer\s+(\S+)$/i.exec(input.headers.get("authorization") ?? "")?.[1];
  if (bearer !== undefined) {
    const apiKey = await findViewerByApiKey(core, { key: bearer });
    const account = apiKey && (await findAccount(core, { accountId: apiKey.accountId }));
    return apiKey && account ? { ...nobody, account, apiKey } : { ...nobody, rejectedKey: true };
  }
  if (!input.headers.has("cookie")) return nobody;
  const session = await input.auth.readSession(input.headers);
  return session ? { ...nobody, ...session } : nobody;
}

/**
 * A community as the caller may see it. Visitors and accounts without a role are `anonymous` and need an open
 * portal; an API key opens its own community alone.
 * @returns undefined when there is no such community, or not for the caller: the two look the same from outside
 */
export async function openCommunity(
  core: CoreContext,
  input: { slug: string; account: { id: string } | null; apiKey?: ApiKeyGrant | null },
): Promise<Ctx | undefined> {
  const row = await core.db.first<CommunityDetail & { role: string | null }>(sql`
    SELECT ${communityColumns}, m.role
    FROM community c LEFT JOIN membership m ON m.community_id = c.id AND m.account_id = ${input.account?.id ?? null}
    WHERE c.slug = ${input.slug}`);
  if (!row) return undefined;
  const { role, ...community } = row;
  const ctx = { db: core.db, clock: core.clock, log: core.log, community };
  if (input.apiKey) {
    if (input.apiKey.communityId !== community.id || input.apiKey.accountId !== input.account?.id || role === null) return undefined;
    const { id, scopes } = input.apiKey;
    return { ...ctx, viewer: { kind: "account", accountId: input.account.id, role: parseRole(role), apiKeyId: id, scopes } };
  }
  if (input.account && role !== null) return { ...ctx, viewer: { kind: "account", accountId: input.account.id, role: parseRole(role) } };
  return community.portalOpen ? { ...ctx, viewer: { kind: "anonymous" } } : undefined;
}
