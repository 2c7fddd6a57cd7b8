import { expect, test } from "vitest";
import { AppError } from "./errors.ts";
import { decodeCursor, encodeCursor, toPage, walkPages } from "./page.ts";

const id = "01a210be-946f-7191-8caf-3f8e41d0fe0f";

test("a cursor comes back as it was made", () => {
  expect(decodeCursor(encodeCursor(["2026-01-01T00:00:00.000Z", id]), ["time", "id"])).toEqual(["2026-01-01T00:00:00.000Z", id]);
  expect(decodeCursor(encodeCursor(["2026-01-01 00:00:00.123456+00", id]), ["time", "id"])).toEqual(["2026-01-01 00:00:00.123456+00", id]);
  expect(decodeCursor(encodeCursor([12, id]), ["number", "id"])).toEqual([12, id]);
});

test("a cursor that was typed, cut or swapped is refused before it meets a query", () => {
  for (const bad of [
    "",
    "x",
    encodeCursor(["yesterday or so", id]),
    encodeCursor([id]),
    encodeCursor(["2026-01-01", "1; DROP TABLE"]),
    encodeCursor([null, id]),
  ]) {
    expect(() => decodeCursor(bad, ["time", "id"])).toThrow(AppError);
  }
});

test("walking pages meets every row once", async () => {
  const all = Array.from({ length: 23 }, (_, n) => n);
  const walked: number[] = [];
  for await (const row of walkPages(async (after) => {
    const start = after === undefined ? 0 : Number(decodeCursor(after, ["number"])[0]) + 1;
    return toPage(all.slice(start, start + 6), 5, (n) => [n]);
  })) {
    walked.push(row);
  }
  expect(walked).toEqual(all);
});
