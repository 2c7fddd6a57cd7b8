import { readFile, truncate } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { openFile } from "#features/ledger/index.ts";
import { scratch } from "../testing.ts";
import { lookAtTable, previewRows, table, timeChoices } from "./index.ts";

describe("table: a look before it comes in", () => {
  it("counts good and bad rows beyond those it shows, and says whether it saw all", async () => {
    const rows = Array.from({ length: 60 }, (_, n) => `${n},${n % 20 === 19 ? "soon" : "2024-01-01"},words ${n}`);
    const path = await scratch("rows.csv", ["id,date,text", ...rows, ""].join("\n"));
    const mapping = { id: "id", time: "date", body: "text" };
    const preview = await previewRows(path, mapping, 5, { scan: 1_000 });
    expect(preview.counts).toEqual({ rows: 60, good: 57, bad: 3, isWhole: true });
    expect(preview.rows).toHaveLength(5);
    expect(preview.bad.map(({ line, column }) => [line, column])).toEqual([
      [21, "date"],
      [41, "date"],
      [61, "date"],
    ]);
    expect((await previewRows(path, mapping, 5, { scan: 30 })).counts).toEqual({ rows: 30, good: 29, bad: 1, isWhole: false });
  });

  it("knows a table whose cells are pages long, wherever its beginning is cut", async () => {
    const page = Array.from({ length: 400 }, (_, n) => `It is written, "" so to say "", on line ${n}; and on.`).join("\n");
    const rows = Array.from({ length: 12 }, (_, n) => `${n},2024-01-01,"${page}"`);
    const path = await scratch("pages.csv", ["id,date,text", ...rows, ""].join("\n"));
    expect(table.recognizes?.(await openFile(path))).toBeGreaterThan(0);
    expect(await lookAtTable(path)).toMatchObject({ columns: ["id", "date", "text"], headerRows: 1 });
  });

  it("reads the beginning of a gigabyte alone", async () => {
    const path = await scratch(
      "large.csv",
      ["id,date,text", ...Array.from({ length: 20_000 }, (_, n) => `${n},2024-01-01,words ${n}`), ""].join("\n"),
    );
    await truncate(path, 1024 ** 3);
    const bytesRead = async () => Number(/rchar: (\d+)/.exec(await readFile("/proc/self/io", "utf8").catch(() => ""))?.[1] ?? 0);
    const before = await bytesRead();
    await lookAtTable(path);
    const preview = await previewRows(path, { time: "date", body: "text" }, 20, { scan: 5_000 });
    expect(preview.counts).toMatchObject({ rows: 5_000, isWhole: false });
    expect((await bytesRead()) - before).toBeLessThan(64 * 1024 ** 2);
  });

  it("offers each way in which times fit best, by a time that tells them apart", () => {
    const fitting = (values: unknown[], zone = "UTC") =>
      timeChoices(values, zone).fitting.map(({ format, given, at }) => `${format}: ${given} is ${at.toISOString()}`);
    expect(fitting(["05/05/2024", "03/04/2024"])).toEqual([
      "M/d/yyyy: 03/04/2024 is 2024-03-04T00:00:00.000Z",
      "d/M/yyyy: 03/04/2024 is 2024-04-03T00:00:00.000Z",
    ]);
    expect(fitting(["05/05/2024", "25/04/2024"], "Europe/Berlin")).toEqual(["d/M/yyyy: 05/05/2024 is 2024-05-04T22:00:00.000Z"]);
    expect(fitting(["2024-01-01T10:00:00Z", "soon"])).toEqual(["auto: 2024-01-01T10:00:00Z is 2024-01-01T10:00:00.000Z"]);
    expect(fitting(["43182.5"])).toEqual(["excel: 43182.5 is 2018-03-23T12:00:00.000Z"]);
    expect(fitting(["soon"])).toEqual([]);
  });

  it.each([
    ["2024-01-01T10:00:00Z", false],
    ["Fri, 23 Mar 2018 19:33:22 +0100", false],
    [1_521_833_602, false],
    ["1521833602", false],
    ["2024-01-01 10:00", true],
    ["2018-09-28", true],
    ["03/04/2024", true],
  ])("knows whether %s needs a zone", (value, needsZone) => {
    expect(timeChoices([value], "UTC").needsZone).toBe(needsZone);
  });
});
