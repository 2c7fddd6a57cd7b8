import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryBudget } from "./memory-budget.ts";

test("never more than the budget is held at once, everybody gets a turn, and one too large for it gets it alone", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 15 }), { maxLength: 40 }), async (shares) => {
      const budget = new MemoryBudget(10);
      let held = 0;
      let most = 0;
      const order: number[] = [];
      await Promise.all(
        shares.map(async (wanted, at) => {
          const giveBack = await budget.take(wanted);
          order.push(at);
          held += Math.min(wanted, 10);
          most = Math.max(most, held);
          await nextTurn();
          held -= Math.min(wanted, 10);
          giveBack();
          giveBack();
        }),
      );
      expect(most).toBeLessThanOrEqual(10);
      expect(order).toEqual(shares.map((_, at) => at));
    }),
    { numRuns: 50 },
  );
});
