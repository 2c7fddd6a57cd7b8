import type { ListenerRow } from "#features/ledger/index.ts";
import { Dotted, Row, Rows } from "../../ui/rows.tsx";
import { Sheet } from "../../ui/sheet.tsx";
import { Tag } from "../../ui/tag.tsx";
import { TimeAgo } from "../../ui/time.tsx";

const words: Record<ListenerRow["state"], { title: string; tone?: "good" | "bad" }> = {
  connecting: { title: "Connecting" },
  connected: { title: "Connected: what is new arrives at once", tone: "good" },
  waiting: { title: "Not connected; it is tried again" },
  failed: { title: "Not connected; it is tried again once the settings are saved", tone: "bad" },
  stopped: { title: "No server process listens at present" },
};

/** How the connection is over which a source sends by itself. Meanwhile the runs bring what is missed. */
export function ListenerSheet({ listener }: { listener: ListenerRow }) {
  const { state, since, reason, lastReceivedAt } = listener;
  const { title, tone } = words[state];
  return (
    <Sheet title="Live connection" id="listener" aside={state === "connected" ? undefined : "the runs below bring what is missed"}>
      <Rows label="Live connection">
        <Row
          strong={false}
          title={title}
          margin={tone ? <Tag tone={tone}>{state}</Tag> : undefined}
          meta={
            <Dotted
              parts={[
                <span key="s">
                  since <TimeAgo at={since} />
                </span>,
                lastReceivedAt ? (
                  <span key="l">
                    last heard <TimeAgo at={lastReceivedAt} />
                  </span>
                ) : null,
              ]}
            />
          }
        >
          {reason ? <p className="quiet">{reason}</p> : null}
        </Row>
      </Rows>
    </Sheet>
  );
}
