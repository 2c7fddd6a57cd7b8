import type { CoreContext } from "#core/context.ts";
import { json, sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { isId, newId } from "#core/ids.ts";
import { decodeCursor, type Page, toPage } from "#core/page.ts";
import type { Ctx } from "./context.ts";
import { adminRoles, requireRole } from "./role.ts";
import type { Viewer } from "./visibility.ts";

export interface AuditRecord {
  /** What was done, as `object.verb`: `team.role_changed`, `signal.dismissed`. */
  action: string;
  objectKind: string;
  objectId: string;
  /** What an auditor needs besides: before and after, reasons. Never a secret. */
  detail?: Record<string, unknown>;
}

export interface AuditRow {
  id: string;
  at: Date;
  /** `system`, an account's id, or `key:` and an API key's id. */
  actor: string;
  /** The account's name, or the key's; null when it is gone. */
  actorName: string | null;
  action: string;
  objectKind: string;
  objectId: string;
  detail: Record<string, unknown>;
}

/** How a viewer is written into the log. */
export function actorOf(viewer: Viewer): string {
  if (viewer.kind === "account") return viewer.apiKeyId ? `key:${viewer.apiKeyId}` : viewer.accountId;
  return viewer.kind;
}

/**
 * Writes who did what. Call it with the transaction of the change itself (`{ ...ctx, db: tx }`), so that there is
 * never a change without its entry nor an entry without its change.
 */
export async function recordAudit(ctx: Ctx, record: AuditRecord): Promise<void> {
  await ctx.db.execute(sql`
    INSERT INTO audit_entry (community_id, id, at, actor, action, object_kind, object_id, detail)
    VALUES (${ctx.community.id}, ${newId()}, ${ctx.clock.now().toISOString()}, ${actorOf(ctx.viewer)},
            ${record.action}, ${record.objectKind}, ${record.objectId}, ${json(record.detail ?? {})})`);
}

/**
 * The log, newest first.
 * @param input.action the whole action, or its first part with a dot at the end: `team.`
 * @throws AppError `forbidden` for everybody but owners and admins
 */
export async function listAudit(
  ctx: Ctx,
  input: { actor?: string; action?: string; objectKind?: string; objectId?: string; from?: Date; to?: Date; after?: string; limit: number },
): Promise<Page<AuditRow>> {
  requireRole(ctx, adminRoles, { scope: "read" });
  const conditions = [sql`e.community_id = ${ctx.community.id}`];
  if (input.actor) conditions.push(sql`e.actor = ${input.actor}`);
  if (input.action) conditions.push(input.action.endsWith(".") ? sql`starts_with(e.action, ${input.action})` : sql`e.action = ${input.action}`);
  if (input.objectKind) conditions.push(sql`e.object_kind = ${input.objectKind}`);
  if (input.objectId) conditions.push(sql`e.object_id = ${input.objectId}`);
  if (input.from) conditions.push(sql`e.at >= ${input.from.toISOString()}`);
  if (input.to) conditions.push(sql`e.at < ${input.to.toISOString()}`);
  if (input.after) conditions.push(sql`e.id < ${decodeIdCursor(input.after)}::uuid`);
  const rows = await ctx.db.rows<AuditRow>(sql`
    SELECT e.id, e.at, e.actor, coalesce(u.name, k.name) AS "actorName", e.action,
           e.object_kind AS "objectKind", e.object_id AS "objectId", e.detail
    FROM audit_entry e
    LEFT JOIN auth_user u ON u.id = e.actor
    LEFT JOIN api_key k ON k.community_id = e.community_id AND 'key:' || k.id = e.actor
    WHERE ${sql.join(conditions, sql` AND `)}
    ORDER BY e.id DESC LIMIT ${input.limit + 1}`);
  return toPage(rows, input.limit, (row) => [row.id]);
}

/**
 * Reads the cursor of a list that is ordered by id alone.
 * @throws AppError `invalid_input`
 */
export function decodeIdCursor(cursor: string): string {
  const [id] = decodeCursor(cursor, ["id"]);
  if (typeof id === "string" && isId(id)) return id;
  throw new AppError("invalid_input", { public: "The page cursor is not valid. Start again from the first page." });
}

/** The latest entries of all communities as one text: another text, somebody changed something. */
export async function readAuditStamp(core: CoreContext): Promise<string> {
  const row = await core.db.first<{ stamp: string | null }>(sql`
    SELECT concat_ws(' ', count(*), max(e.id::text)) AS stamp FROM community c
    LEFT JOIN LATERAL (SELECT a.id FROM audit_entry a WHERE a.community_id = c.id ORDER BY a.id DESC LIMIT 1) e ON true`);
  return row?.stamp ?? "";
}
