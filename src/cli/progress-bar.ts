import type { Session } from "./session.ts";

/** One state of a long piece of work. */
export interface ProgressState {
  label: string;
  done: number;
  /** Null while nobody knows how much there is. */
  total: number | null;
  unit: "bytes" | "records" | "pages" | "changes" | "rows";
  /** Beside the bar: counts, rate. */
  detail?: string;
  etaSeconds?: number | null;
}

export interface ProgressBar {
  show(state: ProgressState): void;
  /** Clears the bar, so that what comes next stands on a line of its own. */
  end(): void;
}

/** On a terminal a bar that moves; elsewhere a plain line every few seconds, so that a log can be followed. */
export function createProgressBar(session: Session, now: () => number = Date.now): ProgressBar {
  const everyMs = session.watched ? 100 : 5000;
  let shownAt = now();
  let drawn = false;
  return {
    show(state) {
      if (now() - shownAt < everyMs) return;
      shownAt = now();
      if (!session.watched) return session.err(describe(state));
      process.stderr.write(`\r\u001b[2K${bar(state, process.stderr.columns ?? 80)}`);
      drawn = true;
    },
    end() {
      if (drawn) process.stderr.write("\r\u001b[2K");
      drawn = false;
    },
  };
}

/** The state in one line of words. */
export function describe(state: ProgressState): string {
  const share = state.total ? ` ${Math.min(100, Math.floor((state.done / state.total) * 100))}%` : "";
  const amount = state.total ? `${amountOf(state.done, state.unit)} of ${amountOf(state.total, state.unit)}` : amountOf(state.done, state.unit);
  const left = state.etaSeconds === null || state.etaSeconds === undefined ? "" : `, ${duration(state.etaSeconds)} left`;
  return `${state.label}${share} (${amount}${state.detail ? `, ${state.detail}` : ""}${left})`;
}

function bar(state: ProgressState, columns: number): string {
  const words = describe(state);
  const room = Math.min(30, columns - words.length - 4);
  if (!state.total || room < 8) return words.slice(0, columns - 1);
  const filled = Math.round(Math.min(1, state.done / state.total) * room);
  return `${"━".repeat(filled)}${"─".repeat(room - filled)}  ${words}`;
}

function amountOf(n: number, unit: ProgressState["unit"]): string {
  if (unit !== "bytes") return `${n.toLocaleString("en")} ${unit}`;
  if (n < 1_000_000) return `${Math.round(n / 1000)} kB`;
  return n < 1_000_000_000 ? `${(n / 1_000_000).toFixed(1)} MB` : `${(n / 1_000_000_000).toFixed(2)} GB`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
