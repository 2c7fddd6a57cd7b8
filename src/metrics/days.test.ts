import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCtx } from "#tests/factories.ts";
import { addDays, bucketsOf, bucketUnit, checkSpan, daysBetween, lastDays } from "./days.ts";

describe("spans", () => {
  it("end today in the community's time zone", async () => {
    expect(lastDays(await createCtx({ timeZone: "Pacific/Auckland" }), 7)).toEqual({ from: "2026-11-20", to: "2026-11-26" });
  });

  it.each([
    ["2026-02-30", "2026-03-01"],
    ["yesterday", "2026-03-01"],
    ["2026-03-02", "2026-03-01"],
    ["1800-01-01", "2026-01-01"],
  ])("from %s to %s are refused", (from, to) => {
    expect(() => checkSpan({ from, to })).toThrow(expect.objectContaining({ code: "invalid_input" }));
  });
});

describe("buckets", () => {
  it("cover each day of the span once, in order", () => {
    fc.assert(
      fc.property(fc.nat(4000), fc.nat(1500), (start, length) => {
        const from = addDays("2020-01-01", start);
        const to = addDays(from, length);
        const buckets = bucketsOf({ from, to }, "2024-06-15");
        expect(buckets[0]?.day).toBe(from);
        expect(buckets.at(-1)?.last).toBe(to);
        for (const [at, bucket] of buckets.entries()) if (at > 0) expect(bucket.day).toBe(addDays(buckets[at - 1]?.last ?? "", 1));
        expect(buckets.reduce((sum, { day, last }) => sum + daysBetween(day, last), 0)).toBe(length + 1);
      }),
    );
  });

  it("are weeks from Monday, and cut or running ones say so", () => {
    const params = { from: "2026-09-02", to: "2026-11-25" };
    expect(bucketUnit(params)).toBe("week");
    const buckets = bucketsOf(params, "2026-11-25");
    expect(buckets[0]).toEqual({ day: "2026-09-02", last: "2026-09-06", partial: true });
    expect(buckets[1]).toEqual({ day: "2026-09-07", last: "2026-09-13", partial: false });
    expect(buckets.at(-1)).toEqual({ day: "2026-11-23", last: "2026-11-25", partial: true });
  });
});
