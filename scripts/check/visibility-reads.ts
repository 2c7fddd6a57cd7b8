import { type Node, parseSync } from "oxc-parser";
import type { Tree } from "./imports.ts";

/** A table whose rows have a visibility, where SQL reads it. */
export interface TableRead {
  table: string;
  alias: string;
  line: number;
  /** Found by its id from a row that is at least as closed: an activity's thread, a thread's channel, an author's member. */
  isParent: boolean;
}

/** One piece of SQL text. */
export interface Statement {
  reads: TableRead[];
  /** Inserts, updates or deletes: what it reads goes into rows that have their own visibility. */
  isWrite: boolean;
  /** Handed straight to `rows`, `first` or `execute`; else a fragment, that is part of other statements. */
  isExecuted: boolean;
  /** Aliases under the rule inside the text itself, one entry per call. */
  guards: string[];
  /** Names that its holes refer to. */
  refersTo: Set<string>;
  /** The functions around it, innermost first. */
  scopes: Scope[];
  parent: Statement | undefined;
}

/** A function: what counts for the statements in it besides their own text. */
export interface Scope {
  /** Aliases under the rule outside of executed statements: conditions put together before. */
  guards: string[];
  refersTo: Set<string>;
}

/** A top-level declaration of a module. */
export interface Unit {
  id: string;
  path: string;
  name: string;
  statements: Statement[];
  scopes: Scope[];
  /** Whether anything in it talks to the database itself; if not, it makes fragments for others. */
  executes: boolean;
  refersTo: Set<string>;
  calls: Set<string>;
}

export interface Module {
  path: string;
  units: Unit[];
  /** Local name to `path#name` of what is imported from the project. */
  imports: Map<string, string>;
  /** Exported name to `path#name`, for modules that pass on what others declare. */
  passesOn: Map<string, string>;
}

const parentKeys: Record<string, string> = { channel: "channel_id", thread: "thread_id", activity: "activity_id", member: "member_id" };
const notAnAlias =
  /^(?:ON|WHERE|USING|JOIN|LEFT|RIGHT|INNER|CROSS|FULL|GROUP|ORDER|LIMIT|UNION|SET|FOR|HAVING|RETURNING|AND|OR|NATURAL|TABLESAMPLE|VALUES|SELECT)$/i;
const executors = new Set(["rows", "first", "execute", "query"]);

/** Every table that a schema gives a column `visibility`: by SQL name, and by `path#export` for the query builder. */
export function guardedTables(tree: Tree): { names: Set<string>; exports: Set<string> } {
  const names = new Set<string>();
  const exports = new Set<string>();
  for (const [path, text] of tree.files) {
    if (!/^src\/(features\/[^/]+|metrics)\/([\w-]+-)?schema\.ts$/.test(path) || text === undefined) continue;
    for (const declaration of text.split(/^(?=export const )/m)) {
      const head = /^export const (\w+) = pgTable\(\s*"(\w+)"/.exec(declaration);
      if (!head || !/smallint\("visibility"\)/.test(declaration)) continue;
      names.add(head[2] ?? "");
      exports.add(`${path}#${head[1]}`);
    }
  }
  return { names, exports };
}

/** Reads a module: its declarations, the SQL in them and what stands under the rule. */
export function readModule(tree: Tree, path: string, tables: { names: Set<string>; exports: Set<string> }): Module {
  const text = tree.files.get(path) ?? "";
  const { program } = parseSync(path, text);
  const module: Module = { path, units: [], imports: new Map(), passesOn: new Map() };
  for (const node of program.body) {
    if (node.type === "ImportDeclaration") {
      const from = resolvePath(tree, path, node.source.value);
      for (const one of node.specifiers) {
        if (from && one.type === "ImportSpecifier" && one.imported.type === "Identifier")
          module.imports.set(one.local.name, `${from}#${one.imported.name}`);
      }
    } else if (node.type === "ExportNamedDeclaration" && node.source) {
      const from = resolvePath(tree, path, node.source.value);
      for (const one of node.specifiers) {
        if (from && one.local.type === "Identifier" && one.exported.type === "Identifier")
          module.passesOn.set(one.exported.name, `${from}#${one.local.name}`);
      }
    } else {
      for (const [name, declared] of declarations(node))
        module.units.push(readUnit({ path, name, node: declared, text, tables, imports: module.imports }));
    }
  }
  return module;
}

function declarations(node: Node): [string, Node][] {
  if (node.type === "ExportNamedDeclaration") return node.declaration ? declarations(node.declaration) : [];
  if (node.type === "ExportDefaultDeclaration") return [["default", node.declaration]];
  if (node.type === "VariableDeclaration") return node.declarations.map((one) => [one.id.type === "Identifier" ? one.id.name : "(pattern)", one]);
  if ((node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") && node.id) return [[node.id.name, node]];
  return node.type.startsWith("TS") || node.type === "ImportDeclaration" ? [] : [["(module)", node]];
}

interface UnitInput {
  path: string;
  name: string;
  node: Node;
  text: string;
  tables: { names: Set<string>; exports: Set<string> };
  imports: Map<string, string>;
}

interface Place {
  scopes: Scope[];
  statement: Statement | undefined;
  isArgument: boolean;
}

function readUnit(input: UnitInput): Unit {
  const { path, name, text } = input;
  const top: Scope = { guards: [], refersTo: new Set() };
  const unit: Unit = { id: `${path}#${name}`, path, name, statements: [], scopes: [top], executes: false, refersTo: new Set(), calls: new Set() };

  function visit(node: Node, place: Place): void {
    let inside: Place = { ...place, isArgument: false };
    if (/^(?:Function|ArrowFunction)/.test(node.type)) {
      const scope: Scope = { guards: [], refersTo: new Set() };
      unit.scopes.push(scope);
      inside = { ...inside, scopes: [scope, ...place.scopes] };
    } else if (node.type === "Identifier") {
      unit.refersTo.add(node.name);
      for (const scope of place.scopes) scope.refersTo.add(node.name);
      for (let one = place.statement; one; one = one.parent) one.refersTo.add(node.name);
    } else if (node.type === "CallExpression") {
      const callee = node.callee;
      if (callee.type === "Identifier" && callee.name === "visibleTo") guard(node.arguments[1], place);
      if (callee.type === "MemberExpression" && callee.property.type === "Identifier") {
        if (executors.has(callee.property.name)) {
          unit.executes = true;
          for (const one of node.arguments) visit(one, { ...inside, isArgument: true });
          visit(callee, inside);
          return;
        }
        builderRead(callee.property.name, node.arguments[0], { ...place, line: lineAt(text, node.start) });
      }
    } else if (node.type === "TemplateLiteral" || (node.type === "Literal" && typeof node.value === "string")) {
      const statement = readStatement(node, place, text, input.tables.names);
      if (statement) {
        unit.statements.push(statement);
        inside = { ...inside, statement };
      }
    } else if (node.type === "TaggedTemplateExpression") inside = { ...inside, isArgument: place.isArgument };
    for (const child of children(node)) visit(child, inside);
  }

  function guard(argument: Node | undefined, place: Place): void {
    const alias = argument?.type === "Literal" && typeof argument.value === "string" ? argument.value : "*";
    let outermost = place.statement;
    for (let one = place.statement; one; one = one.parent) {
      one.guards.push(alias);
      outermost = one;
    }
    // What stands in an executed statement guards that statement alone.
    if (!outermost?.isExecuted) for (const scope of place.scopes) scope.guards.push(alias);
  }

  function builderRead(method: string, argument: Node | undefined, place: Place & { line: number }): void {
    if (!/^(?:from|(?:left|right|inner|full)Join)$/.test(method) || argument?.type !== "Identifier") return;
    const target = input.imports.get(argument.name);
    if (!target || !input.tables.exports.has(target)) return;
    const table = argument.name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const read = { table, alias: table, line: place.line, isParent: false };
    unit.executes = true;
    unit.statements.push({
      reads: [read],
      isWrite: false,
      isExecuted: true,
      guards: [],
      refersTo: new Set(),
      scopes: place.scopes,
      parent: undefined,
    });
  }

  visit(input.node, { scopes: [top], statement: undefined, isArgument: false });
  return unit;
}

function readStatement(node: Node, place: Place, source: string, tables: Set<string>): Statement | undefined {
  if (node.type !== "TemplateLiteral" && node.type !== "Literal") return undefined;
  const text = node.type === "TemplateLiteral" ? node.quasis.map((quasi) => quasi.value.raw).join(" $hole ") : String(node.value);
  // A text without a word of SQL in capitals is a message; templates always count, since their holes may hold SQL.
  if (node.type === "Literal" && !/\b(?:FROM|JOIN)\s/.test(text)) return undefined;
  const reads: TableRead[] = [];
  for (const found of text.matchAll(
    /(?<before>\bDELETE\s+)?(?<how>\bFROM\s|\bJOIN\s|\bUSING\s|,\s|^)\s*(?:ONLY\s+)?(?:LATERAL\s+)?"?(?<table>[a-z_]+)"?(?![\w.]|\s*\()(?:\s+(?:AS\s+)?(?<alias>[A-Za-z_]\w*))?/g,
  )) {
    const { before, table = "", alias } = found.groups ?? {};
    const how = found.groups?.how?.trim() ?? "";
    const named = alias !== undefined && !notAnAlias.test(alias);
    // After a comma, or where a fragment begins, a table shows itself by its alias; else the word may be a column.
    if (!tables.has(table) || before || ((how === "," || how === "") && !named)) continue;
    const name = named ? alias : table;
    const rest =
      text
        .slice(found.index + found[0].length)
        .split(how === "JOIN" ? /\b(?:JOIN|WHERE|GROUP|ORDER|LIMIT|UNION)\b/ : /\b(?:FROM|JOIN|GROUP|ORDER|LIMIT|UNION)\b/)[0] ?? "";
    const line = lineAt(source, node.start) + text.slice(0, found.index).split("\n").length - 1;
    reads.push({ table, alias: name, line, isParent: isParent(table, name, rest) });
  }
  return {
    reads,
    isWrite: /\b(?:INSERT\s+INTO|DELETE\s+FROM|UPDATE\s+\w+(?:\s+(?:AS\s+)?\w+)?\s+SET)\b/.test(text),
    isExecuted: place.statement?.isExecuted ?? place.isArgument,
    guards: [],
    refersTo: new Set(),
    scopes: place.scopes,
    parent: place.statement,
  };
}

function isParent(table: string, alias: string, on: string): boolean {
  const key = parentKeys[table];
  if (!key) return false;
  return new RegExp(`\\b${alias}\\.id = \\w+\\.${key}\\b|\\b\\w+\\.${key} = ${alias}\\.id\\b`).test(on);
}

function children(node: Node): Node[] {
  const found: Node[] = [];
  for (const [key, value] of Object.entries(node)) {
    // Types hold no reads, and names of properties are no references.
    if (key === "typeAnnotation" || key === "returnType" || key === "typeArguments" || key === "typeParameters") continue;
    if ((key === "property" || key === "key") && "computed" in node && !node.computed && isNode(value) && value.type === "Identifier") continue;
    if (Array.isArray(value)) found.push(...value.filter(isNode));
    else if (isNode(value)) found.push(value);
  }
  return found;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** The project's file that an import leads to, or undefined for packages. */
function resolvePath(tree: Tree, from: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) {
    const parts = [...from.split("/").slice(0, -1), ...specifier.split("/")];
    const path: string[] = [];
    for (const part of parts) {
      if (part === "..") path.pop();
      else if (part !== ".") path.push(part);
    }
    return path.join("/");
  }
  for (const [alias, target] of Object.entries(tree.manifest.imports ?? {})) {
    const prefix = alias.replace(/\*$/, "");
    if (specifier.startsWith(prefix)) return target.replace("*", specifier.slice(prefix.length)).replace(/^\.\//, "");
  }
  return undefined;
}
