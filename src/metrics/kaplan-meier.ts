/** One thing that was waited for: how long, and whether it came. */
export interface Waiting {
  /** Hours until it came, or until we stopped looking. */
  hours: number;
  /** False when it had not come by then: censored. */
  happened: boolean;
}

export interface SurvivalCurve {
  n: number;
  /** How many came. */
  events: number;
  /** Steps: after so many hours, this share is still waiting. Begins before the first event with 1. */
  steps: { hours: number; waiting: number }[];
}

/**
 * The Kaplan–Meier estimate of how many still wait after so long. Those who wait to this day count as what they
 * are: waited at least so long. (E. L. Kaplan, P. Meier: Nonparametric Estimation from Incomplete Observations,
 * J. Am. Stat. Assoc. 53, 1958; S(t) = Π over event times ≤ t of (1 − d/n), ties: events before censorings.)
 * @param waitings in any order; negative times count as 0
 */
export function survivalCurve(waitings: readonly Waiting[]): SurvivalCurve {
  const sorted = waitings.map(({ hours, happened }) => ({ hours: Math.max(0, hours), happened })).sort((x, y) => x.hours - y.hours);
  const steps: SurvivalCurve["steps"] = [];
  let events = 0;
  let waiting = 1;
  for (let at = 0; at < sorted.length; ) {
    const hours = sorted[at]?.hours ?? 0;
    const atRisk = sorted.length - at;
    let came = 0;
    for (; at < sorted.length && sorted[at]?.hours === hours; at += 1) if (sorted[at]?.happened) came += 1;
    if (came === 0) continue;
    events += came;
    waiting *= (atRisk - came) / atRisk;
    steps.push({ hours, waiting });
  }
  return { n: sorted.length, events, steps };
}

/** Floating-point products of fractions miss a half by this much at most. */
const tolerance = 1e-9;

/**
 * After how many hours a share has happened: the smallest time at which the curve is at or below `1 − share`. Where
 * it stays at exactly that height for a while, the middle of the flat part, as for an ordinary median.
 * @param share 0.5 for the median
 * @returns null when the curve never falls so far: too many are still waiting to say
 */
export function timeUntil(curve: SurvivalCurve, share: number): number | null {
  const target = 1 - share;
  const at = curve.steps.findIndex(({ waiting }) => waiting <= target + tolerance);
  const step = curve.steps[at];
  if (!step) return null;
  const next = curve.steps[at + 1];
  return Math.abs(step.waiting - target) <= tolerance && next ? (step.hours + next.hours) / 2 : step.hours;
}

/**
 * The share that had happened, as points for a chart.
 * @param pointsMax thins out evenly along the share, so that the shape stays; the last step is always kept
 */
export function happenedCurve(curve: SurvivalCurve, pointsMax = 120): { hours: number; share: number }[] {
  const points: { hours: number; share: number }[] = [{ hours: 0, share: 0 }];
  let shown = 0;
  for (const [at, { hours, waiting }] of curve.steps.entries()) {
    const share = 1 - waiting;
    if (share - shown < 1 / pointsMax && at < curve.steps.length - 1) continue;
    points.push({ hours, share });
    shown = share;
  }
  return points;
}
