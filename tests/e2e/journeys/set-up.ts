import { expect, test } from "vitest";
import { textOf, untilAlive } from "../browser.ts";
import { community, owner, setUp, studio, visitAs, type World } from "../world.ts";

const loadingMs = 300_000;

/** From the one-time link to a Today that says what needs a human. Every journey after this one builds on it. */
export function setUpJourney(world: World): void {
  test("a stranger sees that nobody owns it yet, and the Studio is closed", () =>
    visitAs(world, undefined, async (page) => {
      await page.goto("/");
      await page.getByRole("heading", { name: "This Causeway waits for its owner" }).waitFor();
      await page.goto(studio());
      await page.waitForURL("**/sign-in?next=*");
      await page.getByText("Nobody owns this Causeway yet").waitFor();
    }));

  test("what is wrong with the form is said beside the field, and the link stays good", () =>
    visitAs(
      world,
      undefined,
      async (page) => {
        await page.goto(world.server.setupLink);
        await untilAlive(page);
        await page.getByLabel("Your name").fill(owner.name);
        await page.getByLabel("E-mail").fill(owner.email);
        await page.getByRole("textbox", { name: "Password" }).fill("short");
        await page.getByRole("textbox", { name: "Community" }).fill(community.name);
        await page.getByRole("button", { name: "Create owner and community" }).click();
        await expect.poll(() => page.getByRole("textbox", { name: "Password" }).getAttribute("aria-invalid"), { timeout: 30_000 }).toBe("true");
        expect(page.url()).toBe(world.server.setupLink);
      },
      { allow: /status of 400/ },
    ));

  test(
    "the set-up link makes owner and community, the sample loads in one click with progress, and Today says who waits",
    () =>
      visitAs(world, undefined, async (page, context) => {
        await setUp(page, world.server.setupLink);
        world.sessions.owner = await context.storageState();

        await page.getByRole("button", { name: "Load the sample community" }).click();
        const bar = page.getByRole("progressbar", { name: "Lantern", exact: true });
        await bar.waitFor();
        // It moves: a share between nothing and all of it is seen, with the counts beside it.
        await expect
          .poll(async () => Number((await bar.getAttribute("aria-valuenow", { timeout: 1000 }).catch(() => null)) ?? 100), {
            timeout: loadingMs,
            interval: 200,
          })
          .toSatisfy((share: number) => share > 0 && share < 100);
        expect(await textOf(page.locator("#sample"))).toMatch(/[\d,]+ of 20,000 activities/);
        // And it ends by itself, with nothing left to derive.
        await page.getByRole("heading", { name: "Five sources feed the record" }).waitFor({ timeout: loadingMs });
        await page.locator("#lag").waitFor({ state: "detached", timeout: loadingMs });

        await page.goto(studio());
        await page.getByRole("heading", { level: 1, name: /waiting for us$/ }).waitFor();
        const waiting = page
          .getByRole("list", { name: "Needs a human" })
          .getByRole("listitem")
          .filter({ has: page.getByText("question", { exact: true }) });
        expect(await waiting.count()).toBeGreaterThan(2);
        for (const row of await waiting.all()) expect(await textOf(row)).toMatch(/\d+ (min|h|d|mo|y)\b/);
        const active = page.locator("#active-members").getByRole("link", { name: /see the rows/ });
        expect(Number((await textOf(active)).replace(/\D/g, ""))).toBeGreaterThan(10);
        await page.getByRole("region", { name: "What is said" }).locator("svg").first().waitFor();

        // A figure opens to its rows.
        await active.click();
        await page.waitForURL("**/metrics/active-members**");
        await page.getByRole("list", { name: "Rows" }).getByRole("listitem").first().waitFor();
      }),
    2 * loadingMs,
  );

  test("the set-up link that was used opens nothing", () =>
    visitAs(world, undefined, async (page) => {
      await page.goto(world.server.setupLink);
      await page.getByRole("heading", { name: "This link does not work" }).waitFor();
      await page.getByText("This Causeway has its owner already").waitFor();
      expect(await page.getByRole("button", { name: "Create owner and community" }).count()).toBe(0);
    }));
}
