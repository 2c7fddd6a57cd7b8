import { expect, test } from "vitest";
import { capitalize, countOf, dayIn, formatAgo, formatMeasure, formatSpan, inWords } from "./format.ts";
import { initialsOf } from "./initials.tsx";

const hour = 3_600_000;

test("a span is told in the unit that says most", () => {
  expect([40_000, 42 * 60_000, 31 * hour, 12 * 24 * hour, 210 * 24 * hour, 5.1 * 365 * 24 * hour].map(formatSpan)).toEqual([
    "under a minute",
    "42 min",
    "31 h",
    "12 d",
    "7 mo",
    "5 y",
  ]);
});

test("hours keep a decimal while they are few and become days when they are many", () => {
  expect(formatMeasure(5.24, "hours")).toBe("5.2 h");
  expect(formatMeasure(260, "hours")).toBe("11 d");
  expect(formatMeasure(9.04, "percent")).toBe("9 %");
  expect(formatMeasure(12_345, "people")).toBe("12,345");
});

test("titles count in words up to twelve", () => {
  expect(capitalize(inWords(10))).toBe("Ten");
  expect(inWords(13)).toBe("13");
  expect(countOf(1, "reply", "replies")).toBe("1 reply");
  expect(countOf(0, "reply", "replies")).toBe("0 replies");
});

test("what is older than two weeks is dated, with the year when it is another one", () => {
  const now = new Date("2026-11-25T12:00:00Z");
  expect(formatAgo(new Date("2026-11-25T11:00:00Z"), now)).toBe("1 h ago");
  expect(formatAgo(new Date("2026-10-01T00:00:00Z"), now)).toBe("1 Oct");
  expect(formatAgo(new Date("2019-10-01T00:00:00Z"), now)).toBe("1 Oct 2019");
  expect(formatAgo(new Date(now.getTime() + 2 * hour), now)).toBe("in 2 h");
  expect(formatAgo(new Date(now.getTime() + 30_000), now)).toBe("just now");
  expect(formatAgo(new Date("2027-10-01T00:00:00Z"), now)).toBe("1 Oct 2027");
});

test("a day begins where the community lives", () => {
  expect(dayIn("Pacific/Auckland", new Date("2026-11-25T12:00:00Z"))).toBe("2026-11-26");
});

test("initials come from first and last name in any script, and never break a character", () => {
  expect(["Mei Lin", "ana-petrov", "ekr", "渡辺 美咲", "😀 party", "<x@example.org>", ""].map(initialsOf)).toEqual([
    "ML",
    "AP",
    "EK",
    "渡美",
    "PA",
    "?",
    "?",
  ]);
});
