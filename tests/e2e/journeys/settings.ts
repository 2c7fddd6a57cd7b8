import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { eventually, open, textOf, untilAlive } from "../browser.ts";
import { community, owner, readApi, signIn, studio, visitAs, type World } from "../world.ts";

const viewer = { name: "Vera Viewer", email: "vera@example.org", password: "other plain words together" };

/** Keys, invitations, sessions, and what a role may not see. */
export function settingsJourney(world: World): void {
  test("an API key is shown once, opens the API within its scopes, and is worthless once revoked", () =>
    visitAs(world, "owner", async (page) => {
      await open(page, studio("settings/keys"));
      await page.getByRole("textbox", { name: "Name" }).fill("Weekly report");
      await page.getByRole("button", { name: "Make the key" }).click();
      const key = await secretShown(page, "Your key");
      expect(key).toMatch(/^cw_\S{20,}$/);

      const ask = (path: string, init: RequestInit = {}) =>
        fetch(`${world.server.url}/api/v1/communities/${community.slug}/${path}`, {
          ...init,
          headers: { authorization: `Bearer ${key}`, ...init.headers },
        });
      const answer = await ask("threads?limit=5");
      expect(answer.status).toBe(200);
      expect(((await answer.json()) as { data: unknown[] }).data).toHaveLength(5);
      expect((await ask("export/threads")).status).toBe(403);
      expect((await ask("imports?fileName=x.json", { method: "POST", body: "{}" })).status).toBe(403);

      await page.reload();
      await untilAlive(page);
      expect(await page.content()).not.toContain(key);
      await page.getByRole("button", { name: "Revoke the key Weekly report…" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Revoke it" }).click();
      await page.getByText("The key is worthless from now on.").waitFor();
      expect((await ask("threads?limit=5")).status).toBe(401);
    }));

  test("an invitation link brings a second person in, once", async () => {
    let link = "";
    await visitAs(world, "owner", async (page) => {
      await open(page, studio("settings/team"));
      await page.getByLabel("As", { exact: true }).selectOption("viewer");
      await page.getByRole("textbox", { name: "For whom" }).fill("Vera");
      await page.getByRole("button", { name: "Make a link" }).click();
      link = await secretShown(page, "Send this link");
      await page.getByRole("list", { name: "Open invitations" }).getByText("Vera").waitFor();
    });
    await visitAs(world, undefined, async (page, context) => {
      await open(page, link);
      await page.getByRole("heading", { level: 1, name: `Join ${community.name}` }).waitFor();
      await page.getByText("You are invited as viewer.").waitFor();
      await page.getByRole("textbox", { name: "Your name" }).fill(viewer.name);
      await page.getByRole("textbox", { name: "E-mail" }).fill(viewer.email);
      await page.getByRole("textbox", { name: "Password" }).fill(viewer.password);
      await page.getByRole("button", { name: "Create account and join" }).click();
      await page.waitForURL(`**${studio()}`);
      world.sessions.viewer = await context.storageState();
    });
    await visitAs(world, undefined, async (page) => {
      await page.goto(link);
      await page.getByText("This invitation has been used.").waitFor();
    });
  });

  test("a viewer finds nothing of a private channel: not in lists, not in search, not by its address", async () => {
    const secret = { id: "", title: "" };
    await visitAs(world, "owner", async (page, context) => {
      await open(page, studio("threads"));
      await page.getByRole("combobox", { name: "Channel" }).selectOption({ label: "#design-partners" });
      await page.waitForURL("**channel=**");
      const first = page
        .getByRole("list", { name: "Threads" })
        .getByRole("listitem")
        .filter({ hasText: "private" })
        .first()
        .getByRole("link")
        .first();
      secret.title = await textOf(first);
      secret.id = (await first.getAttribute("href"))?.split("/").at(-1) ?? "";
      expect((await readApi<{ visibility: string }>(context, `threads/${secret.id}`)).visibility).toBe("restricted");
      const found = page.getByRole("list", { name: "Conversations" }).getByRole("link");
      await open(page, `${studio("search")}?q=${encodeURIComponent(`"${secret.title}"`)}`);
      await eventually(async () => (await found.evaluateAll((all) => all.map((link) => link.getAttribute("href")))).join()).toContain(secret.id);
    });
    await visitAs(
      world,
      "viewer",
      async (page, context) => {
        await open(page, studio("threads"));
        expect(await textOf(page.getByRole("combobox", { name: "Channel" }))).not.toContain("design-partners");
        await open(page, `${studio("threads")}?q=${encodeURIComponent(secret.title)}`);
        expect(await page.content()).not.toContain(secret.id);
        await open(page, `${studio("search")}?q=${encodeURIComponent(`"${secret.title}"`)}`);
        expect(await page.content()).not.toContain(secret.id);
        await page.goto(studio(`threads/${secret.id}`));
        await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
        expect((await context.request.get(`/api/v1/communities/${community.slug}/threads/${secret.id}`)).status()).toBe(404);
        // What a viewer may not do is not offered, and refused where it is tried.
        await open(page, studio("sources"));
        expect(await page.getByRole("link", { name: "Add a source" }).count()).toBe(0);
        await page.goto(studio("sources/new"));
        await page.getByRole("heading", { name: "This is not for your role" }).waitFor();
      },
      { allow: /status of 40[34]/ },
    );
  });

  test("signing out closes the Studio, signing in opens it where one wanted to go", () =>
    visitAs(
      world,
      undefined,
      async (page) => {
        await signIn(page, { email: viewer.email, password: "not the password" });
        await page
          .getByRole("alert")
          .filter({ hasText: /password/i })
          .waitFor();
        await signIn(page, viewer);
        await page.waitForURL(`**${studio()}`);
        await untilAlive(page);
        await page.getByRole("button", { name: community.name }).click();
        await page.getByRole("button", { name: "Sign out" }).click();
        await page.waitForURL((url) => url.pathname === "/");
        await page.goto(studio("members"));
        await page.waitForURL("**/sign-in?next=*");
        await untilAlive(page);
        await page.getByRole("textbox", { name: "E-mail" }).fill(viewer.email);
        await page.getByRole("textbox", { name: "Password" }).fill(viewer.password);
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.waitForURL(`**${studio("members")}`);
      },
      { allow: /status of 400/ },
    ));

  test("a session that its owner ends elsewhere is out at its next step", () =>
    visitAs(world, undefined, async (page) => {
      await signIn(page, owner);
      await page.waitForURL(`**${studio()}`);
      await visitAs(world, "owner", async (own) => {
        await open(own, studio("settings"));
        const sessions = own.getByRole("list", { name: "Sessions" }).getByRole("listitem");
        const before = await sessions.count();
        expect(before).toBeGreaterThan(1);
        await own.getByRole("button", { name: "Sign out everywhere else" }).click();
        await own.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
        await own.getByText(/Signed out in \d+ other place/).waitFor();
        await eventually(() => sessions.count()).toBe(1);
      });
      await page.goto(studio("threads"));
      await page.waitForURL("**/sign-in?next=*");
    }));
}

/** The secret that a page shows this once. */
async function secretShown(page: Page, words: string): Promise<string> {
  const place = page.getByRole("status").filter({ hasText: words });
  await place.waitFor();
  return (await textOf(place.locator("pre").first())).trim();
}
