import { z } from "zod";
import {
  changeRole,
  createInvitation,
  isAtLeast,
  listInvitations,
  listTeam,
  newInvitationSchema,
  removeFromTeam,
  revokeInvitation,
  roles,
} from "#features/access/index.ts";
import { ctxContext, goTo, guarded } from "../../request-context.server.ts";
import { capitalize, countOf, inWords } from "../../ui/format.ts";
import { PageHead } from "../../ui/page-head.tsx";
import { Rows } from "../../ui/rows.tsx";
import { Pile, Sheet } from "../../ui/sheet.tsx";
import type { Route } from "./+types/team.ts";
import { answerForm } from "./answer.server.ts";
import { Invitations } from "./invitations.tsx";
import { TeamRow } from "./team-row.tsx";
import { isAdmin, siteAddress } from "./viewer.server.ts";

export const loader = guarded(async ({ context }: Route.LoaderArgs) => {
  const ctx = context.get(ctxContext);
  const { viewer } = ctx;
  const runs = isAdmin(ctx);
  const [team, open, recent] = await Promise.all([
    listTeam(ctx),
    runs ? listInvitations(ctx, { openOnly: true, limit: 100 }) : undefined,
    runs ? listInvitations(ctx, { limit: 100 }) : undefined,
  ]);
  return {
    team,
    me: viewer.kind === "account" ? viewer.accountId : null,
    // A role that is above one's own is neither given nor taken.
    mayGive: runs ? roles.filter((role) => viewer.kind !== "account" || isAtLeast(viewer.role, role)) : [],
    invitations: open && recent ? { open: open.rows, ended: recent.rows.filter(({ state }) => state !== "open") } : null,
  };
});

const form = z.discriminatedUnion("intent", [
  z.object({ intent: z.literal("role"), accountId: z.string(), role: z.enum(roles) }),
  z.object({ intent: z.literal("remove"), accountId: z.string() }),
  z.object({
    intent: z.literal("invite"),
    role: z.enum(roles),
    note: newInvitationSchema.shape.note,
    expiresInDays: z.coerce.number("Enter a number of days.").int().min(1, "At least one day.").max(90, "At most 90 days."),
  }),
  z.object({ intent: z.literal("revoke"), invitationId: z.string() }),
]);

export const action = guarded(async ({ request, context }: Route.ActionArgs) =>
  answerForm(request, form, async (input) => {
    const ctx = context.get(ctxContext);
    switch (input.intent) {
      case "role":
        await changeRole(ctx, input);
        return { ok: true, message: `The role is ${input.role} now.` };
      case "remove":
        await removeFromTeam(ctx, input);
        if (ctx.viewer.kind === "account" && ctx.viewer.accountId === input.accountId) goTo("/studio");
        return { ok: true, message: "Out of the team. Their API keys here have stopped working." };
      case "invite": {
        const { token } = await createInvitation(ctx, input);
        return { ok: true, link: `${siteAddress(request, context)}/invite/${token}` };
      }
      case "revoke":
        await revokeInvitation(ctx, input);
        return { ok: true, message: "Taken back. The link does not work any more." };
    }
  }),
);

export default function TeamSettings({ loaderData, params }: Route.ComponentProps) {
  const { team, invitations } = loaderData;
  const protectedByCode = team.filter(({ twoFactorEnabled }) => twoFactorEnabled).length;
  return (
    <>
      <title>Team · Causeway</title>
      <PageHead
        over="Settings · Team"
        title={team.length === 1 ? "One person looks after this community" : `${capitalize(inWords(team.length))} people look after this community`}
        actions={<span />}
      >
        {`${countOf(protectedByCode, "person", "people")} with a second factor`}
      </PageHead>
      <Pile>
        <Sheet title="The team" id="team" aside={invitations ? undefined : "owners and admins change it"}>
          <Rows label="Team">
            {team.map((member) => (
              <TeamRow
                key={member.accountId}
                member={member}
                isMe={member.accountId === loaderData.me}
                mayGive={loaderData.mayGive}
                isLastOwner={member.role === "owner" && team.filter(({ role }) => role === "owner").length === 1}
              />
            ))}
          </Rows>
        </Sheet>
        {invitations ? <Invitations {...invitations} mayGive={loaderData.mayGive} key={params.community} /> : null}
      </Pile>
    </>
  );
}
