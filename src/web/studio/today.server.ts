import type { Ctx } from "#features/access/index.ts";
import { type SignalCount, signalCounts } from "#features/feedback/index.ts";
import { countActivitiesByDay, listActivities, listConsumerLag, threadFacets } from "#features/ledger/index.ts";
import { listSuggestedLinks, type NewFace, newFaces, type SuggestedLink } from "#features/members/index.ts";
import { listWaiting, type QuestionCounts, questionCounts, type WaitingRow } from "#features/support/index.ts";
import { addDays, capitalize, dayIn, inWords } from "../ui/format.ts";

const dayMs = 86_400_000;
const pulseDays = 90;
const waitingShown = 7;

export interface TodayData {
  today: string;
  title: string;
  /** The day of the newest activity; null while there is none. */
  newest: string | null;
  window: { from: string; to: string; anchored: boolean };
  waiting: { rows: WaitingRow[]; people: number; more: boolean; recentOnly: boolean };
  questions: QuestionCounts;
  links: { rows: SuggestedLink[]; more: boolean };
  signals: SignalCount[];
  recentSignals: SignalCount[];
  faces: NewFace[];
  activity: { weeks: string[]; series: { name: string; values: number[] }[]; gaps: { from: string; to: string; reason: string }[]; total: number };
  /** Activities that some consumer has not seen yet. */
  lag: number;
}

/** All that Today shows, read at once. */
export async function loadToday(ctx: Ctx): Promise<TodayData> {
  const now = ctx.clock.now();
  const today = dayIn(ctx.community.timeZone, now);
  const recently = new Date(now.getTime() - pulseDays * dayMs);
  const latest = (await listActivities(ctx, { limit: 1 })).rows[0];
  const newest = latest ? dayIn(ctx.community.timeZone, latest.occurredAt) : null;
  const anchored = newest !== null && newest < addDays(today, -pulseDays);
  const to = anchored && newest ? newest : today;
  const window = { from: addDays(to, 1 - pulseDays), to, anchored };
  const since = new Date(`${window.from}T00:00:00Z`);

  const [recent, questions, links, signals, recentSignals, faces, days, facets, lag] = await Promise.all([
    listWaiting(ctx, { from: recently, sort: "longest", limit: 100 }),
    questionCounts(ctx),
    listSuggestedLinks(ctx, { limit: 3 }),
    signalCounts(ctx),
    signalCounts(ctx, { from: since }),
    newFaces(ctx, { since: anchored ? since : new Date(now.getTime() - 30 * dayMs), limit: 5 }),
    countActivitiesByDay(ctx, { from: window.from, to: window.to }),
    threadFacets(ctx),
    listConsumerLag(ctx),
  ]);
  const older = recent.rows.length === 0 && questions.waiting > 0 ? (await listWaiting(ctx, { sort: "latest", limit: waitingShown })).rows : [];
  const people = new Set(recent.rows.map((row) => row.asker?.memberId ?? row.id)).size;
  return {
    today,
    newest,
    window,
    title: titleOf({ people, more: recent.next !== null, old: questions.waiting, toTriage: countState(signals, "suggested") }),
    waiting: {
      rows: (recent.rows.length > 0 ? recent.rows : older).slice(0, waitingShown),
      people,
      more: recent.next !== null,
      recentOnly: recent.rows.length > 0,
    },
    questions,
    links: { rows: links.rows, more: links.next !== null },
    signals,
    recentSignals,
    faces,
    activity: weekly(days, window, { newest: newest ?? today, sources: facets.sources }),
    lag: Math.max(0, ...lag.map(({ activities }) => activities)),
  };
}

/** The sentence that says what matters now. */
export function titleOf(input: { people: number; more: boolean; old: number; toTriage: number }): string {
  if (input.more) return "More than a hundred developers are waiting for us";
  if (input.people > 0) return `${capitalize(inWords(input.people))} ${input.people === 1 ? "developer is" : "developers are"} waiting for us`;
  if (input.old > 0) return `Nobody new is waiting; ${inWords(input.old)} older ${input.old === 1 ? "question has" : "questions have"} no answer`;
  if (input.toTriage > 0) return `Nobody is waiting; ${inWords(input.toTriage)} ${input.toTriage === 1 ? "signal wants" : "signals want"} a look`;
  return "Nobody is waiting for us";
}

export function countState(counts: readonly SignalCount[], state: SignalCount["state"]): number {
  return counts.filter((count) => count.state === state).reduce((sum, { n }) => sum + n, 0);
}

const seriesMax = 5;

/** Activities per week, by source where there are several, else by kind; the rest in one series. Weeks count from the window's end. */
function weekly(
  days: Awaited<ReturnType<typeof countActivitiesByDay>>,
  window: { from: string; to: string },
  held: { newest: string; sources: { id: string; name: string }[] },
): TodayData["activity"] {
  const weeks: string[] = [];
  for (let day = addDays(window.to, -6); addDays(day, 6) >= window.from; day = addDays(day, -7)) weeks.unshift(day);
  const names = new Map(held.sources.map(({ id, name }) => [id, name]));
  const nameOf = (row: (typeof days)[number]) => (names.size > 1 ? (names.get(row.sourceId) ?? "other") : row.kind.replaceAll("_", " "));
  const people = days.filter((row) => row.authorKind !== "bot");
  const totals = new Map<string, number>();
  for (const row of people) totals.set(nameOf(row), (totals.get(nameOf(row)) ?? 0) + row.count);
  const order = [...totals].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const shown = order.length > seriesMax + 1 ? order.slice(0, seriesMax) : order;
  const named = shown.length < order.length ? [...shown, "the rest"] : shown;
  const series = named.map((name) => ({ name, values: weeks.map(() => 0) }));
  const first = weeks[0] ?? window.from;
  for (const row of people) {
    const week = Math.floor((Date.parse(row.day) - Date.parse(first)) / (7 * dayMs));
    const at = shown.indexOf(nameOf(row));
    const target = series[at === -1 ? series.length - 1 : at];
    if (target && week >= 0 && week < weeks.length) target.values[week] = (target.values[week] ?? 0) + row.count;
  }
  const gaps = held.newest < addDays(window.to, -6) ? [{ from: addDays(held.newest, 1), to: window.to, reason: `No source has brought in anything after ${held.newest}` }] : [];
  return { weeks, series, gaps, total: [...totals.values()].reduce((sum, n) => sum + n, 0) };
}
