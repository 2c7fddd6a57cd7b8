import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { findBreaches } from "../scripts/check/boundaries.ts";
import { readImports, type Tree } from "../scripts/check/imports.ts";
import { findUnlisted } from "../scripts/check/lists.ts";
import { noCycles, rules } from "../scripts/check/rules.ts";
import { readTree } from "../scripts/check/tree.ts";

const root = join(import.meta.dirname, "..");
const tree = readTree(root);

/** The project with some files more, or others in their place. */
function withFiles(files: Record<string, string>): Tree {
  return { ...tree, files: new Map([...tree.files, ...Object.entries(files)]) };
}

/** The breaches in some added files; the project's own are there to be imported. */
function breachesIn(files: Record<string, string>) {
  const unread = [...tree.files.keys()].map((path): [string, undefined] => [path, undefined]);
  return findBreaches(readImports({ ...tree, files: new Map([...unread, ...Object.entries(files)]) }));
}

/** The names of the rules that the added files break. */
function broken(files: Record<string, string>): string[] {
  return [...new Set(breachesIn(files).map((breach) => breach.rule))];
}

/** Of each boundary the shortest way to break it. The feature `x` and the others exist only here. */
const x = { "src/features/x/index.ts": "export const x = 1;", "src/features/x/inner.ts": "export const inner = 1;" };
const faults: Record<string, Record<string, string>> = {
  "core-is-the-floor": { ...x, "src/core/fault.ts": 'import { x } from "#features/x/index.ts"; export const y = x;' },
  "features-know-only-core-and-features": {
    ...x,
    "src/features/x/fault.ts": 'import { connectors } from "#connectors/index.ts"; export const y = connectors;',
  },
  "features-know-no-transport": { ...x, "src/features/x/fault.ts": 'import { Hono } from "hono"; export const y = Hono;' },
  "feature-front-door": { ...x, "src/features/y/fault.ts": 'import { inner } from "../x/inner.ts"; export const y = inner;' },
  "schemas-meet-only-schemas": { ...x, "src/features/y/schema.ts": 'import { inner } from "../x/inner.ts"; export const y = inner;' },
  "front-door-from-outside": { ...x, "src/web/studio/fault.tsx": 'import { inner } from "#features/x/inner.ts"; export const y = <p>{inner}</p>;' },
  "connectors-are-islands": {
    "src/connectors/a/index.ts": "export const a = 1;",
    "src/connectors/b/fault.ts": 'import { a } from "../a/index.ts"; export const b = a;',
  },
  "connectors-know-only-core-and-ledger": { ...x, "src/connectors/a/fault.ts": 'import { x } from "#features/x/index.ts"; export const y = x;' },
  "connectors-know-no-database": { "src/connectors/a/fault.ts": 'import { sql } from "#core/database/database.ts"; export const y = sql;' },
  "metrics-know-only-core-and-features": {
    "src/metrics/fault.ts": 'import { connectors } from "#connectors/index.ts"; export const y = connectors;',
  },
  "faces-hold-no-sql": { "src/api/fault.ts": 'import { sql } from "drizzle-orm"; export const y = sql;' },
  "faces-do-not-meet": { "src/cli/a.ts": "export const a = 1;", "src/web/fault.tsx": 'import { a } from "#cli/a.ts"; export const y = a;' },
  "one-way-to-the-network": { ...x, "src/features/x/fault.ts": 'import { request } from "undici"; export const y = request;' },
  "product-knows-no-test": { ...x, "src/features/x/fault.ts": 'import { createCtx } from "#tests/factories.ts"; export const y = createCtx;' },
  "product-needs-its-dependencies": { "src/core/fault.ts": 'import { build } from "vite"; export const y = build;' },
  "packages-are-listed": { "tests/fault.ts": 'import pad from "left-pad"; export const y = pad;' },
  "imports-resolve": { "src/core/fault.ts": 'import { y } from "./clokc.ts"; export const z = y;' },
};

function fileOfLines(count: number): string {
  return Array.from({ length: count }, (_, index) => `export const a${index} = ${index};\n`).join("");
}

interface LintReport {
  diagnostics: { category: string; location: { path: string } }[];
}

function lint(folder: string): Promise<{ path: string; rule: string }[]> {
  const biome = join(root, "node_modules", "@biomejs", "biome", "bin", "biome");
  const options = ["lint", ".", "--reporter=json", "--max-diagnostics=none"];
  return new Promise((settle) => {
    // Its exit code says that there are faults, as there must be.
    execFile(process.execPath, [biome, ...options], { cwd: folder }, (_, output) => {
      const report: LintReport = JSON.parse(output);
      settle(report.diagnostics.map(({ category, location }) => ({ rule: category, path: location.path })));
    });
  });
}

describe("boundaries", () => {
  test.each(rules.map((rule) => rule.name))("a fault of %s is reported under its name, and no other", (name) => {
    const files = faults[name];
    expect(files, "every rule needs a fault here that it finds").toBeDefined();
    expect(broken(files ?? {})).toEqual([name]);
  });

  test("a ring of files is reported once, with all of its files", () => {
    const ring = {
      "src/core/a.ts": 'import { b } from "./b.ts"; export const a = () => b;',
      "src/core/b.ts": 'import { c } from "./c.ts"; export const b = () => c;',
      "src/core/c.ts": 'export { a as c } from "./a.ts";',
    };
    const found = breachesIn(ring).filter((breach) => breach.rule === noCycles.name);
    expect(found.map(({ from, to }) => [from, to])).toEqual([["src/core/a.ts", "src/core/b.ts, src/core/c.ts"]]);
  });

  test.each([
    ["a type", 'import type { X } from "#features/x/index.ts"; export type Y = X;'],
    ["a type in a signature", 'export function y(input: import("#features/x/index.ts").X): void { void input; }'],
    ["an export from", 'export { x } from "#features/x/index.ts";'],
    ["an export of everything", 'export * from "#features/x/index.ts";'],
    ["a dynamic import", 'export const y = async () => (await import("#features/x/index.ts")).x;'],
    ["a template without holes", "export const y = () => import(`#features/x/index.ts`);"],
    ["a side effect", 'import "#features/x/index.ts";'],
  ])("%s crosses a boundary like any import", (_, text) => {
    expect(broken({ ...x, "src/core/fault.ts": text })).toEqual(["core-is-the-floor"]);
  });

  test("types may be shared where only the running code is the danger", () => {
    const text = 'import type { RequestInit } from "undici"; export type Y = RequestInit;';
    expect(broken({ ...x, "src/features/x/fault.ts": text })).toEqual([]);
  });

  test("the place of a breach is its file and line", () => {
    const [breach] = breachesIn({ "src/api/fault.ts": '\n\nimport { sql } from "drizzle-orm";' });
    expect(breach).toMatchObject({ line: 3, to: "npm:drizzle-orm", instead: expect.stringContaining("calls a feature's function") });
  });

  test("a file that cannot be parsed is named, with its line", () => {
    expect(() => breachesIn({ "src/core/fault.ts": "export const a = 1;\nexport const = ;" })).toThrow("src/core/fault.ts:2");
  });
});

describe("lists", () => {
  const added = (files: Record<string, string>) =>
    findUnlisted(withFiles(files)).filter(({ path }) => Object.keys(files).some((own) => own.startsWith(path)));

  test.each([
    ["defineConnector", "src/connectors/a-new-one/index.ts", "src/connectors/index.ts"],
    ["defineMetric", "src/metrics/a-new-one.ts", "src/metrics/index.ts"],
    ["defineConsumer", "src/features/x/consumer.ts", "src/consumers.ts"],
    ["defineJob", "src/features/x/jobs.ts", "src/jobs.ts"],
  ])("what %s declares and its list leaves out is reported", (call, path, list) => {
    expect(added({ [path]: `export const aNewOne = ${call}({});` })).toEqual([
      { path, problem: `aNewOne is not in the list of ${list}: add it there.` },
    ]);
  });

  test("an import into the list's file is not yet a place in the list", () => {
    const list = tree.files.get("src/jobs.ts") ?? "";
    const files = { "src/background/x.ts": "export const x = defineJob({});", "src/jobs.ts": `import { x } from "./background/x.ts";\n${list}` };
    expect(added(files)).toHaveLength(1);
    expect(added({ ...files, "src/jobs.ts": list.replace(/\[(?=\s*\w)/, "[x, ") })).toEqual([]);
  });

  test("a connector's folder without a connector is reported", () => {
    expect(added({ "src/connectors/a-new-one/normalize.ts": "export const normalize = 1;" })).toEqual([
      { path: "src/connectors/a-new-one", problem: expect.stringContaining("has no index.ts") },
    ]);
  });

  test("a line without its folder does not resolve", () => {
    expect(broken({ "src/connectors/index.ts": 'import { gone } from "./gone/index.ts"; export const connectors = [gone];' })).toContain(
      "imports-resolve",
    );
  });
});

describe("lint", () => {
  const folder = mkdtempSync(join(tmpdir(), "causeway-lint-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const faultsOfStyle: [rule: string, path: string, text: string][] = [
    ["style/noExcessiveLinesPerFile", "src/core/too-long.ts", fileOfLines(401)],
    ["suspicious/noExplicitAny", "src/core/any.ts", "export function f(x: any): void {\n  void x;\n}\n"],
    ["style/noProcessEnv", "src/features/x/env.ts", "export const home = process.env.HOME;\n"],
    ["suspicious/noConsole", "src/features/x/console.ts", 'console.log("here");\n'],
    ["style/noRestrictedGlobals", "src/features/x/fetch.ts", 'export const page = () => fetch("https://example.org");\n'],
    ["nursery/noFloatingPromises", "src/core/floating.ts", "async function f(): Promise<void> {}\nexport function g(): void {\n  f();\n}\n"],
    ["correctness/noUnusedVariables", "src/core/unused.ts", "const a = 1;\nexport const b = 2;\n"],
    ["style/useImportType", "src/core/import-type.ts", 'import { Clock } from "./clock.ts";\nexport type C = Clock;\n'],
    ["style/useFilenamingConvention", "src/core/camelCase.ts", "export const a = 1;\n"],
    ["suspicious/noFocusedTests", "src/core/only.test.ts", 'import { test } from "vitest";\ntest.only("x", () => {});\n'],
    ["style/noEnum", "src/core/enum.ts", "export enum E {\n  A = 1,\n}\n"],
  ];

  test("each rule of style finds its fault, and a file of 400 lines passes", async () => {
    for (const file of ["biome.json", ".gitignore"]) cpSync(join(root, file), join(folder, file));
    const files = [...faultsOfStyle.map(([, path, text]) => ({ path, text })), { path: "src/core/long.ts", text: fileOfLines(400) }];
    for (const { path, text } of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const found = await lint(folder);
    for (const [rule, path] of faultsOfStyle) expect(found).toContainEqual({ path, rule: `lint/${rule}` });
    expect(found.filter(({ path }) => path === "src/core/long.ts")).toEqual([]);
  });
});
