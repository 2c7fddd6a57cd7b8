import { sql } from "#core/database/database.ts";
import { AppError } from "#core/errors.ts";
import { type Ctx, editorRoles, requireRole } from "../access/index.ts";
import type { Connector } from "./connector.ts";
import { holdsRecords, parseSettings, storeSettings } from "./import-file.ts";
import { asObject, dropSecrets, maskSettings } from "./source-settings.ts";
import { findSourceOfOrigin, requireSource } from "./sources.ts";

/** A source that is there already, as somebody sees it who brings in more for it. */
export interface HeldSource {
  id: string;
  name: string;
  connector: string;
  /** Without secrets. */
  settings: Record<string, unknown>;
}

/** The source that a file of an origin would feed, if it is there already. */
export async function findHeldSource(ctx: Ctx, input: { connector: Connector; origin: string }): Promise<HeldSource | undefined> {
  requireRole(ctx, editorRoles, { scope: "import" });
  const source = await findSourceOfOrigin(ctx, input.origin);
  return source && { id: source.id, name: source.name, connector: source.connector, settings: dropSecrets(input.connector, source.settings) };
}

/**
 * Changes how a source's files are read, without a file. What is held is as it was until it is read anew.
 * @param input.settings those that change; the others stay
 * @returns whether there is anything to read anew
 * @throws AppError `invalid_input` with each field's problem
 */
export async function changeFileSettings(
  ctx: Ctx,
  input: { connector: Connector; sourceId: string; settings: Record<string, unknown> },
): Promise<{ needsReplay: boolean }> {
  requireRole(ctx, editorRoles, { scope: "import" });
  const { connector } = input;
  const source = await requireSource(ctx, input.sourceId);
  if (source.connector !== connector.id) throw new AppError("invalid_input", { public: `«${source.name}» is no source of ${connector.title}.` });
  const parsed = dropSecrets(connector, parseSettings(connector, { ...maskSettings(connector, source.settings), ...input.settings }));
  const changed = await storeSettings(ctx, { source, settings: { ...asObject(source.settings), ...parsed } });
  return { needsReplay: changed && (await holdsRecords(ctx, source.id)) };
}

/** Some of what a source has sent, as it came: for whoever says how it is read. */
export async function listHeldPayloads(ctx: Ctx, input: { sourceId: string; limit: number }): Promise<unknown[]> {
  requireRole(ctx, editorRoles, { scope: "import" });
  const rows = await ctx.db.rows<{ payload: string }>(sql`
    SELECT payload FROM raw_record WHERE community_id = ${ctx.community.id} AND source_id = ${input.sourceId}
    ORDER BY stream, external_id LIMIT ${input.limit}`);
  return rows.map(({ payload }) => JSON.parse(payload) as unknown);
}
