/** An edge as the components need it. */
export interface Edge {
  a: string;
  b: string;
  state: "accepted" | "never";
  /** Drawn by a person, which goes before every rule. */
  byHand: boolean;
  strength: number;
  rule: string;
}

/**
 * The members: connected components of accepted edges, each named by its smallest identity. No component holds a
 * pair that somebody marked `never`: of the edges that would join such a pair, the weakest is left out. What comes
 * out depends on the edges alone, not on the order in which they were drawn.
 * @param identities ids of all identities to place
 * @param edges between them; those with an end elsewhere are ignored
 * @returns the member id of each identity
 */
export function findComponents(identities: readonly string[], edges: readonly Edge[]): Map<string, string> {
  const parent = new Map<string, string>(identities.map((id) => [id, id]));
  const size = new Map<string, number>();
  const known = edges.filter((edge) => parent.has(edge.a) && parent.has(edge.b));
  // For each root: who must stay out of its set, as far as somebody must.
  const apart = new Map<string, { here: string; there: string }[]>();
  for (const edge of known) {
    if (edge.state !== "never") continue;
    push(apart, edge.a, { here: edge.a, there: edge.b });
    push(apart, edge.b, { here: edge.b, there: edge.a });
  }

  const root = (id: string): string => {
    let at = id;
    for (;;) {
      const up = parent.get(at) ?? at;
      if (up === at) return at;
      const above = parent.get(up) ?? up;
      parent.set(at, above);
      at = above;
    }
  };

  for (const edge of known.filter(({ state }) => state === "accepted").sort(strongestFirst)) {
    let small = root(edge.a);
    let large = root(edge.b);
    if (small === large) continue;
    const [left = [], right = []] = [apart.get(small), apart.get(large)];
    const forbidden =
      left.length <= right.length ? left.some(({ there }) => root(there) === large) : right.some(({ there }) => root(there) === small);
    if (forbidden) continue;
    if ((size.get(small) ?? 1) > (size.get(large) ?? 1)) [small, large] = [large, small];
    parent.set(small, large);
    size.set(large, (size.get(small) ?? 1) + (size.get(large) ?? 1));
    const both = [...(apart.get(small) ?? []), ...(apart.get(large) ?? [])];
    if (both.length > 0) apart.set(large, both);
  }

  const smallest = new Map<string, string>();
  for (const id of identities) {
    const at = root(id);
    const best = smallest.get(at);
    if (best === undefined || id < best) smallest.set(at, id);
  }
  return new Map(identities.map((id) => [id, smallest.get(root(id)) ?? id]));
}

function strongestFirst(x: Edge, y: Edge): number {
  if (x.byHand !== y.byHand) return x.byHand ? -1 : 1;
  return y.strength - x.strength || compare(x.a, y.a) || compare(x.b, y.b) || compare(x.rule, y.rule);
}

function compare(x: string, y: string): number {
  return x < y ? -1 : x > y ? 1 : 0;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
