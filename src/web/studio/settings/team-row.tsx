import { Button, NativeSelect } from "@mantine/core";
import { useState } from "react";
import type { Role, TeamMember } from "#features/access/index.ts";
import { ConfirmButton } from "../../ui/confirm-button.tsx";
import { Initials } from "../../ui/initials.tsx";
import { Dotted, Row } from "../../ui/rows.tsx";
import { Tag } from "../../ui/tag.tsx";
import { TimeAgo } from "../../ui/time.tsx";
import { ActForm, useAct } from "./act-form.tsx";
import { roleWords } from "./role-words.ts";
import classes from "./settings.module.css";

/**
 * Somebody of the team.
 * @param mayGive the roles that the reader may give and take; none for those who only look
 */
export function TeamRow(props: { member: TeamMember; isMe: boolean; isLastOwner: boolean; mayGive: readonly Role[] }) {
  const { member, isMe, isLastOwner, mayGive } = props;
  const mayChange = mayGive.includes(member.role);
  return (
    <Row
      mark={<Initials name={member.name} />}
      title={
        <>
          {member.name} {isMe ? <Tag>you</Tag> : null} {mayChange ? null : <Tag title={roleWords[member.role]}>{member.role}</Tag>}
        </>
      }
      meta={
        <Dotted
          parts={[
            member.email,
            member.twoFactorEnabled ? (
              <Tag key="factor" tone="good">
                second factor
              </Tag>
            ) : (
              "password only"
            ),
            member.lastSeenAt ? (
              <>
                last seen <TimeAgo at={member.lastSeenAt} />
              </>
            ) : (
              "not signed in anywhere"
            ),
            <>
              here since <TimeAgo at={member.joinedAt} />
            </>,
          ]}
        />
      }
      actions={
        mayChange || isMe ? (
          <>
            {mayChange ? <RoleSelect member={member} mayGive={mayGive} isLastOwner={isLastOwner} /> : null}
            <ConfirmButton
              fields={{ intent: "remove", accountId: member.accountId }}
              size="xs"
              danger
              label={isMe ? "Leave…" : "Remove…"}
              describedAs={isMe ? "Leave this community…" : `Remove ${member.name}…`}
              title={isMe ? "Leave this community?" : `Remove ${member.name} from the team?`}
              confirm={isMe ? "Leave" : "Remove"}
            >
              {isLastOwner
                ? "This is the last owner, and a community is never without one. Make somebody else an owner first."
                : `${isMe ? "You lose" : `${member.name} loses`} access at once, and ${isMe ? "your" : "their"} API keys here stop working. What was done stays on the record. An invitation brings ${isMe ? "you" : "them"} back.`}
            </ConfirmButton>
          </>
        ) : undefined
      }
    />
  );
}

function RoleSelect({ member, mayGive, isLastOwner }: { member: TeamMember; mayGive: readonly Role[]; isLastOwner: boolean }) {
  const act = useAct("role");
  const [chosen, setChosen] = useState<string>(member.role);
  return (
    <ActForm act={act} fields={{ accountId: member.accountId }} className={classes.line}>
      <NativeSelect
        size="xs"
        name="role"
        aria-label={`Role of ${member.name}`}
        title={isLastOwner ? "The last owner stays one until there is another." : undefined}
        value={chosen}
        onChange={(event) => setChosen(event.currentTarget.value)}
        data={mayGive.map((role) => ({ value: role, label: role }))}
        error={act.error("role")}
      />
      {chosen === member.role ? null : (
        <Button type="submit" size="xs" loading={act.busy}>
          Change role
        </Button>
      )}
    </ActForm>
  );
}
