import { z } from "zod";
import { deriveSoon } from "#app/background/derive.ts";
import { replaySourceJob, requireConnector } from "#app/background/import-upload.ts";
import { removeSource } from "#app/background/remove-source.ts";
import { syncSoon } from "#app/background/sync-source.ts";
import type { Runtime } from "#app/runtime.ts";
import { countOf } from "#core/text/count-of.ts";
import { type Ctx, editorRoles, recordAudit, requireRole, visibilities } from "#features/access/index.ts";
import { changePrivacy, requireSource, sourcePrivacySchema, updateSource } from "#features/ledger/index.ts";
import { parseForm } from "../../request-context.server.ts";
import type { ActionSaid } from "../../ui/toast.ts";

const form = z.discriminatedUnion("intent", [
  z.object({ intent: z.literal("rename"), name: z.string().trim().max(200) }),
  z.object({ intent: z.literal("close"), visibility: z.enum(visibilities) }),
  z.object({ intent: z.literal("replay") }),
  z.object({ intent: z.literal("sync") }),
  z.object({ intent: z.literal("pause") }),
  z.object({ intent: z.literal("resume") }),
  z.object({
    intent: z.literal("privacy"),
    dropFields: z.string().transform((text) =>
      text
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== ""),
    ),
    privateChannels: z.enum(["in", "out"]),
    retentionDays: z.string().transform((text) => (text.trim() === "" ? null : Number(text))),
  }),
  z.object({ intent: z.literal("delete") }),
]);

/** What can be done with a source. `gone` says that there is no page to come back to. */
export async function handleSourceAction(
  ctx: Ctx,
  input: { runtime: Runtime; sourceId: string; fields: Record<string, unknown> },
): Promise<ActionSaid & { gone?: boolean }> {
  const { runtime, sourceId } = input;
  const asked = parseForm(form, input.fields);
  const source = await requireSource(ctx, sourceId);
  const audit = (action: string, detail: Record<string, unknown>) => recordAudit(ctx, { action, objectKind: "source", objectId: sourceId, detail });
  switch (asked.intent) {
    case "rename":
      if (asked.name === "") return { ok: false, message: "A source needs a name; it keeps the one it has." };
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
    case "sync": {
      requireRole(ctx, editorRoles);
      const run = await syncSoon(ctx, { jobs: runtime.jobs, sourceId, connector: source.connector });
      await audit("source.sync_started", run);
      return { ok: true, message: "It is being fetched; this page shows how far it is." };
    }
    case "pause":
    case "resume":
      await updateSource(ctx, { sourceId, paused: asked.intent === "pause" });
      await audit("source.changed", { after: { paused: asked.intent === "pause" } });
      return { ok: true, message: asked.intent === "pause" ? "Paused: nothing is fetched, sent or brought in until you go on." : "It goes on." };
    case "privacy": {
      const { intent: _, ...given } = asked;
      const privacy = sourcePrivacySchema.safeParse(given);
      if (!privacy.success)
        return { ok: false, message: privacy.error.issues.map(({ path, message }) => `${path.join(" ")}: ${message}`).join("; ") };
      const removed = await changePrivacy(ctx, { sourceId, privacy: privacy.data });
      await audit("source.privacy_changed", { ...privacy.data, ...removed });
      if (removed.removedActivities > 0) await deriveSoon(runtime.jobs, ctx.community.id);
      return {
        ok: true,
        message:
          removed.removedActivities > 0
            ? `${countOf(removed.removedActivities, "activity was", "activities were")} removed.`
            : "Noted for every run from now on.",
      };
    }
    case "delete":
      await removeSource(ctx, { runtime, source });
      return { ok: true, message: `${source.name} is removed.`, gone: true };
  }
}
