import { Link } from "react-router";
import type { AuditRow } from "#features/access/index.ts";
import { capitalize } from "../../ui/format.ts";
import { Dotted, Row } from "../../ui/rows.tsx";
import { Tag } from "../../ui/tag.tsx";
import { TimeAgo } from "../../ui/time.tsx";
import classes from "./settings.module.css";

/** A line of the audit log: who did what, to which object, when, and what else an auditor needs. */
export function AuditLine({ entry, here }: { entry: AuditRow; here: string }) {
  const object = new URLSearchParams({ objectKind: entry.objectKind, objectId: entry.objectId });
  const detail = JSON.stringify(entry.detail, null, 2);
  return (
    <Row
      title={
        <>
          {actorName(entry)} <code>{entry.action}</code>
        </>
      }
      strong={false}
      margin={
        <small>
          <TimeAgo at={entry.at} />
        </small>
      }
      meta={
        <Dotted
          parts={[
            <Link key="object" className="link" to={`${here}?${object}`} title={entry.objectId}>
              {entry.objectKind.replaceAll("_", " ")} <code>{entry.objectId.length > 24 ? `…${entry.objectId.slice(-8)}` : entry.objectId}</code>
            </Link>,
            entry.actor.startsWith("key:") ? <Tag key="key">by API key</Tag> : null,
          ]}
        />
      }
    >
      {detail === "{}" ? null : (
        <details className={classes.more}>
          <summary>{summaryOf(entry.detail)}</summary>
          <pre className={classes.code}>{detail}</pre>
        </details>
      )}
    </Row>
  );
}

function actorName({ actor, actorName: name }: AuditRow): string {
  if (name) return name;
  return actor === "system" ? "Causeway itself" : capitalize(actor.startsWith("key:") ? "a key that is gone" : "somebody who is gone");
}

/** The detail's plain values on one line; the rest is a click away. */
function summaryOf(detail: Record<string, unknown>): string {
  const plain = Object.entries(detail).flatMap(([key, value]) => (value === null || typeof value === "object" ? [] : [`${key} ${value}`]));
  const line = plain.join(" · ");
  return line === "" ? `Detail: ${Object.keys(detail).join(", ")}` : line.length > 110 ? `${line.slice(0, 110)}…` : line;
}
