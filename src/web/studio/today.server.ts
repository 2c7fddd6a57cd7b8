import type { Ctx } from "#features/access/index.ts";
import type { SignalCount } from "#features/feedback/index.ts";
import { listConsumerLag } from "#features/ledger/index.ts";
import { listSuggestedLinks, type NewFace, newFaces, type SuggestedLink } from "#features/members/index.ts";
import { listWaiting, type QuestionCounts, type WaitingRow } from "#features/support/index.ts";
import { type Metric, type MetricValue, readMetric } from "#metrics/index.ts";
import { addDays, capitalize, inWords } from "../ui/format.ts";
import { countToTriage, keptQuestionCounts, keptSignalCounts } from "./shell-counts.server.ts";
import { type Span, usualDays, usualSpan } from "./span.server.ts";

const dayMs = 86_400_000;
const waitingShown = 7;
const freshDays = 14;

/** A metric's figure as Today shows it. */
export type TodayFigure = Pick<Metric, "id" | "title" | "unit" | "definition" | "exclusions"> & { reading: MetricValue };

export interface TodayData {
  title: string;
  span: Span;
  waiting: { rows: WaitingRow[]; recentOnly: boolean };
  questions: QuestionCounts;
  links: SuggestedLink[];
  signals: SignalCount[];
  recentSignals: SignalCount[];
  faces: NewFace[];
  figures: {
    firstResponse: TodayFigure;
    unanswered: TodayFigure;
    active: TodayFigure;
    newcomers: TodayFigure;

    activity: TodayFigure;
  };
  /** Activities that some consumer has not seen yet. */
  lag: number;
}

/** All that Today shows, read at once. */
export async function loadToday(ctx: Ctx): Promise<TodayData> {
  const now = ctx.clock.now();
  const span = await usualSpan(ctx);
  const recently = new Date(now.getTime() - usualDays * dayMs);
  const facesSince = span.anchored ? new Date(`${span.from}T00:00:00Z`) : new Date(now.getTime() - 30 * dayMs);
  const params = { from: span.from, to: span.to };

  const [recent, questions, links, signals, recentSignals, faces, lag, figures] = await Promise.all([
    listWaiting(ctx, { from: recently, sort: "latest", limit: 100 }),
    keptQuestionCounts(ctx),
    listSuggestedLinks(ctx, { limit: 3 }),
    keptSignalCounts(ctx),
    keptSignalCounts(ctx, { from: new Date(`${span.from}T00:00:00Z`), to: new Date(`${addDays(span.to, 1)}T00:00:00Z`) }),
    newFaces(ctx, { since: facesSince, limit: 5 }),
    listConsumerLag(ctx),
    readFigures(ctx, params),
  ]);
  const none = recent.rows.length === 0;
  const older = none && questions.waiting > 0 ? (await listWaiting(ctx, { sort: "latest", limit: waitingShown })).rows : [];
  return {
    title: titleOf({
      people: new Set(recent.rows.map((row) => row.asker?.memberId ?? row.id)).size,
      more: recent.next !== null,
      old: questions.waiting,
      toTriage: countToTriage(signals),
    }),
    span,
    waiting: { rows: none ? older : mostUrgent(recent.rows, now), recentOnly: !none },
    questions,
    links: links.rows,
    signals,
    recentSignals,
    faces,
    figures,
    lag: Math.max(0, ...lag.map(({ activities }) => activities)),
  };
}

/**
 * Whom to answer first: of those who came during the last two weeks the ones who wait longest, since an answer still
 * reaches them; then the older ones, the latest first.
 * @param rows waiting threads, the latest first
 */
export function mostUrgent(rows: readonly WaitingRow[], now: Date): WaitingRow[] {
  const isFresh = (row: WaitingRow) => now.getTime() - row.waitingSince.getTime() < freshDays * dayMs;
  const fresh = rows.filter(isFresh).reverse();
  return [...fresh, ...rows.filter((row) => !isFresh(row))].slice(0, waitingShown);
}

async function readFigures(ctx: Ctx, params: { from: string; to: string }): Promise<TodayData["figures"]> {
  const read = async (id: string): Promise<TodayFigure> => {
    const { metric, value } = await readMetric(ctx, { id, params, allowStale: true });
    const { title, unit, definition, exclusions } = metric;
    return { id, title, unit, definition, exclusions, reading: value };
  };
  const [firstResponse, unanswered, active, newcomers, activity] = await Promise.all([
    read("time-to-first-response"),
    read("share-unanswered"),
    read("active-members"),
    read("newcomers"),
    read("activity"),
  ]);
  return { firstResponse, unanswered, active, newcomers, activity };
}

/** The sentence that says what matters now. */
export function titleOf(input: { people: number; more: boolean; old: number; toTriage: number }): string {
  if (input.more) return "More than a hundred developers are waiting for us";
  if (input.people > 0) return `${capitalize(inWords(input.people))} ${input.people === 1 ? "developer is" : "developers are"} waiting for us`;
  if (input.old > 0) return `Nobody new is waiting; ${inWords(input.old)} older ${input.old === 1 ? "question has" : "questions have"} no answer`;
  if (input.toTriage > 0) return `Nobody is waiting; ${inWords(input.toTriage)} ${input.toTriage === 1 ? "signal wants" : "signals want"} a look`;
  return "Nobody is waiting for us";
}
