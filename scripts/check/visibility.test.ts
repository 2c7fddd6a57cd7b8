// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings are code to be read by the check
import { expect, test } from "vitest";
import { findBypasses, findWaysOut } from "./visibility.ts";

const schema = `
export const thread = pgTable("thread", { id: uuid("id"), visibility: smallint("visibility").notNull() });
export const activity = pgTable("activity", { visibility: smallint("visibility").notNull() });
export const source = pgTable("source", { id: uuid("id") });
`;
const none = { readsForNobody: {}, guardedOtherwise: {} };

function house(files: Record<string, string>) {
  const all = { "src/features/ledger/schema.ts": schema, ...files };
  return { files: new Map(Object.entries(all)), manifest: { imports: { "#features/*": "./src/features/*" } } };
}

const problemsOf = (files: Record<string, string>) => findBypasses(house(files), none).map(({ path, line, problem }) => `${path}:${line} ${problem}`);
const inLedger = (text: string) => problemsOf({ "src/features/ledger/reads.ts": text });

const allowed: Record<string, string> = {
  "the rule in the text": 'const f = (ctx) => ctx.db.rows(sql`SELECT t.id FROM thread t WHERE ${visibleTo(ctx, "t")}`);',
  "the rule among conditions put together before":
    'function f(ctx) { const where = [visibleTo(ctx, "t")]; return ctx.db.rows(sql`SELECT FROM thread AS t WHERE ${sql.join(where)}`); }',
  "the rule in a function that makes the conditions":
    'function filter(ctx) { return [visibleTo(ctx, "t"), sql`t.id = 1`]; } function f(ctx) { return ctx.db.first(sql`SELECT count(*) FROM thread t WHERE ${sql.join(filter(ctx))}`); }',
  "a parent joined to a row under the rule":
    'const f = (ctx) => ctx.db.rows(sql`SELECT t.title FROM activity a LEFT JOIN thread t ON t.community_id = a.community_id AND t.id = a.thread_id WHERE ${visibleTo(ctx, "a")}`);',
  "a join kept as a fragment":
    'const joins = sql`JOIN thread t ON t.id = a.thread_id`; const f = (ctx) => ctx.db.rows(sql`SELECT FROM activity a ${joins} WHERE ${visibleTo(ctx, "a")}`);',
  "a write": "const f = (ctx) => ctx.db.execute(sql`UPDATE thread t SET n = x.n FROM (SELECT count(*) AS n FROM activity a) x`);",
  "a table without a visibility": "const f = (ctx) => ctx.db.rows(sql`SELECT FROM source s`);",
  "a message that speaks of threads": 'const f = () => new Error("Take it from thread 12, or from an activity.");',
};

test.each(Object.entries(allowed))("%s is allowed", (_, text) => {
  expect(inLedger(text)).toEqual([]);
});

const faults: Record<string, string> = {
  "no rule": "const f = (ctx) => ctx.db.rows(sql`SELECT t.id FROM thread t`);",
  "only the community": "const f = (ctx) => ctx.db.rows(sql`SELECT FROM thread t WHERE t.community_id = ${ctx.community.id}`);",
  "the rule for another alias": 'const f = (ctx) => ctx.db.rows(sql`SELECT FROM thread t, activity a WHERE ${visibleTo(ctx, "a")}`);',
  "the rule in another statement of the function":
    'async function f(ctx) { await ctx.db.rows(sql`SELECT FROM thread t WHERE ${visibleTo(ctx, "t")}`); return ctx.db.rows(sql`SELECT FROM thread t`); }',
  "two reads and one rule": 'const f = (ctx) => ctx.db.rows(sql`SELECT FROM thread t WHERE ${visibleTo(ctx, "t")} UNION ALL SELECT FROM thread t`);',
  "a join by something else than the parent's id":
    'const f = (ctx) => ctx.db.rows(sql`SELECT o.title FROM activity a JOIN thread o ON o.opener_id = a.identity_id WHERE ${visibleTo(ctx, "a")}`);',
  "a parent joined to a row that is not under the rule":
    "const f = (ctx) => ctx.db.rows(sql`SELECT FROM hits a JOIN thread t ON t.id = a.thread_id`);",
  "a fragment whose user lacks the rule": "const from = sql`FROM thread t`; const f = (ctx) => ctx.db.rows(sql`SELECT 1 ${from}`);",
  "a fragment that begins with the table":
    "const open = sql`thread t LEFT JOIN source s ON true`; const f = (ctx) => ctx.db.rows(sql`SELECT 1 FROM ${open}`);",
  "the rule in one method and the read in another":
    'const m = { run: (ctx) => ctx.db.rows(sql`SELECT FROM thread t WHERE ${visibleTo(ctx, "t")}`), rows: (ctx) => ctx.db.rows(sql`SELECT FROM thread t`) };',
  "a guarded function called beside an unguarded read":
    'function g(ctx) { return ctx.db.rows(sql`SELECT FROM thread t WHERE ${visibleTo(ctx, "t")}`); } function f(ctx) { g(ctx); return ctx.db.rows(sql`SELECT FROM thread t`); }',
  "the query builder": 'import { thread } from "./schema.ts"; const f = (ctx) => ctx.db.orm.select().from(thread);',
  "plain text given to the driver": 'const f = (pool) => pool.query("SELECT title FROM thread");',
};

test.each(Object.entries(faults))("%s is a fault", (_, text) => {
  expect(inLedger(text)).toHaveLength(1);
  expect(inLedger(text)[0]).toMatch(/^src\/features\/ledger\/reads\.ts:1 \S+ reads thread as \w+ without/);
});

test("a page, a route or a metric that reads by itself is a fault as well", () => {
  const text = "export const loader = (ctx) => ctx.db.rows(sql`SELECT FROM activity a`);";
  for (const path of ["src/web/studio/threads.tsx", "src/api/threads.ts", "src/metrics/active.ts", "src/cli/export.ts"]) {
    expect(problemsOf({ [path]: text })).toHaveLength(1);
  }
});

test("a fragment is followed into the file that uses it", () => {
  const fragment = { "src/features/ledger/parts.ts": "export const joins = sql`JOIN thread t ON t.id = x.thread_id`;" };
  const use = (rule: string) =>
    `import { joins } from "./parts.ts"; const f = (ctx) => ctx.db.rows(sql\`SELECT FROM activity x \${joins} ${rule}\`);`;
  expect(problemsOf({ ...fragment, "src/features/ledger/use.ts": use('WHERE ${visibleTo(ctx, "x")}') })).toEqual([]);
  expect(problemsOf({ ...fragment, "src/features/ledger/use.ts": use("") })).toEqual([
    expect.stringMatching(/joins reads thread as t.*used by f in src\/features\/ledger\/use\.ts/),
    expect.stringContaining("f reads activity as x"),
  ]);
});

test("an exemption covers its declaration alone, and one that nothing needs is a fault", () => {
  const files = {
    "src/features/ledger/reads.ts":
      "const f = (ctx) => ctx.db.rows(sql`SELECT FROM thread t`); const g = (ctx) => ctx.db.rows(sql`SELECT FROM thread t`);",
  };
  const exempt = (name: string) => ({ readsForNobody: { [`src/features/ledger/reads.ts#${name}`]: "a reason" }, guardedOtherwise: {} });
  expect(findBypasses(house(files), exempt("f")).map((found) => found.problem)).toEqual([expect.stringMatching(/^g reads/)]);
  expect(findBypasses(house({}), exempt("f")).map((found) => found.problem)).toEqual([expect.stringContaining("does not need to be")]);
});

test("a whole file is exempt only while nothing of it leaves by the front door", () => {
  const reads = "export const derive = (ctx) => ctx.db.rows(sql`SELECT FROM thread t`);";
  const exemptions = { readsForNobody: { "src/features/ledger/derive.ts": "a consumer" }, guardedOtherwise: {} };
  const problems = (index: string) =>
    findBypasses(house({ "src/features/ledger/derive.ts": reads, "src/features/ledger/index.ts": index }), exemptions).map((found) => found.problem);
  expect(problems("")).toEqual([]);
  expect(problems('export { derive } from "./derive.ts";')).toEqual([expect.stringContaining("one by one")]);
});

test("ways out are what a front door passes on, directly or by way of others, and metrics", () => {
  const files = {
    "src/features/ledger/index.ts": 'export { list, count, rename, derive } from "./reads.ts"; export { deep } from "./deep.ts";',
    "src/features/ledger/reads.ts":
      'export const list = (ctx) => ctx.db.rows(sql`SELECT FROM thread t WHERE ${visibleTo(ctx, "t")}`); export const count = 1; export const rename = (ctx) => ctx.db.execute(sql`UPDATE thread SET title = 1`); export const derive = (ctx) => ctx.db.rows(sql`SELECT FROM thread t`);',
    "src/features/ledger/deep.ts": 'import { list } from "./reads.ts"; export const deep = (ctx) => list(ctx);',
    "src/metrics/active.ts":
      'import { defineMetric } from "./define-metric.ts"; export const active = defineMetric({ run: (ctx) => ctx.db.rows(sql`SELECT FROM activity a WHERE ${visibleTo(ctx, "a")}`) });',
  };
  const exemptions = { readsForNobody: { "src/features/ledger/reads.ts#derive": "a consumer" }, guardedOtherwise: {} };
  expect(findWaysOut(house(files), exemptions).map((way) => way.name)).toEqual(["ledger.deep", "ledger.list", "metrics.active"]);
});

test("a table in a second schema file of a feature is guarded like those in the first", () => {
  const derived = 'export const searchDocument = pgTable("search_document", { visibility: smallint("visibility") });';
  const read = "const f = (ctx) => ctx.db.rows(sql`SELECT FROM search_document d`);";
  expect(problemsOf({ "src/features/ledger/derived-schema.ts": derived, "src/features/ledger/search.ts": read })).toHaveLength(1);
});
