import type { SyncRow } from "#features/ledger/index.ts";
import { countOf, formatNumber } from "../../ui/format.ts";
import { WorkBar } from "../../ui/progress.tsx";
import { Dotted } from "../../ui/rows.tsx";
import { Tag, type Tone } from "../../ui/tag.tsx";
import { TimeAgo } from "../../ui/time.tsx";

const triggerWords: Record<string, string> = {
  import: "brought in",
  schedule: "synced on schedule",
  manual: "synced",
  replay: "read anew",
  webhook: "received",
};
const stateTone: Record<SyncRow["state"], Tone> = { queued: "plain", running: "question", done: "good", failed: "bad", cancelled: "plain" };

export function isUnderWay(sync: SyncRow | null | undefined): boolean {
  return sync?.state === "running" || sync?.state === "queued";
}

/** How a run ended, or how far it is. */
export function SyncLine({ sync }: { sync: SyncRow }) {
  if (sync.state === "running") {
    const { done = 0, total = null, unit = "records", ratePerSecond = 0, etaSeconds = null } = sync.progress;
    const { waiting } = sync.progress;
    return (
      <>
        <WorkBar
          label={sync.subject ?? sync.sourceName}
          progress={{ phase: sync.progress.phase ?? "starting", done, total, unit, ratePerSecond, etaSeconds }}
        />
        {waiting && Date.parse(waiting.until) > Date.now() ? (
          <p className="quiet" role="status" style={{ margin: 0 }}>
            The source lets us go on <TimeAgo at={new Date(waiting.until)} />: {waiting.reason}.
          </p>
        ) : null}
      </>
    );
  }
  return (
    <Dotted
      parts={[
        <Tag key="s" tone={stateTone[sync.state]}>
          {sync.state}
        </Tag>,
        sync.state === "queued" ? "waits for its turn" : `${triggerWords[sync.trigger] ?? sync.trigger}`,
        sync.subject,
        <TimeAgo key="t" at={sync.finishedAt ?? sync.startedAt} />,
        <SyncCounts key="c" sync={sync} />,
        sync.error?.message,
      ]}
    />
  );
}

function SyncCounts({ sync }: { sync: SyncRow }) {
  const { new: fresh, changed, same, rejected } = sync.counts;
  if (!fresh) return null;
  const parts = [
    // A list of people brings nobody's activities, and is not empty for that.
    fresh.activities === 0 && fresh.identities > 0
      ? `${countOf(fresh.identities, "identity", "identities")} new`
      : `${formatNumber(fresh.activities)} new`,
    changed && changed.activities > 0 ? `${formatNumber(changed.activities)} changed` : null,
    same && same.activities > 0 ? `${formatNumber(same.activities)} the same` : null,
    rejected && rejected.activities > 0 ? `${countOf(rejected.activities, "record")} set aside` : null,
  ];
  return <>{parts.filter((part) => part !== null).join(", ")}</>;
}
