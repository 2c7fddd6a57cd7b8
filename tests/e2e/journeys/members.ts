import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { eventually, open, textOf } from "../browser.ts";
import { studio, visitAs, type World } from "../world.ts";
import { bringIn, drop } from "./sources.ts";

const identities = (page: Page) => page.getByRole("list", { name: "Identities" }).getByRole("listitem");
const suggested = (page: Page) => page.getByRole("list", { name: "Suggested links" }).getByRole("listitem");
const said = (page: Page, words: RegExp) => page.getByRole("alert").filter({ hasText: words }).first().waitFor();

// The archive knows people by login alone; these addresses carry a login with an account's number. Likely the same, not certain.
const mailbox = ["mara", "noor"]
  .map((login, at) =>
    [
      `From ${at + 4242}+${login}@users.noreply.github.com Mon Jan 12 10:0${at}:00 2026`,
      `From: ${login} on the list <${at + 4242}+${login}@users.noreply.github.com>`,
      "To: tide@lists.example.org",
      `Subject: [tide] Does the table know about leap seconds, ${login}?`,
      `Date: Mon, 12 Jan 2026 10:0${at}:00 +0000`,
      `Message-ID: <${login}-1@lists.example.org>`,
      "",
      "I could not find it in the manual. How do I switch it on?",
      "",
      "",
    ].join("\n"),
  )
  .join("");

/** Who somebody is: identities, the links between them, and decisions that can be taken back. */
export function membersJourney(world: World): void {
  test("a mailing list that is brought in raises the question who is who", () =>
    visitAs(world, "owner", async (page) => {
      await open(page, studio("sources/new"));
      await drop(page, { name: "tide.mbox", text: mailbox });
      await bringIn(page);
      await page.waitForURL(/\/sources\/[0-9a-f-]{36}$/);
      await page.getByText("2 threads · 2 activities").waitFor();
      await eventually(async () => {
        await page.goto(studio("members"));
        return suggested(page).count();
      }).toBeGreaterThan(1);
    }));

  test("a suggested link is accepted, joins two members, and undo restores both", () =>
    visitAs(world, "owner", async (page) => {
      await openSuggestion(page);
      const before = await identities(page).count();
      const name = await textOf(page.getByRole("heading", { level: 1 }));
      const open = await suggested(page).count();
      const link = await textOf(suggested(page).first());
      // Why: the evidence, the rule and its strength stand beside the question.
      expect(link).toMatch(/\d+ %/);

      await suggested(page).first().getByRole("button", { name: "Same person" }).click();
      await said(page, /one member now/);
      await eventually(() => identities(page).count()).toBeGreaterThan(before);
      const accepted = page.getByRole("list", { name: "Accepted links" }).getByRole("listitem").filter({ hasText: "decided by hand" });
      await accepted.getByRole("button", { name: "Undo" }).click();
      await said(page, /Taken apart: two members again/);
      await eventually(() => identities(page).count()).toBe(before);
      expect(await textOf(page.getByRole("heading", { level: 1 }))).toBe(name);
      expect(open).toBeGreaterThan(0);
    }));

  test("a suggested link is rejected, is not suggested again, and can still be drawn", () =>
    visitAs(world, "owner", async (page) => {
      await openSuggestion(page);
      const before = await suggested(page).count();
      await suggested(page).first().getByRole("button", { name: "Different" }).click();
      await said(page, /Kept apart/);
      const never = page.getByRole("list", { name: "Links that are never drawn" }).getByRole("listitem");
      await never.first().waitFor();
      expect(await suggested(page).count()).toBe(before - 1);
      await page.reload();
      expect(await textOf(never.first())).toContain("decided by hand");
      expect(await suggested(page).count()).toBe(before - 1);
      await never.first().getByRole("button", { name: "Same person" }).click();
      await page.getByRole("list", { name: "Accepted links" }).getByRole("listitem").filter({ hasText: "decided by hand" }).waitFor();
    }));

  test("a member's page opens to what they said and where", () =>
    visitAs(world, "owner", async (page) => {
      await open(page, `${studio("members")}?sort=activities`);
      await page.getByRole("list", { name: "Members" }).getByRole("listitem").first().getByRole("link").first().click();
      await page.waitForURL(/\/members\/[0-9a-f-]{36}$/);
      const cells = page.getByRole("table", { name: "Activities by kind and source" }).locator("td[data-number]");
      await cells.first().waitFor();
      const counts = await cells.allInnerTexts();
      const sum = counts.reduce((total, count) => total + Number(count.replace(/\D/g, "")), 0);
      await page
        .getByText(`${sum.toLocaleString("en-GB")} activities`)
        .first()
        .waitFor();
      await page.getByRole("list", { name: "Timeline" }).getByRole("link").first().click();
      await page.waitForURL(/\/threads\/[0-9a-f-]{36}#a-/);
    }));
}

/** Goes to a member of whom a rule says that another may be the same person. */
async function openSuggestion(page: Page): Promise<void> {
  await open(page, studio("members"));
  await suggested(page).first().getByRole("link").first().click();
  await page.waitForURL(/\/members\/[0-9a-f-]{36}$/);
  // The list that one comes from has suggestions as well; identities stand on a member's own page alone.
  await identities(page).first().waitFor();
  await suggested(page).first().waitFor();
}
