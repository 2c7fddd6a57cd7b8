import { Button, Menu } from "@mantine/core";
import { Link, useFetcher } from "react-router";
import type { SignalKind, SignalRow } from "#features/feedback/index.ts";
import { Initials } from "../ui/initials.tsx";
import { Quote } from "../ui/quote.tsx";
import { Dotted, Row } from "../ui/rows.tsx";
import { Tag } from "../ui/tag.tsx";
import { TimeAgo } from "../ui/time.tsx";
import { useToast } from "../ui/toast.ts";

/**
 * One signal: their words with the passage marked, why it was taken, and the decision as buttons and keys.
 * @param narrow for a margin: no face, the buttons below the words
 */
export function SignalLine(props: { signal: SignalRow; base: string; kinds: readonly SignalKind[]; narrow?: boolean }) {
  const { signal, base, kinds, narrow = false } = props;
  const name = signal.author?.name ?? signal.unattributed ?? "unknown";
  const place = signal.thread ? `${base}/threads/${signal.thread.id}#a-${signal.activityId}` : undefined;
  return (
    <Row
      strong={false}
      mark={narrow ? undefined : <Initials name={name} />}
      stacked={narrow}
      title={
        <Quote
          text={signal.quote}
          before={narrow ? "" : signal.context?.before}
          after={narrow ? "" : signal.context?.after}
          cite={signal.url ?? undefined}
        />
      }
      meta={
        <Dotted
          parts={[
            signal.author ? (
              <Link key="who" to={`${base}/members/${signal.author.memberId}`} className="link">
                {name}
              </Link>
            ) : (
              name
            ),
            place ? (
              <Link key="where" to={place} className="link" data-row-link>
                {signal.channel.name} {signal.thread?.ref}
              </Link>
            ) : (
              signal.channel.name
            ),
            <TimeAgo key="at" at={signal.occurredAt} />,
            <span key="why">
              <Tag tone={signal.kind === "question" ? "question" : "plain"} title={`Rule ${signal.rule}`}>
                {signal.kind}
              </Tag>{" "}
              {signal.confidence.toFixed(2)}, {signal.reason}
            </span>,
            signal.decided ? (
              <span key="decided">
                {signal.state} by {signal.decided.by} <TimeAgo at={signal.decided.at} />
              </span>
            ) : null,
          ]}
        />
      }
      actions={<Decision signal={signal} base={base} kinds={kinds} />}
    />
  );
}

function Decision({ signal, base, kinds }: { signal: SignalRow; base: string; kinds: readonly SignalKind[] }) {
  const fetcher = useFetcher();
  useToast(fetcher.data);
  const busy = fetcher.state !== "idle";
  const decide = (fields: Record<string, string>) =>
    void fetcher.submit({ signalId: signal.id, ...fields }, { method: "post", action: `${base}/signals` });
  if (signal.state !== "suggested") {
    return (
      <Button size="xs" variant="default" loading={busy} onClick={() => decide({ intent: "undo" })}>
        Undo
      </Button>
    );
  }
  return (
    <>
      <Button size="xs" variant="default" data-key="c" disabled={busy} onClick={() => decide({ intent: "confirm" })}>
        Confirm
      </Button>
      <Button size="xs" variant="default" data-key="x" disabled={busy} onClick={() => decide({ intent: "dismiss" })}>
        Dismiss
      </Button>
      <Menu position="bottom-end" shadow="md" keepMounted>
        <Menu.Target>
          <Button size="xs" variant="default" disabled={busy}>
            Is a …
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {kinds.map((kind, at) => (
            <Menu.Item
              key={kind}
              data-key={String(at + 1)}
              disabled={kind === signal.kind}
              rightSection={<kbd>{at + 1}</kbd>}
              onClick={() => decide({ intent: "reclassify", kind })}
            >
              {kind}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
