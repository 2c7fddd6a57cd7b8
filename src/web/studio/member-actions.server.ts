import { z } from "zod";
import { type Ctx, editorRoles } from "#features/access/index.ts";
import { acceptLink, rejectLink, removeLink, setIdentityKind } from "#features/members/index.ts";
import { parseForm } from "../request-context.server.ts";
import type { ActionSaid } from "../ui/toast.ts";

const form = z.discriminatedUnion("intent", [
  z.object({ intent: z.literal("accept"), linkId: z.uuid() }),
  z.object({ intent: z.literal("never"), linkId: z.uuid() }),
  z.object({ intent: z.literal("remove"), linkId: z.uuid() }),
  z.object({
    intent: z.literal("kind"),
    memberId: z.uuid().optional(),
    identityId: z.uuid().optional(),
    kind: z.enum(["human", "team", "bot"]),
    reason: z.string().trim().min(1).max(300).default("Marked by hand."),
  }),
]);

/** Whether the viewer may decide about people: links, bots, team. */
export function mayEdit(ctx: Ctx): boolean {
  const { viewer } = ctx;
  return viewer.kind === "system" || (viewer.kind === "account" && editorRoles.some((role) => role === viewer.role));
}

/** What can be decided about people, on the list and on a member's page alike. Each act can be taken back. */
export async function handleMemberAction(ctx: Ctx, request: Request): Promise<ActionSaid> {
  const input = parseForm(form, await request.formData());
  switch (input.intent) {
    case "accept": {
      const { joined } = await acceptLink(ctx, input);
      return {
        ok: true,
        message: joined ? "They are one member now. The link can be taken back at any time." : "Accepted, but another decision keeps the two apart.",
      };
    }
    case "never":
      await rejectLink(ctx, input);
      return { ok: true, message: "Kept apart. No rule will suggest this pair again." };
    case "remove": {
      const { joined } = await removeLink(ctx, input);
      return {
        ok: true,
        message: joined ? "The link is gone; another link still joins the two." : "Taken apart: two members again, exactly as before.",
      };
    }
    case "kind": {
      const { changed } = await setIdentityKind(ctx, {
        memberId: input.memberId,
        identityIds: input.identityId ? [input.identityId] : undefined,
        kind: input.kind,
        reason: input.reason,
      });
      return { ok: true, message: changed > 0 ? `Marked as ${input.kind === "human" ? "a person" : input.kind}.` : "It was marked so already." };
    }
  }
}
