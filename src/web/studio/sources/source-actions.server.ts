import { z } from "zod";
import { deriveSoon } from "#app/background/derive.ts";
import { replaySourceJob, requireConnector } from "#app/background/import-upload.ts";
import type { Runtime } from "#app/runtime.ts";
import { adminRoles, type Ctx, editorRoles, recordAudit, requireRole, visibilities } from "#features/access/index.ts";
import { deleteSource, requireSource, updateSource } from "#features/ledger/index.ts";
import type { ActionSaid } from "../../ui/toast.ts";

const form = z.discriminatedUnion("intent", [
  z.object({ intent: z.literal("rename"), name: z.string().trim().min(1).max(200) }),
  z.object({ intent: z.literal("close"), visibility: z.enum(visibilities) }),
  z.object({ intent: z.literal("replay") }),
  z.object({ intent: z.literal("delete") }),
]);

/** What can be done with a source. `gone` says that there is no page to come back to. */
export async function handleSourceAction(
  ctx: Ctx,
  input: { runtime: Runtime; sourceId: string; fields: Record<string, unknown> },
): Promise<ActionSaid & { gone?: boolean }> {
  const { runtime, sourceId } = input;
  const asked = form.parse(input.fields);
  const source = await requireSource(ctx, sourceId);
  const audit = (action: string, detail: Record<string, unknown>) => recordAudit(ctx, { action, objectKind: "source", objectId: sourceId, detail });
  switch (asked.intent) {
    case "rename":
      await updateSource(ctx, { sourceId, name: asked.name });
      await audit("source.changed", { before: { name: source.name }, after: { name: asked.name } });
      return { ok: true, message: "Renamed." };
    case "close":
      await updateSource(ctx, { sourceId, visibility: asked.visibility });
      await audit("source.changed", { after: { visibility: asked.visibility } });
      await deriveSoon(runtime.jobs, ctx.community.id);
      return { ok: true, message: `From now on nothing of it is shown beyond: ${asked.visibility}.` };
    case "replay":
      requireRole(ctx, editorRoles);
      requireConnector(source.connector);
      await runtime.jobs.send(replaySourceJob, { communityId: ctx.community.id, sourceId, connector: source.connector }, { key: sourceId });
      await audit("source.replay_started", {});
      return { ok: true, message: "Its stored records are being read anew; nothing is fetched." };
    case "delete":
      requireRole(ctx, adminRoles);
      await deleteSource(ctx, { sourceId });
      await audit("source.deleted", { name: source.name, origin: source.origin });
      await deriveSoon(runtime.jobs, ctx.community.id);
      return { ok: true, message: `${source.name} is removed.`, gone: true };
  }
}
