import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Edge, findComponents } from "./components.ts";

const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
const edge = (a: string, b: string, more: Partial<Edge> = {}): Edge => ({ a, b, state: "accepted", byHand: false, strength: 1, rule: "r", ...more });
const edges = fc.array(
  fc.record({
    a: fc.constantFrom(...names),
    b: fc.constantFrom(...names),
    state: fc.constantFrom("accepted" as const, "accepted" as const, "accepted" as const, "never" as const),
    byHand: fc.boolean(),
    strength: fc.constantFrom(0.5, 0.9, 1),
    rule: fc.constantFrom("x", "y"),
  }),
  { maxLength: 20 },
);

/** The plainest way to the same result: spread the smallest name along the edges until nothing changes. */
function reference(accepted: readonly Edge[]): Map<string, string> {
  const at = new Map(names.map((name) => [name, name]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const { a, b } of accepted) {
      const [x = "", y = ""] = [at.get(a), at.get(b)];
      if (x === y) continue;
      const [least = ""] = [x, y].sort();
      at.set(a, least);
      at.set(b, least);
      changed = true;
    }
  }
  return at;
}

describe("components", () => {
  it("are those of the accepted edges when nobody said never", () => {
    fc.assert(
      fc.property(edges, (drawn) => {
        const accepted = drawn.filter(({ state, a, b }) => state === "accepted" && a !== b);
        expect(findComponents(names, accepted)).toEqual(reference(accepted));
      }),
    );
  });

  it("never hold a pair that somebody marked never, and do not depend on the order of the edges", () => {
    fc.assert(
      fc.property(edges, fc.infiniteStream(fc.nat()), (drawn, dice) => {
        const given = drawn.filter(({ a, b }) => a !== b).map((e) => (e.a < e.b ? e : { ...e, a: e.b, b: e.a }));
        const found = findComponents(names, given);
        for (const { a, b, state } of given) if (state === "never") expect(found.get(a)).not.toBe(found.get(b));
        const order = given.map((e) => ({ e, at: dice.next().value ?? 0 })).sort((x, y) => x.at - y.at);
        expect(
          findComponents(
            names,
            order.map(({ e }) => e),
          ),
        ).toEqual(found);
      }),
    );
  });

  it("leave out the weakest edge of a chain between two that must stay apart", () => {
    const found = findComponents(names, [edge("a", "b", { strength: 0.6 }), edge("b", "c", { strength: 0.9 }), edge("a", "c", { state: "never" })]);
    expect([found.get("a"), found.get("b"), found.get("c")]).toEqual(["a", "b", "b"]);
  });

  it("keep what people drew before what rules drew", () => {
    const found = findComponents(names, [edge("a", "b", { byHand: true, strength: 0.5 }), edge("b", "c"), edge("a", "c", { state: "never" })]);
    expect([found.get("a"), found.get("b"), found.get("c")]).toEqual(["a", "a", "c"]);
  });

  it("place a chain of fifty thousand", () => {
    const many = Array.from({ length: 50_000 }, (_, at) => String(at).padStart(6, "0"));
    const chain = many.slice(1).map((id, at) => edge(many[at] ?? "", id));
    expect(new Set(findComponents(many, chain).values()).size).toBe(1);
  });
});
