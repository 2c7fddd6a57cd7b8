import type { SessionRow } from "#features/access/index.ts";
import { ConfirmButton } from "../../ui/confirm-button.tsx";
import { Dotted, Row, Rows } from "../../ui/rows.tsx";
import { Sheet, SheetFoot } from "../../ui/sheet.tsx";
import { Tag } from "../../ui/tag.tsx";
import { TimeAgo } from "../../ui/time.tsx";
import { ActButton } from "./act-button.tsx";
import { describeDevice } from "./device.ts";

/** Where the account is signed in, and how to end it. */
export function Sessions({ sessions }: { sessions: readonly SessionRow[] }) {
  return (
    <Sheet title="Where you are signed in" id="sessions">
      <Rows label="Sessions">
        {sessions.map((session) => {
          const device = describeDevice(session.userAgent);
          return (
            <Row
              key={session.id}
              title={
                <>
                  {device} {session.isCurrent ? <Tag tone="good">this one</Tag> : null}
                </>
              }
              meta={
                <Dotted
                  parts={[
                    session.ipAddress ? (
                      <span key="ip" className="mono">
                        {session.ipAddress}
                      </span>
                    ) : null,
                    <>
                      last seen <TimeAgo at={session.lastSeenAt} />
                    </>,
                    <>
                      signed in <TimeAgo at={session.createdAt} />
                    </>,
                    <>
                      ends by itself <TimeAgo at={session.expiresAt} />
                    </>,
                  ]}
                />
              }
              actions={
                session.isCurrent ? undefined : (
                  <ActButton intent="session-end" fields={{ sessionId: session.id }} label="Sign out" describedAs={`Sign out of ${device}`} />
                )
              }
            />
          );
        })}
      </Rows>
      <SheetFoot>
        {sessions.length > 1 ? (
          <ConfirmButton
            fields={{ intent: "sessions-end" }}
            label="Sign out everywhere else"
            title="Sign out everywhere else?"
            confirm="Sign out"
            size="xs"
            danger
          >
            Every other browser and device has to sign in again. This one stays as it is.
          </ConfirmButton>
        ) : (
          "You are signed in nowhere else."
        )}
      </SheetFoot>
    </Sheet>
  );
}
