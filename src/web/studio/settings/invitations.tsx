import { Button, NativeSelect, TextInput } from "@mantine/core";
import type { InvitationRow, Role } from "#features/access/index.ts";
import { ConfirmButton } from "../../ui/confirm-button.tsx";
import { Dotted, Row, Rows } from "../../ui/rows.tsx";
import { Columns, Sheet } from "../../ui/sheet.tsx";
import { Tag } from "../../ui/tag.tsx";
import { TimeAgo } from "../../ui/time.tsx";
import { ActForm, useAct } from "./act-form.tsx";
import { roleWords } from "./role-words.ts";
import classes from "./settings.module.css";
import { ShownOnce } from "./shown-once.tsx";

/** Links that let somebody join: a new one, those that are open, and what became of the others. */
export function Invitations({ open, ended, mayGive }: { open: InvitationRow[]; ended: InvitationRow[]; mayGive: readonly Role[] }) {
  const act = useAct("invite");
  const link = act.answer?.link;
  return (
    <Columns layout="wide">
      <Sheet title="Open invitations" id="invitations">
        {open.length > 0 ? (
          <Rows label="Open invitations">
            {open.map((invitation) => (
              <InvitationLine key={invitation.id} invitation={invitation} />
            ))}
          </Rows>
        ) : (
          <p className="quiet">Nobody is invited at the moment. An invitation is a link; send it however you like.</p>
        )}
        {ended.length > 0 ? (
          <details className={classes.more}>
            <summary>{`Accepted, expired and taken back (${ended.length})`}</summary>
            <Rows label="Ended invitations">
              {ended.map((invitation) => (
                <InvitationLine key={invitation.id} invitation={invitation} />
              ))}
            </Rows>
          </details>
        ) : null}
      </Sheet>
      <Sheet title="Invite somebody" id="invite">
        <ActForm act={act} clears>
          <NativeSelect
            label="As"
            name="role"
            defaultValue="advocate"
            data={mayGive.map((role) => ({ value: role, label: `${role} – ${roleWords[role]}` }))}
            error={act.error("role")}
          />
          <TextInput
            label="For whom"
            description="A note for the team; the link works for whoever holds it."
            name="note"
            maxLength={200}
            error={act.error("note")}
          />
          <TextInput
            label="Days until it ends"
            name="expiresInDays"
            type="number"
            min={1}
            max={90}
            defaultValue={7}
            error={act.error("expiresInDays")}
            required
          />
          <Button type="submit" loading={act.busy}>
            Make a link
          </Button>
        </ActForm>
        {link ? <ShownOnce title="Send this link. It works once, and it is shown only now." secret={link} copy="Copy the link" /> : null}
      </Sheet>
    </Columns>
  );
}

function InvitationLine({ invitation }: { invitation: InvitationRow }) {
  const isOpen = invitation.state === "open";
  return (
    <Row
      strong={isOpen}
      title={invitation.note || `A link for ${/^[aeo]/.test(invitation.role) ? "an" : "a"} ${invitation.role}`}
      meta={
        <Dotted
          parts={[
            <Tag key="role">{invitation.role}</Tag>,
            invitation.state === "accepted"
              ? `accepted by ${invitation.acceptedByName ?? "somebody who is gone"}`
              : isOpen
                ? null
                : invitation.state === "revoked"
                  ? "taken back"
                  : "expired",
            `by ${invitation.createdByName ?? "the command line"}`,
            <>
              made <TimeAgo at={invitation.createdAt} />
            </>,
            isOpen ? (
              <>
                ends <TimeAgo at={invitation.expiresAt} />
              </>
            ) : null,
          ]}
        />
      }
      actions={
        isOpen ? (
          <ConfirmButton
            fields={{ intent: "revoke", invitationId: invitation.id }}
            size="xs"
            danger
            label="Take back…"
            describedAs={`Take back the invitation ${invitation.note || `as ${invitation.role}`}…`}
            title="Take this invitation back?"
            confirm="Take it back"
          >
            Whoever holds the link cannot join with it any more. You can make another at any time.
          </ConfirmButton>
        ) : undefined
      }
    />
  );
}
