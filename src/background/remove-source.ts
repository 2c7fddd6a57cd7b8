import type { Runtime } from "#app/runtime.ts";
import { type Ctx, recordAudit } from "#features/access/index.ts";
import { deleteSource, removeWorkDir } from "#features/ledger/index.ts";
import { deriveSoon } from "./derive.ts";

/**
 * Removes a source with all that it brought, in the database and in its work folder, and has what followed from it
 * derived anew.
 * @throws AppError as `deleteSource`
 */
export async function removeSource(
  ctx: Ctx,
  input: { runtime: Pick<Runtime, "config" | "jobs">; source: { id: string; name: string; origin: string } },
): Promise<void> {
  const { runtime, source } = input;
  await deleteSource(ctx, { sourceId: source.id });
  await removeWorkDir({ dataDir: runtime.config.dataDir, sourceId: source.id });
  await recordAudit(ctx, {
    action: "source.deleted",
    objectKind: "source",
    objectId: source.id,
    detail: { name: source.name, origin: source.origin },
  });
  await deriveSoon(runtime.jobs, ctx.community.id);
}
