import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stageUpload } from "#app/background/stage-upload.ts";
import { storeUpload } from "#app/background/store-upload.ts";
import type { Runtime } from "#app/runtime.ts";
import { sql } from "#core/database/database.ts";
import { newId } from "#core/ids.ts";
import type { JobDefinition } from "#core/jobs.ts";
import type { Ctx } from "#features/access/index.ts";
import { createTeamMember } from "#tests/access-fixtures.ts";
import { as, createCtx } from "#tests/factories.ts";
import { callPage, thrownBy } from "#tests/pages.ts";
import { createRuntime } from "#tests/settings-visits.ts";
import { action, loader } from "./bring-in.tsx";
import { action as keepMapping, loader as mappingPage } from "./mapping.tsx";

const archive = join(import.meta.dirname, "../../../connectors/github/fixtures/archive.json");

async function stage() {
  const { ctx } = await createTeamMember(await createCtx(), "advocate");
  const waiting: { job: JobDefinition; payload: unknown }[] = [];
  const parts = createRuntime(ctx.clock);
  // Jobs wait here until the test works them off.
  const send: Runtime["jobs"]["send"] = async (job, payload) => {
    // Each kind of job has its own payload; a list of all kinds knows none of them.
    waiting.push({ job: job as unknown as JobDefinition, payload });
    return newId();
  };
  const runtime: Runtime = { ...parts, jobs: { ...parts.jobs, send } };
  return {
    ctx,
    runtime,
    async drop(text: string | Buffer, fileName = "ideas.csv", connector?: string): Promise<string> {
      const body = new Blob([typeof text === "string" ? text : new Uint8Array(text)]).stream();
      const upload = await storeUpload({ dataDir: runtime.config.dataDir, body, fileName });
      return (await stageUpload(ctx, { upload, connector })).id;
    },
    look: (uploadId: string, path = "/") => callPage(loader, { ctx, runtime, path, params: { uploadId } }),
    post: (uploadId: string, form: Record<string, string>) =>
      callPage(action, { ctx, runtime, params: { uploadId }, form: { connector: "table", ...form } }),
    async work(): Promise<string[]> {
      const done = waiting.splice(0);
      for (const { job, payload } of done) await job.run(runtime, payload, { signal: new AbortController().signal, jobId: newId(), attempt: 1 });
      return done.map(({ job }) => job.name);
    },
  };
}

/** The fields of a page's form as a browser would send them unchanged. */
function fieldsOf(page: Awaited<ReturnType<typeof loader>>): Record<string, string> {
  const question = page.table?.question;
  return {
    headerRows: String(page.table?.headerRows ?? ""),
    ...Object.fromEntries((question?.columns ?? []).map(({ name, field }) => [`column.${name}`, field])),
    ...Object.fromEntries((question?.also ?? []).map(({ field, column }) => [`also.${field}`, column])),
    ...question?.values,
    ...Object.fromEntries(page.settings.map(({ name, value }) => [`setting.${name}`, value])),
    intent: "bring",
  };
}

const activities = (ctx: Ctx) =>
  ctx.db.rows<{ id: string; title: string | null; body: string | null; kind: string; at: Date }>(
    sql`SELECT external_id AS id, title, body, kind, occurred_at AS at FROM activity WHERE community_id = ${ctx.community.id} ORDER BY external_id`,
  );

const rows = "number,created_at,title,note\n1,2024-01-01T10:00:00Z,Open the gate,please\n2,soon,Close it,now\n3,2024-01-03T10:00:00Z,,\n";

test("columns come with what they are taken for and why, the first rows as they will come in, and bad ones with line, column, reason and remedy", async () => {
  const { drop, look } = await stage();
  const page = await look(await drop(rows));
  expect(page.connector?.id).toBe("table");
  expect(page.table?.question.columns.map(({ name, field, reason }) => [name, field, reason])).toEqual([
    ["number", "id", "The column is called «number»."],
    ["created_at", "time", "«created_at» holds times."],
    ["title", "title", "The column is called «title»."],
    ["note", "", ""],
  ]);
  expect(page.table?.question.columns[3]?.samples).toEqual(["please", "now"]);
  expect(page.table?.preview.rows).toMatchObject([{ line: 2, title: "Open the gate", kind: "post", who: "nobody is named" }]);
  expect(page.table?.preview.bad.map(({ line, column }) => [line, column])).toEqual([
    [3, "created_at"],
    [4, "title"],
  ]);
  for (const { reason, remedy, excerpt } of page.table?.preview.bad ?? []) for (const words of [reason, remedy, excerpt]) expect(words).not.toBe("");
  expect(page.table?.preview.counts).toEqual({ rows: 3, good: 1, bad: 2, isWhole: true });
});

test("another meaning is looked at without bringing anything in, and then comes in", async () => {
  const { ctx, runtime, drop, look, post, work } = await stage();
  const uploadId = await drop(rows);
  const fields = { ...fieldsOf(await look(uploadId)), "column.note": "body", kindValue: "request" };
  const said = await post(uploadId, { ...fields, intent: "look" });
  expect(said.preview?.rows).toMatchObject([{ title: "Open the gate", words: "please", kind: "request" }]);
  expect(await activities(ctx)).toEqual([]);
  const { location } = await thrownBy(post(uploadId, fields));
  expect(location).toMatch(/\/sources\/[0-9a-f-]{36}$/);
  // Twice asked is once brought in; and whoever comes back to the page is led to the source.
  expect((await thrownBy(post(uploadId, fields))).location).toBe(location);
  expect((await thrownBy(look(uploadId))).location).toBe(location);
  expect(await work()).toEqual(["import-upload"]);
  expect(await activities(ctx)).toMatchObject([{ id: "1", title: "Open the gate", body: "please", kind: "request" }]);
  expect(existsSync(join(runtime.config.dataDir, "uploads", uploadId))).toBe(false);
  expect((await thrownBy(look(uploadId))).status).toBe(404);
  const aside = await ctx.db.rows(sql`SELECT place FROM rejected_record WHERE community_id = ${ctx.community.id} ORDER BY place`);
  expect(aside).toEqual([{ place: "ideas.csv, line 3, created_at" }, { place: "ideas.csv, line 4, note" }]);
});

test("what may be day first or month first has to be chosen, and is shown both ways", async () => {
  const { ctx, drop, look, post, work } = await stage();
  const uploadId = await drop("when,text\n05/05/2024,x\n03/04/2024,y\n");
  const page = await look(uploadId);
  expect(page.table?.preview.times.fitting.map(({ format, given, at }) => [format, given, at.toISOString().slice(0, 10)])).toEqual([
    ["M/d/yyyy", "03/04/2024", "2024-03-04"],
    ["d/M/yyyy", "03/04/2024", "2024-04-03"],
  ]);
  expect(page.table?.preview.times.needsZone).toBe(true);
  expect(page.table?.question.values.timeFormat).toBe("");
  const fields = { ...fieldsOf(page), "timeFormat.open": "1" };
  expect((await post(uploadId, fields)).problems.timeFormat).toBeTruthy();
  await thrownBy(post(uploadId, { ...fields, timeFormat: "d/M/yyyy", timeZone: "Europe/Berlin" }));
  await work();
  expect((await activities(ctx)).map(({ at }) => at.toISOString()).sort()).toEqual(["2024-04-02T22:00:00.000Z", "2024-05-04T22:00:00.000Z"]);
});

test("a later file with the same header comes with what was said of the first; said otherwise, what is held is read anew", async () => {
  const { ctx, drop, look, post, work } = await stage();
  const header = "nr,when,a,b\n";
  const first = await drop(`${header}1,03/04/2024,x,y\n`);
  await thrownBy(
    post(first, {
      ...fieldsOf(await look(first)),
      "column.nr": "id",
      "column.a": "title",
      timeFormat: "d/M/yyyy",
      "setting.visibility": "restricted",
    }),
  );
  await work();
  const second = await drop(`${header}2,04/04/2024,z,w\n`, "later.csv");
  const page = await look(second);
  expect(page.table).toMatchObject({ isHeld: true, doubts: [] });
  expect(page.source?.name).toBe("ideas");
  expect(page.table?.question.columns.map(({ field }) => field)).toEqual(["id", "time", "title", ""]);
  expect(page.table?.question.values.timeFormat).toBe("d/M/yyyy");
  expect(page.settings.find(({ name }) => name === "visibility")?.value).toBe("restricted");
  await thrownBy(post(second, { ...fieldsOf(page), "column.b": "body" }));
  expect(await work()).toEqual(["import-upload"]);
  expect(await activities(ctx)).toMatchObject([
    { id: "1", title: "x", body: "y" },
    { id: "2", title: "z", body: "w" },
  ]);
});

test("on the source's page what its columns mean is changed without a file, and what is held is read anew", async () => {
  const { ctx, runtime, drop, look, post, work } = await stage();
  const uploadId = await drop("id,date,text,more\n1,2024-01-01,x,y\n");
  const { location } = await thrownBy(post(uploadId, fieldsOf(await look(uploadId))));
  await work();
  const params = { sourceId: location?.split("/").at(-1) ?? "" };
  const page = await callPage(mappingPage, { ctx, params });
  expect(page.question.columns.map(({ name, field }) => [name, field])).toEqual([
    ["id", "id"],
    ["date", "time"],
    ["text", "body"],
    ["more", ""],
  ]);
  const fields = { "column.id": "id", "column.date": "time", "column.more": "title", kindValue: "post", timeFormat: "auto", timeZone: "UTC" };
  const said = await callPage(keepMapping, { ctx, runtime, params, form: { ...fields, intent: "look" } });
  expect(said.preview?.rows).toMatchObject([{ title: "y", words: "" }]);
  await thrownBy(callPage(keepMapping, { ctx, runtime, params, form: { ...fields, intent: "keep" } }));
  expect(await work()).toEqual(["replay-source"]);
  expect(await activities(ctx)).toMatchObject([{ id: "1", title: "y", body: null }]);
  // The same again changes nothing, so nothing is read anew.
  await thrownBy(callPage(keepMapping, { ctx, runtime, params, form: { ...fields, intent: "keep" } }));
  expect(await work()).toEqual([]);
  expect((await thrownBy(callPage(mappingPage, { ctx, params: { sourceId: "nonsense" } }))).status).toBe(404);
  const forViewer = { ctx: as(ctx, "viewer"), params };
  expect((await thrownBy(callPage(mappingPage, forViewer))).status).toBe(403);
});

test("a column that means two things keeps both; two columns that are to be one are told", async () => {
  const { drop, look, post } = await stage();
  const uploadId = await drop("id,date,subject,other\n1,2024-01-01,x,y\n");
  const fields = { ...fieldsOf(await look(uploadId)), "also.thread": "subject" };
  await thrownBy(post(uploadId, fields));
  const later = await drop("id,date,subject,other\n2,2024-01-02,x,y\n");
  expect((await look(later)).table?.question.also).toEqual([{ field: "title", label: "Title", column: "subject" }]);
  const said = await post(later, { ...fields, "column.other": "title" });
  expect(said.problems["column.other"]).toMatch(/«subject» is Title already/);
});

test("a table without a column of times says so and does not come in", async () => {
  const { drop, look, post } = await stage();
  const uploadId = await drop("label,text\nbug,it broke\nbug,it broke again\nask,how does it work\n", "labels.csv", "table");
  const page = await look(uploadId);
  expect(page.table?.preview.problem).toMatch(/which column holds the time/);
  expect(await post(uploadId, fieldsOf(page))).toMatchObject({ ok: false, problems: { time: expect.stringContaining("time") } });
});

test("a header of several rows is read as the page is asked to, and so are later files", async () => {
  const { drop, look, post } = await stage();
  const text = "id,date,Which colour do you like most of all?\n,,Answer in your own words\n1,2024-01-01,blue as the sea is\n";
  const uploadId = await drop(text, "survey.csv", "table");
  expect((await look(uploadId)).table?.headerRows).toBe(2);
  const page = await look(uploadId, "/?header=1");
  expect(page.table?.question.columns[2]?.name).toBe("Which colour do you like most of all?");
  expect(page.table?.preview.bad.map(({ line }) => line)).toEqual([2, 2]);
  await thrownBy(post(uploadId, fieldsOf(page)));
  expect((await look(await drop(text, "later.csv", "table"))).table).toMatchObject({ headerRows: 1, isHeld: true });
});

test("an export that is known says what it is and asks for what matters to a file; what is said otherwise of a source that is there counts for it", async () => {
  const { ctx, drop, look, post, work } = await stage();
  const first = await drop(readFileSync(archive), "archive.json");
  const page = await look(first);
  expect(page).toMatchObject({ connector: { id: "github" }, name: "Harbor/Tide-Table", table: null, problem: null });
  expect(page.reported.length).toBeGreaterThan(0);
  const asked = page.settings.map(({ name }) => name);
  expect(asked).toContain("visibility");
  for (const name of ["token", "privateKey", "webhookSecret", "appId"]) expect(asked).not.toContain(name);
  const { location } = await thrownBy(post(first, { ...fieldsOf(page), connector: "github" }));
  expect(await work()).toEqual(["import-upload"]);
  const levels = () => ctx.db.rows(sql`SELECT DISTINCT visibility AS level FROM channel WHERE community_id = ${ctx.community.id}`);
  expect(await levels()).toEqual([{ level: 0 }]);

  const again = await drop(readFileSync(archive), "archive.json");
  const held = await look(again);
  expect(held.source?.id).toBe(location?.split("/").at(-1));
  await thrownBy(post(again, { ...fieldsOf(held), connector: "github", "setting.visibility": "team" }));
  await work();
  expect(await levels()).toEqual([{ level: 2 }]);
  expect((await look(await drop(readFileSync(archive), "archive.json"))).settings.find(({ name }) => name === "visibility")?.value).toBe("team");
});

test("what nobody knows or is broken is refused at once; what another connector cannot read says so on its page", async () => {
  const { drop, look } = await stage();
  await expect(drop("hello", "notes.txt")).rejects.toMatchObject({ code: "unreadable_file" });
  await expect(drop("one line without any columns", "notes.csv", "table")).rejects.toThrow(/is no table/);
  await expect(drop('{"a": 1}', "one.json", "table")).rejects.toThrow(/neither a list of objects/);
  const uploadId = await drop(rows);
  expect(await look(uploadId, "/?as=github")).toMatchObject({ isReadable: false, problem: expect.any(String) });
});

test("a waiting file is its community's alone, the team's editors', and can be given up", async () => {
  const { ctx, runtime, drop, post } = await stage();
  const uploadId = await drop(rows);
  const visit = (who: Ctx, id = uploadId) => thrownBy(callPage(loader, { ctx: who, runtime, params: { uploadId: id } }));
  expect((await visit(as(ctx, "viewer"))).status).toBe(403);
  const stranger = (await createTeamMember(await createCtx(), "owner")).ctx;
  expect((await visit(stranger)).status).toBe(404);
  expect((await visit(ctx, "..%2F..")).status).toBe(404);
  expect((await thrownBy(post(uploadId, { intent: "discard" }))).location).toMatch(/sources\/new$/);
  expect((await visit(ctx)).status).toBe(404);
  expect(existsSync(join(runtime.config.dataDir, "uploads", uploadId))).toBe(false);
});
