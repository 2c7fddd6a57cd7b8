import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { parseSync, Visitor } from "oxc-parser";

/** An import as written and where it leads, in the words of `Rule`. */
export interface Import {
  from: string;
  line: number;
  to: string;
  /** Gone at run time: `import type`, `export type … from`, `import("…").T`. */
  typeOnly: boolean;
}

export interface Manifest {
  imports?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** The project as the boundaries see it: each file by its path from the root; the text of those that are code. */
export interface Tree {
  files: ReadonlyMap<string, string | undefined>;
  manifest: Manifest;
}

const isCode = /\.(ts|tsx|mts|mjs|js)$/;

/**
 * Every import of every code file, dynamic ones and those in types too.
 * @throws Error with file and place where a file cannot be parsed
 */
export function readImports(tree: Tree): Import[] {
  const imports: Import[] = [];
  for (const [path, text] of tree.files) {
    if (text === undefined || !isCode.test(path)) continue;
    for (const found of specifiersOf(path, text)) {
      // Written by `react-router typegen`; they exist for the compiler alone.
      if (found.specifier.includes("/+types/")) continue;
      imports.push({ from: path, line: lineAt(text, found.start), to: resolve(tree, path, found.specifier), typeOnly: found.typeOnly });
    }
  }
  return imports;
}

interface Found {
  specifier: string;
  start: number;
  typeOnly: boolean;
}

function specifiersOf(path: string, text: string): Found[] {
  const parsed = parseSync(path, text);
  const broken = parsed.errors.find((error) => error.severity === "Error");
  if (broken) throw new Error(`${path}:${lineAt(text, broken.labels[0]?.start ?? 0)} cannot be parsed: ${broken.message}`);

  const found: Found[] = [];
  const add = (node: { source: { value: unknown } | null; start: number }, typeOnly: boolean) => {
    if (typeof node.source?.value === "string") found.push({ specifier: node.source.value, start: node.start, typeOnly });
  };
  new Visitor({
    ImportDeclaration: (node) =>
      add(node, node.importKind === "type" || allTypes(node.specifiers.map((one) => ("importKind" in one ? one.importKind : undefined)))),
    ExportNamedDeclaration: (node) => add(node, node.exportKind === "type" || allTypes(node.specifiers.map((one) => one.exportKind))),
    ExportAllDeclaration: (node) => add(node, node.exportKind === "type"),
    TSImportType: (node) => add(node, true),
    ImportExpression: (node) => {
      const value = constantText(node.source);
      if (value !== undefined) found.push({ specifier: value, start: node.start, typeOnly: false });
    },
  }).visit(parsed.program);
  return found;
}

/** `import { type A, type B }`: nothing of it is left at run time. */
function allTypes(kinds: readonly (string | undefined)[]): boolean {
  return kinds.length > 0 && kinds.every((kind) => kind === "type");
}

function constantText(node: { type: string; value?: unknown; quasis?: { value: { cooked: string | null } }[] }): string | undefined {
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : undefined;
  // A template without holes; one with holes names no file.
  return node.type === "TemplateLiteral" && node.quasis?.length === 1 ? (node.quasis[0]?.value.cooked ?? undefined) : undefined;
}

function resolve(tree: Tree, from: string, written: string): string {
  const specifier = written.replace(/\?[a-z]+$/, "");
  if (specifier.startsWith("node:")) return specifier;
  if (specifier.startsWith("virtual:")) return specifier;
  if (specifier.startsWith(".")) return known(tree, posix.join(posix.dirname(from), specifier), written);
  if (specifier.startsWith("#")) {
    for (const [alias, target] of Object.entries(tree.manifest.imports ?? {})) {
      const prefix = alias.replace(/\*$/, "");
      if (specifier.startsWith(prefix)) return known(tree, posix.normalize(target.replace("*", specifier.slice(prefix.length))), written);
    }
    return `nowhere:${written}`;
  }
  if (isBuiltin(specifier)) return `node:${specifier}`;
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  if (tree.manifest.dependencies?.[name]) return `npm:${specifier}`;
  return tree.manifest.devDependencies?.[name] ? `npm-dev:${specifier}` : `npm-unlisted:${specifier}`;
}

function known(tree: Tree, path: string, written: string): string {
  return tree.files.has(path) ? path : `nowhere:${written}`;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
