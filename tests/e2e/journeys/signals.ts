import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { eventually, open, textOf } from "../browser.ts";
import { studio, visitAs, type World } from "../world.ts";

const rows = (page: Page) => page.getByRole("list", { name: "Signals" }).getByRole("listitem");
/** How many wait, as the menu says it. */
const waiting = async (page: Page) =>
  Number((await textOf(page.getByRole("navigation", { name: "Studio" }).getByRole("link", { name: /^Signals/ }))).replace(/\D/g, ""));

/** Judging feedback with the keys alone, and taking a judgement back. */
export function signalsJourney(world: World): void {
  test.each([
    ["c", "confirmed", /^Confirmed as /],
    ["x", "dismissed", /^Dismissed\./],
  ])("%s makes a signal %s from the keyboard, and undo puts it back", (key, state, words) =>
    visitAs(world, "owner", async (page) => {
      await open(page, studio("signals"));
      const title = page.getByRole("heading", { level: 1 });
      const titleBefore = await textOf(title);
      const before = await waiting(page);
      await page.keyboard.press("j");
      await page.keyboard.press("j");
      const second = await textOf(rows(page).nth(1));
      const quote = await textOf(rows(page).nth(1).locator("blockquote, q, mark").first());
      expect(second).toMatch(/[01]\.\d\d, \S/);
      await page.keyboard.press(key);
      await page.getByRole("alert").filter({ hasText: words }).waitFor();
      if (before < 999) await eventually(() => waiting(page)).toBe(before - 1);

      // The next one is judged without the mouse as well: the keys are where they were, and not back at the top.
      await eventually(() => textOf(rows(page).nth(1))).not.toBe(second);
      const [first, next] = [await textOf(rows(page).first()), await textOf(rows(page).nth(1))];
      await page.keyboard.press("j");
      await page.keyboard.press(key);
      await eventually(() => textOf(rows(page).nth(1))).not.toBe(next);
      expect(await textOf(rows(page).first())).toBe(first);

      for (let left = 2; left > 0; left--) {
        await open(page, `${studio("signals")}?state=${state}`);
        if (left === 2) expect((await rows(page).allInnerTexts()).some((row) => row.includes(quote.trim()))).toBe(true);
        await rows(page)
          .filter({ hasText: `${state} by Ottilie Owner` })
          .first()
          .getByRole("button", { name: "Undo" })
          .click();
        await page.getByRole("alert").filter({ hasText: "Taken back" }).waitFor();
      }
      await open(page, studio("signals"));
      expect(await textOf(title)).toBe(titleBefore);
    }),
  );
}
