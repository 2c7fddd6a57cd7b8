import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { eventually, open, textOf, untilAlive } from "../browser.ts";
import { studio, visitAs, type World } from "../world.ts";

const hits = (page: Page) => page.getByRole("list", { name: "Conversations" }).getByRole("listitem");

/** Words as developers write them are found, marked, and stay in the address. */
export function searchJourney(world: World): void {
  test.each(["pi-hole", "next.js", "C++", "署名検証"])("“%s” is found, with the word marked where it stands", (word) =>
    visitAs(world, "owner", async (page) => {
      await open(page, studio("search"));
      const field = page.getByRole("searchbox", { name: "Search threads and people" });
      await field.fill(word);
      await field.press("Enter");
      await page.getByRole("heading", { level: 1, name: `What people said about “${word}”` }).waitFor();
      expect(new URL(page.url()).searchParams.get("q")).toBe(word);
      expect(await hits(page).count()).toBeGreaterThan(0);
      const marks = await page.getByRole("list", { name: "Conversations" }).locator("mark").allInnerTexts();
      // A word of a language without spaces may be marked in pieces.
      expect(marks.join("").toLowerCase()).toContain(word.toLowerCase());

      // The address alone shows the same, and the hit leads to the very passage.
      await open(page, page.url());
      const title = await textOf(hits(page).first().getByRole("link").first());
      await hits(page).first().getByRole("link").first().click();
      await page.waitForURL(/\/threads\/[0-9a-f-]{36}#a-|\/members\//);
      if (page.url().includes("/threads/")) await page.getByRole("heading", { level: 1, name: title }).waitFor();
    }),
  );

  test("what nobody said is told so, with a way on", () =>
    visitAs(world, "owner", async (page) => {
      await open(page, `${studio("search")}?q=xylophonequartz`);
      await page.getByText("Nobody has said “xylophonequartz” yet").waitFor();
      await page.getByRole("link", { name: "Look through all threads" }).click();
      await page.waitForURL(`**${studio("threads")}`);
    }));

  test("filters live in the address; back and forward walk through them", () =>
    visitAs(world, "owner", async (page) => {
      await open(page, studio("threads"));
      const titles = page.getByRole("list", { name: "Threads" }).locator("[data-row-link]");
      const unfiltered = await titles.allInnerTexts();
      await page.getByRole("link", { name: /questions? unanswered$/ }).click();
      await page.waitForURL("**?question=unanswered");
      await eventually(() => page.getByRole("combobox", { name: "Question" }).inputValue()).toBe("unanswered");

      const words = page.getByRole("searchbox", { name: "Words in the title" });
      await words.fill("webhook");
      await words.press("Enter");
      await page.waitForURL((url) => url.searchParams.get("q") === "webhook" && url.searchParams.get("question") === "unanswered");
      const filtered = page.getByRole("list", { name: "Threads" }).getByRole("listitem");
      await eventually(async () => (await filtered.allInnerTexts()).every((row) => /webhook/i.test(row) && row.includes("unanswered"))).toBe(true);

      // A shared link shows the same list to somebody else's browser.
      const shown = await titles.allInnerTexts();
      await page.reload();
      await untilAlive(page);
      expect(await titles.allInnerTexts()).toEqual(shown);

      await filtered.first().getByRole("link").first().click();
      await page.waitForURL(/\/threads\/[0-9a-f-]{36}$/);
      await page.goBack();
      await page.waitForURL("**q=webhook**");
      await eventually(() => words.inputValue()).toBe("webhook");
      await page.goBack();
      await page.waitForURL((url) => url.search === "");
      await eventually(() => titles.allInnerTexts()).toEqual(unfiltered);
    }));
}
