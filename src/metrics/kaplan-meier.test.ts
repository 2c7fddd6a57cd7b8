import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { happenedCurve, survivalCurve, timeUntil, type Waiting } from "./kaplan-meier.ts";

const waiting = (hours: number, happened = true): Waiting => ({ hours, happened });
const hours = fc.double({ min: 0, max: 1000, noNaN: true });

describe("the curve of those still waiting", () => {
  it("is the textbook's for the remission times of 21 leukaemia patients under 6-MP (Freireich 1963)", () => {
    const came = [6, 6, 6, 7, 10, 13, 16, 22, 23];
    const censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35];
    const curve = survivalCurve([...came.map((at) => waiting(at)), ...censored.map((at) => waiting(at, false))]);
    const rounded = curve.steps.map((step) => [step.hours, Number(step.waiting.toFixed(3))]);
    expect(rounded).toEqual([
      [6, 0.857],
      [7, 0.807],
      [10, 0.753],
      [13, 0.69],
      [16, 0.627],
      [22, 0.538],
      [23, 0.448],
    ]);
    expect(timeUntil(curve, 0.5)).toBe(23);
    expect(timeUntil(curve, 0.25)).toBe(13);
    expect(timeUntil(curve, 0.75)).toBeNull();
  });

  it("counts what came at a time before what was censored at that time", () => {
    expect(survivalCurve([waiting(1, false), waiting(1)]).steps).toEqual([{ hours: 1, waiting: 0.5 }]);
  });

  it("never says a median when nothing came", () => {
    fc.assert(fc.property(fc.array(hours), (all) => timeUntil(survivalCurve(all.map((at) => waiting(at, false))), 0.5) === null));
  });

  it("gives the ordinary median when everything came", () => {
    fc.assert(
      fc.property(fc.array(hours, { minLength: 1, maxLength: 60 }), (all) => {
        const sorted = [...all].sort((x, y) => x - y);
        const middle = sorted.length / 2;
        const ordinary = sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
        expect(timeUntil(survivalCurve(all.map((at) => waiting(at))), 0.5)).toBeCloseTo(ordinary ?? Number.NaN, 9);
      }),
    );
  });

  it("never looks better because more is left unanswered", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(hours, fc.boolean()), { minLength: 1, maxLength: 40 }), (all) => {
        const honest = timeUntil(survivalCurve(all.map(([at, happened]) => waiting(at, happened))), 0.5);
        const answeredOnly = timeUntil(survivalCurve(all.filter(([, happened]) => happened).map(([at]) => waiting(at))), 0.5);
        expect(honest ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual((answeredOnly ?? 0) - 1e-9);
      }),
    );
  });
});

describe("the curve for a chart", () => {
  it("rises from nothing to the share that came, in few points", () => {
    const points = happenedCurve(survivalCurve(Array.from({ length: 5000 }, (_, at) => waiting(at, at % 2 === 0))), 100);
    expect(points.length).toBeLessThanOrEqual(103);
    expect(points[0]).toEqual({ hours: 0, share: 0 });
    expect(points.every(({ share }, at) => at === 0 || share > (points[at - 1]?.share ?? 0))).toBe(true);
  });
});
