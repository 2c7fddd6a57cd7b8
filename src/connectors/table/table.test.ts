import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openFile, recognizeFile } from "#features/ledger/index.ts";
import { connectors } from "../index.ts";
import { foldBatches, readFileWith, scratch } from "../testing.ts";
import { lookAtTable, type Mapping, mappingSchema, previewRows, suggestMapping, table } from "./index.ts";

const fixtures = join(import.meta.dirname, "fixtures");

async function read(path: string, settings: Record<string, unknown> = {}) {
  const reading = await readFileWith(table, path, settings);
  const parsed = table.settings.parse(settings);
  return { ...reading, batches: reading.records.map((record) => table.normalize(record, parsed)) };
}

const readText = async (content: string | Buffer, settings: Record<string, unknown> = {}, name = "rows.csv") =>
  read(await scratch(name, content), settings);
const activities = (reading: Awaited<ReturnType<typeof read>>) => reading.batches.flatMap((batch) => batch.activities);
const suggested = async (content: string, name = "rows.csv") => suggestMapping(await lookAtTable(await scratch(name, content)));

describe("table: what rows say", () => {
  it("says of the fixtures what the golden file holds", async () => {
    const all: Record<string, unknown> = {};
    for (const name of readdirSync(fixtures)
      .filter((one) => !one.endsWith(".golden.json"))
      .sort()) {
      const { identity, rejected, batches } = await read(join(fixtures, name));
      all[name] = { identity, rejected, batches };
    }
    await expect(`${JSON.stringify(all, null, 2)}\n`).toMatchFileSnapshot("fixtures/table.golden.json");
  });

  it("keeps line breaks and quotes inside cells, and counts lines as an editor does", async () => {
    for (const lineBreak of ["\n", "\r\n"]) {
      const rows = ["id,date,text", '1,2024-01-01,"one', 'two, ""three"""', "2,nonsense,x", "", '3,2024-01-03," four" '].join(lineBreak);
      const reading = await readText(rows);
      expect(activities(reading).map(({ body }) => body)).toEqual(['one\ntwo, "three"', "four"]);
      expect(reading.rejected).toMatchObject([{ place: "rows.csv, line 4, date" }]);
    }
  });

  it("finds separator and encoding out: comma, semicolon, tab, bar; UTF-8 with and without its mark, UTF-16, Windows", async () => {
    const rows = (separator: string) =>
      `${["date", "name", "text"].join(separator)}\n${["2024-01-01", "José", "naïve café – déjà vu"].join(separator)}\n`;
    for (const separator of [",", ";", "\t", "|"]) expect(activities(await readText(rows(separator)))[0]?.body).toBe("naïve café – déjà vu");
    const text = rows(";");
    const western = Buffer.from(text.replaceAll("–", "\u0096"), "latin1");
    for (const bytes of [
      Buffer.from(`\ufeff${text}`),
      Buffer.from(`\ufeff${text}`, "utf16le"),
      Buffer.from(`\ufeff${text}`, "utf16le").swap16(),
      Buffer.from(text, "utf16le"),
      western,
      gzipSync(text),
    ]) {
      const reading = await readText(bytes);
      expect(activities(reading)[0]?.body).toBe("naïve café – déjà vu");
      expect(reading.batches[0]?.identities[0]?.displayName).toBe("José");
    }
  });

  it("is Windows text as a whole when one letter far down is no UTF-8", async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => `2024-01-01,${i},plain`).join("\n");
    const bytes = Buffer.concat([Buffer.from(`date,number,text\n${rows}\n2024-01-01,9999,caf`), Buffer.from([0xe9]), Buffer.from("\n")]);
    const reading = await readText(bytes);
    expect(activities(reading)).toHaveLength(5001);
    expect(activities(reading).at(-1)?.body).toBe("café");
  });

  it("reads a JSON list, a list inside an object, and one object a line alike, with fields inside fields", async () => {
    const items = [
      { id: 1, at: "2024-01-01T00:00:00Z", user: { mail: "a@x.example" }, text: "one" },
      { id: 2, at: "2024-01-02T00:00:00Z", user: { mail: "b@x.example" }, text: "two" },
    ];
    const mapping = { id: "id", time: "at", authorEmail: "user.mail", body: "text" };
    const forms = [JSON.stringify(items), JSON.stringify({ total: 2, rows: items }), items.map((item) => JSON.stringify(item)).join("\n")];
    const [list, inside, lines] = await Promise.all(forms.map((form) => readText(form, { mapping, table: "x" }, "rows.json")));
    expect(list?.records.map(({ externalId }) => externalId)).toEqual(["1", "2"]);
    expect(list?.batches[1]?.identities[0]?.externalId).toBe("b@x.example");
    expect(foldBatches(inside?.batches ?? [])).toEqual(foldBatches(list?.batches ?? []));
    expect(foldBatches(lines?.batches ?? [])).toEqual(foldBatches(list?.batches ?? []));
  });

  it("names columns by a header of several rows, and numbers those that are empty or the same", async () => {
    const head = await lookAtTable(await scratch("survey.csv", "Respondent,When,Which?,,Why?\n,,Red,Blue,\n10103000748,2024-01-01,Red,,because\n"));
    expect(head).toMatchObject({ headerRows: 2, columns: ["Respondent", "When", "Red", "Blue", "Why?"] });
    const twice = await lookAtTable(await scratch("twice.csv", "id,note,,note\n1,a,b,c\n"));
    expect(twice.columns).toEqual(["id", "note", "column 3", "note (2)"]);
  });

  it("puts rows of one thread together, its title from the earliest, and gives words without a thread their own", async () => {
    const rows = "id,date,thread_id,title,text\nb,2024-01-02,t,Re: gate,pull it\na,2024-01-01,t,The gate,it is shut\nc,2024-01-03,,Alone,hello\n";
    const { batches } = await readText(rows);
    const threads = foldBatches(batches).threads;
    expect(threads.map(([id, thread]) => [id, thread.title])).toEqual([
      ["c", "Alone"],
      ["t", "The gate"],
    ]);
  });

  it("knows people by id, then by address, then by name inside the table; the anonymous are nobody", async () => {
    const rows =
      "date,uid,name,mail,text\n2024-01-01,17,Ann,ann@x.example,a\n2024-01-01,,Bob,BOB@x.example,b\n2024-01-01,,Cem,,c\n2024-01-01,,Anonymous,,d\n2024-01-01,,,,e\n";
    const mapping = { time: "date", authorId: "uid", authorName: "name", authorEmail: "mail", body: "text" };
    const reading = await readText(rows, { mapping, table: "Board" });
    expect(activities(reading).map(({ author, unattributed }) => (author ? `${author.platform} ${author.externalId}` : unattributed))).toEqual([
      "table:board 17",
      "email bob@x.example",
      "table:board #cem",
      "Anonymous",
      "not named",
    ]);
    const github = await readText("date,uid,text\n2024-01-01,583231,a\n2024-01-01,@Octo,b\n", {
      mapping: { time: "date", authorId: "uid", authorPlatform: "github", body: "text" },
    });
    expect(activities(github).map(({ author }) => `${author?.platform} ${author?.externalId}`)).toEqual(["github id:583231", "github login:octo"]);
  });

  it("closes what a column says is private, and never guesses at a word it does not know", async () => {
    const mapping = { time: "date", body: "text", visibility: "who" };
    const reading = await readText("date,text,who\n2024-01-01,a,private\n2024-01-01,b,public\n2024-01-01,c,\n2024-01-01,d,friends\n", { mapping });
    expect(activities(reading).map(({ visibility }) => visibility)).toEqual(["restricted", "public", undefined]);
    expect(reading.rejected).toMatchObject([{ place: "rows.csv, line 5, who", reason: expect.stringContaining("friends") }]);
  });
});

describe("table: times", () => {
  const at = async (value: string, how: Partial<Mapping> = {}) => {
    const reading = await readText(JSON.stringify([{ at: value, text: "x" }]), { mapping: { time: "at", body: "text", ...how } }, "rows.json");
    return activities(reading)[0]?.occurredAt.toISOString() ?? reading.rejected[0]?.reason;
  };

  it.each([
    ["2018-03-23T19:33:22Z", {}, "2018-03-23T19:33:22.000Z"],
    ["2018-03-23 19:33:22.123456 +0200", {}, "2018-03-23T17:33:22.123Z"],
    ["2018-03-23", { timeZone: "Europe/Berlin" }, "2018-03-22T23:00:00.000Z"],
    ["2018-07-23 10:00", { timeZone: "America/New_York" }, "2018-07-23T14:00:00.000Z"],
    ["Fri, 23 Mar 2018 19:33:22 +0100", {}, "2018-03-23T18:33:22.000Z"],
    ["1521833602", {}, "2018-03-23T19:33:22.000Z"],
    ["1521833602000", {}, "2018-03-23T19:33:22.000Z"],
    ["1521833602000000", {}, "2018-03-23T19:33:22.000Z"],
    ["43182.8148379", { timeFormat: "excel" }, "2018-03-23T19:33:22.000Z"],
    ["23.03.2018 19:33", { timeFormat: "dd.MM.yyyy HH:mm", timeZone: "Europe/Berlin" }, "2018-03-23T18:33:00.000Z"],
    ["03/23/2018 07:33:22 PM", { timeFormat: "MM/dd/yyyy hh:mm:ss a" }, "2018-03-23T19:33:22.000Z"],
  ])("reads %s with %j as %s", async (value, how, expected) => {
    expect(await at(value, how)).toBe(expected);
  });

  it.each(["2018-02-30", "2018-13-01T00:00:00Z", "00.24.50", "2011 +51800", "yesterday", "1", "99999999999999999999", "2018-03-23T25:00:00Z"])(
    "sets %s aside and goes on",
    async (value) => {
      expect(await at(value)).toMatch(/which is no time written as auto/);
    },
  );

  it("says when day and month cannot be told apart, and is sure once a row tells", async () => {
    expect((await suggested("date,text\n03/04/2018,aa\n05/06/2018,bb\n")).doubts).toEqual([
      "03/04/2018 may be M/d/yyyy or d/M/yyyy: no row tells which.",
    ]);
    expect(await suggested("date,text\n03/04/2018,aa\n25/06/2018,bb\n")).toMatchObject({ doubts: [], mapping: { timeFormat: "d/M/yyyy" } });
    await expect(readText("date,text\n03/04/2018,aa\n05/06/2018,bb\n")).rejects.toThrow(/no row tells which.*nothing was stored/);
  });
});

describe("table: what is wrong with rows", () => {
  it("reports each with line, column, reason and what to do, and takes the rest", async () => {
    const rows = [
      "id,date,title,text",
      "1,2024-01-01,a,b",
      "2,,a,b",
      "3,soon,a,b",
      "1,2024-01-04,again,b",
      "5,2024-01-05,,",
      ",2024-01-06,a,b",
      "7,2024-01-07,a",
      "8,2024-01-08,a,b,c",
      "9,2024-01-09,only a title,",
      ",,,",
    ].join("\n");
    const mapping = { id: "id", time: "date", title: "title", body: "text" };
    const reading = await readText(rows, { mapping });
    expect(reading.records.map(({ externalId }) => externalId)).toEqual(["1", "9"]);
    expect(reading.rejected.map(({ place, reason }) => `${place}: ${reason}`)).toEqual([
      "rows.csv, line 3, date: date is empty: when this happened is not known.",
      "rows.csv, line 4, date: date is «soon», which is no time written as auto.",
      "rows.csv, line 5, id: id is «1», as on line 2 already.",
      "rows.csv, line 6, text: text is empty, and so is title: the row says nothing.",
      "rows.csv, line 7, id: id is empty, so the row could not be found again.",
      "rows.csv, line 8: The row has 3 cells, and the header 4: which belongs where cannot be told.",
      "rows.csv, line 9: The row has 5 cells, and the header 4: which belongs where cannot be told.",
    ]);
    expect(reading.rejected.every(({ remedy, excerpt }) => remedy !== "" && excerpt !== "")).toBe(true);
    const preview = await previewRows(await scratch("rows.csv", rows), mapping, 20);
    expect(preview.rows.map(({ line, activity, problems }) => [line, activity?.id, problems.map(({ field }) => field)])).toEqual([
      [2, "1", []],
      [3, undefined, ["time"]],
      [4, undefined, ["time"]],
      [5, undefined, ["id"]],
      [6, undefined, ["body"]],
      [7, undefined, ["id"]],
      [10, "9", []],
    ]);
    expect(preview.faults.map(({ line }) => line)).toEqual([8, 9]);
  });

  it("sets a line of JSON aside that is broken, and refuses JSON that is cut off", async () => {
    const reading = await readText('{"id":1,"date":"2024-01-01","text":"a"}\n{"id":2,\n{"id":3,"date":"2024-01-03","text":"c"}\n', {}, "rows.ndjson");
    expect(reading.records).toHaveLength(2);
    expect(reading.rejected).toMatchObject([{ place: "rows.ndjson, line 2", reason: expect.stringContaining("no JSON") }]);
    await expect(readText('[{"id":1,"date":"2024-01-01","text":"a"},{"id":2,"da', {}, "rows.json")).rejects.toThrow(/cut off/);
  });

  it("refuses a quote that is never closed, with the line on which its row begins", async () => {
    const rows = `id,date,text\n1,2024-01-01,a\n2,2024-01-02,"open\n3,2024-01-03,c\n`;
    await expect(readText(rows, { mapping: { time: "date", body: "text" } })).rejects.toThrow(/row on line 3 is never closed/);
  });

  it("refuses what is no table, and columns that are not there, naming those that are", async () => {
    await expect(readText("just some words\nand more\n", {}, "notes.txt")).rejects.toThrow(/no table/);
    await expect(readText('{"a":1}', {}, "one.json")).rejects.toThrow(/neither a list of objects/);
    await expect(readText("when,text\n2024-01-01,a\n", { mapping: { time: "date" } })).rejects.toThrow(/no column «date». It has: when, text/);
    await expect(readText("a,b\nx,y\n")).rejects.toThrow(/has to be said: no column of «a, b»/);
  });
});

describe("table: what columns mean", () => {
  it("tells it by their names and by what stands in them", async () => {
    const { mapping, reasons, missing } = suggestMapping(await lookAtTable(join(fixtures, "feedback.csv")));
    expect(missing).toEqual([]);
    expect(mapping).toEqual({
      id: "number",
      time: "created_at",
      edited: "updated_at",
      authorName: "created_by",
      authorEmail: "email",
      channel: "category",
      title: "title",
      body: "description",
      url: "url",
    });
    expect(reasons.time).toBe("«created_at» holds times.");
  });

  it("does not take a column for ids that repeat, nor for addresses or links that are none", async () => {
    const { mapping } = await suggested("id,email,url,date,text\n1,yes,n/a,2024-01-01,aa\n1,no,n/a,2024-01-02,bb\n");
    expect(mapping).toEqual({ time: "date", body: "text" });
  });

  it("takes a mapping as an object, as JSON text, or not at all", () => {
    const mapping = { time: "date" };
    const full = mappingSchema.parse(mapping);
    expect(table.settings.parse({ mapping }).mapping).toEqual(full);
    expect(table.settings.parse({ mapping: JSON.stringify(mapping) }).mapping).toEqual(full);
    expect(table.settings.parse({ mapping: "" }).mapping).toBeUndefined();
    expect(table.settings.safeParse({ mapping: "{" }).success).toBe(false);
    expect(table.settings.safeParse({ mapping: { time: "date", timeZone: "Nowhere/Land" } }).success).toBe(false);
  });

  it("knows a large table by its beginning, though the beginning ends within a quoted cell of many lines", async () => {
    const body = `"first line\n\n${"more words, and a comma\n".repeat(300)}"`;
    const rows = Array.from({ length: 40 }, (_, i) => `repo/a,2024-01-${String((i % 28) + 1).padStart(2, "0")},bug,Title ${i},${body}`);
    const path = await scratch("many-lines.csv", `repo,created_at,label,title,body\n${rows.join("\n")}\n`);
    expect(recognizeFile(connectors, await openFile(path))[0]?.connector.id).toBe("table");
  });

  it("reads times as Jira exports them", async () => {
    const table = "Summary,Issue id,Created\nJAR in conflict,13404344,30/Sep/21 17:20\nFix build,13400058,08/Sep/21 05:46\n";
    const given = await readText(table);
    expect(activities(given).map(({ occurredAt }) => occurredAt.toISOString())).toEqual(["2021-09-30T17:20:00.000Z", "2021-09-08T05:46:00.000Z"]);
  });

  it("leaves every file that another connector knows to that connector", async () => {
    for (const connector of connectors) {
      const folder = join(import.meta.dirname, "..", connector.id, "fixtures");
      if (connector.id === "table" || !existsSync(folder)) continue;
      for (const name of readdirSync(folder)) {
        const matches = recognizeFile(connectors, await openFile(join(folder, name)));
        const own = matches.find((match) => match.connector.id === connector.id)?.confidence ?? 0;
        const ours = matches.find((match) => match.connector.id === "table")?.confidence ?? 0;
        if (own >= 0.5) expect(own, `${connector.id}/${name}`).toBeGreaterThanOrEqual(ours + 0.25);
      }
    }
  });
});

describe("table: the same table again", () => {
  it("has one origin for one header, another for another, and that of its name where it has one", async () => {
    const origin = async (rows: string, settings = {}) => (await readText(rows, settings)).identity.origin;
    const first = await origin("Date,Text\n2024-01-01,a\n");
    expect(await origin("date;TEXT\n2024-02-01;b\n")).toBe(first);
    expect(await origin("date,text,more\n2024-02-01,b,c\n")).not.toBe(first);
    expect(await origin("date,text\n2024-01-01,a\n", { table: "Board" })).toBe("table:board");
  });

  it("says the same of one file as of overlapping parts in any order", async () => {
    const rows = Array.from({ length: 9 }, (_, i) => `${i},2024-01-0${(i % 5) + 1},t${i % 3},Person ${i % 4},text ${i}`);
    const header = "id,date,thread_id,name,text";
    const settings = { mapping: { id: "id", time: "date", thread: "thread_id", authorName: "name", body: "text" } };
    const expected = foldBatches((await readText([header, ...rows].join("\n"), settings)).batches);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.shuffledSubarray(rows, { minLength: 1 }), { maxLength: 3 }),
        fc.shuffledSubarray(rows, { minLength: 9 }),
        async (parts, all) => {
          const batches = [];
          for (const part of [...parts, all]) batches.push(...(await readText([header, ...part].join("\n"), settings)).batches);
          const folded = foldBatches(batches);
          expect({ ...folded, threads: folded.threads.map(([id]) => id) }).toEqual({ ...expected, threads: expected.threads.map(([id]) => id) });
        },
      ),
      { numRuns: 12 },
    );
  });

  it("reads 100,000 rows without holding them", async () => {
    const row = (i: number) => `${i},2024-01-01T00:00:00Z,Person ${i % 100},"A body with, a comma and ""quotes"" in it"\n`;
    const path = await scratch("many.csv", `id,date,name,text\n${Array.from({ length: 100_000 }, (_, i) => row(i)).join("")}`);
    const input = { path, head: Buffer.alloc(0), settings: table.settings.parse({}), signal: new AbortController().signal };
    let [rows, largest] = [0, 0];
    for await (const chunk of table.importFile?.(undefined as never, input) ?? []) {
      rows += chunk.records.length;
      largest = Math.max(largest, chunk.records.length);
    }
    expect(rows).toBe(100_000);
    expect(largest).toBeLessThanOrEqual(500);
  });
});

const real = join(import.meta.dirname, "../../../../shared/data");

describe.skipIf(!existsSync(real))("table: real files (skipped where ../shared/data is absent)", () => {
  it.each([
    // Counted with Python's csv module; rows without any cell are none.
    ["attendance-csv/chaoss-perceval/finosmeetings_entries.csv", 3],
    ["feedback-csv/fider/empty.csv", 0],
    ["feedback-csv/fider/one-post.csv", 1],
    ["feedback-csv/fider/more-posts.csv", 3],
    ["survey-csv/todogroup-ospo/2018/results.csv", 748],
    ["survey-csv/todogroup-ospo/2020/results_2020.csv", 1026],
    ["survey-csv/todogroup-ospo/2022/RawData.csv", 1048],
    ["survey-csv/todogroup-ospo/2023/RawData.csv", 489],
    ["labelled/nlbse2024/issues_train.csv", 1254],
  ])("reads %s by its columns alone: %i rows, each with its time, the second time alike", async (file, rows) => {
    const first = await read(join(real, file));
    expect(first.rejected).toEqual([]);
    expect(first.records).toHaveLength(rows);
    expect(activities(first).every(({ occurredAt }) => occurredAt.getUTCFullYear() >= 2010 && occurredAt.getUTCFullYear() <= 2024)).toBe(true);
    expect((await read(join(real, file))).records).toEqual(first.records);
  });

  it("asks what the columns of a table without times mean", async () => {
    await expect(read(join(real, "survey-csv/todogroup-ospo/2022/Data-SurveyReferenceModel.csv"))).rejects.toThrow(/could be told to be the time/);
  });

  it("has who came to a meeting with address and organization", async () => {
    const { batches } = await read(join(real, "attendance-csv/chaoss-perceval/finosmeetings_entries.csv"));
    const given = (await readFile(join(real, "attendance-csv/chaoss-perceval/finosmeetings_entries.csv"), "utf8")).trim().split("\n").slice(1);
    expect(batches.map((batch) => batch.identities[0]?.email)).toEqual(given.map((line) => line.split(",")[0]));
    expect(batches.flatMap((batch) => batch.affiliations ?? []).map(({ organization }) => organization)).toEqual(["FINOS", "FINOS", "FINOS"]);
  });
});
