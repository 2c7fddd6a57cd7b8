import type { Tree } from "./imports.ts";
import { guardedTables, type Module, readModule, type Scope, type Statement, type TableRead, type Unit } from "./visibility-reads.ts";

/** A read that goes past the one visibility rule. */
export interface Bypass {
  path: string;
  line: number;
  problem: string;
}

/** A function behind a feature's front door, or a metric, through which rows with a visibility leave. */
export interface WayOut {
  /** `ledger.listThreads`, `metrics.activeMembers` */
  name: string;
  path: string;
}

/**
 * Reads that may go past the rule, to the reason: `path#declaration`, or `path` for a file from which nothing leaves by
 * its feature's front door.
 */
export interface Exemptions {
  /** What they read is answered to nobody. */
  readsForNobody: Readonly<Record<string, string>>;
  /** The rule holds, though not in a way that can be seen in the text. */
  guardedOtherwise: Readonly<Record<string, string>>;
}

interface House {
  modules: Module[];
  units: Map<string, Unit>;
  moduleOf: Map<string, Module>;
  exemptions: Exemptions;
}

/**
 * Every read of a table with a visibility that does not stand under `visibleTo(ctx, "alias")`, and every exemption that
 * nothing needs any more. Statements that write are no ways out: what they make has a visibility of its own.
 */
export function findBypasses(tree: Tree, exemptions: Exemptions): Bypass[] {
  const house = readHouse(tree, exemptions);
  const exempt = { ...exemptions.readsForNobody, ...exemptions.guardedOtherwise };
  const needed = new Set<string>();
  const bypasses: Bypass[] = [];
  for (const unit of house.units.values()) {
    for (const statement of unit.statements) {
      for (const read of statement.reads) {
        const open = unguarded(house, unit, statement, read);
        if (open === undefined) continue;
        const entry = [open.id, unit.id, unit.path].find((id) => exempt[id] !== undefined);
        if (entry !== undefined) {
          needed.add(entry);
          continue;
        }
        const where = open === unit ? "" : ` (used by ${open.name} in ${open.path})`;
        bypasses.push({
          path: unit.path,
          line: read.line,
          problem: `${unit.name} reads ${read.table} as ${read.alias} without \${visibleTo(ctx, "${read.alias}")}${where}`,
        });
      }
    }
  }
  bypasses.push(...misplaced(house, Object.keys(exempt), needed));
  return [...new Map(bypasses.map((bypass) => [JSON.stringify(bypass), bypass])).values()];
}

/** Exemptions that nothing needs, and whole files from which something leaves by a front door. */
function misplaced(house: House, entries: readonly string[], needed: ReadonlySet<string>): Bypass[] {
  const left = new Set(
    house.modules.filter(({ path }) => path.endsWith("/index.ts")).flatMap((module) => [...module.passesOn.values()].map((id) => id.split("#")[0])),
  );
  return entries.flatMap((entry) => {
    const at = { path: entry.split("#")[0] ?? entry, line: 1 };
    if (!needed.has(entry))
      return [{ ...at, problem: `${entry} is exempt from the visibility rule and does not need to be: remove it from the list` }];
    if (entry === at.path && left.has(entry))
      return [{ ...at, problem: `${entry} passes something out by index.ts: exempt its declarations one by one` }];
    return [];
  });
}

/** Every way out of the house, for the test that asks each as each role. */
export function findWaysOut(tree: Tree, exemptions: Exemptions): WayOut[] {
  const house = readHouse(tree, exemptions);
  const ways: WayOut[] = [];
  for (const module of house.modules) {
    const feature = /^src\/features\/([^/]+)\/index\.ts$/.exec(module.path)?.[1];
    for (const [name, target] of feature ? module.passesOn : []) {
      const unit = house.units.get(target);
      if (unit && leadsOut(house, unit, new Set())) ways.push({ name: `${feature}.${name}`, path: unit.path });
    }
    if (!module.path.startsWith("src/metrics/")) continue;
    for (const unit of module.units) {
      if (unit.refersTo.has("defineMetric") && leadsOut(house, unit, new Set())) ways.push({ name: `metrics.${unit.name}`, path: unit.path });
    }
  }
  return ways.toSorted((a, b) => a.name.localeCompare(b.name));
}

function readHouse(tree: Tree, exemptions: Exemptions): House {
  const tables = guardedTables(tree);
  const paths = [...tree.files.keys()].filter((path) => /^src\/.*\.tsx?$/.test(path) && !/\.test\.tsx?$|\/([\w-]+-)?schema\.ts$|\.d\.ts$/.test(path));
  const modules = paths.map((path) => readModule(tree, path, tables));
  const units = new Map(modules.flatMap((module) => module.units.map((unit) => [unit.id, unit] as const)));
  return { modules, units, moduleOf: new Map(modules.map((module) => [module.path, module])), exemptions };
}

/** The declarations of the project that names in a declaration stand for. */
function referred(house: House, path: string, names: Iterable<string>): Unit[] {
  const module = house.moduleOf.get(path);
  const found: Unit[] = [];
  for (const name of names) {
    const id = module?.imports.get(name) ?? `${path}#${name}`;
    const passed = house.moduleOf.get(id.split("#")[0] ?? "")?.passesOn.get(id.split("#")[1] ?? "");
    const unit = house.units.get(passed ?? id);
    if (unit) found.push(unit);
  }
  return found;
}

/** The declaration in which the read stands open, or undefined when the rule holds over it wherever it is used. */
function unguarded(house: House, unit: Unit, statement: Statement, read: TableRead): Unit | undefined {
  if (inWrite(statement) || holds(house, unit, statement, read)) return undefined;
  if (statement.isExecuted || unit.executes) return unit;
  // A fragment: the rule may stand in every statement that it becomes a part of.
  return openUse(house, unit, read, new Set([unit.id]));
}

function openUse(house: House, fragment: Unit, read: TableRead, seen: Set<string>): Unit | undefined {
  const users = [...house.units.values()].filter((user) => user !== fragment && referred(house, user.path, user.refersTo).includes(fragment));
  if (users.length === 0) return fragment;
  for (const user of users) {
    if (seen.has(user.id)) continue;
    seen.add(user.id);
    const parts = user.statements.filter((part) => referred(house, user.path, part.refersTo).includes(fragment));
    const closed = parts.length > 0 && parts.every((part) => inWrite(part) || holds(house, user, part, read));
    if (closed) continue;
    if (parts.length === 0 && user.scopes.some((scope) => guardsOf(house, user, scope, 0).includes(read.alias))) continue;
    if (user.executes) return user;
    const open = openUse(house, user, read, seen);
    if (open) return open;
  }
  return undefined;
}

function inWrite(statement: Statement | undefined): boolean {
  for (let one = statement; one; one = one.parent) if (one.isWrite) return true;
  return false;
}

function holds(house: House, unit: Unit, statement: Statement, read: TableRead): boolean {
  let outermost = statement;
  while (outermost.parent) outermost = outermost.parent;
  const prepared = statement.scopes.flatMap((scope) => guardsOf(house, unit, scope, 0));
  const inText = [...outermost.guards];
  if (read.isParent && prepared.length + inText.length > 0) return true;
  const names = (guards: readonly string[]) => guards.filter((alias) => alias === read.alias || alias === "*").length;
  // Two reads under one alias in one statement need the rule twice, unless it comes prepared.
  const same = statement.reads.filter((other) => other.alias === read.alias && !other.isParent).length;
  return names(prepared) > 0 || names(inText) >= Math.max(1, same);
}

/** The aliases that a function prepares the rule for: itself, and by functions that make conditions for it. */
function guardsOf(house: House, unit: Unit, scope: Scope, depth: number): string[] {
  if (depth > 3) return scope.guards;
  const makers = referred(house, unit.path, scope.refersTo).filter(
    (maker) => maker !== unit && !maker.executes && !maker.path.endsWith("/visibility.ts"),
  );
  return [...scope.guards, ...makers.flatMap((maker) => maker.scopes.flatMap((inner) => guardsOf(house, maker, inner, depth + 1)))];
}

function leadsOut(house: House, unit: Unit, seen: Set<string>): boolean {
  if (seen.has(unit.id) || [unit.id, unit.path].some((id) => house.exemptions.readsForNobody[id] !== undefined)) return false;
  seen.add(unit.id);
  if (unit.statements.some((statement) => statement.reads.length > 0 && !inWrite(statement))) return true;
  return referred(house, unit.path, unit.refersTo).some((next) => leadsOut(house, next, seen));
}
