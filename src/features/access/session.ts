import type { CoreContext } from "#core/context.ts";
import { sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";

export interface SessionRow {
  id: string;
  createdAt: Date;
  lastSeenAt: Date;
  expiresAt: Date;
  ipAddress: string | null;
  userAgent: string | null;
  isCurrent: boolean;
}

/** Where an account is signed in, the latest first. */
export async function listSessions(core: CoreContext, input: { accountId: string; currentSessionId?: string }): Promise<SessionRow[]> {
  return core.db.rows<SessionRow>(sql`
    SELECT id, created_at AS "createdAt", updated_at AS "lastSeenAt", expires_at AS "expiresAt", ip_address AS "ipAddress",
           user_agent AS "userAgent", id = ${input.currentSessionId ?? ""} AS "isCurrent"
    FROM auth_session WHERE user_id = ${input.accountId} AND expires_at > ${core.clock.now().toISOString()}
    ORDER BY updated_at DESC, id LIMIT 200`);
}

/**
 * Signs one of the account's sessions out; its next request finds nobody signed in.
 * @throws AppError `not_found` when the account has no such session
 */
export async function revokeSession(core: CoreContext, input: { accountId: string; sessionId: string }): Promise<void> {
  const gone = await core.db.execute(sql`DELETE FROM auth_session WHERE id = ${input.sessionId} AND user_id = ${input.accountId}`);
  if (gone === 0) throw new AppError("not_found", { public: "This session has already ended." });
}

/**
 * Signs the account out everywhere but here.
 * @returns how many sessions ended
 */
export async function revokeOtherSessions(core: CoreContext, input: { accountId: string; currentSessionId: string }): Promise<number> {
  return core.db.execute(sql`DELETE FROM auth_session WHERE user_id = ${input.accountId} AND id <> ${input.currentSessionId}`);
}
