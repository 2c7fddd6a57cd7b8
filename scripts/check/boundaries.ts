import type { Import } from "./imports.ts";
import { noCycles, type Rule, rules } from "./rules.ts";

/** An import, or a ring of them, that a rule forbids. */
export interface Breach {
  rule: string;
  /** The importing file and line. */
  from: string;
  line: number;
  to: string;
  instead: string;
}

/** Every import that breaks a boundary of the house, and every ring of imports. */
export function findBreaches(imports: readonly Import[]): Breach[] {
  const breaches = imports.flatMap((edge) =>
    rules
      .filter((rule) => forbids(rule, edge))
      .map((rule) => ({ rule: rule.name, from: edge.from, line: edge.line, to: edge.to, instead: rule.instead })),
  );
  return [...breaches, ...findRings(imports)];
}

function forbids(rule: Rule, edge: Import): boolean {
  if (rule.typesAllowed && edge.typeOnly) return false;
  const from = new RegExp(rule.from).exec(edge.from);
  if (!from || (rule.fromNot !== undefined && new RegExp(rule.fromNot).test(edge.from))) return false;
  const room = (from.groups?.room ?? "").replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const matches = (pattern: string) => new RegExp(pattern.replace("$room", room)).test(edge.to);
  return matches(rule.to) && !(rule.toNot ?? []).some(matches);
}

/** Rings of files that need each other at run time, each told once, by Tarjan's strongly connected components. */
function findRings(imports: readonly Import[]): Breach[] {
  const edges = Map.groupBy(
    imports.filter((edge) => !edge.typeOnly),
    (edge) => edge.from,
  );
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const rings: string[][] = [];

  function visit(file: string): number {
    const index = order.size;
    order.set(file, index);
    low.set(file, index);
    stack.push(file);
    let lowest = index;
    for (const { to } of edges.get(file) ?? []) {
      if (!order.has(to)) lowest = Math.min(lowest, visit(to));
      else if (stack.includes(to)) lowest = Math.min(lowest, order.get(to) ?? index);
    }
    low.set(file, lowest);
    if (lowest === index) {
      const ring = stack.splice(stack.indexOf(file));
      if (ring.length > 1 || edges.get(file)?.some((edge) => edge.to === file)) rings.push(ring);
    }
    return lowest;
  }

  for (const file of edges.keys()) if (!order.has(file)) visit(file);
  return rings.map((ring) => {
    const [first = "", ...others] = ring.toSorted();
    const line = edges.get(first)?.find((edge) => ring.includes(edge.to))?.line ?? 1;
    return { rule: noCycles.name, from: first, line, to: others.join(", "), instead: noCycles.instead };
  });
}
