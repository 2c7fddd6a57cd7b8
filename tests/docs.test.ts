import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildProgram } from "#cli/index.ts";
import { listSettings } from "#core/config.ts";
import { errorCodes } from "#core/errors.ts";
import { readTree } from "../scripts/check/tree.ts";

const root = join(import.meta.dirname, "..");
const tree = readTree(root);
const manifest: { scripts: Record<string, string> } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const pages = [...tree.files].filter(([path]) => /^(docs\/.*|[A-Z]+)\.md$/.test(path)).map(([path, text]) => ({ path, text: text ?? "" }));
const settings = new Set(listSettings().map((setting) => setting.env));

/** All matches of a pattern's first group in every page, as `page: match`. */
function named(pattern: RegExp): { page: string; name: string }[] {
  return pages.flatMap(({ path, text }) => [...text.matchAll(pattern)].map((match) => ({ page: path, name: match[1] ?? "" })));
}

const told = (found: { page: string; name: string }[]) => found.map(({ page, name }) => `${page}: ${name}`);

describe("README, CONTRIBUTING and docs", () => {
  test("link only to what is there", () => {
    const links = named(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g);
    expect(links.length).toBeGreaterThan(30);
    expect(told(links.filter(({ page, name }) => !existsSync(join(root, dirname(page), name))))).toEqual([]);
  });

  test("name only files and folders that are there", () => {
    const paths = named(/`((?:src|scripts|tests|docs|db|bench|\.ci)\/[\w./-]*)`/g);
    expect(paths.length).toBeGreaterThan(5);
    expect(told(paths.filter(({ name }) => !existsSync(join(root, name))))).toEqual([]);
  });

  test("name only npm scripts that are there", () => {
    const scripts = [...named(/npm run (?:-s |--silent )?([a-z:]+)/g), ...named(/npm (start|test)\b/g)];
    expect(scripts.length).toBeGreaterThan(20);
    expect(told(scripts.filter(({ name }) => !(name in manifest.scripts)))).toEqual([]);
  });

  test("show only commands and flags that the command line takes", async () => {
    const lines = named(/npm run (?:-s )?causeway -- (.+?)(?: {2,}#.*)?$/gm).filter(({ name }) => !/^(help|…)/.test(name));
    expect(lines.length).toBeGreaterThan(8);
    const refused: string[] = [];
    for (const { page, name } of lines) {
      const program = buildProgram(async () => {}).configureOutput({ writeOut: () => {}, writeErr: () => {} });
      for (const command of program.commands) command.copyInheritedSettings(program);
      await program
        .parseAsync(name.replace(/`.*/, "").split(" "), { from: "user" })
        .catch((error: Error) => refused.push(`${page}: ${name}: ${error.message}`));
    }
    expect(refused).toEqual([]);
  });

  test("list every exit code, and no other", () => {
    const codes = new Set([0, 130, ...Object.values(errorCodes).map((code) => code.exit)]);
    const rows = [...(tree.files.get("docs/guide/operations.md") ?? "").matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
    expect(rows.toSorted((a, b) => a - b)).toEqual([...codes].toSorted((a, b) => a - b));
  });

  test("name only settings that are there", () => {
    const variables = named(/\b(CAUSEWAY_[A-Z_]+)\b/g);
    expect(variables.length).toBeGreaterThan(10);
    expect(told(variables.filter(({ name }) => !settings.has(name)))).toEqual([]);
  });

  test("list every decision", () => {
    const decisions = [...tree.files.keys()].filter((path) => /^docs\/decisions\/\d{4}-.*\.md$/.test(path));
    const index = tree.files.get("docs/decisions/README.md") ?? "";
    expect(decisions.filter((path) => !index.includes(`(${path.slice("docs/decisions/".length)})`))).toEqual([]);
  });

  test("show every folder of src in the map, and no other", () => {
    const folders = new Set([...tree.files.keys()].flatMap((path) => /^src\/([^/]+)\//.exec(path)?.[1] ?? []));
    const map = /src\/\n([\s\S]*?)```/.exec(tree.files.get("docs/architecture.md") ?? "")?.[1] ?? "";
    const shown = [...map.matchAll(/^ {2}([a-z]+)\/ /gm)].map((match) => match[1]);
    expect(shown.toSorted()).toEqual([...folders].toSorted());
  });

  test("show every feature in the map, and no other", () => {
    const folders = new Set([...tree.files.keys()].flatMap((path) => /^src\/features\/([^/]+)\//.exec(path)?.[1] ?? []));
    const shown = [...(tree.files.get("docs/architecture.md") ?? "").matchAll(/^ {4}([a-z]+)\/ /gm)].map((match) => match[1]);
    expect(shown.toSorted()).toEqual([...folders].toSorted());
  });
});
