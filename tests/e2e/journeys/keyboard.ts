import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { eventually, open, patience, untilAlive } from "../browser.ts";
import { readApi, studio, visitAs, type World } from "../world.ts";
import { violationsOn } from "./every-page.ts";

interface Stop {
  what: string;
  inView: boolean;
  /** Whether the stop before showed that it had the focus. */
  beforeShown: boolean;
}

/** Everything is reached without a mouse, and one sees where one is. */
export function keyboardJourney(world: World): void {
  test("/ goes to search and focuses its field, ? shows the keys, g and a letter goes to each section", () =>
    visitAs(world, "owner", async (page) => {
      await open(page, studio("threads"));
      await page.keyboard.press("/");
      await page.waitForURL(`**${studio("search")}`);
      await untilFocused(page, "[data-search-field]");
      await page.keyboard.type("g h ?");
      expect(await page.getByRole("searchbox", { name: "Search threads and people" }).inputValue()).toBe("g h ?");

      await open(page, `${studio("search")}?q=webhook`);
      await page.keyboard.press("/");
      await untilFocused(page, "[data-search-field]");

      await open(page, studio());
      await page.keyboard.press("?");
      const keys = page.getByRole("dialog", { name: "Keys" });
      await keys.waitFor();
      expect(await violationsOn(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await keys.waitFor({ state: "detached" });

      for (const [letter, path] of [
        ["h", "threads"],
        ["m", "members"],
        ["s", "signals"],
        ["k", "metrics"],
        ["r", "sources"],
        ["e", "settings"],
        ["t", ""],
        // Last, as its field takes the focus and with it the keys.
        ["f", "search"],
      ] as const) {
        await page.evaluate(() => (document.activeElement instanceof HTMLElement ? document.activeElement.blur() : undefined));
        await page.keyboard.press("g");
        await page.keyboard.press(letter);
        await page.waitForURL((url) => url.pathname === studio(path));
      }
    }));

  test("j and k walk through a list, o opens the row", () =>
    visitAs(world, "owner", async (page) => {
      await open(page, studio("threads"));
      const links = page.getByRole("list", { name: "Threads" }).locator("[data-row-link]");
      const focused = () => page.evaluate(() => document.activeElement?.getAttribute("href"));
      const [first, second] = [await links.nth(0).getAttribute("href"), await links.nth(1).getAttribute("href")];
      for (const [key, expected] of [
        ["j", first],
        ["k", first],
        ["j", second],
        ["k", first],
        ["j", second],
      ] as const) {
        await page.keyboard.press(key);
        expect(await focused(), `after ${key}`).toBe(expected);
      }
      await page.keyboard.press("o");
      await page.waitForURL(`**${second}`);
    }));

  test("Ctrl-K opens the palette from anywhere, also while typing; it finds a thread and goes there", () =>
    visitAs(world, "owner", async (page, context) => {
      const { data } = await readApi<{ data: { id: string; title: string }[] }>(context, "threads?limit=1&sort=opened&state=open&q=webhook");
      const thread = data[0]!;
      await open(page, studio("search"));
      await page.getByRole("searchbox", { name: "Search threads and people" }).focus();
      await page.keyboard.press("Control+k");
      const field = page.getByRole("searchbox", { name: "Command palette" }).or(page.getByRole("textbox", { name: "Command palette" }));
      await field.waitFor();
      await page.keyboard.type(thread.title);
      const found = page.locator(".mantine-Spotlight-action").filter({ hasText: thread.title }).filter({ hasNotText: "Search everything" });
      await found.first().waitFor();
      await page.keyboard.press("ArrowDown");
      expect(await found.first().getAttribute("data-selected")).toBe("true");
      expect(await violationsOn(page)).toEqual([]);
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/threads\/[0-9a-f-]{36}$/);
      await page.getByRole("heading", { level: 1, name: thread.title }).waitFor();

      await page.keyboard.press("Control+k");
      await field.waitFor();
      await page.keyboard.type("dark");
      const dark = page.locator(".mantine-Spotlight-action").filter({ hasText: "Use the dark scheme" });
      await dark.waitFor();
      await eventually(async () => {
        await page.keyboard.press("ArrowDown");
        return dark.getAttribute("data-selected");
      }).toBe("true");
      await page.keyboard.press("Enter");
      await eventually(() => page.locator("html").getAttribute("data-mantine-color-scheme")).toBe("dark");
      await page.reload();
      await untilAlive(page);
      expect(await page.locator("html").getAttribute("data-mantine-color-scheme")).toBe("dark");
    }));

  test("the first Tab offers to skip the menu", () =>
    visitAs(world, "owner", async (page) => {
      await open(page, studio("threads"));
      await page.keyboard.press("Tab");
      expect((await readStop(page))?.what).toBe("Skip to the page");
      await page.keyboard.press("Enter");
      await untilFocused(page, "#main");
    }));

  test.each(["", "threads", "members", "signals", "metrics", "sources/new", "settings", "settings/team", "settings/keys"])(
    "Tab passes through /%s to its end: no trap, and each stop is seen",
    (path) =>
      visitAs(world, "owner", async (page) => {
        await open(page, studio(path));
        const stops: Stop[] = [];
        const limit = 400;
        while (stops.length < limit) {
          await page.keyboard.press("Tab");
          const stop = await readStop(page);
          if (!stop) break;
          stops.push(stop);
        }
        expect(stops.length, "stops before the focus leaves the page").toBeLessThan(limit);
        expect(stops.length).toBeGreaterThan(10);
        const unseen = stops.flatMap((stop, at) => (stop.beforeShown ? [] : [stops[at - 1]?.what]));
        expect(unseen, "stops without a visible focus").toEqual([]);
        const hidden = stops.flatMap((stop) => (stop.inView ? [] : [stop.what]));
        expect(hidden, "stops out of view").toEqual([]);
      }),
  );
}

async function untilFocused(page: Page, selector: string): Promise<void> {
  await page.waitForFunction((wanted) => document.activeElement?.matches(wanted), selector, { timeout: patience });
}

/** What has the focus; undefined when nothing of the page has it. Tells of the stop before whether it showed that it had it. */
function readStop(page: Page): Promise<Stop | undefined> {
  return page.evaluate(() => {
    interface Noted {
      element: Element;
      near: Element[];
      marks: string[];
    }
    const marksOf = (near: readonly Element[]) => {
      // Colours that fade in or out are read as they will be.
      for (const animation of document.getAnimations()) if (animation instanceof CSSTransition) animation.finish();
      return near.map((element) => {
        const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor, backgroundColor } = getComputedStyle(element);
        return [outlineStyle === "none" ? "" : outlineWidth + outlineColor, boxShadow, borderColor, backgroundColor].join();
      });
    };
    const focused = document.activeElement;
    const before: Noted | undefined = Reflect.get(window, "stopBefore");
    const beforeShown = !before || before.element === focused || marksOf(before.near).some((mark, at) => mark !== before.marks[at]);
    if (!focused || focused === document.body || focused === document.documentElement) return undefined;
    // An indicator may stand on the element, inside it, or close around it.
    const around = [focused.parentElement, focused.parentElement?.parentElement, ...(focused.parentElement?.children ?? [])];
    const near = [focused, ...focused.querySelectorAll("*"), ...around].filter((element) => element != null);
    Reflect.set(window, "stopBefore", { element: focused, near, marks: marksOf(near) } satisfies Noted);
    const box = focused.getBoundingClientRect();
    const top = document.elementFromPoint(box.left + Math.min(box.width / 2, 20), box.top + box.height / 2);
    const isCovered = top !== null && !focused.contains(top) && !top.contains(focused) && !top.closest("label")?.contains(focused);
    return {
      what: (focused.getAttribute("aria-label") ?? focused.textContent ?? "").trim().slice(0, 60) || focused.outerHTML.slice(0, 120),
      inView: box.bottom > 0 && box.top < innerHeight && !isCovered,
      beforeShown,
    };
  });
}
