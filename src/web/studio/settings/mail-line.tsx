import { useSearchParams } from "react-router";
import type { MailRow } from "#core/mail.ts";
import { countOf } from "../../ui/format.ts";
import { Dotted, Row } from "../../ui/rows.tsx";
import { Tag, type Tone } from "../../ui/tag.tsx";
import { TimeAgo } from "../../ui/time.tsx";
import { ActButton } from "./act-button.tsx";
import classes from "./settings.module.css";

const tones: Record<MailRow["state"], Tone> = { waiting: "plain", sent: "good", failed: "bad" };

/** A mail of the outbox. */
export function MailLine({ mail }: { mail: MailRow }) {
  const of = useSearchParams()[0].get("of") === "installation" ? "installation" : "community";
  return (
    <Row
      title={mail.subject}
      meta={
        <Dotted
          parts={[
            <Tag key="state" tone={tones[mail.state]}>
              {mail.state}
            </Tag>,
            `to ${mail.recipient}`,
            <>
              written <TimeAgo at={mail.createdAt} />
            </>,
            mail.sentAt ? (
              <>
                sent <TimeAgo at={mail.sentAt} />
              </>
            ) : null,
            mail.attempts > 0 && mail.state !== "sent" ? countOf(mail.attempts, "attempt") : null,
          ]}
        />
      }
      actions={
        mail.state === "failed" ? (
          <ActButton intent="retry" fields={{ id: mail.id, of }} label="Try again" describedAs={`Try to send “${mail.subject}” again`} />
        ) : undefined
      }
    >
      {mail.error ? <div className={classes.problem}>{mail.error}</div> : null}
      {mail.text ? (
        <details className={classes.more}>
          <summary>Read it</summary>
          <pre className={classes.code}>{mail.text}</pre>
        </details>
      ) : null}
    </Row>
  );
}
