import type { CaseResult, Times } from "./result.ts";

const number = (value: number) => Math.round(value).toLocaleString("en");
const seconds = (value: number) => (value < 10 ? value.toFixed(1) : number(value));
const milliseconds = (value: number) => (value < 10 ? value.toFixed(1) : number(value));

/** Prints all runs side by side: a line per figure, a column per run. */
export function printTable(runs: readonly CaseResult[]): void {
  const lines: [label: string, ...cells: string[]][] = [["", ...runs.map((run) => `${run.database} ${number(run.size)}`)]];
  const line = (label: string, cell: (run: CaseResult) => string | undefined) => {
    const cells = runs.map((run) => cell(run) ?? "");
    if (cells.some((text) => text !== "")) lines.push([label, ...cells]);
  };
  line("activities stored", (run) => number(run.activities));
  line("generator alone, activities/s", (run) => run.generate && number(run.generate.perSecond));
  line("ingest, activities/s", (run) => number(run.ingest.perSecond));
  line("ingest, s", (run) => seconds(run.ingest.seconds));
  line("memory in each tenth, first, MB", (run) => number(run.memory.rssPerTenth[1] ?? run.memory.rssPerTenth[0] ?? 0));
  line("memory in each tenth, last, MB", (run) => number(run.memory.rssPerTenth.at(-1) ?? 0));
  line("heap in each tenth, largest, MB", (run) => number(Math.max(...run.memory.heapPerTenth)));
  line("consumers catch up, s", (run) => run.derive && seconds(run.derive.seconds));
  line("consumers, activities/s", (run) => run.derive && number(run.derive.perSecond));
  for (const consumer of namesOf(runs.map((run) => run.derive?.each)))
    line(`  ${consumer}, s`, (run) => (run.derive?.each[consumer] === undefined ? undefined : seconds(run.derive.each[consumer] ?? 0)));
  line("database, MB", (run) => number(run.databaseMb));
  line("re-import, times faster", (run) => run.reimport?.timesFaster.toFixed(1));
  const times = (label: string, of: (run: CaseResult) => Record<string, Times> | undefined) => {
    for (const name of namesOf(runs.map(of))) {
      line(`${label} ${name}, p50 / p95 ms`, (run) => {
        const found = of(run)?.[name];
        return found && `${milliseconds(found.p50)} / ${milliseconds(found.p95)}`;
      });
    }
  };
  times("query", (run) => run.read);
  times("page", (run) => run.pages);
  line("portal, requests/s", (run) => run.portal && number(run.portal.requestsPerSecond));
  line("portal, p50 / p99 ms", (run) => run.portal && `${milliseconds(run.portal.p50)} / ${milliseconds(run.portal.p99)}`);
  print(lines);
}

/** For each database measured at several sizes: how much slower reads got against how much more there is to read. */
export function printGrowth(runs: readonly CaseResult[]): void {
  for (const [database, group] of Map.groupBy(runs, (run) => run.database)) {
    const [small, large] = [group.toSorted((a, b) => a.size - b.size)[0], group.toSorted((a, b) => b.size - a.size)[0]];
    if (!small?.read || !large?.read || small.size === large.size) continue;
    const factor = large.activities / small.activities;
    process.stdout.write(`\nGrowth on ${database}: ${factor.toFixed(1)} times the data, p95 grew by\n`);
    for (const [name, times] of Object.entries(large.read)) {
      const before = small.read[name];
      if (before) process.stdout.write(`  ${name.padEnd(20)} ${(times.p95 / before.p95).toFixed(1)}\n`);
    }
  }
}

function namesOf(records: readonly (Record<string, unknown> | undefined)[]): string[] {
  return [...new Set(records.flatMap((record) => Object.keys(record ?? {})))];
}

function print(lines: readonly (readonly string[])[]): void {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? "").length)));
  const text = lines.map((cells) =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join("   "),
  );
  process.stdout.write(`\n${text.join("\n")}\n`);
}
