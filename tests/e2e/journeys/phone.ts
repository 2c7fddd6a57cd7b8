import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { open, phone } from "../browser.ts";
import { studio, visitAs, type World } from "../world.ts";
import { overflowOf, violationsOn } from "./every-page.ts";

/** The Studio in one hand. */
export function phoneJourney(world: World): void {
  const onPhone = (journey: (page: Page) => Promise<void>) => visitAs(world, "owner", journey, { viewport: phone });

  test("the menu opens over the page, is named, and leads on", () =>
    onPhone(async (page) => {
      await open(page, studio());
      await page.getByRole("button", { name: "Menu" }).click();
      const menu = page.getByRole("dialog");
      await menu.getByRole("link", { name: /^Members/ }).waitFor();
      expect(await violationsOn(page)).toEqual([]);
      await menu.getByRole("link", { name: /^Members/ }).click();
      await page.waitForURL(`**${studio("members")}`);
      await menu.waitFor({ state: "detached" });
    }));

  test("search is one tap away", () =>
    onPhone(async (page) => {
      await open(page, studio());
      await page.getByRole("button", { name: "Search and go to" }).click();
      await page.getByPlaceholder("Go to a page, find a thread or a person").fill("webhook");
      await page.locator(".mantine-Spotlight-action").filter({ hasText: "Search everything" }).click();
      await page.waitForURL("**/search?q=webhook");
      expect(await overflowOf(page)).toEqual([]);
    }));

  test.each(["threads", "members", "signals", "search", "sources/new", "settings", "settings/team", "settings/keys", "metrics/activity"])(
    "the forms of /%s fit and can be filled",
    (path) =>
      onPhone(async (page) => {
        await open(page, studio(path));
        const fields = page.locator("main").locator("input:not([type=hidden]):not(.visually-hidden), select, textarea, button[type=submit]");
        const all = await fields.all();
        let seen = 0;
        for (const field of all) {
          if (!(await field.isVisible())) continue;
          seen += 1;
          await field.scrollIntoViewIfNeeded();
          const box = await field.boundingBox();
          const what = await field.evaluate((element) => element.outerHTML.slice(0, 120));
          expect(box && box.x >= -1 && box.x + box.width <= phone.width + 1, `${what} lies within the screen`).toBe(true);
          // WCAG 2.2, 2.5.8: a target is at least 24 px.
          const isText = await field.evaluate((element) => element.matches("input:not([type=checkbox]):not([type=radio]), select, button"));
          if (isText) expect(Math.round(box?.height ?? 0), `${what} is high enough to hit`).toBeGreaterThanOrEqual(24);
        }
        expect(seen).toBeGreaterThan(0);
      }),
  );

  test("a filter applies on a phone as well", () =>
    onPhone(async (page) => {
      await open(page, studio("threads"));
      await page.getByRole("combobox", { name: "State" }).selectOption("closed");
      await page.waitForURL("**state=closed**");
      expect(await overflowOf(page)).toEqual([]);
    }));
}
