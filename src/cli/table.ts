import { styleText } from "node:util";

export interface Column<Row> {
  title: string;
  value: (row: Row) => string | number | Date | null;
  /** Numbers stand right. */
  align?: "left" | "right";
  /** Cut to this many characters on a terminal. */
  max?: number;
}

/**
 * A table for people: aligned, no lines, long texts cut on a terminal and whole elsewhere.
 * @param options.terminal whether to cut and to colour
 */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], options: { terminal: boolean }): string {
  const cells = rows.map((row) => columns.map((column) => cut(show(column.value(row)), options.terminal ? column.max : undefined)));
  const widths = columns.map((column, at) => Math.max(column.title.length, ...cells.map((line) => width(line[at] ?? ""))));
  const line = (texts: readonly string[]) =>
    texts
      .map((text, at) =>
        columns[at]?.align === "right" ? " ".repeat((widths[at] ?? 0) - width(text)) + text : text + " ".repeat((widths[at] ?? 0) - width(text)),
      )
      .join("  ")
      .trimEnd();
  const head = line(columns.map((column) => column.title));
  return [options.terminal ? styleText("dim", head) : head, ...cells.map(line)].join("\n");
}

/** A moment as people read it in a list: to the minute, UTC. */
export function showDate(at: Date): string {
  return at.toISOString().slice(0, 16).replace("T", " ");
}

/** How long ago, in the largest unit that fits. */
export function showAge(since: Date, now: Date): string {
  const minutes = Math.max(0, Math.round((now.getTime() - since.getTime()) / 60_000));
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h`;
  if (minutes < 730 * 24 * 60) return `${Math.round(minutes / 1440)} days`;
  return `${(minutes / 525_960).toFixed(1)} years`;
}

function show(value: string | number | Date | null): string {
  if (value === null) return "–";
  if (value instanceof Date) return showDate(value);
  if (typeof value === "number") return value.toLocaleString("en");
  // A line break or an escape sequence in somebody's title must not reach the terminal.
  return value.replace(/[\p{Cc}\s]+/gu, " ").trim();
}

function cut(text: string, max: number | undefined): string {
  if (max === undefined || width(text) <= max) return text;
  let kept = "";
  for (const character of text) {
    if (width(kept) + width(character) > max - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Columns that a text takes: East Asian characters and emoji take two. */
function width(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue;
    columns +=
      /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return columns;
}
