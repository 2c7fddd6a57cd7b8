import { expect, test } from "vitest";
import { textOf } from "../browser.ts";
import { community, owner, readApi, studio, visitAs, type World } from "../world.ts";

/** What a visitor sees who is nobody yet, with scripts turned off. */
export function portalJourney(world: World): void {
  test("the front page works without a script and shows public threads alone", async () => {
    const shown: string[] = [];
    await visitAs(
      world,
      undefined,
      async (page) => {
        await page.goto("/");
        const links = page.locator(`main a[href^="/c/${community.slug}/threads/"]`);
        for (const href of await links.evaluateAll((all) => all.map((link) => link.getAttribute("href") ?? "")))
          shown.push(href.split("/").at(-1) ?? "");
        expect(shown.length).toBeGreaterThan(5);
        const [first] = await links.all();
        const title = first ? await textOf(first) : "";
        await first?.click();
        await page.getByRole("heading", { level: 1, name: title }).waitFor();
        expect((await textOf(page.locator("article section").first())).length).toBeGreaterThan(20);
        await page.goBack();
        await page.getByRole("link", { name: "Sign in" }).click();
        await page.waitForURL("**/sign-in?next=*");
      },
      { javaScript: false },
    );
    await visitAs(world, "owner", async (_page, context) => {
      for (const id of new Set(shown)) expect((await readApi<{ visibility: string }>(context, `threads/${id}`)).visibility).toBe("public");
    });
  });

  test("a thread that is not public has no public address", async () => {
    const hidden = new Map<string, string>();
    await visitAs(world, "owner", async (_page, context) => {
      let after = "";
      for (let pages = 0; pages < 10 && hidden.size < 2; pages++) {
        const list = await readApi<{ data: { id: string; visibility: string }[]; next: string | null }>(
          context,
          `threads?limit=100&sort=opened${after}`,
        );
        for (const { id, visibility } of list.data) if (visibility !== "public") hidden.set(visibility, id);
        after = `&after=${encodeURIComponent(list.next ?? "")}`;
      }
    });
    expect([...hidden.keys()].sort()).toEqual(["members", "restricted"]);
    await visitAs(
      world,
      undefined,
      async (page, context) => {
        for (const id of hidden.values()) {
          const answer = await page.goto(`/c/${community.slug}/threads/${id}`);
          expect(answer?.status()).toBe(404);
          expect((await context.request.get(`/api/v1/communities/${community.slug}/threads/${id}`)).status()).toBe(404);
        }
      },
      { javaScript: false, allow: /status of 404/ },
    );
  });

  test("signing in works without a script too", () =>
    visitAs(
      world,
      undefined,
      async (page) => {
        await page.goto(`/sign-in?next=${encodeURIComponent(studio("threads"))}`);
        await page.getByRole("textbox", { name: "E-mail" }).fill(owner.email);
        await page.getByRole("textbox", { name: "Password" }).fill(owner.password);
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.waitForURL(`**${studio("threads")}`);
        await page.getByRole("list", { name: "Threads" }).getByRole("listitem").first().waitFor();
      },
      { javaScript: false },
    ));
}
