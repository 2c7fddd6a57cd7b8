import { keyOf, Random } from "./random.ts";
import type { Part, World } from "./settings.ts";
import type { ReleaseName } from "./texts/theme.ts";
import { themes } from "./texts/themes.ts";

export const dayMs = 86_400_000;

/** When things happen in Lantern's world: growth, weeks, holidays, releases, an outage. Days count from the beginning. */
export interface Calendar {
  from: number;
  to: number;
  days: number;
  /** The day of each release. */
  releases: Record<ReleaseName, number>;
  /** Days on which the forum was down: nothing was written there. */
  outage: { first: number; last: number };
  /** The day on which Lantern itself was slow, and chat was full of it. */
  incident: number;
  /** The day at which a share (0 to 1) of a platform's threads has been opened. */
  dayAt(part: Part, share: number): number;
  /** The share of a platform's threads that are opened before a day. */
  shareBefore(part: Part, day: number): number;
  /** Draws the index of a theme that people speak of on a day. */
  themeOn(day: number, random: Random): number;
  /** Lantern's version on a day, and the last release of the minor version before. */
  versionOn(day: number): { version: string; previous: string };
}

/** Share of the span after which each version came out. */
const releaseAt: Record<ReleaseName, number> = { "3.0": 0.3, "3.1": 0.6, "3.2": 0.88 };
const weekday = [0.38, 1.08, 1.18, 1.15, 1.08, 0.88, 0.36];

/**
 * Lays out a world's time. Everything in it is a table of one entry per day, so that any thread finds its day without
 * knowing the others.
 */
export function layOutCalendar(world: World): Calendar {
  const from = Math.floor(world.from / dayMs) * dayMs;
  const days = Math.max(1, Math.ceil((world.to - from) / dayMs));
  const tuesday = (share: number) => {
    const day = Math.round(share * days);
    return day + ((9 - new Date(from + day * dayMs).getUTCDay()) % 7);
  };
  const releases = { "3.0": tuesday(releaseAt["3.0"]), "3.1": tuesday(releaseAt["3.1"]), "3.2": tuesday(releaseAt["3.2"]) };
  const outage = { first: Math.round(days * 0.71), last: Math.round(days * 0.71) + 4 };
  const incident = Math.round(days * 0.79);

  const weights = { overall: new Float64Array(days), chat: new Float64Array(days), forum: new Float64Array(days) };
  const noise = new Random(keyOf(world.seed, 71));
  for (let day = 0; day < days; day += 1) {
    const date = new Date(from + day * dayMs);
    const holiday = (date.getUTCMonth() === 11 && date.getUTCDate() > 22) || (date.getUTCMonth() === 0 && date.getUTCDate() < 3);
    let weight = (1 + (1.9 * day) / days) * (weekday[date.getUTCDay()] ?? 1) * (holiday ? 0.4 : 1) * (0.8 + 0.4 * noise.next());
    for (const release of Object.values(releases)) if (day >= release) weight *= 1 + 0.9 * Math.exp((release - day) / 8);
    // The last day is not over yet.
    if (day === days - 1) weight *= (world.to - date.getTime()) / dayMs;
    const down = day >= outage.first && day <= outage.last;
    weights.overall[day] = weight;
    weights.forum[day] = down ? 0 : weight;
    weights.chat[day] = weight * (day === incident ? 4 : down ? 1.5 : 1);
  }
  const sums = { overall: sumUp(weights.overall), chat: sumUp(weights.chat), forum: sumUp(weights.forum) };
  const sumsOf = (part: Part) => (part === "chat" ? sums.chat : part === "forum" ? sums.forum : sums.overall);
  const themeSums = sumThemes(days, releases);

  return {
    from,
    to: world.to,
    days,
    releases,
    outage,
    incident,
    dayAt: (part, share) => findDay(sumsOf(part), share),
    shareBefore: (part, day) => (day <= 0 ? 0 : (sumsOf(part)[Math.min(day, days) - 1] as number)),
    themeOn: (day, random) => random.weighted(themeSums, day * themes.length, (day + 1) * themes.length) - day * themes.length,
    versionOn: (day) => versionOn(day, releases),
  };
}

/** Running sums, scaled so that the last is 1. */
function sumUp(weights: Float64Array): Float64Array {
  const sums = new Float64Array(weights.length);
  let sum = 0;
  for (let day = 0; day < weights.length; day += 1) {
    sum += weights[day] as number;
    sums[day] = sum;
  }
  return sums.map((value) => value / sum);
}

function findDay(sums: Float64Array, share: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sums[middle] as number) > share) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Per day the running weights of all themes: what a release broke comes up most right after it, what it brought fades. */
function sumThemes(days: number, releases: Record<ReleaseName, number>): Float64Array {
  const sums = new Float64Array(days * themes.length);
  for (let day = 0; day < days; day += 1) {
    let sum = 0;
    themes.forEach((theme, index) => {
      const since = theme.since === undefined ? 0 : releases[theme.since];
      const until = theme.until === undefined ? days : releases[theme.until];
      let weight = day < since ? 0 : theme.weight;
      if (theme.since !== undefined && day >= since) weight *= 0.7 + 2.2 * Math.exp((since - day) / 25);
      if (day > until) weight *= 0.12;
      sum += weight;
      sums[day * themes.length + index] = sum;
    });
  }
  return sums;
}

/** Patch releases come every seventeen days or so; each minor version gets seven at most. */
function versionOn(day: number, releases: Record<ReleaseName, number>): { version: string; previous: string } {
  const patch = (since: number, until: number) => Math.min(7, Math.floor((until - since) / 17));
  const { "3.0": r30, "3.1": r31, "3.2": r32 } = releases;
  if (day >= r32) return { version: `3.2.${patch(r32, day)}`, previous: `3.1.${patch(r31, r32)}` };
  if (day >= r31) return { version: `3.1.${patch(r31, day)}`, previous: `3.0.${patch(r30, r31)}` };
  if (day >= r30) return { version: `3.0.${patch(r30, day)}`, previous: "2.9.6" };
  return { version: `2.9.${Math.min(6, Math.floor(day / 25))}`, previous: "2.8.4" };
}
