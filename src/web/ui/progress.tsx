import { Progress as MantineProgress } from "@mantine/core";
import { formatNumber, formatSpan } from "./format.ts";
import classes from "./progress.module.css";

/** How far long work has come. `total` is null while it is unknown. */
export interface WorkProgress {
  phase: string;
  done: number;
  total: number | null;
  unit: string;
  ratePerSecond: number;
  etaSeconds: number | null;
}

/** Long work: a bar with counts, pace and an end. */
export function WorkBar({ progress, label }: { progress: WorkProgress; label: string }) {
  const percent = progress.total ? Math.min(100, (progress.done / progress.total) * 100) : null;
  return (
    <div className={classes.work} role="status">
      <div className={classes.line}>
        <span>
          {label} <span className="quiet">· {progress.phase}</span>
        </span>
        <span className="quiet">
          {formatNumber(progress.done)}
          {progress.total ? ` of ${formatNumber(progress.total)}` : ""} {progress.unit}
          {progress.ratePerSecond > 0 ? ` · ${formatNumber(progress.ratePerSecond)} a second` : ""}
          {progress.etaSeconds === null ? "" : ` · ${formatSpan(progress.etaSeconds * 1000)} to go`}
        </span>
      </div>
      <MantineProgress value={percent ?? 100} animated={percent === null} size="sm" aria-label={label} />
    </div>
  );
}
